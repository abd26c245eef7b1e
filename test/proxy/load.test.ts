/** Many clients at once, and the accounts afterwards: counters, descriptors. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { startProxy } from "../../src/proxy/control.js";
import { Counter, Gauge } from "../../src/proxy/shared-state.js";
import { eventually } from "../support/eventually.js";
import { freePort, readConfiguration, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp } from "../support/servers.js";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

test("1,000 clients at once, with several requests each, are all answered", async (t) => {
  const server = await serveHttp(t, (request, response) => response.end(request.headers["x-id"]));
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
listen web
    bind 127.0.0.1:${port}
    mode http
    timeout client 30s
    timeout server 30s
    server s1 127.0.0.1:${server.port}`,
  );
  const clients = await Promise.all(Array.from({ length: 1000 }, () => RawClient.connect(port)));
  await eventually(() => proxy.gauge("frontend", "web", Gauge.current), 1000);
  for (let round = 0; round < 3; round++) {
    for (const [index, client] of clients.entries())
      client.send(`GET / HTTP/1.1\r\nHost: h\r\nX-Id: ${round}-${index}\r\n\r\n`);
    // One after the other: a thousand that look every few milliseconds would leave the server no time to answer.
    for (const [index, client] of clients.entries()) assert.equal((await client.response()).body, `${round}-${index}`);
  }
  for (const client of clients) client.close();
  await proxy.quiet();
  assert.equal(server.requests, 3000);
  assert.equal(proxy.count("frontend", "web", Counter.requests), 3000);
  assert.equal(proxy.gauge("frontend", "web", Gauge.highest), 1000);
});

test("`maxconn` of a frontend lets the others wait until somebody leaves", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("x"));
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
listen web
    bind 127.0.0.1:${port}
    mode http
    maxconn 3
    server s1 127.0.0.1:${server.port}`,
  );
  const clients = [];
  for (let index = 0; index < 5; index++) {
    clients.push(await RawClient.connect(port));
    if (index === 2) await eventually(() => proxy.gauge("frontend", "web", Gauge.current), 3);
  }
  for (const client of clients) client.send(GET);
  for (const client of clients.slice(0, 3)) assert.equal((await client.response()).status, 200);
  assert.equal(server.requests, 3);
  assert.equal(proxy.gauge("frontend", "web", Gauge.current), 3);
  for (const client of clients.slice(0, 2)) client.close();
  for (const client of clients.slice(3)) assert.equal((await client.response()).status, 200);
  assert.equal(proxy.gauge("frontend", "web", Gauge.highest), 3);
  for (const client of clients) client.close();
});

test("after a mixed run the counters agree with what clients and servers have counted", async (t) => {
  const server = await serveHttp(t, (request, response) => {
    request.resume();
    request.on("end", () => {
      response.statusCode = Number(request.url!.slice(1));
      response.end("body");
    });
  });
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
frontend in
    bind 127.0.0.1:${port}
    mode http
    default_backend app
backend app
    mode http
    server s1 127.0.0.1:${server.port}
    server s2 127.0.0.1:${server.port}`,
  );
  let bytesOut = 0;
  let connections = 0;
  const statuses = [200, 200, 301, 404, 500, 204, 503];
  for (let round = 0; round < 10; round++) {
    const client = await RawClient.connect(port);
    connections++;
    const before = client.socket.bytesRead;
    for (const status of statuses) {
      client.send(`POST /${status} HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc`);
      assert.equal((await client.response()).status, status);
    }
    bytesOut += client.socket.bytesRead - before;
    client.close();
  }
  for (let round = 0; round < 5; round++) {
    // Behind a good one, too: the bytes of that must not count twice.
    const behind = round % 2 === 0 ? "" : "POST /200 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
    bytesOut += (await RawClient.exchange(port, `${behind}bad\r\n\r\n`)).length;
    connections++;
  }
  await proxy.quiet();
  const requests = 10 * statuses.length + 2;
  const classes = [Counter.responses2xx, Counter.responses3xx, Counter.responses4xx, Counter.responses5xx];
  assert.deepEqual(
    classes.map((counter) => proxy.count("backend", "app", counter)),
    [32, 10, 10, 20],
  );
  assert.deepEqual(
    classes.map((counter) => proxy.count("frontend", "in", counter)),
    [32, 10, 15, 20],
  );
  assert.equal(proxy.count("frontend", "in", Counter.connections), connections);
  assert.equal(proxy.count("frontend", "in", Counter.requestErrors), 5);
  assert.equal(proxy.count("frontend", "in", Counter.bytesOut), bytesOut);
  assert.equal(proxy.count("backend", "app", Counter.requests), requests);
  assert.equal(proxy.count("backend", "app", Counter.loadBalanced), requests);
  const ofServers = (counter: number): number =>
    proxy.count("server", "app/s1", counter) + proxy.count("server", "app/s2", counter);
  assert.equal(proxy.count("server", "app/s1", Counter.sessions), requests / 2);
  assert.equal(ofServers(Counter.sessions), requests);
  assert.equal(ofServers(Counter.connects) + ofServers(Counter.reuses), requests);
  assert.equal(ofServers(Counter.connects), server.connections);
  assert.equal(ofServers(Counter.bytesOut), proxy.count("backend", "app", Counter.bytesOut));
  assert.equal(ofServers(Counter.bytesIn), proxy.count("backend", "app", Counter.bytesIn));
  for (const [kind, name] of [
    ["frontend", "in"],
    ["backend", "app"],
    ["server", "app/s1"],
    ["server", "app/s2"],
  ] as const)
    assert.equal(proxy.gauge(kind, name, Gauge.current), 0);
});

test("a proxy that has stopped has left no descriptor open, its idle connections included", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("x"));
  const open = (): number => readdirSync("/proc/self/fd").length;
  const round = async (hard: boolean): Promise<void> => {
    const port = await freePort();
    const text = `
global
    nbthread 2
    log 127.0.0.1:9 local0
listen web
    bind 127.0.0.1:${port}
    mode http
    log global
    option httplog
    timeout client 5s
    timeout connect 5s
    timeout server 5s
    server s1 127.0.0.1:${server.port}`;
    const proxy = await startProxy(readConfiguration(text), { log: () => {} });
    for (let index = 0; index < 8; index++) {
      const client = await RawClient.connect(port);
      client.send(GET + GET);
      await client.response();
      await client.response();
      client.close();
    }
    await proxy.stop(hard);
    await eventually(() => server.sockets.size, 0);
  };
  await round(true);
  const before = open();
  for (let index = 0; index < 4; index++) await round(index % 2 === 0);
  await eventually(open, before);
});
