/** `startup_script` and `shutdown_script`: run once, waited for, and ended when they take too long. */
import { spawnSync } from "node:child_process";
import type { KeepalivedGlobal, TimedCommand } from "../config/keepalived/model.js";
import type { LogLevel } from "./instance.js";
import { launchable, resolveCommand } from "./script-command.js";

export function runTimed(
  command: TimedCommand | undefined,
  global: KeepalivedGlobal,
  log: (line: string, level: LogLevel) => void,
): void {
  if (command === undefined) return;
  const outcome = resolveCommand(command, global);
  if (outcome.kind === "disabled") {
    log(`Not run: ${command.argv.join(" ")}: ${outcome.reason}`, "warning");
    return;
  }
  for (const warning of outcome.warnings) log(warning, "warning");
  const { path, argv, options } = launchable(outcome.command);
  const timeout = command.timeout / 1000;
  const { error, status } = spawnSync(path, argv, { ...options, stdio: "ignore", timeout, killSignal: "SIGKILL" });
  if (error !== undefined) log(`script ${path}: ${error.message}`, "warning");
  else if (status !== 0) log(`script ${path} exited with status ${status}`, "warning");
}
