/**
 * Time-outs, refusals, retries and reuse: the same configuration, clients and servers before Debian's haproxy and
 * before us. What clients see and what the log says of it is the same.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { REFUSALS } from "./support/scenarios-refusals.js";
import { FAILURES, REUSE, TIMEOUTS } from "./support/scenarios-timeouts.js";
import { isHaproxyMissing, play, startHaproxy, startOurs } from "./support/side-by-side.js";

const SCENARIOS = [...REFUSALS, ...TIMEOUTS, ...FAILURES, ...REUSE];

test("the same before HAProxy and before us", { skip: isHaproxyMissing && "no haproxy here" }, async (t) => {
  const [theirs, ours] = await Promise.all([play(t, SCENARIOS, startHaproxy), play(t, SCENARIOS, startOurs)]);
  for (const { name, endsOtherwise } of SCENARIOS) {
    const [mine, its] = [ours, theirs].map((all) => all[name]!.slice(endsOtherwise === undefined ? 0 : 1));
    await t.test(name, () => assert.deepEqual(mine, its));
  }
});
