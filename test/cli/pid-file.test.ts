import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isProcessNamed, PidFile, readPid } from "../../src/cli/pid-file.js";
import { folder } from "./program.js";

test("a pid file keeps its old number until the new process serves, and goes with it", (t) => {
  const path = join(folder(t, { "x.pid": "4242\n" }), "x.pid");
  const file = new PidFile(path);
  assert.equal(readPid(path), 4242);
  file.write();
  assert.equal(readFileSync(path, "utf8"), `${process.pid}\n`);
  file.remove();
  assert.equal(readPid(path), undefined);
});

test("a process that did not get to serve leaves another one's pid file alone", (t) => {
  const path = join(folder(t, { "x.pid": "4242\n" }), "x.pid");
  new PidFile(path).remove();
  assert.equal(readPid(path), 4242);
});

test("a number in a pid file is believed only with the right name behind it", (t) => {
  const path = folder(t, { empty: "", words: "one two\n", negative: "-1\n" });
  for (const name of ["empty", "words", "negative", "missing"]) assert.equal(readPid(join(path, name)), undefined);
  assert.equal(isProcessNamed(process.pid, readFileSync("/proc/self/comm", "utf8").trim()), true);
  assert.equal(isProcessNamed(process.pid, "keepalived"), false);
  assert.equal(isProcessNamed(2 ** 22 + 1, "keepalived"), false);
});
