/** The load: wrk, and what it saw. */
import type { Stage } from "./stage.js";

export interface Load {
  readonly requests: number;
  /** Microseconds, from the first request to the last response. */
  readonly duration: number;
  /** Latency percentiles in microseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly errors: Readonly<Record<"connect" | "read" | "write" | "timeout" | "status", number>>;
}

/**
 * Has wrk print its numbers as one line of JSON: its report for people rounds latencies and leaves out the errors that
 * did not happen. A script with `done` alone costs nothing per request. wrk counts a status above 399 as an error.
 */
const STATISTICS_SCRIPT = `\
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\\nRESULT {"requests":%d,"duration":%d,"p50":%d,"p99":%d,' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.timeout, e.status))
end
`;

/** Puts load on a proxy for `seconds`. @throws if wrk fails or hangs; errors that it counted are in the result. */
export async function runWrk(
  stage: Stage,
  processors: string,
  args: readonly string[],
  seconds: number,
): Promise<Load> {
  const script = stage.write("statistics.lua", STATISTICS_SCRIPT);
  const argv = ["wrk", "--latency", "--duration", `${seconds}s`, "--script", script, ...args];
  return parseLoad(await stage.run("wrk", processors, argv, (seconds + 15) * 1000));
}

/** Reads the script's line out of wrk's output. @throws if it is not there. */
export function parseLoad(output: string): Load {
  const line = /^RESULT (.+)$/m.exec(output)?.[1];
  if (line === undefined) throw new Error(`wrk gave no result:\n${output}`);
  return JSON.parse(line) as Load;
}

/** What makes a run invalid, in words; undefined if nothing does. */
export function describeErrors({ errors, requests }: Load): string | undefined {
  const counted = Object.entries(errors).filter(([, count]) => count > 0);
  if (requests === 0) counted.push(["request", 0]);
  if (counted.length === 0) return undefined;
  return counted.map(([kind, count]) => (kind === "request" ? "no request" : `${count} ${kind} errors`)).join(", ");
}
