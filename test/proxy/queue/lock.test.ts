import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

test("what a lock guards is never seen half done, however many threads want it", async () => {
  const memory = new SharedArrayBuffer(16);
  const program = fileURLToPath(new URL("./lock-main.js", import.meta.url));
  const rounds = 20_000;
  const threads = [1, 2, 3, 4].map(() => new Worker(program, { workerData: { memory, rounds } }));
  await Promise.all(threads.map((thread) => once(thread, "exit")));
  const [word, count, other] = new Int32Array(memory);
  assert.equal(count, threads.length * rounds);
  assert.equal(other, count);
  assert.equal(word, 0, "it is free in the end");
});
