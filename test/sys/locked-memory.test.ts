/** Locked memory in a process with V8: what is locked, and that V8 lives on. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { lockProgramMemory } from "../../src/sys/locked-memory.js";

const lockedKilobytes = (): number =>
  Number(/^VmLck:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);

test("the program is locked, and V8 can still give its pages back", { skip: process.getuid!() !== 0 }, async () => {
  assert.equal(lockProgramMemory(), 0);
  assert.ok(lockedKilobytes() > 1_000, `${lockedKilobytes()} kB`);
  // Code that is made and thrown away, and an isolate that ends: both discard pages.
  for (let round = 0; round < 20; round++)
    assert.match(`a${round}`, new RegExp(`^a(?:${round}|${"b".repeat(round)}\\d+)$`));
  const worker = new Worker("for (let i = 0; i < 50; i++) new RegExp('x{' + i + '}y').test('xxy')", { eval: true });
  const [code] = await new Promise<[number]>((resolve) => worker.once("exit", (...values) => resolve(values)));
  assert.equal(code, 0);
});
