import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../src/supervisor/backoff.js";

test("the first restart is at once, later ones wait 1, 2, 4 … s, 30 s at most", () => {
  const backoff = new Backoff(1);
  const delays = Array.from({ length: 9 }, () => backoff.afterCrash(10));
  assert.deepEqual(delays, [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test("as many restarts are at once as it is told", () => {
  const backoff = new Backoff(3);
  assert.deepEqual(
    Array.from({ length: 5 }, () => backoff.afterCrash(10)),
    [0, 0, 0, 1_000, 2_000],
  );
});

test("a minute of health forgives earlier crashes, a moment less does not", () => {
  const backoff = new Backoff(1);
  for (let i = 0; i < 5; i++) backoff.afterCrash(10);
  assert.equal(backoff.afterCrash(59_999), 16_000);
  assert.equal(backoff.afterCrash(60_000), 0);
  assert.equal(backoff.afterCrash(10), 1_000);
});

test("an operator's start forgives too", () => {
  const backoff = new Backoff(1);
  for (let i = 0; i < 5; i++) backoff.afterCrash(10);
  backoff.reset();
  assert.equal(backoff.afterCrash(10), 0);
});
