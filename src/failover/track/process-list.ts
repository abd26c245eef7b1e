/** Which processes a `vrrp_track_process` means (keepalived.conf(5)). */
import { readdirSync, readFileSync } from "node:fs";
import type { TrackProcess } from "../../config/keepalived/model.js";

/** The kernel keeps so many bytes of a process's name (TASK_COMM_LEN less its NUL). */
const NAME_LENGTH = 15;

/** Process numbers of all that match. Those that end while we look are left out. */
export function findProcesses(wanted: TrackProcess): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isMatch(pid, wanted));
}

export function isMatch(pid: number, wanted: TrackProcess): boolean {
  try {
    // The name is cheap to ask for, so it comes first.
    if (!wanted.fullCommand && readFileSync(`/proc/${pid}/comm`, "utf8").trimEnd() !== nameOf(wanted.command))
      return false;
    if (!wanted.fullCommand && wanted.match === undefined && wanted.parameters.length === 0) return true;
    const [command = "", ...parameters] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    if (wanted.fullCommand && command !== wanted.command) return false;
    return matchesParameters(parameters, wanted);
  } catch {
    return false;
  }
}

const nameOf = (command: string): string =>
  Buffer.from(command.slice(command.lastIndexOf("/") + 1)).toString("utf8", 0, NAME_LENGTH);

export function matchesParameters(
  found: readonly string[],
  { parameters, match }: Pick<TrackProcess, "parameters" | "match">,
): boolean {
  if (match === undefined && parameters.length === 0) return true;
  if (match === undefined && found.length !== parameters.length) return false;
  return parameters.every((parameter, index) => {
    const isLast = index === parameters.length - 1;
    return match === "initial" && isLast ? found[index]?.startsWith(parameter) === true : found[index] === parameter;
  });
}
