import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { defaultGlobal } from "../../src/config/keepalived/defaults.js";
import type { KeepalivedGlobal, VrrpScript } from "../../src/config/keepalived/model.js";
import { microseconds } from "../../src/config/units.js";
import { resolveCommand } from "../../src/failover/script-command.js";
import { ScriptRunner } from "../../src/failover/script-runner.js";
import { eventually } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";

const global: KeepalivedGlobal = {
  ...defaultGlobal,
  scriptUser: { user: "root", group: undefined, supplementaryGroups: false },
};

function vrrpScript(argv: readonly string[], overrides: Partial<VrrpScript> = {}): VrrpScript {
  const interval = microseconds(40_000);
  const span = { file: { path: "", text: "" }, line: 1, column: 1, length: 0 };
  const rest = { weight: 0, reverse: false, rise: 1, fall: 1, user: undefined, initFail: false, span };
  return { name: "chk", argv, interval, timeout: interval, ...rest, ...overrides };
}

interface Recorded {
  readonly changes: string[];
  readonly logs: string[];
  readonly runner: ScriptRunner;
}

function run(t: TestContext, script: VrrpScript, answerScript?: (argv: readonly string[]) => boolean): Recorded {
  const changes: string[] = [];
  const logs: string[] = [];
  const outcome = resolveCommand(script, global);
  const runner = new ScriptRunner(script, outcome.kind === "command" ? outcome.command : undefined, {
    log: (line) => logs.push(line),
    onChange: (_, state) => changes.push(state),
    ...(answerScript === undefined ? {} : { answerScript }),
  });
  t.after(() => runner.stop());
  runner.start();
  return { changes, logs, runner };
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "bascule-scripts-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("exit code 0 is success, and every other a failure", async (t) => {
  const flag = join(folder(t), "flag");
  const { changes, logs } = run(t, vrrpScript(["test", "-e", flag]));
  await eventually(() => changes.join(), "down");
  writeFileSync(flag, "");
  await eventually(() => changes.join(), "down,up");
  assert.deepEqual(logs, [
    "Script `chk` now returning 1",
    "VRRP_Script(chk) failed (exited with status 1)",
    "Script `chk` now returning 0",
    "VRRP_Script(chk) succeeded",
  ]);
});

test("arguments reach the command as they are: no shell is involved", async (t) => {
  const { changes } = run(t, vrrpScript(["test", "$HOME; true", "=", "$HOME; true"]));
  // On a busy host the first run may take longer than it is given.
  await eventually(() => changes.at(-1), "up");
});

test("a script that hangs is a failure after its timeout, and what it has started ends with it", async (t) => {
  const pids = join(folder(t), "pids");
  const script = vrrpScript(["sh", "-c", `sleep 77 & echo $! $$ > ${pids}; wait`], { timeout: microseconds(400_000) });
  const { changes, logs } = run(t, script);
  await eventually(() => changes.join(), "down");
  assert.equal(logs.at(-1), "VRRP_Script(chk) timed_out");
  const [child] = readFileSync(pids, "utf8").split(" ").map(Number);
  await eventually(() => isAlive(child!), false);
});

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("whoever knows the answer is asked, and nothing is run", async (t) => {
  let running = true;
  const { changes, logs } = run(t, vrrpScript(["killall", "-0", "haproxy"]), () => running);
  await eventually(() => changes.join(), "up");
  running = false;
  await eventually(() => changes.join(), "up,down");
  assert.equal(logs.at(-1), "VRRP_Script(chk) failed (answered from within)");
});

test("a script runs as its user", { skip: needsRoot }, async (t) => {
  const script = vrrpScript(["sh", "-c", '[ "$(id -un):$(id -G)" = "nobody:$(id -g nobody)" ]'], {
    user: { user: "nobody", group: undefined, supplementaryGroups: false },
    timeout: microseconds(2_000_000),
  });
  const { changes } = run(t, script);
  await eventually(() => changes.length > 0, true);
  assert.equal(changes.join(), "up");
});

test("a command is looked up on PATH, with a word to give its full path", () => {
  const outcome = resolveCommand(vrrpScript(["true"]), global);
  assert.ok(outcome.kind === "command");
  assert.match(outcome.command.path, /^\/.*\/true$/);
  assert.match(outcome.warnings.join("\n"), /script `true` resolved by path search to `\/.*\/true`/);
});

test("a script that is missing, or has no user, is disabled with its reason", () => {
  assert.deepEqual(resolveCommand(vrrpScript(["/no/such/file"]), global), {
    kind: "disabled",
    reason: "`/no/such/file` is not found or not executable",
  });
  const script = vrrpScript(["true"], { user: { user: "no-such-user", group: undefined, supplementaryGroups: false } });
  assert.deepEqual(resolveCommand(script, global), { kind: "disabled", reason: "there is no user no-such-user" });
});

test("enable_script_security disables what others could change before root runs it", { skip: needsRoot }, (t) => {
  const path = join(folder(t), "check");
  writeFileSync(path, "#!/bin/sh\n", { mode: 0o755 });
  const secure = { ...global, enableScriptSecurity: true };
  assert.equal(resolveCommand(vrrpScript([path]), secure).kind, "command");
  rmSync(path);
  writeFileSync(path, "#!/bin/sh\n");
  // The umask has its say in writeFileSync, not in chmod.
  chmodSync(path, 0o777);
  const outcome = resolveCommand(vrrpScript([path]), secure);
  assert.ok(outcome.kind === "disabled");
  assert.match(outcome.reason, /would run as root, and .*check may be changed by others/);
  assert.equal(resolveCommand(vrrpScript([path]), global).kind, "command", "without it: a warning only");
});
