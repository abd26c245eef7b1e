/** At the end of the process: whether every rule was kept and everything closed. Silent if nothing was opened. */
import { isMainThread } from "node:worker_threads";
import { leaks } from "./handles.js";
import { shared } from "./shared-memory.js";
import { tell } from "./violation.js";

/** EX_SOFTWARE of sysexits.h. */
const BROKEN = 70;

/** Reports when the main thread exits; a violation or a leak fails the process. */
export function reportAtExit(): void {
  if (!isMainThread) return;
  process.on("exit", () => {
    const left = leaks();
    for (const leak of left) tell(`leak: ${leak}`);
    const { violations, opened } = shared;
    if (opened + violations > 0) tell(`${opened} handles opened, ${left.length} leaks, ${violations} violations`);
    if (violations + left.length > 0) process.exitCode = BROKEN;
  });
}
