import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSeconds } from "../../src/config/units.js";
import { masterDownInterval, skewTime } from "../../src/failover/timers.js";

const V2 = { version: 2, downTimerAdverts: 3 } as const;
const V3 = { version: 3, downTimerAdverts: 3 } as const;

// Worked by hand from RFC 3768 §6.1: (256 − priority) / 256 s.
for (const [priority, skew] of [
  [255, 3_906],
  [200, 218_750],
  [100, 609_375],
  [1, 996_093],
] as const) {
  test(`priority ${priority} skews its master-down timer by ${skew} µs`, () =>
    assert.equal(skewTime(V2, priority, fromSeconds(1)), skew));

  test(`priority ${priority} waits three intervals of 1 s and its skew`, () =>
    assert.equal(masterDownInterval(V2, priority, fromSeconds(1)), 3_000_000 + skew));
}

test("in VRRPv2 the skew does not grow with the interval", () =>
  assert.equal(masterDownInterval(V2, 100, fromSeconds(5)), 15_609_375));

test("in VRRPv3 it is a share of the master's interval (RFC 9568 §6.1)", () => {
  assert.equal(skewTime(V3, 100, fromSeconds(0.1)), 60_937);
  assert.equal(masterDownInterval(V3, 100, fromSeconds(0.01)), 30_000 + 6_093);
});

test("down_timer_adverts sets how many advertisements may be missed", () =>
  assert.equal(masterDownInterval({ ...V2, downTimerAdverts: 5 }, 100, fromSeconds(1)), 5_609_375));
