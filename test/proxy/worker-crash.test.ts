/** Workers: each takes its share of connections, and one that crashes costs the others nothing. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import type { RunningProxy } from "../../src/proxy/control.js";
import { Counter, Gauge } from "../../src/proxy/shared-state.js";
import { notifyEventfd } from "../../src/sys/epoll.js";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy, type TestProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp } from "../support/servers.js";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const WORKERS = 2;

/** A message that no worker expects: taking it throws outside of any session. */
function crash({ workers }: RunningProxy, worker: number): void {
  const { thread, wakeFd } = workers.all.find((each) => each.worker === worker)!;
  thread.postMessage(null);
  notifyEventfd(wakeFd);
}

/** What no exception handler in the thread could see, such as a heap that is full. */
function terminate({ workers }: RunningProxy, worker: number): void {
  const { thread, wakeFd } = workers.all.find((each) => each.worker === worker)!;
  void thread.terminate();
  notifyEventfd(wakeFd);
}

const connections = ({ running: { state } }: TestProxy, worker: number): number =>
  state.counters[state.counterBase(worker, state.frontend(0)) + Counter.connections]!;

/** Clients by the worker that serves them, `count` for each. */
async function clientsOfWorkers(proxy: TestProxy, port: number, count: number): Promise<RawClient[][]> {
  const clients: RawClient[][] = Array.from({ length: WORKERS }, () => []);
  while (clients.some((each) => each.length < count)) {
    const before = clients.map((_, worker) => connections(proxy, worker));
    const client = await RawClient.connect(port);
    const taken = (): number => clients.findIndex((_, worker) => connections(proxy, worker) > before[worker]!);
    await eventually(() => taken() >= 0, true);
    clients[taken()]!.push(client);
  }
  return clients;
}

test("workers take turns at connections that come one by one", async (t) => {
  const port = await freePort();
  const proxy = await runProxy(t, `listen web\n    bind 127.0.0.1:${port}\n    mode http\n`);
  const clients = (await clientsOfWorkers(proxy, port, 20)).flat();
  const shares = Array.from({ length: WORKERS }, (_, worker) => connections(proxy, worker));
  for (const client of clients) client.close();
  for (const share of shares) assert.ok(share >= clients.length / 4, `shares: ${shares}`);
});

for (const [how, end] of [
  ["throws", crash],
  ["is terminated", terminate],
] as const)
  test(`a worker that ${how} is replaced, and the others' clients notice nothing`, async (t) => {
    const held: (() => void)[] = [];
    const server = await serveHttp(t, (request, response) => {
      if (request.url === "/held") held.push(() => response.end("late"));
      else response.end("x");
    });
    const port = await freePort();
    const proxy = await runProxy(
      t,
      `listen web\n    bind 127.0.0.1:${port}\n    mode http\n    server s1 127.0.0.1:${server.port}\n`,
    );
    const [lost, kept] = (await clientsOfWorkers(proxy, port, 3)) as [RawClient[], RawClient[]];
    for (const client of [lost[0]!, kept[0]!]) client.send(GET.replace("/ ", "/held "));
    await eventually(() => held.length, 2);
    const { running } = proxy;
    const crashed = running.workers.all.find(({ worker }) => worker === 0)!;

    end(running, 0);

    // The dead worker's clients are told at once; none hangs on a descriptor that nobody serves.
    for (const client of lost) await client.untilClosed();
    await eventually(
      () => running.workers.all.some(({ worker, thread }) => worker === 0 && thread !== crashed.thread),
      true,
    );
    assert.ok(proxy.lines.some((line) => /^worker 1 crashed, its connections are cut, and another takes/.test(line)));
    // What the dead one was counted for is gone, what the other has is not.
    assert.equal(proxy.gauge("frontend", "web", Gauge.current), kept.length);
    assert.equal(proxy.gauge("server", "web/s1", Gauge.current), 1);
    for (const answer of held) answer();
    assert.equal((await kept[0]!.response()).body, "late");
    for (const client of kept) {
      client.send(GET);
      assert.equal((await client.response()).body, "x");
    }

    const again = await clientsOfWorkers(proxy, port, 2);
    for (const client of again.flat()) {
      client.send(GET);
      assert.equal((await client.response()).body, "x");
    }
    for (const client of [...kept, ...lost, ...again.flat()]) client.close();
    await proxy.quiet();
    assert.equal(proxy.gauge("server", "web/s1", Gauge.current), 0);
    assert.equal(proxy.gauge("frontend", "web", Gauge.current), 0);
  });

test("what waited in a queue for a dead worker's slot gets it, and its own waiters are forgotten", async (t) => {
  const held: (() => void)[] = [];
  const server = await serveHttp(t, (_, response) => held.push(() => response.end("x")));
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen web\n    bind 127.0.0.1:${port}\n    mode http\n    server s1 127.0.0.1:${server.port} maxconn 1\n`,
  );
  const [lost, kept] = (await clientsOfWorkers(proxy, port, 2)) as [RawClient[], RawClient[]];
  lost[0]!.send(GET);
  await eventually(() => held.length, 1);
  for (const [index, client] of [lost[1]!, kept[0]!].entries()) {
    client.send(GET);
    await eventually(() => proxy.gauge("backend", "web", Gauge.queued), index + 1);
  }
  crash(proxy.running, 0);
  await eventually(() => held.length, 2);
  held[1]!();
  assert.equal((await kept[0]!.response()).body, "x");
  assert.equal(proxy.gauge("backend", "web", Gauge.queued), 0);
  for (const client of [...kept, ...lost]) client.close();
  await proxy.quiet();
  assert.equal(proxy.gauge("server", "web/s1", Gauge.current), 0);
});

test("a crash leaks no descriptor; crashing again and again ends the proxy", { timeout: 60_000 }, async (t) => {
  const port = await freePort();
  const proxy = await runProxy(t, `listen web\n    bind 127.0.0.1:${port}\n    mode http\n`);
  const { running } = proxy;
  const replaced = async (): Promise<void> => {
    const threads = new Set(running.workers.all.map(({ thread }) => thread));
    const clients = (await clientsOfWorkers(proxy, port, 10)).flat();
    crash(running, 0);
    await eventually(() => running.workers.all.filter(({ thread }) => !threads.has(thread)).length, 1);
    for (const client of clients) client.close();
    await proxy.quiet();
  };
  await replaced();
  const before = readdirSync("/proc/self/fd").length;
  for (let time = 0; time < 4; time++) await replaced();
  await eventually(() => readdirSync("/proc/self/fd").length <= before + 2, true);
  crash(running, 1);
  assert.match(await running.died, /workers crash again and again, the last one, 2, with: TypeError/);
});
