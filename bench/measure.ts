/** One run: a proxy freshly started, warmed up, loaded and stopped. */
import { cpuTime } from "./cpu-time.js";
import type { Processors } from "./processors.js";
import { type ProxyName, startProxy } from "./proxies.js";
import type { Place, Scenario } from "./scenario.js";
import type { Stage } from "./stage.js";
import { describeErrors, runWrk } from "./wrk.js";

export interface Measurement {
  readonly requestsPerSecond: number;
  /** Microseconds of the proxy's processor time, user and system, for each request. */
  readonly cpuPerRequest: number;
  /** Share of one processor that the proxy used: near 1, it was the bottleneck. */
  readonly busy: number;
  /** Latency, microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Why this run does not count. */
  readonly invalid?: string;
}

export interface RunOptions {
  readonly stage: Stage;
  readonly place: Place;
  readonly processors: Processors;
  readonly seconds: number;
  /** Seconds of load before the measurement: compilers, caches and connections settle. */
  readonly warmUp: number;
  readonly nodeFlags?: readonly string[];
}

/** A process for each run: what one start happened to compile or lay out must not colour all of them. */
export async function measure(scenario: Scenario, proxy: ProxyName, options: RunOptions): Promise<Measurement> {
  const { stage, place, processors, seconds, warmUp } = options;
  const program = await startProxy(stage, {
    proxy,
    configuration: stage.write("haproxy.cfg", scenario.configuration(place)),
    listen: place.listen,
    processors: processors.proxy,
    nodeFlags: options.nodeFlags ?? [],
  });
  try {
    const load = scenario.wrk(place);
    const warming = warmUp > 0 ? describeErrors(await runWrk(stage, processors.load, load, warmUp)) : undefined;
    const before = cpuTime(program.pid);
    const seen = await runWrk(stage, processors.load, load, seconds);
    const cpu = cpuTime(program.pid) - before;
    const invalid = describeErrors(seen) ?? (warming && `${warming} while warming up`);
    return {
      requestsPerSecond: seen.requests / (seen.duration / 1_000_000),
      cpuPerRequest: cpu / seen.requests,
      busy: cpu / seen.duration,
      p50: seen.p50,
      p99: seen.p99,
      ...(invalid === undefined ? {} : { invalid }),
    };
  } catch (error) {
    if (program.isRunning) throw error;
    throw new Error(`${proxy} ended under load:\n${program.output}`, { cause: error });
  } finally {
    await program.stop();
  }
}
