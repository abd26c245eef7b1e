/** A thread that counts in two words, under the lock in front of them. Plain additions: without it they get lost. */
import assert from "node:assert/strict";
import { workerData } from "node:worker_threads";
import { lock, unlock } from "../../../src/proxy/queue/lock.js";

const { memory, rounds } = workerData as { readonly memory: SharedArrayBuffer; readonly rounds: number };
const words = new Int32Array(memory);
for (let round = 0; round < rounds; round++) {
  lock(words, 0);
  assert.equal(words[1], words[2]);
  words[1]! += 1;
  words[2]! += 1;
  unlock(words, 0);
}
