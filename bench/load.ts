/** Load generators, and what they saw. */
import { fileURLToPath } from "node:url";
import type { Job } from "./client/job.js";
import type { Work } from "./scenario.js";
import type { Stage } from "./stage.js";

export interface Load {
  readonly requests: number;
  /** Microseconds, from the first request to the last response. */
  readonly duration: number;
  /** Latency percentiles in microseconds, where the generator has them. */
  readonly p50?: number;
  readonly p99?: number;
  readonly p999?: number;
  /** What went wrong, counted by kind. */
  readonly errors: Readonly<Record<string, number>>;
}

type LoadWork = Exclude<Work, { kind: "idle" }>;

/** Puts load on `listen` for `seconds`. @throws if the generator fails or hangs; errors that it counted are in the result. */
export async function runLoad(
  stage: Stage,
  processors: string,
  { work, tls, listen }: { readonly work: LoadWork; readonly tls: boolean; readonly listen: string },
  seconds: number,
): Promise<Load> {
  const run = (program: string, argv: readonly string[]): Promise<string> =>
    stage.run(program, processors, argv, (seconds + 15) * 1000);
  const origin = `${tls ? "https" : "http"}://${listen}`;
  switch (work.kind) {
    case "wrk": {
      const script = stage.write("statistics.lua", STATISTICS_SCRIPT);
      const closes = work.closes ? ["--header", "Connection: close"] : [];
      const where = [`--connections=${work.connections}`, "--threads=1", `${origin}${work.path}`];
      return parseResult(await run("wrk", ["wrk", "--latency", `-d${seconds}s`, `-s${script}`, ...closes, ...where]));
    }
    case "h2load": {
      const shape = [`-c${work.connections}`, `-m${work.streams}`, "-t1", `-D${seconds}`];
      return parseH2load(await run("h2load", ["h2load", ...shape, `${origin}/`]));
    }
    case "handshakes":
      return parseResult(await run("client", clientCommand({ ...work, listen, seconds })));
    case "open-loop":
      return parseResult(await run("client", clientCommand({ ...work, listen, seconds })));
  }
}

/** The bench's own client does what wrk and h2load cannot: see client/. */
export const clientCommand = (job: Job): string[] => [
  process.execPath,
  fileURLToPath(new URL("./client/main.js", import.meta.url)),
  JSON.stringify(job),
];

/**
 * Has wrk print its numbers as one line of JSON: its report for people rounds latencies and leaves out the errors that
 * did not happen. A script with `done` alone costs nothing per request. wrk counts a status above 399 as an error.
 */
const STATISTICS_SCRIPT = `\
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%d,"duration":%d,"p50":%d,"p99":%d,"p999":%d,' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    e.connect, e.read, e.write, e.timeout, e.status))
end
`;

/** Reads the result line of wrk's script or of the bench's own client. @throws if it is not there. */
export function parseResult(output: string): Load {
  const line = /^RESULT (.+)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`the load generator gave no result:\n${output}`);
  return JSON.parse(line) as Load;
}

/** Reads h2load's report. It has no percentiles. @throws if it is not one */
export function parseH2load(output: string): Load {
  const duration = /^finished in ([\d.]+)(us|ms|s|m),/m.exec(output);
  const counts = /^requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$/m.exec(output);
  if (duration === null || counts === null) throw new Error(`h2load gave no result:\n${output}`);
  const [requests, failed, errored, timeout] = counts.slice(1).map(Number) as [number, number, number, number];
  const unit = { us: 1, ms: 1e3, s: 1e6, m: 6e7 }[duration[2] as "us" | "ms" | "s" | "m"];
  return { requests, duration: Number(duration[1]) * unit, errors: { failed, errored, timeout } };
}

/** What makes a run invalid, in words; undefined if nothing does. */
export function describeErrors({ errors, requests }: Load): string | undefined {
  const counted = Object.entries(errors).filter(([, count]) => count > 0);
  if (counted.length > 0) return counted.map(([kind, count]) => `${count} ${kind} errors`).join(", ");
  return requests === 0 ? "no request" : undefined;
}
