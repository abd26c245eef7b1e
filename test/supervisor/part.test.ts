import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Part } from "../../src/supervisor/part.js";
import { Lives, SimulatedClock } from "./simulation.js";

function supervised() {
  const clock = new SimulatedClock();
  const lives = new Lives(clock, 100);
  const log: string[] = [];
  const part = new Part(
    "proxy",
    lives.launch,
    clock,
    (line) => log.push(line),
    () => {},
  );
  return { clock, lives, log, part };
}

test("a part is ready when it says so", () => {
  const { lives, part } = supervised();
  part.start();
  assert.equal(part.state.kind, "starting");
  lives.last.say({ kind: "ready" });
  assert.equal(part.state.kind, "ready");
});

test("a part that crashes is restarted: at once, then after 1 s, then after 2 s", () => {
  const { clock, lives, log, part } = supervised();
  part.start();
  for (const [crash, startedAt] of [
    [0, 0],
    [5, 1_005],
    [10, 3_015],
  ] as const) {
    clock.advance(crash);
    lives.last.die("SIGSEGV");
    clock.advance(startedAt - clock.now());
    assert.equal(lives.last.startedAt, startedAt);
  }
  assert.equal(part.restarts, 3);
  assert.equal(log[0], "proxy was killed by SIGSEGV: restarting at once");
  assert.equal(log[1], "proxy was killed by SIGSEGV: restarting in 1 s");
});

test("what a crash left is cleaned up as soon as the next process has to wait, and only then", () => {
  const clock = new SimulatedClock();
  const lives = new Lives(clock, 100);
  const cleaned: number[] = [];
  const launch = Object.assign(lives.launch.bind(lives), { cleanUp: () => void cleaned.push(clock.now()) });
  const part = new Part(
    "failover",
    launch,
    clock,
    () => {},
    () => {},
  );
  part.start();
  for (let crash = 1; crash <= 3; crash++) {
    clock.advance(10);
    lives.last.die("SIGKILL");
  }
  clock.advance(10);
  assert.deepEqual(cleaned, []);
  lives.last.die("SIGKILL");
  assert.deepEqual(cleaned, [40]);
  clock.advance(1_000);
  assert.equal(lives.last.startedAt, 1_040);
  assert.deepEqual(cleaned, [40]);
});

test("a fail-over part that ran for 5 s between crashes is restarted at once each time", () => {
  const clock = new SimulatedClock();
  const lives = new Lives(clock, 100);
  const part = new Part(
    "failover",
    lives.launch,
    clock,
    () => {},
    () => {},
  );
  part.start();
  for (let crash = 1; crash <= 10; crash++) {
    clock.advance(5_000);
    lives.last.say({ kind: "masters", instances: ["VI_1"] });
    lives.last.die("SIGKILL");
    clock.advance(0);
    assert.equal(lives.last.startedAt, crash * 5_000);
  }
});

test("an exit code other than 0 is a crash too, also while it starts", () => {
  const { clock, lives, log, part } = supervised();
  part.start();
  lives.last.exit(1);
  clock.advance(0);
  assert.equal(lives.all.length, 2);
  assert.match(log[0]!, /proxy exited with 1: restarting at once/);
});

for (const [how, end] of [
  [
    "told us that it stops",
    (lives: Lives) => {
      lives.last.say({ kind: "stopping" });
      lives.last.exit(0);
    },
  ],
  ["ended with 0", (lives: Lives) => lives.last.exit(0)],
  ["had no handler for SIGTERM yet", (lives: Lives) => lives.last.die("SIGTERM")],
] as const)
  test(`a part that somebody's SIGTERM ended is not restarted (it ${how})`, () => {
    const { clock, lives, log, part } = supervised();
    part.start();
    lives.last.say({ kind: "ready" });
    end(lives);
    clock.advance(3_600_000);
    assert.deepEqual(part.state, { kind: "stopped", reason: "by a signal from outside" });
    assert.deepEqual([lives.all.length, log], [1, ["proxy stopped by a signal from outside"]]);
    part.start();
    assert.equal(lives.all.length, 2, "until an operator starts it again");
  });

test("from the moment a part says that it stops, it no longer counts as ready", () => {
  const { lives, part } = supervised();
  part.start();
  lives.last.say({ kind: "ready" });
  lives.last.say({ kind: "stopping" });
  assert.equal(part.state.kind, "stopping");
});

test("a part that cannot run as it is configured is not tried again and again", () => {
  const { clock, lives, log, part } = supervised();
  part.start();
  lives.last.say({ kind: "unusable", reason: "haproxy.cfg: no such file" });
  lives.last.exit(1);
  clock.advance(3_600_000);
  assert.deepEqual(part.state, { kind: "failed", reason: "haproxy.cfg: no such file" });
  assert.equal(lives.all.length, 1);
  assert.match(log[0]!, /proxy cannot run: haproxy\.cfg: no such file/);
});

test("a part that does not heed SIGTERM is killed after 10 s; one that lets connections finish has its time", () => {
  const { clock, lives, part } = supervised();
  part.start();
  part.stop("SIGUSR1", "by a test");
  clock.advance(3_600_000);
  assert.deepEqual(lives.last.signals, ["SIGUSR1"]);
  part.stop("SIGTERM", "by a test");
  clock.advance(9_999);
  assert.deepEqual(lives.last.signals, ["SIGUSR1", "SIGTERM"]);
  clock.advance(1);
  assert.deepEqual(lives.last.signals, ["SIGUSR1", "SIGTERM", "SIGKILL"]);
});

test("stopping a part that waits for its restart cancels the restart", () => {
  const { clock, lives, part } = supervised();
  part.start();
  lives.last.exit(1);
  clock.advance(0);
  lives.last.exit(1);
  part.stop("SIGTERM", "by a test");
  clock.advance(3_600_000);
  assert.deepEqual([part.state, lives.all.length], [{ kind: "stopped", reason: "by a test" }, 2]);
});

test("whatever happens, at most one process of a part runs", () => {
  const act = fc.constantFrom("start", "stop", "crash", "exit", "ready", "stopping", "unusable", "wait");
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (history) => {
      const { clock, lives, part } = supervised();
      for (const each of history) {
        const { last } = lives;
        if (each === "start") part.start();
        else if (each === "stop") part.stop("SIGTERM", "by a test");
        else if (each === "wait") clock.advance(31_000);
        else if (!last?.alive) continue;
        else if (each === "crash") last.die("SIGKILL");
        else if (each === "exit") last.exit(0);
        else if (each === "unusable") last.say({ kind: "unusable", reason: "x" });
        else last.say({ kind: each });
        const alive = lives.all.filter((life) => life.alive);
        assert.ok(alive.length <= 1);
        assert.equal(part.process, alive[0]);
      }
    }),
  );
});
