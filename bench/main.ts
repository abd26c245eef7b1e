/** Bascule beside HAProxy and nginx, in turn, under the same load: `npm run bench`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { makeCertificate } from "./certificate.js";
import { compare, isValid, type Round } from "./comparison.js";
import { type Figure, figures, type Measurement } from "./figures.js";
import { describeMachine, type Machine, openFileLimit } from "./machine.js";
import { measure, type RunOptions } from "./measure.js";
import { type Options, parseOptions, usage } from "./options.js";
import { divideProcessors } from "./processors.js";
import { readProfiles, renderProfile } from "./profile.js";
import { canPlay } from "./proxies.js";
import { renderScenario, tableHead } from "./report.js";
import { type Contender, contenders, type Scenario } from "./scenario.js";
import { freePlaces, Stage } from "./stage.js";
import { startWebServer } from "./web-server.js";

/** A proxy's connections at most: each takes two descriptors, one for its server, and some are for other things. */
const MAX_CONNECTIONS = 12_000;
const SPARE_FILES = 1_000;

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
    const [listen, server, closingServer] = (await freePlaces(3)) as [string, string, string];
    const place = { listen, server, closingServer };
    await startWebServer(stage, place, processors.load);
    await makeCertificate(stage, processors.load);
    const { seconds, warmUp } = options;
    const maxConnections = Math.min(MAX_CONNECTIONS, Math.floor((openFileLimit() - SPARE_FILES) / 2));
    const run: RunOptions = { stage, place, processors, seconds, warmUp, maxConnections };
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

async function compareAll(options: Options, run: RunOptions, machine: Machine): Promise<number> {
  const results: { readonly scenario: Scenario; readonly rounds: Round[] }[] = [];
  for (const scenario of options.scenarios) {
    const rounds: Round[] = [];
    const count = Math.min(options.pairs, scenario.mostPairs ?? options.pairs);
    for (let index = 0; index < count; index++) rounds.push(await measureRound(scenario, index, run));
    results.push({ scenario, rounds });
  }
  const tables = results.map(({ scenario, rounds }) => renderScenario(scenario, rounds));
  process.stdout.write(`\n${[tableHead(), ...tables].join("\n")}\n`);
  if (options.json !== undefined) {
    const { pairs, seconds, warmUp } = options;
    const report = {
      date: new Date().toISOString(),
      machine,
      options: { pairs, seconds, warmUp },
      results: results.map(({ scenario, rounds }) => ({
        ...scenario,
        compared: compare(scenario, rounds),
        rounds,
      })),
    };
    writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  return results.every(({ rounds }) => rounds.every(isValid)) ? 0 : 1;
}

/** Whoever goes first changes from round to round: what warms up or wears down over time then favours nobody. */
async function measureRound(scenario: Scenario, index: number, run: RunOptions): Promise<Round> {
  const able = contenders.filter((contender) => canPlay(contender, scenario.proxy));
  const order = able.map((_, place) => able[(place + index) % able.length]!);
  const runs: Partial<Record<Contender, Measurement>> = {};
  for (const contender of order) {
    const measurement = await measure(scenario, contender, run);
    runs[contender] = measurement;
    note(`${scenario.name} ${index + 1} ${contender.padEnd(7)} ${renderRun(scenario, measurement)}`);
  }
  return { order, runs };
}

function renderRun(scenario: Scenario, { figures: measured, invalid }: Measurement): string {
  const show = (figure: Figure): string => {
    const { label, digits, scale } = figures[figure];
    return `${label} ${((measured[figure] ?? 0) * scale).toFixed(digits)}`;
  };
  const text = scenario.figures.map(show).join(", ");
  return invalid === undefined ? text : `INVALID (${invalid}): ${text}`;
}

async function profile(options: Options, run: RunOptions, folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  for (const scenario of options.scenarios) {
    const startedAt = Date.now();
    const nodeFlags = ["--cpu-prof", `--cpu-prof-dir=${folder}`];
    const measurement = await measure(scenario, "bascule", { ...run, nodeFlags });
    note(`${scenario.name} under the profiler: ${renderRun(scenario, measurement)}`);
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
