/** Reads V8's `.cpuprofile` files: where a thread's time went. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    /** The nodes it called. */
    readonly children?: readonly number[];
  }[];
  /** The node that was on top of the stack, for each sample. */
  readonly samples: readonly number[];
  /** Microseconds from the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  /** `function file:line`; natives have no file. */
  readonly where: string;
  /** Of all samples in this profile. */
  readonly share: number;
}

export interface Profile {
  readonly path: string;
  readonly seconds: number;
  /** Longest first. */
  readonly functions: readonly SelfTime[];
}

/** The profiles of a folder that were written since `since` (ms of the Unix epoch), one for each thread. */
export function readProfiles(folder: string, since: number): Profile[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith(".cpuprofile") && statSync(path).mtimeMs >= since)
    .map((path) => summarise(path, JSON.parse(readFileSync(path, "utf8")) as CpuProfile));
}

/**
 * Adds up, for each function, the time in which it was on top of the stack. All system calls go through the wrappers of
 * libc.ts: their time is listed by who called, for send and epoll_wait are very different things. The latter also waits.
 */
export function summarise(path: string, { nodes, samples, timeDeltas }: CpuProfile): Profile {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const callers = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, frames.get(id)!])));
  const names = new Map(
    nodes.map(({ id, callFrame }) => {
      const caller = isSystemCall(callFrame) ? callers.get(id) : undefined;
      return [id, caller === undefined ? describe(callFrame) : `system call of ${describe(caller)}`];
    }),
  );
  const times = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const where = names.get(id) ?? "(unknown)";
    const time = timeDeltas[index] ?? 0;
    times.set(where, (times.get(where) ?? 0) + time);
    total += time;
  }
  const functions = [...times]
    .map(([where, time]) => ({ where, share: time / total }))
    .sort((a, b) => b.share - a.share);
  return { path, seconds: total / 1_000_000, functions };
}

export function renderProfile({ path, seconds, functions }: Profile, count = 30): string {
  const lines = functions
    .slice(0, count)
    .map(({ where, share }) => `${(share * 100).toFixed(1).padStart(6)} %  ${where}`);
  return [`${path} (${seconds.toFixed(1)} s), self time:`, ...lines, ""].join("\n");
}

const isSystemCall = ({ url }: CallFrame): boolean => url.endsWith("/sys/libc.js");

function describe({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name} ${basename(url)}:${lineNumber + 1}`;
}
