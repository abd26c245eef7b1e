/** What a process sets about itself. */
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SystemError } from "../../src/sys/errno.js";
import { replaceDescriptor } from "../../src/sys/process.js";

test("a replaced descriptor keeps its number and writes to the other file; the first file is closed", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "bascule-process-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [before, after] = [join(folder, "before"), join(folder, "after")];
  const number = openSync(before, "w");
  const fd = openSync(after, "w");
  writeSync(number, "one");
  replaceDescriptor(number, fd);
  closeSync(fd);
  writeSync(number, "two");
  closeSync(number);
  assert.equal(readFileSync(before, "utf8"), "one");
  assert.equal(readFileSync(after, "utf8"), "two");
});

test("a descriptor that is not open cannot take another's place", () => {
  assert.throws(
    () => replaceDescriptor(2, -1),
    (error) => error instanceof SystemError && error.code === "EBADF",
  );
});
