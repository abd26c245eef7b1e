import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromSeconds, microseconds } from "../../src/config/units.js";
import { SimulatedLan } from "./simulated-lan.js";

test("a backup takes over one master-down interval after the master falls silent", () => {
  const lan = new SimulatedLan({ seed: 42, maxDelay: microseconds(0) });
  const [first, second] = [lan.join({ priority: 200 }), lan.join({ priority: 100 })];
  lan.runUntil(() => first.sent === 5);
  lan.run(microseconds(0)); // the fifth advertisement arrives
  first.plugged = false;
  lan.run(microseconds(3_609_374)); // 3 × 1 s + 609,375 µs of skew, less one
  assert.equal(second.state.kind, "backup");
  lan.run(microseconds(1));
  assert.equal(second.state.kind, "master");
});

test("a clean stop costs the skew and not the whole interval", () => {
  const lan = new SimulatedLan({ seed: 1, maxDelay: microseconds(0) });
  const [first, second] = [lan.join({ priority: 200 }), lan.join({ priority: 100 })];
  lan.eventually(() => first.state.kind === "master", fromSeconds(5));
  first.handle({ kind: "stop" });
  lan.run(microseconds(609_375));
  assert.equal(second.state.kind, "master");
});

test("the same seed replays the same run", () => {
  const run = (seed: number): number[] => {
    const lan = new SimulatedLan({ seed, loss: 0.5, maxDelay: microseconds(900_000) });
    const routers = [lan.join({ priority: 200 }), lan.join({ priority: 150 }), lan.join({ priority: 100 })];
    lan.run(fromSeconds(120));
    return routers.map((router) => router.sent);
  };
  assert.deepEqual(run(7), run(7));
  assert.notDeepEqual(run(7), run(8));
});

const anySeed = fc.nat(0xffffffff);
const anyPriorities = fc.array(fc.integer({ min: 1, max: 254 }), { minLength: 2, maxLength: 3 });

// The longest that a start can take: the lowest priority's down interval, and one advertisement to settle it.
const CONVERGENCE = fromSeconds(3 + 1 + 1);

test("one master stands after convergence: the highest priority, then the highest address", () =>
  fc.assert(
    fc.property(anySeed, anyPriorities, (seed, priorities) => {
      const lan = new SimulatedLan({ seed, maxDelay: microseconds(2_000) });
      const routers = priorities.map((priority) => lan.join({ priority }));
      lan.run(CONVERGENCE);
      const highest = Math.max(...priorities);
      const best = routers[priorities.lastIndexOf(highest)];
      // Equal priorities: whoever comes first stays, unless both came up at once. All started at once here.
      assert.deepEqual(lan.masters, [best], `seed ${seed}`);
    }),
  ));

test("when the master dies another takes over within three intervals and its skew", () =>
  fc.assert(
    fc.property(anySeed, anyPriorities, fc.nat(3_000_000), (seed, priorities, moment) => {
      const lan = new SimulatedLan({ seed, maxDelay: microseconds(2_000) });
      for (const priority of priorities) lan.join({ priority });
      lan.run(CONVERGENCE);
      lan.run(microseconds(moment));
      const [master] = lan.masters;
      master!.plugged = false;
      const survivors = priorities.filter((_, index) => lan.routers[index] !== master);
      const skew = Math.floor(((256 - Math.max(...survivors)) * 1_000_000) / 256);
      lan.eventually(() => lan.masters.length > 0, microseconds(3_000_000 + skew + 2_000));
      lan.run(CONVERGENCE);
      assert.equal(lan.masters.length, 1, `seed ${seed}`);
    }),
  ));

test("a healed partition leaves one master within one interval", () =>
  fc.assert(
    fc.property(anySeed, anyPriorities, (seed, priorities) => {
      const lan = new SimulatedLan({ seed, maxDelay: microseconds(2_000) });
      const routers = priorities.map((priority) => lan.join({ priority }));
      for (const [index, router] of routers.entries()) router.island = index;
      lan.run(CONVERGENCE);
      assert.equal(lan.masters.length, routers.length, "every island has its own");
      for (const router of routers) router.island = 0;
      lan.run(microseconds(1_000_000 + 2 * 2_000));
      assert.equal(lan.masters.length, 1, `seed ${seed}`);
    }),
  ));

test("whatever is lost and late: who holds the addresses is master, and calm brings one master back", () =>
  fc.assert(
    fc.property(anySeed, anyPriorities, fc.integer({ min: 0, max: 90 }), (seed, priorities, percent) => {
      const lan = new SimulatedLan({ seed, loss: percent / 100, maxDelay: microseconds(1_500_000) });
      for (const priority of priorities) lan.join({ priority });
      for (let second = 0; second < 30; second++) {
        lan.run(fromSeconds(1));
        for (const router of lan.routers)
          assert.equal(router.holdsAddresses, router.state.kind === "master", `seed ${seed}`);
      }
      lan.calm();
      lan.run(fromSeconds(10));
      assert.equal(lan.masters.length, 1, `seed ${seed}`);
    }),
    { numRuns: 60 },
  ));
