import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ServerCheck } from "../../src/config/haproxy/model.js";
import { milliseconds } from "../../src/config/units.js";
import {
  afterCheck,
  downtime,
  type HealthState,
  initialHealth,
  intervalUntilNext,
  statusText,
} from "../../src/health/state.js";

const start = milliseconds(1_000);
const thresholds = { rise: 2, fall: 3 };

/** `+` is a check that passes, `-` one that fails, a second apart. */
function run(history: string, from: HealthState = initialHealth(thresholds, start)): HealthState {
  let state = from;
  let now = start;
  for (const outcome of history) {
    now = milliseconds(now + 1_000);
    state = afterCheck(state, outcome === "+", thresholds, now);
  }
  return state;
}

// Seen in the statistics of HAProxy 2.6 with `rise 2 fall 3`.
for (const [history, status] of [
  ["", "UP 1/3"],
  ["+", "UP"],
  ["++", "UP"],
  ["-", "DOWN"],
  ["+-", "UP 2/3"],
  ["+--", "UP 1/3"],
  ["+---", "DOWN"],
  ["+--+", "UP"],
  ["-+", "DOWN 1/2"],
  ["-+-", "DOWN"],
  ["-++", "UP"],
] as const)
  test(`after checks "${history}" a server is ${status}`, () =>
    assert.equal(statusText(run(history), thresholds), status));

test("a failed check counts unless the server is plainly down", () => {
  assert.equal(run("+--").failedChecks, 2);
  assert.equal(run("+-----").failedChecks, 3);
  assert.equal(run("+-----+-").failedChecks, 4);
});

test("going down is counted once an outage", () => {
  assert.equal(run("---").downTransitions, 1);
  assert.equal(run("---++---").downTransitions, 2);
});

test("downtime is the sum of the outages, the present one included", () => {
  const recovered = run("-++"); // down at 2 s, up at 4 s
  assert.equal(downtime(recovered, milliseconds(60_000)), 2_000);
  const downAgain = run("-++---"); // down again at 7 s
  assert.equal(downtime(downAgain, milliseconds(10_000)), 5_000);
});

const check: ServerCheck = {
  address: "192.0.2.1",
  family: 4,
  port: 80,
  sendProxy: undefined,
  tls: undefined,
  interval: milliseconds(2_000),
  fastInterval: milliseconds(500),
  downInterval: milliseconds(10_000),
  ...thresholds,
};

for (const [history, interval] of [
  ["+", 2_000],
  ["", 500],
  ["+-", 500],
  ["-+", 500],
  ["-", 10_000],
] as const)
  test(`after checks "${history}" the next is due in ${interval} ms`, () =>
    assert.equal(intervalUntilNext(run(history), check), interval));

test("a server is up exactly while its health is at least rise, whatever happens", () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 10 }),
      fc.array(fc.boolean(), { maxLength: 60 }),
      (rise, fall, outcomes) => {
        let state = initialHealth({ rise, fall }, start);
        for (const passed of outcomes) {
          state = afterCheck(state, passed, { rise, fall }, start);
          assert.equal(state.isUp, state.health >= rise);
          assert.ok(state.health >= 0 && state.health <= rise + fall - 1);
        }
      },
    ),
  ));
