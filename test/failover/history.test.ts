/** Thousands of lives of a virtual router. A seed that breaks a promise is printed, and `SEED=… npm test history` replays it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fromSeconds, microseconds } from "../../src/config/units.js";
import { playHistory } from "./history.js";
import { Promises } from "./promises.js";
import { SimulatedLan } from "./simulated-lan.js";

const HISTORIES = 1_000;
const { SEED } = process.env;

/** Plays one; when a promise is broken the error says what happened, from the start. */
function replay(seed: number): void {
  const lines: string[] = [];
  try {
    playHistory(seed, (line) => lines.push(line));
  } catch (error) {
    throw new Error(`${lines.join("\n")}\nSEED=${seed}: ${(error as Error).message}`);
  }
}

describe("whatever happens to two to five routers", () => {
  test("some router is master, no two are, and addresses are held exactly while master", () => {
    if (SEED !== undefined) return replay(Number(SEED));
    for (let seed = 0; seed < HISTORIES; seed++) {
      try {
        playHistory(seed);
      } catch {
        replay(seed);
      }
    }
  });

  test("a seed plays the same life again", () => {
    const [first, second]: string[][] = [[], []];
    playHistory(7, (line) => first!.push(line));
    playHistory(7, (line) => second!.push(line));
    assert.ok(first!.length > 20);
    assert.deepEqual(first, second);
  });
});

describe("a master that dies or freezes with its addresses on the interface", () => {
  for (const act of ["crash", "freeze"] as const)
    for (const version of [2, 3] as const)
      test(`${act}, VRRPv${version}: they are gone before the backup takes over, whenever it happens`, () => {
        for (let seed = 0; seed < 50; seed++) {
          const lan = new SimulatedLan({ seed });
          const own = { version, advertInterval: fromSeconds(1), addressLifetime: fromSeconds(2) } as const;
          const [first, second] = [lan.join({ ...own, priority: 200 }), lan.join({ ...own, priority: 199 })];
          lan.run(microseconds(fromSeconds(5) + lan.random.below(5_000_000)));
          assert.ok(first.holdsAddresses);
          first[act]();
          lan.watch = () => assert.ok(!(first.holdsAddresses && second.holdsAddresses), `seed ${seed}`);
          lan.run(fromSeconds(5));
          assert.ok(second.holdsAddresses);
          first.thaw();
          assert.ok(!first.holdsAddresses);
        }
      });
});

describe("the promises can be broken", () => {
  const watched = (seed: number) => {
    const lan = new SimulatedLan({ seed });
    const promises = new Promises(lan, microseconds(500));
    lan.watch = () => promises.check();
    return { lan, promises };
  };

  test("by two who do not understand each other", () => {
    const { lan } = watched(1);
    lan.join({ priority: 200 });
    lan.join({ priority: 100, virtualRouterId: 52 });
    assert.throws(() => lan.run(fromSeconds(20)), /R10 and R11 are masters for \d+ µs/);
  });

  test("by a router that never takes over", () => {
    const { lan } = watched(2);
    const router = lan.join({ priority: 200 });
    assert.ok(router.state.kind === "backup");
    lan.watch();
    router.state = { ...router.state, masterDownAt: fromSeconds(5) };
    assert.throws(() => lan.run(fromSeconds(20)), /nobody is master for 5000000 µs/);
  });

  test("by addresses that stay where nobody is master", () => {
    const { lan } = watched(3);
    const router = lan.join({ priority: 200 });
    lan.run(fromSeconds(5));
    router.state = { ...router.state, kind: "fault" };
    assert.throws(() => lan.watch(), /R10 is fault and holds addresses/);
  });
});
