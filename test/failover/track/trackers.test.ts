/** Files and processes as they come and go. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { TrackFile, TrackProcess } from "../../../src/config/keepalived/model.js";
import { fromSeconds, microseconds } from "../../../src/config/units.js";
import { FileTracker } from "../../../src/failover/track/file-tracker.js";
import { matchesParameters } from "../../../src/failover/track/process-list.js";
import { ProcessTracker } from "../../../src/failover/track/process-tracker.js";
import { eventually } from "../../support/eventually.js";
import { span } from "../support.js";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "track-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function trackFile(t: TestContext, path: string, initial?: TrackFile["initial"]) {
  const values: number[] = [];
  const tracker = new FileTracker(
    { name: "f", path, initial, span },
    (_, value) => values.push(value),
    () => {},
  );
  tracker.start();
  t.after(() => tracker.stop());
  return { tracker, values };
}

test("a tracked file's number is read at the start and whenever it changes, also if another file takes its place", async (t) => {
  const path = join(folder(t), "number");
  writeFileSync(path, " 5 bottles\n");
  const { tracker, values } = trackFile(t, path);
  assert.equal(tracker.value, 5);
  writeFileSync(path, "-7\n");
  await eventually(() => values.at(-1), -7);
  writeFileSync(`${path}.new`, "9");
  renameSync(`${path}.new`, path);
  await eventually(() => values.at(-1), 9);
});

test("a file that is not there, or holds no number, is 0; one whose folder appears later is found", async (t) => {
  const parent = folder(t);
  const path = join(parent, "later", "number");
  const { tracker, values } = trackFile(t, path);
  assert.equal(tracker.value, 0);
  mkdirSync(join(parent, "later"));
  writeFileSync(path, "3");
  await eventually(() => values.at(-1), 3);
  writeFileSync(path, "none");
  await eventually(() => values.at(-1), 0);
});

test("init_file writes the first number, over another only if told to", (t) => {
  const path = join(folder(t), "number");
  assert.equal(trackFile(t, path, { value: 4, overwrite: false }).tracker.value, 4);
  assert.equal(readFileSync(path, "utf8"), "4\n");
  assert.equal(trackFile(t, path, { value: 8, overwrite: false }).tracker.value, 4);
  assert.equal(trackFile(t, path, { value: 8, overwrite: true }).tracker.value, 8);
});

const sleeper: TrackProcess = {
  name: "sleepers",
  command: "sleep",
  parameters: ["86399"],
  match: undefined,
  quorum: 1,
  quorumMax: undefined,
  forkDelay: microseconds(0),
  terminateDelay: microseconds(0),
  fullCommand: false,
  span,
};

function trackProcess(t: TestContext, wanted: TrackProcess): { ups: boolean[]; tracker: ProcessTracker } {
  const ups: boolean[] = [];
  const tracker = new ProcessTracker(
    [wanted],
    (_, up) => ups.push(up),
    () => {},
  );
  tracker.start();
  t.after(() => tracker.stop());
  return { ups, tracker };
}

function sleep(t: TestContext, seconds = "86399"): ReturnType<typeof spawn> {
  const child = spawn("sleep", [seconds]);
  t.after(() => child.kill("SIGKILL"));
  return child;
}

test("a process that ends is missed at once, and one that comes is found", async (t) => {
  const { ups, tracker } = trackProcess(t, sleeper);
  assert.equal(tracker.isUp("sleepers"), false);
  const child = sleep(t);
  await eventually(() => ups, [true]);
  const killedAt = performance.now();
  child.kill("SIGKILL");
  await eventually(() => ups, [true, false], { everyMs: 5 });
  assert.ok(performance.now() - killedAt < 900, "before the next look at /proc");
});

test("too many are as bad as too few", async (t) => {
  const { ups } = trackProcess(t, { ...sleeper, parameters: ["86398"], quorumMax: 1 });
  sleep(t, "86398");
  await eventually(() => ups, [true]);
  sleep(t, "86398");
  await eventually(() => ups, [true, false]);
});

test("terminate_delay: who is back in time was never missed", async (t) => {
  const { ups } = trackProcess(t, { ...sleeper, parameters: ["86397"], terminateDelay: fromSeconds(2.5) });
  const child = sleep(t, "86397");
  await eventually(() => ups, [true]);
  child.kill("SIGKILL");
  sleep(t, "86397");
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  assert.deepEqual(ups, [true]);
});

for (const [found, parameters, match, expected] of [
  [["a", "b"], [], undefined, true],
  [["a", "b"], ["a"], undefined, false],
  [["a"], ["a"], undefined, true],
  [["a", "b"], ["a"], "partial", true],
  [["ab", "c"], ["a"], "partial", false],
  [["ab", "c"], ["a"], "initial", true],
  [["a", "bc"], ["a", "b"], "initial", true],
  [["x"], ["a"], "initial", false],
] as const)
  test(`arguments ${found.join(" ")} against ${parameters.join(" ") || "none"} (${match ?? "exactly"}): ${expected}`, () =>
    assert.equal(matchesParameters(found, { parameters, match }), expected));
