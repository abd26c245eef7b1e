/** Which descriptors and OpenSSL objects are open, in all threads: each is closed once, and not used afterwards. */
import { callStack } from "./call-stack.js";
import { SLOTS, shared } from "./shared-memory.js";
import { violation } from "./violation.js";

/** `adopted`: a descriptor that was there before us, and may stay. */
export const KINDS = ["fd", "ssl", "context", "certificate", "key", "session", "stack", "adopted"] as const;
export type HandleKind = (typeof KINDS)[number];

/** A slot is looked for in as many places at most; beyond, the table is as good as full. */
const PROBES = 4096;

/** Notes what a call has just opened. OpenSSL's objects count references, each of which is to be freed. */
export function opened(kind: HandleKind, handle: number): void {
  const place = shared.keep(callStack());
  shared.countOpened();
  const problem = shared.locked(() => {
    const slot = find(handle);
    if (slot < 0) return "too many handles at once for the check";
    const { keys, counts, kinds, openedAt } = shared;
    // Of an adopted descriptor others may let go.
    const known = counts[slot]! > 0 ? KINDS[kinds[slot]!] : "adopted";
    if (known !== "adopted" && (kind === "fd" || known !== kind))
      return `${name(kind, handle)} is given out anew, so it was closed behind our back; ${history(slot)}`;
    keys[slot] = handle + 1;
    counts[slot] = known === "adopted" ? 1 : counts[slot]! + 1;
    kinds[slot] = KINDS.indexOf(kind);
    openedAt[slot] = place;
    return undefined;
  });
  if (problem !== undefined) violation(problem);
}

/** Notes a close that is about to happen: afterwards another thread may be given the same number. */
export function closing(kind: HandleKind, handle: number): void {
  const place = shared.keep(callStack());
  const problem = shared.locked(() => {
    const slot = find(handle);
    const problem = problemOf(kind, handle, slot, "closed");
    if (problem !== undefined) return problem;
    shared.counts[slot]!--;
    shared.closedAt[slot] = place;
    return undefined;
  });
  if (problem !== undefined) violation(problem);
}

/** @param mayBeForeign it may have been opened by someone else, such as Node or our parent */
export function using(kind: HandleKind, handle: number, call: string, mayBeForeign: boolean): void {
  const problem = shared.locked(() => {
    const slot = find(handle);
    const isForeign = slot >= 0 && shared.keys[slot] === 0;
    return isForeign && mayBeForeign ? undefined : problemOf(kind, handle, slot, `given to ${call}`);
  });
  if (problem !== undefined) violation(problem);
}

/** A descriptor that was there before us, or stays to the end, is no leak. */
export function adopt(fd: number): void {
  shared.locked(() => {
    const slot = find(fd);
    if (slot < 0) return;
    shared.keys[slot] = fd + 1;
    shared.counts[slot] = 1;
    shared.kinds[slot] = KINDS.indexOf("adopted");
    shared.openedAt[slot] = shared.closedAt[slot] = 0;
  });
}

/** What has been opened and not closed, with the stack at which it was. */
export function leaks(): string[] {
  const found: string[] = [];
  for (let slot = 0; slot < SLOTS; slot++) {
    const kind = KINDS[shared.kinds[slot]!]!;
    if (shared.counts[slot]! > 0 && kind !== "adopted")
      found.push(`${name(kind, shared.keys[slot]! - 1)} was never closed; ${history(slot)}`);
  }
  return found;
}

/** The handle's slot, or one that it may have; -1: there is none. */
function find(handle: number): number {
  const { keys, counts } = shared;
  const key = handle + 1;
  let at = Math.imul(Math.floor(handle / 16) ^ handle, 0x9e3779b1) >>> 16;
  let free = -1;
  for (let probe = 0; probe < PROBES; probe++, at = (at + 1) % SLOTS) {
    if (keys[at] === key) return at;
    if (keys[at] === 0) return free >= 0 ? free : at;
    // What was closed lately is remembered until its place is needed, and that is when the neighbourhood is crowded.
    if (free < 0 && probe > PROBES / 2 && counts[at] === 0) free = at;
  }
  if (free >= 0) keys[free] = 0;
  return free;
}

function problemOf(kind: HandleKind, handle: number, slot: number, what: string): string | undefined {
  if (slot < 0 || shared.keys[slot] === 0) return `${name(kind, handle)} is ${what}, but nobody has opened it`;
  if (shared.counts[slot] === 0) return `${name(kind, handle)} is ${what} after it was closed; ${history(slot)}`;
  const known = KINDS[shared.kinds[slot]!]!;
  if (known === kind || (known === "adopted" && kind === "fd")) return undefined;
  return `${name(known, handle)} is ${what} as if it were a ${kind}; ${history(slot)}`;
}

const name = (kind: HandleKind, handle: number): string =>
  kind === "fd" || kind === "adopted" ? `descriptor ${handle}` : `${kind} 0x${handle.toString(16)}`;

function history(slot: number): string {
  const closed = shared.counts[slot] === 0 ? `\n  closed\n${shared.text(shared.closedAt[slot]!)}` : "";
  return `opened\n${shared.text(shared.openedAt[slot]!)}${closed}`;
}
