/** What can be kept out of swap space in a process that V8 lives in (mlock2(2), proc_pid_maps(5)). */
import { readFileSync } from "node:fs";
import { ENOENT } from "./errno.js";
import { declare } from "./libc.js";

const nativeMlock2 = declare("mlock2", ["uintptr_t", "size_t", "int"]);
const MLOCK_ONFAULT = 1;

/** `7f00a000-7f00b000 r-xp 00000000 08:01 1234 /usr/bin/node` */
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) r\S* \S+ \S+ \S+ +(?:\/|\[heap\]|\[stack\])/;

/**
 * Locks the program, its libraries and the memory of its allocator, each page once it is used. Not V8's own pages: V8
 * gives pages back to the kernel, which refuses that of locked ones, and then V8 ends the process.
 *
 * @returns 0 or a negated errno
 */
export function lockProgramMemory(): number {
  let maps: string;
  try {
    maps = readFileSync("/proc/self/maps", "latin1");
  } catch {
    return -ENOENT;
  }
  for (const line of maps.split("\n")) {
    const [, start, end] = MAPPING.exec(line) ?? [];
    if (start === undefined || end === undefined) continue;
    const from = Number.parseInt(start, 16);
    const result = nativeMlock2(from, Number.parseInt(end, 16) - from, MLOCK_ONFAULT);
    if (result < 0) return result;
  }
  return 0;
}
