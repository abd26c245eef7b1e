import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { type TestContext, test } from "node:test";
import { Spare } from "../../src/supervisor/spare.js";
import { eventually } from "../support/eventually.js";

/** Processes that wait for a word. */
function kept(t: TestContext) {
  const opened: ChildProcess[] = [];
  const spare = new Spare(() => {
    const child = spawn(process.execPath, ["-e", "process.on('message', () => process.exit(7))"], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    opened.push(child);
    return child;
  });
  t.after(() => {
    while (spare.take() !== undefined);
    for (const child of opened) child.kill("SIGKILL");
  });
  return { spare, opened };
}

test("there is none before it is asked for, and never more than one", (t) => {
  const { spare, opened } = kept(t);
  assert.equal(spare.take(), undefined);
  spare.refill();
  spare.refill();
  assert.equal(opened.length, 1);
});

test("it is handed out once, also while it is loading, and hears what it is told", async (t) => {
  const { spare } = kept(t);
  spare.refill();
  const taken = spare.take();
  assert.equal(spare.take(), undefined);
  taken!.send("begin");
  await eventually(() => taken!.exitCode, 7);
});

test("one that dies is replaced, and is not handed out", async (t) => {
  const { spare, opened } = kept(t);
  spare.refill();
  opened[0]!.kill("SIGKILL");
  await eventually(() => opened.length, 2);
  assert.equal(spare.take(), opened[1]);
});
