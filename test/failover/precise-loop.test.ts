import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { microseconds } from "../../src/config/units.js";
import { monotonic, PreciseLoop } from "../../src/failover/precise-loop.js";
import { after } from "../../src/failover/timers.js";
import { createEventfd, drainEventfd, notifyEventfd } from "../../src/sys/epoll.js";
import { close } from "../../src/sys/socket.js";

function makeLoop(t: TestContext): PreciseLoop {
  const loop = new PreciseLoop();
  t.after(() => loop.close());
  return loop;
}

test("what has arrived is drained before a timer is judged, and whoever slept too long is told before both", (t) => {
  const loop = makeLoop(t);
  const eventfd = createEventfd();
  const order: string[] = [];
  loop.add(eventfd, () => {
    drainEventfd(eventfd);
    order.push("drained");
  });
  notifyEventfd(eventfd);
  loop.run({
    deadline: () => monotonic(), // due already
    wokeUp: () => void order.push("woke up"),
    timers: () => {
      order.push("timers");
      loop.stop();
    },
  });
  loop.remove(eventfd);
  close(eventfd);
  assert.deepEqual(order, ["woke up", "drained", "timers"]);
});

test("it wakes up at its deadline and not before", (t) => {
  const loop = makeLoop(t);
  const deadline = after(monotonic(), microseconds(3_300));
  let woke = 0;
  loop.run({
    deadline: () => deadline,
    wokeUp: () => {},
    timers: (now) => {
      woke = now;
      if (now >= deadline) loop.stop();
    },
  });
  assert.ok(woke >= deadline);
});
