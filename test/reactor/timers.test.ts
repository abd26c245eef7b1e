import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Timer, TimerWheel } from "../../src/reactor/timers.js";

/** A wheel whose timers write down when they fired. */
class Bench {
  now: number;
  readonly wheel: TimerWheel;
  readonly fired: [name: string, at: number][] = [];

  constructor(now = 0) {
    this.now = now;
    this.wheel = new TimerWheel(now);
  }

  timer(name: string, then: () => void = () => {}): Timer {
    return new Timer(() => {
      this.fired.push([name, this.now]);
      then();
    });
  }

  advanceTo(now: number): void {
    this.now = now;
    this.wheel.advance(now);
  }

  /** Goes on as the reactor does: asks how long it may sleep, and sleeps that long. */
  runUntil(end: number): void {
    while (this.now < end) {
      const patience = this.wheel.untilNext(this.now);
      this.advanceTo(patience < 0 ? end : Math.min(end, this.now + Math.max(patience, 1)));
    }
  }
}

test("a timer fires once, at its deadline and not a millisecond before", () => {
  const bench = new Bench();
  bench.wheel.arm(bench.timer("a"), 10);
  bench.advanceTo(9.99);
  assert.deepEqual(bench.fired, []);
  bench.advanceTo(10);
  bench.advanceTo(2000);
  assert.deepEqual(bench.fired, [["a", 10]]);
});

for (const deadline of [1, 511, 512, 513, 1023, 1024, 60_000, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 3_600_000])
  test(`a timer ${deadline} ms away fires on time, however far the wheel has to turn`, () => {
    const bench = new Bench(77);
    bench.wheel.arm(bench.timer("far"), 77 + deadline);
    bench.runUntil(77 + deadline + 5000);
    assert.deepEqual(bench.fired, [["far", 77 + deadline]]);
  });

test("timers fire in the order of their deadlines after a long sleep", () => {
  const bench = new Bench();
  for (const deadline of [700, 3, 511, 90_000, 512, 40]) bench.wheel.arm(bench.timer(String(deadline)), deadline);
  bench.advanceTo(100_000);
  assert.deepEqual(
    bench.fired.map(([name]) => name),
    ["3", "40", "511", "512", "700", "90000"],
  );
});

test("a deadline that moves later holds, and one that moves earlier as well", () => {
  const bench = new Bench();
  const timer = bench.timer("moved");
  bench.wheel.arm(timer, 100);
  bench.wheel.arm(timer, 1000);
  bench.runUntil(999);
  assert.deepEqual(bench.fired, []);
  bench.wheel.arm(timer, 1005);
  bench.wheel.arm(timer, 1002);
  bench.runUntil(3000);
  assert.deepEqual(bench.fired, [["moved", 1002]]);
});

test("a disarmed or released timer does not fire, and can be armed again", () => {
  const bench = new Bench();
  const [disarmed, released] = [bench.timer("disarmed"), bench.timer("released")];
  for (const timer of [disarmed, released]) bench.wheel.arm(timer, 50);
  bench.wheel.disarm(disarmed);
  bench.wheel.release(released);
  bench.runUntil(100);
  assert.deepEqual(bench.fired, []);
  bench.wheel.arm(disarmed, 150);
  bench.wheel.arm(released, 151);
  bench.runUntil(200);
  assert.deepEqual(bench.fired, [
    ["disarmed", 150],
    ["released", 151],
  ]);
});

test("a timer may release another whose turn is the same millisecond", () => {
  const bench = new Bench();
  const victim = bench.timer("victim");
  const killer = bench.timer("killer", () => bench.wheel.release(victim));
  bench.wheel.arm(killer, 20);
  bench.wheel.arm(victim, 20);
  bench.advanceTo(30);
  assert.deepEqual(bench.fired, [["killer", 30]]);
});

test("a timer that arms itself again while it fires, for now, has its turn in the next millisecond", () => {
  const bench = new Bench();
  let left = 3;
  const timer: Timer = bench.timer("again", () => {
    if (--left > 0) bench.wheel.arm(timer, bench.now);
  });
  bench.wheel.arm(timer, 5);
  bench.advanceTo(5);
  assert.equal(bench.fired.length, 1);
  bench.advanceTo(6);
  bench.advanceTo(7);
  bench.advanceTo(8);
  assert.deepEqual(
    bench.fired.map(([, at]) => at),
    [5, 6, 7],
  );
});

test("a far timer for the last millisecond of its coarse slot comes down with the others of that slot", () => {
  const bench = new Bench(0);
  bench.wheel.arm(bench.timer("last"), 1023);
  bench.wheel.arm(bench.timer("first"), 512);
  bench.runUntil(1100);
  assert.deepEqual(bench.fired, [
    ["first", 512],
    ["last", 1023],
  ]);
});

test("the loop may sleep until the first deadline, and for ever without one", () => {
  const bench = new Bench(1000.4);
  assert.equal(bench.wheel.untilNext(1000.4), -1);
  const timer = bench.timer("a");
  bench.wheel.arm(timer, 1100);
  assert.equal(bench.wheel.untilNext(1000.4), 100);
  bench.wheel.release(timer);
  bench.runUntil(1200);
  assert.equal(bench.wheel.untilNext(1200), -1);
});

const TIMERS = 6;
const delay = fc.oneof(
  fc.nat(5),
  fc.nat(600),
  fc.nat(3000),
  fc.nat(1_200_000),
  fc.double({ min: 0, max: 900, noNaN: true }),
);
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom("arm", "arm", "disarm", "release"), timer: fc.nat(TIMERS - 1), delay }),
  fc.record({ kind: fc.constant("advance"), delay }),
  fc.record({ kind: fc.constant("tick"), delay: fc.double({ min: 0, max: 2, noNaN: true }) }),
);

test("any history: every timer fires once, never early, in the very advance that reaches its deadline", () =>
  fc.assert(
    // No clock starts at 0, which as a deadline says "disarmed".
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 2000 }), (history, start) => {
      const bench = new Bench(start);
      const timers = Array.from({ length: TIMERS }, (_, index) => bench.timer(String(index)));
      const deadlines = new Map<string, number>();
      for (const { kind, delay, ...rest } of history) {
        const name = String("timer" in rest ? rest.timer : "");
        const timer = timers[Number(name)]!;
        if (kind === "arm") {
          bench.wheel.arm(timer, bench.now + delay);
          deadlines.set(name, bench.now + delay);
        } else if (kind === "disarm" || kind === "release") {
          bench.wheel[kind](timer);
          deadlines.delete(name);
        } else {
          bench.fired.length = 0;
          const before = bench.now;
          bench.advanceTo(before + delay);
          const fired = new Set(bench.fired.map(([name]) => name));
          assert.equal(fired.size, bench.fired.length, "fired twice");
          for (const name of fired) {
            assert.ok(deadlines.get(name)! <= bench.now, "fired early, or without being armed");
            deadlines.delete(name);
          }
          for (const deadline of deadlines.values())
            assert.ok(
              Math.max(Math.ceil(deadline), Math.floor(before) + 1) > Math.floor(bench.now),
              "more than 1 ms late",
            );
        }
        const patience = bench.wheel.untilNext(bench.now);
        const first = Math.min(...deadlines.values());
        if (deadlines.size > 0)
          // The deadline rounds up to a millisecond, and so does the sleep.
          assert.ok(patience >= 0 && patience < Math.max(0, first - bench.now) + 2, "sleeps too long");
      }
    }),
    { numRuns: 500 },
  ));

test("any history of timers that arm and release each other while they fire", () => {
  const action = fc.record({ by: fc.nat(TIMERS - 1), on: fc.nat(TIMERS - 1), release: fc.boolean(), delay });
  fc.assert(
    fc.property(
      fc.array(action, { minLength: 1, maxLength: 40 }),
      fc.array(delay, { minLength: 5, maxLength: 30 }),
      (actions, steps) => {
        const wheel = new TimerWheel(1000);
        const deadlines = new Map<number, number>();
        const queue = [...actions];
        let now = 1000;
        const perform = (): void => {
          const next = queue.shift();
          if (next === undefined) return;
          if (next.release) {
            wheel.release(timers[next.on]!);
            deadlines.delete(next.on);
          } else {
            wheel.arm(timers[next.on]!, now + next.delay);
            deadlines.set(next.on, now + next.delay);
          }
        };
        const timers = Array.from(
          { length: TIMERS },
          (_, index): Timer =>
            new Timer(() => {
              assert.ok((deadlines.get(index) ?? Number.POSITIVE_INFINITY) <= now, "fired early or while not armed");
              deadlines.delete(index);
              perform();
              perform();
            }),
        );
        for (const step of steps) {
          perform();
          now += step;
          wheel.advance(now);
          for (const deadline of deadlines.values())
            assert.ok(Math.ceil(deadline) >= Math.floor(now), "more than 1 ms late");
        }
      },
    ),
    { numRuns: 300 },
  );
});
