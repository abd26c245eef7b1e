/** Which scripts of a configuration are run, and what they count as before they have run. */
import type { KeepalivedConfiguration, VrrpScript } from "../config/keepalived/model.js";
import { fallsBackToRoot, resolveCommand } from "./script-command.js";
import { type ScriptHooks, ScriptRunner } from "./script-runner.js";
import type { ScriptState } from "./tracking.js";

export type ScriptRunners = ReadonlyMap<string, ScriptRunner>;

/**
 * One for each script that somebody tracks and that can be run, not started yet.
 * @param initial what a script counts as before it has run; undefined: as its own words say
 */
export function makeScriptRunners(
  configuration: KeepalivedConfiguration,
  hooks: ScriptHooks,
  initial: (script: VrrpScript) => ScriptState | undefined,
): ScriptRunners {
  const { scripts, instances, syncGroups } = configuration;
  const tracked = new Set(
    [...instances, ...syncGroups].flatMap(({ track }) => track.scripts.map(({ script }) => script)),
  );
  const used = scripts.filter((script) => tracked.has(script.name));
  if (used.length > 0) warnOfRoot(configuration, hooks);
  const runners = used.map((script) => makeRunner(script, configuration, hooks, initial(script)));
  return new Map(runners.filter((runner) => runner !== undefined).map((runner) => [runner.script.name, runner]));
}

function makeRunner(
  script: VrrpScript,
  { global }: KeepalivedConfiguration,
  hooks: ScriptHooks,
  initial: ScriptState | undefined,
): ScriptRunner | undefined {
  // Who answers now may cease to; then the command is run after all, if it can be.
  const isAnswered = hooks.answerScript?.(script.argv) !== undefined;
  const outcome = resolveCommand(script, global);
  if (outcome.kind === "command") {
    if (!isAnswered) for (const warning of outcome.warnings) hooks.log(warning, "warning");
    return new ScriptRunner(script, outcome.command, hooks, initial);
  }
  if (isAnswered) return new ScriptRunner(script, undefined, hooks, initial);
  hooks.log(`Disabling track script ${script.name}: ${outcome.reason}`, "warning");
  return undefined;
}

function warnOfRoot({ global }: KeepalivedConfiguration, hooks: Pick<ScriptHooks, "log">): void {
  if (fallsBackToRoot(global))
    hooks.log("Script user 'keepalived_script' does not exist: scripts without a user run as root", "warning");
  if (!global.enableScriptSecurity)
    hooks.log("SECURITY VIOLATION - scripts are being executed but script_security not enabled.", "warning");
}
