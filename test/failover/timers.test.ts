import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSeconds } from "../../src/config/units.js";
import { masterDownInterval, skewTime } from "../../src/failover/timers.js";

// Worked by hand from RFC 3768 §6.1: (256 − priority) / 256 s.
for (const [priority, skew] of [
  [255, 3_906],
  [200, 218_750],
  [100, 609_375],
  [1, 996_093],
] as const) {
  test(`priority ${priority} skews its master-down timer by ${skew} µs`, () => assert.equal(skewTime(priority), skew));

  test(`priority ${priority} waits three intervals of 1 s and its skew`, () =>
    assert.equal(masterDownInterval(priority, fromSeconds(1)), 3_000_000 + skew));
}

test("in VRRPv2 the skew does not grow with the interval", () =>
  assert.equal(masterDownInterval(100, fromSeconds(5)), 15_609_375));
