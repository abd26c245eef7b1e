/** One run: a proxy freshly started, and what its part cost it. */
import { setTimeout as delay } from "node:timers/promises";
import type { Measurement } from "./figures.js";
import { clientCommand, describeErrors, runLoad } from "./load.js";
import { cpuTime, residentMemory } from "./process-usage.js";
import type { Processors } from "./processors.js";
import { startProxy } from "./proxies.js";
import type { Contender, Place, Scenario, Work } from "./scenario.js";
import type { Stage, StageProcess } from "./stage.js";

export interface RunOptions {
  readonly stage: Stage;
  readonly place: Place;
  readonly processors: Processors;
  readonly seconds: number;
  /** Seconds of load before the measurement: compilers, caches and connections settle. */
  readonly warmUp: number;
  /** Connections that this host's limit of open files allows a proxy, each with one to a server. */
  readonly maxConnections: number;
  readonly nodeFlags?: readonly string[];
}

const IDLE_WARM_UP = 200;
const IDLE_SETTLE_MS = 1_500;
const IDLE_DEADLINE_MS = 60_000;

type LoadWork = Exclude<Work, { kind: "idle" }>;
type IdleWork = Extract<Work, { kind: "idle" }>;

/** A process for each run: what one start happened to compile or lay out must not colour all of them. */
export async function measure(scenario: Scenario, contender: Contender, options: RunOptions): Promise<Measurement> {
  const { stage, place, processors, maxConnections, nodeFlags = [] } = options;
  const { proxy: part, work } = scenario;
  const start = { part, place, processors: processors.proxy, maxConnections, nodeFlags };
  const program = await startProxy(stage, contender, start);
  try {
    if (work.kind === "idle") return await measureIdle(scenario, work, program, options);
    return await measureLoad(scenario, work, program, options);
  } catch (error) {
    if (program.isRunning) throw error;
    throw new Error(`${contender} ended under load:\n${program.output}`, { cause: error });
  } finally {
    await program.stop();
  }
}

async function measureLoad(
  { proxy }: Scenario,
  work: LoadWork,
  program: StageProcess,
  { stage, place, processors, seconds, warmUp }: RunOptions,
): Promise<Measurement> {
  const target = { work, tls: proxy.tls === true, listen: place.listen };
  const warming = warmUp > 0 ? describeErrors(await runLoad(stage, processors.load, target, warmUp)) : undefined;
  const before = cpuTime(program.pid);
  const seen = await runLoad(stage, processors.load, target, seconds);
  const cpu = cpuTime(program.pid) - before;
  const invalid = describeErrors(seen) ?? (warming && `${warming} while warming up`);
  const { p50, p99, p999 } = seen;
  return {
    figures: {
      cpuPerRequest: cpu / seen.requests,
      requestsPerSecond: seen.requests / (seen.duration / 1_000_000),
      busy: cpu / seen.duration,
      ...(p50 === undefined ? {} : { p50 }),
      ...(p99 === undefined ? {} : { p99 }),
      ...(p999 === undefined ? {} : { p999 }),
    },
    ...(invalid === undefined ? {} : { invalid }),
  };
}

/** Growth of the proxy's resident memory by connections that had one request each, and are quiet. */
async function measureIdle(
  { proxy }: Scenario,
  work: IdleWork,
  program: StageProcess,
  { stage, place, processors, maxConnections }: RunOptions,
): Promise<Measurement> {
  const protocol = proxy.http2 ? "http2" : proxy.tls ? "tls" : "http1";
  const hold = async (connections: number): Promise<StageProcess> => {
    const job = { kind: "idle", listen: place.listen, connections, protocol } as const;
    const client = stage.start("client", processors.load, clientCommand(job));
    await stage.says(client, "READY", IDLE_DEADLINE_MS);
    return client;
  };
  // What the first few need once for all is no price of a connection.
  const warming = await hold(IDLE_WARM_UP);
  await warming.stop();
  await delay(IDLE_SETTLE_MS, undefined, { signal: stage.signal });
  const before = residentMemory(program.pid);
  const connections = Math.min(work.connections, maxConnections);
  const client = await hold(connections);
  await delay(IDLE_SETTLE_MS, undefined, { signal: stage.signal });
  const grown = residentMemory(program.pid) - before;
  const isQuiet = client.isRunning && !client.output.includes("LOST");
  await client.stop();
  return {
    figures: { bytesPerConnection: grown / connections },
    ...(isQuiet ? {} : { invalid: "connections were closed" }),
  };
}
