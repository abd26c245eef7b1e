import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, median, type Round } from "../../bench/comparison.js";
import type { Measurement } from "../../bench/figures.js";
import { renderScenario } from "../../bench/report.js";
import { type Scenario, scenarios } from "../../bench/scenario.js";

const scenario: Scenario = {
  ...scenarios[0]!,
  figures: ["cpuPerRequest"],
  target: { figure: "cpuPerRequest", atMost: 1.2 },
};
const run = (cpuPerRequest: number, invalid?: string): Measurement => ({
  figures: { cpuPerRequest },
  ...(invalid === undefined ? {} : { invalid }),
});
const round = (haproxy: Measurement, bascule: Measurement, nginx?: Measurement): Round => ({
  order: ["haproxy", "bascule"],
  runs: { haproxy, bascule, ...(nginx === undefined ? {} : { nginx }) },
});

test("the median is the middle value, or between the two in the middle", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([100, 20, 3, 1]), 11.5);
  assert.throws(() => median([]), RangeError);
});

test("the ratio is the median of the rounds' ratios, not the ratio of the medians", () => {
  // A machine that was twice as slow during the second round: the rounds say 1.1, 1.2 and 1.5.
  const [cpu] = compare(scenario, [round(run(10), run(11)), round(run(20), run(24)), round(run(10), run(15))]);
  assert.deepEqual(cpu?.values, { haproxy: 10, bascule: 15 });
  assert.deepEqual(cpu?.ratios, { bascule: { median: 1.2, lowest: 1.1, highest: 1.5 } });
});

test("a target is met up to its very value, and missed beyond it", () => {
  const isMet = (bascule: number, atMost: number, absolute: boolean): boolean | undefined => {
    const target = { figure: "cpuPerRequest", atMost, absolute } as const;
    return compare({ ...scenario, target }, [round(run(10), run(bascule))])[0]?.isMet;
  };
  assert.deepEqual([isMet(12, 1.2, false), isMet(12.1, 1.2, false)], [true, false]);
  assert.deepEqual([isMet(12, 12, true), isMet(12.1, 12, true)], [true, false]);
});

test("a round with an invalid run counts for nothing", () => {
  const broken = round(run(10), run(1, "3 read errors"));
  assert.equal(compare(scenario, [round(run(10), run(12)), broken])[0]?.ratios.bascule?.lowest, 1.2);
  assert.deepEqual(compare(scenario, [broken]), []);
  assert.deepEqual(compare(scenario, [round(run(10), run(12), run(11, "1 status errors"))]), []);
  assert.match(renderScenario(scenario, [broken]), /INVALID rounds, left out: 1 of 1/);
});

test("the table shows each contender, the ratios and the verdict; who did not run has a dash", () => {
  assert.match(
    renderScenario(scenario, [round(run(10), run(13))]),
    /proxy CPU µs\/request +10\.0 +– +13\.0 +1\.30 \(1\.30–1\.30\) +– +≤ 1\.2 MISSED$/m,
  );
  assert.match(renderScenario(scenario, [round(run(10), run(10), run(20))]), /20\.0 +10\.0 .* 2\.00 .*≤ 1\.2 met$/m);
});
