import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionLimits } from "../../src/proxy/connection-limits.js";
import { Gauge, SharedState } from "../../src/proxy/shared-state.js";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp } from "../support/servers.js";

/** Two frontends of one process, as a worker sees them. */
function limits(first: number, second: number, process: number) {
  const state = SharedState.create({ workers: 1, frontends: 2, backends: 0, servers: 0 });
  const freed: string[] = [];
  const make = (name: string, entity: number, most: number): ConnectionLimits => {
    const limits = [
      { entity, most },
      { entity: state.process, most: process },
    ];
    return new ConnectionLimits(state, limits, () => freed.push(name));
  };
  return { state, freed, a: make("a", 0, first), b: make("b", 1, second) };
}

test("a frontend takes no more than its maxconn, all of them no more than the global one", () => {
  const { a, b } = limits(2, 5, 4);
  assert.deepEqual([a.tryEnter(), a.tryEnter(), a.tryEnter()], [true, true, false]);
  assert.deepEqual([b.tryEnter(), b.tryEnter(), b.tryEnter()], [true, true, false]);
  a.leave();
  assert.deepEqual([b.tryEnter(), a.tryEnter()], [true, false], "the place is anybody's");
});

test("a place that becomes free is told of if a listener waits for it: of the same frontend, or for any", () => {
  const { a, b, freed } = limits(1, 5, 2);
  a.tryEnter();
  b.tryEnter();
  a.leave();
  assert.deepEqual(freed, [], "nobody waits");
  a.tryEnter();
  assert.equal(a.tryEnter(), false);
  const full = a.beginWait();
  b.leave();
  assert.deepEqual(freed, [], "a is as full as before");
  b.tryEnter();
  a.leave();
  assert.deepEqual(freed, ["a"]);
  a.endWait(full);
  a.tryEnter();
  assert.equal(b.tryEnter(), false);
  b.beginWait();
  a.leave();
  assert.deepEqual(freed, ["a", "a"], "the process was full: whoever leaves makes room");
});

test("300 clients at a frontend with maxconn 2: never more, and all are served", async (t) => {
  const server = await serveHttp(t, (request, response) => response.end(request.url));
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen web\n bind 127.0.0.1:${port}\n mode http\n maxconn 2\n server s1 127.0.0.1:${server.port}`,
  );
  await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const client = await RawClient.connect(port);
      client.send(`GET /${index} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      const text = await client.until((all) => all.endsWith(`/${index}`), 30_000);
      assert.ok(text.startsWith("HTTP/1.1 200 "));
      client.close();
    }),
  );
  assert.equal(proxy.gauge("frontend", "web", Gauge.highest), 2);
  assert.equal(proxy.running.state.gauge(proxy.running.state.process, Gauge.highest), 2);
  await proxy.quiet();
  await eventually(() => proxy.gauge("frontend", "web", Gauge.awaited), 0);
});

test("a listener's maxconn holds for it alone, beside the frontend's", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("ok"));
  const [narrow, wide] = [await freePort(), await freePort()];
  const proxy = await runProxy(
    t,
    `frontend web
 mode http
 maxconn 3
 bind 127.0.0.1:${narrow} maxconn 1
 bind 127.0.0.1:${wide}
 default_backend app
backend app
 mode http
 server s1 127.0.0.1:${server.port}`,
  );
  const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const visit = async (port: number): Promise<RawClient> => {
    const client = await RawClient.connect(port);
    client.send(GET);
    return client;
  };
  const first = await visit(narrow);
  assert.equal((await first.response()).status, 200);
  const second = await visit(narrow);
  const others = [await visit(wide), await visit(wide)];
  for (const client of others) assert.equal((await client.response()).status, 200);
  assert.equal(proxy.gauge("frontend", "web", Gauge.current), 3);
  assert.equal(second.text, "", "its listener is full, and so is the frontend");
  others[0]!.close();
  await eventually(() => proxy.gauge("frontend", "web", Gauge.current), 2);
  const third = await visit(wide);
  assert.equal((await third.response()).status, 200, "the frontend's place is of no use to the narrow listener");
  others[1]!.close();
  first.close();
  assert.equal((await second.response()).status, 200);
  for (const client of [second, third]) client.close();
  await proxy.quiet();
});
