const DEPTH = 14;
/** Frames of the check itself and of the wrappers below every call. */
const OWN = ["ffi-check/", "libc.", "memory."].map((name) => new URL(`../${name}`, import.meta.url).href);

/** Who calls, a line a frame. */
export function callStack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  const lines = new Error().stack!.split("\n").slice(1);
  Error.stackTraceLimit = limit;
  return lines.filter((line) => !OWN.some((name) => line.includes(name))).join("\n");
}
