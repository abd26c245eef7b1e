/** A process, told from a later one that was given the same number. */
import { readFileSync } from "node:fs";

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as /proc/PID/stat gives them. */
  readonly startTime: string;
}

export const ownProcess = (): ProcessIdentity => ({ pid: process.pid, startTime: startTimeOf(process.pid) ?? "0" });

export const isRunning = ({ pid, startTime }: ProcessIdentity): boolean => startTimeOf(pid) === startTime;

/** Field 22 of proc(5)'s stat; undefined if there is no such process, or but its zombie. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the name in parentheses, and may itself hold spaces and parentheses.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" || state === "X" ? undefined : fields[18];
  } catch {
    return undefined;
  }
}
