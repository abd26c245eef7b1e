import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { Counter, EntityCounters, Gauge, SharedState } from "../../src/proxy/shared-state.js";

const layout = { workers: 2, frontends: 2, backends: 3, servers: 4 };

test("each frontend, backend and server, and the process, has a place of its own", () => {
  const state = SharedState.create(layout);
  const entities = [0, 1].map((index) => state.frontend(index));
  entities.push(...[0, 1, 2].map((index) => state.backend(index)), ...[0, 1, 2, 3].map((index) => state.server(index)));
  entities.push(state.process);
  assert.equal(new Set(entities).size, entities.length);
  for (const [index, entity] of entities.entries()) state.setGauge(entity, Gauge.weight, index + 1);
  for (const [index, entity] of entities.entries()) assert.equal(state.gauge(entity, Gauge.weight), index + 1);
});

test("entering and leaving keep the current number and the greatest there was", () => {
  const state = SharedState.create(layout);
  const server = state.server(1);
  assert.deepEqual([state.enter(server), state.enter(server), state.enter(server)], [1, 2, 3]);
  state.leave(server);
  state.leave(server);
  assert.equal(state.enter(server), 2);
  assert.equal(state.gauge(server, Gauge.current), 2);
  assert.equal(state.gauge(server, Gauge.highest), 3);
});

test("a counter is the sum of what all workers counted, and of no other entity", () => {
  const state = SharedState.create(layout);
  const seen = new SharedState(state.handle);
  const [first, second] = [0, 1].map((worker) => new EntityCounters(state, worker, state.backend(2)));
  first!.add(Counter.bytesIn, 2 ** 40);
  second!.add(Counter.bytesIn, 5);
  assert.equal(seen.total(state.backend(2), Counter.bytesIn), 2 ** 40 + 5);
  assert.equal(seen.total(state.backend(2), Counter.bytesOut), 0);
  assert.equal(seen.total(state.backend(1), Counter.bytesIn), 0);
  assert.equal(seen.total(state.server(0), Counter.bytesIn), 0);
});

test("a sliding time is the time of a steady load, and follows a change within some thousand requests", () => {
  const state = SharedState.create(layout);
  const counters = new EntityCounters(state, 0, state.server(0));
  for (let request = 0; request < 100; request++) counters.slide(Counter.responseTime, 20);
  assert.equal(state.averageTime(state.server(0), Counter.responseTime), 20);
  for (let request = 0; request < 5000; request++) counters.slide(Counter.responseTime, 200);
  const average = state.averageTime(state.server(0), Counter.responseTime);
  assert.ok(average > 195 && average <= 200, `${average}`);
});

test("the greatest times are those of whichever worker saw them, until they are cleared", () => {
  const state = SharedState.create(layout);
  const server = state.server(1);
  const [first, second] = [0, 1].map((worker) => new EntityCounters(state, worker, server));
  first!.countTimes(1, 20, 300, 4_000);
  first!.countTimes(0, 10, 100, 1_000);
  second!.countTimes(2, 5, 301, 2_000);
  const times = [Counter.queueTime, Counter.connectTime, Counter.responseTime, Counter.totalTime];
  const longest = (entity: number): number[] => times.map((time) => state.longestTime(entity, time));
  assert.deepEqual(longest(server), [2, 20, 301, 4_000]);
  assert.deepEqual(longest(state.server(2)), [0, 0, 0, 0]);
  state.clearGreatest();
  assert.deepEqual(longest(server), [0, 0, 0, 0]);
  assert.ok(state.averageTime(server, Counter.connectTime) > 0, "averages are no greatest values");
  first!.countTimes(0, 7, 0, 9);
  assert.deepEqual(longest(server), [0, 7, 0, 9]);
});

test("entering and leaving from several threads at once loses nothing", async () => {
  const state = SharedState.create(layout);
  const server = state.server(0);
  const module = new URL("../../src/proxy/shared-state.js", import.meta.url).href;
  const source = `
    const { workerData } = require("node:worker_threads");
    import(workerData.module).then(({ SharedState }) => {
      const state = new SharedState(workerData.handle);
      for (let round = 0; round < 20000; round++) { state.enter(workerData.server); state.leave(workerData.server); }
      state.enter(workerData.server);
    });`;
  const threads = [1, 2].map(
    () => new Worker(source, { eval: true, workerData: { module, handle: state.handle, server } }),
  );
  await Promise.all(threads.map((thread) => once(thread, "exit")));
  assert.equal(state.gauge(server, Gauge.current), 2);
  assert.equal(state.gauge(server, Gauge.highest), 2);
});
