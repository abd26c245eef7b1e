import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, median, type Pair } from "../../bench/comparison.js";
import type { Measurement } from "../../bench/measure.js";

const run = (cpuPerRequest: number, invalid?: string): Measurement => ({
  requestsPerSecond: 1_000_000 / cpuPerRequest,
  cpuPerRequest,
  busy: 1,
  p50: 100,
  p99: 200,
  ...(invalid === undefined ? {} : { invalid }),
});
const pair = (haproxy: Measurement, bascule: Measurement): Pair => ({ first: "haproxy", haproxy, bascule });

test("the median is the middle value, or between the two in the middle", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([100, 20, 3, 1]), 11.5);
  assert.throws(() => median([]), RangeError);
});

test("the ratio is the median of the pairs' ratios, not the ratio of the medians", () => {
  // A machine that was twice as slow during the second pair: each pair says 1.1, 1.2 and 1.5.
  const compared = compare([pair(run(10), run(11)), pair(run(20), run(24)), pair(run(10), run(15))]);
  assert.deepEqual(compared?.cpuPerRequest, { haproxy: 10, bascule: 15, ratio: 1.2, lowest: 1.1, highest: 1.5 });
});

test("a pair with an invalid run counts for nothing", () => {
  const broken = pair(run(10), run(1, "3 read errors"));
  assert.equal(compare([pair(run(10), run(12)), broken])?.cpuPerRequest.lowest, 1.2);
  assert.equal(compare([broken]), undefined);
  assert.equal(compare([pair(run(1, "1 status errors"), run(10))]), undefined);
});
