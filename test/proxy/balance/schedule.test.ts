import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildSchedule } from "../../../src/proxy/balance/schedule.js";

for (const [weights, turns] of [
  [[1], [0]],
  [
    [1, 1, 1],
    [0, 1, 2],
  ],
  [
    [100, 100],
    [0, 1],
  ],
  // Worked by hand: at each turn everyone gains its weight, the richest goes and pays the sum.
  [
    [3, 1],
    [0, 0, 1, 0],
  ],
  [
    [5, 1, 1],
    [0, 0, 1, 0, 2, 0, 0],
  ],
  [
    [0, 2, 0, 2],
    [1, 3],
  ],
  [[], []],
  [[0, 0], []],
] as const)
  test(`weights ${weights.join(", ") || "of nobody"} give the turns ${turns.join(" ") || "none"}`, () =>
    assert.deepEqual([...buildSchedule(weights)], turns));

const weights = fc.array(fc.nat(256), { maxLength: 8 });
const countsOf = (schedule: Iterable<number>, servers: number): number[] => {
  const counts = new Array<number>(servers).fill(0);
  for (const index of schedule) counts[index]!++;
  return counts;
};

test("everyone's turns are in proportion to its weight, exactly", () =>
  fc.assert(
    fc.property(weights, (weights) => {
      const counts = countsOf(buildSchedule(weights), weights.length);
      for (const [index, weight] of weights.entries())
        for (const [other, otherWeight] of weights.entries())
          assert.equal(counts[index]! * otherWeight, counts[other]! * weight);
      if (weights.some((weight) => weight > 0)) assert.ok(counts.some((count) => count > 0));
    }),
  ));

test("at no time has anyone had more than its share of turns, rounded, by as many as there are servers", () =>
  fc.assert(
    fc.property(weights, (weights) => {
      const sum = weights.reduce((sum, weight) => sum + weight, 0);
      const had = new Array<number>(weights.length).fill(0);
      for (const [turn, index] of buildSchedule(weights).entries()) {
        had[index]!++;
        for (const [server, weight] of weights.entries())
          assert.ok(Math.abs(had[server]! - ((turn + 1) * weight) / sum) < weights.length);
      }
    }),
  ));

test("a heavy server's turns do not come in a row while a light one waits for half of them", () => {
  const schedule = [...buildSchedule([10, 10, 1])];
  for (let turn = 1; turn < schedule.length; turn++)
    assert.ok(schedule[turn] !== schedule[turn - 1] || schedule[turn] !== schedule[turn - 2]);
});
