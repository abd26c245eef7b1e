/** What the kernel has on account for a process. */
import { readFileSync } from "node:fs";

/** USER_HZ: the unit of times in /proc, whatever the kernel's own tick is (time(7)). */
const TICKS_PER_SECOND = 100;

/** User and system time of `pid` so far, in microseconds; all its threads, those that have ended as well. */
export const cpuTime = (pid: number): number => parseCpuTime(readFileSync(`/proc/${pid}/stat`, "latin1"));

/** @param stat the text of /proc/PID/stat: utime and stime are fields 14 and 15 (proc(5)) */
export function parseCpuTime(stat: string): number {
  // The second field, the name in parentheses, may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isInteger(ticks)) throw new Error(`not a line of /proc/PID/stat: ${stat}`);
  return ticks * (1_000_000 / TICKS_PER_SECOND);
}

/** Memory of `pid` that is in use and in RAM (VmRSS), in bytes; the kernel's own, such as sockets', is not in it. */
export const residentMemory = (pid: number): number =>
  parseResidentMemory(readFileSync(`/proc/${pid}/status`, "latin1"));

/** @param status the text of /proc/PID/status */
export function parseResidentMemory(status: string): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`no VmRSS in /proc/PID/status: ${status}`);
  return Number(kibibytes) * 1024;
}
