import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { duration, sideBySide, table, wantsColour } from "../../src/cli/demo/screen.js";
import { eventually } from "../support/eventually.js";
import { type Performance, startDemo } from "./demo-performance.js";
import { bascule, entry, folder } from "./program.js";

/** As root, the user that the show without root is given to; undefined where that user cannot reach this build. */
function unprivileged(): readonly string[] | undefined {
  if (process.getuid?.() !== 0) return [];
  const drop = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];
  const { status } = spawnSync("setpriv", [...drop, process.execPath, entry, "version"]);
  return status === 0 ? ["setpriv", ...drop] : undefined;
}
const prefix = unprivileged();
const flags = prefix === undefined ? ["--loopback"] : [];

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", () => resolve(true));
  });
}

/** Its programs have the show's folder or one of its ports in their command lines. */
async function assertNothingLeft({ output }: Performance, temporary: string): Promise<void> {
  const ports = [...output().matchAll(/127\.0\.0\.1:(\d+)$/gm)].map(([, port]) => port!);
  assert.equal(ports.length, 3, output());
  const marks = [temporary, ...ports.map((port) => `--port\0${port}\0`), `http://127.0.0.1:${ports[0]}/`];
  const running = () =>
    readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
      .map(commandLine)
      .filter((line) => marks.some((mark) => line.includes(mark)));
  // The program was seen to end; what it killed last may be a zombie for another moment.
  await eventually(running, [], { deadlineMs: 2_000 });
  for (const port of ports) assert.ok(await isRefused(Number(port)), `port ${port} still answers`);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // Gone meanwhile.
  }
}

test("without root the demonstration shows one balancer, and ends with 0 and nothing left running", async (t) => {
  const temporary = folder(t, {});
  chmodSync(temporary, 0o777);
  const show = startDemo(t, flags, temporary, prefix);
  assert.equal(await show.ended, 0, show.output());
  const text = show.output();

  assert.match(text, /^One balancer only, not a pair: (network namespaces need root|--loopback was given)\.$/m);
  assert.match(text, /^ +\d+ s +\d+ requests\/s {3}web1 +\d+ {3}web2 +\d+ {3}failed \d+$/m);
  assert.match(text, /^ {2}ok: web1 is out after [\d.]+ m?s \(promised: 1\.00 s\)\.$/m);
  assert.match(text, /^ {2}web1 dies +1\.00 s +\S+ m?s +.* ok$/m);
  assert.match(text, /^ {2}web1 returns +1\.00 s +\S+ m?s +.* ok$/m);
  // A crash is felt: a proxy that was never killed would leave no gap.
  assert.match(text, /^ {2}proxy crashes +2\.00 s +- +[\d.]+ m?s +[1-9]\d* of \d+ +ok$/m);
  assert.match(text, /^As root, the same command builds a lab of two balancers/m);
  assert.ok(!text.includes("\x1b"), "colours in a pipe");
  const [, log] = /^The full logs: (.*)$/m.exec(text) ?? [];
  assert.match(readFileSync(log!, "utf8"), /lb +.*Server web\/web1 is DOWN/);
  await assertNothingLeft(show, temporary);
});

test("Ctrl-C ends the demonstration at any time, with nothing left running", async (t) => {
  const temporary = folder(t, {});
  chmodSync(temporary, 0o777);
  const show = startDemo(t, flags, temporary, prefix);
  await eventually(show.output, (text) => /requests\/s/.test(text), { deadlineMs: 20_000 });
  show.interrupt();
  assert.equal(await show.ended, 130, show.output());
  assert.match(show.output(), /^SIGINT: ended early; nothing is left running\.$/m);
  await assertNothingLeft(show, temporary);
});

test("an unknown flag is refused with what was meant", () => {
  const { code, stderr } = bascule("demo", "--stya");
  assert.equal(code, 1);
  assert.match(stderr, /unknown flag --stya \(did you mean --stay\?\)/);
});

test("colours are for terminals that want them", () => {
  const terminal = { isTTY: true };
  assert.equal(wantsColour(terminal, { TERM: "xterm" }), true);
  assert.equal(wantsColour(terminal, { TERM: "xterm", NO_COLOR: "1" }), false);
  assert.equal(wantsColour(terminal, { TERM: "xterm", NO_COLOR: "" }), true);
  assert.equal(wantsColour(terminal, { TERM: "dumb" }), false);
  assert.equal(wantsColour({}, { TERM: "xterm" }), false);
});

test("durations are read at a glance", () => {
  assert.equal(duration(609.375), "609 ms");
  assert.equal(duration(3609.375), "3.61 s");
});

test("tables and columns align, without blanks at the ends of lines", () => {
  assert.deepEqual(
    table([
      ["event", "gap", ""],
      ["box dies", "3.61 s", "ok"],
    ]),
    ["  event     gap", "  box dies  3.61 s  ok"],
  );
  assert.deepEqual(sideBySide("a\nbc", "1\n\n3", 4), ["a   1", "bc", "    3"]);
});
