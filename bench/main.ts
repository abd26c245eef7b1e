/** Bascule beside HAProxy, in turn, under the same load: `npm run bench`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { compare, type Pair } from "./comparison.js";
import { describeMachine } from "./machine.js";
import { type Measurement, measure, type RunOptions } from "./measure.js";
import { type Options, parseOptions, usage } from "./options.js";
import { divideProcessors } from "./processors.js";
import { readProfiles, renderProfile } from "./profile.js";
import { renderTable } from "./report.js";
import type { Scenario } from "./scenario.js";
import { freePlaces, Stage } from "./stage.js";
import { startWebServer } from "./web-server.js";

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === "help") {
    process.stdout.write(usage);
    return 0;
  }
  // Debian keeps haproxy and nginx where an ordinary user's PATH does not look.
  process.env.PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;
  const machine = describeMachine();
  const processors = divideProcessors();
  const interruption = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => interruption.abort(new Error(`stopped by ${signal}`));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, onSignal);

  const stage = new Stage(interruption.signal);
  try {
    const [listen, server] = (await freePlaces(2)) as [string, string];
    await startWebServer(stage, server, processors.load);
    const { seconds, warmUp } = options;
    const run: RunOptions = { stage, place: { listen, server }, processors, seconds, warmUp };
    note(
      Object.entries(machine)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    );
    if (options.profile !== undefined) return await profile(options, run, options.profile);
    return await compareAll(options, run, machine);
  } catch (error) {
    throw interruption.signal.aborted ? interruption.signal.reason : error;
  } finally {
    await stage.close();
  }
}

async function compareAll(
  options: Options,
  run: RunOptions,
  machine: Readonly<Record<string, string>>,
): Promise<number> {
  const results: {
    readonly scenario: string;
    readonly compared: ReturnType<typeof compare>;
    readonly pairs: Pair[];
  }[] = [];
  let invalid = 0;
  for (const scenario of options.scenarios) {
    const pairs: Pair[] = [];
    for (let index = 0; index < options.runs; index++) pairs.push(await measurePair(scenario, index, run));
    invalid += pairs.filter(({ haproxy, bascule }) => haproxy.invalid ?? bascule.invalid).length;
    process.stdout.write(`\n${renderTable(scenario, pairs)}\n`);
    results.push({ scenario: scenario.name, compared: compare(pairs), pairs });
  }
  if (options.json !== undefined) {
    const { runs, seconds, warmUp } = options;
    const report = { date: new Date().toISOString(), machine, options: { runs, seconds, warmUp }, results };
    writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  return invalid === 0 ? 0 : 1;
}

/** Whoever goes first changes from pair to pair: what warms up or wears down over time then favours neither. */
async function measurePair(scenario: Scenario, index: number, run: RunOptions): Promise<Pair> {
  const order = index % 2 === 0 ? (["haproxy", "bascule"] as const) : (["bascule", "haproxy"] as const);
  const measured: Partial<Record<"haproxy" | "bascule", Measurement>> = {};
  for (const proxy of order) {
    const measurement = await measure(scenario, proxy, run);
    measured[proxy] = measurement;
    note(`${scenario.name} ${index + 1} ${proxy.padEnd(7)} ${renderRun(measurement)}`);
  }
  return { first: order[0], haproxy: measured.haproxy!, bascule: measured.bascule! };
}

function renderRun({ requestsPerSecond, cpuPerRequest, busy, invalid }: Measurement): string {
  const text = `${requestsPerSecond.toFixed(0)} requests/s, ${cpuPerRequest.toFixed(2)} µs each, ${(busy * 100).toFixed(0)} % busy`;
  return invalid === undefined ? text : `INVALID (${invalid}): ${text}`;
}

async function profile(options: Options, run: RunOptions, folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  for (const scenario of options.scenarios) {
    const startedAt = Date.now();
    const nodeFlags = ["--cpu-prof", `--cpu-prof-dir=${folder}`];
    const measurement = await measure(scenario, "bascule", { ...run, nodeFlags });
    note(`${scenario.name} under the profiler: ${renderRun(measurement)}`);
    for (const each of readProfiles(folder, startedAt)) process.stdout.write(`\n${renderProfile(each)}\n`);
    if (measurement.invalid !== undefined) return 1;
  }
  return 0;
}

const note = (line: string): void => void process.stderr.write(`${line}\n`);

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: Error) => {
    note(`bench: ${error.message}`);
    process.exit(1);
  },
);
