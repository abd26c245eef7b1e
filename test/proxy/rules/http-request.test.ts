/** `http-request` rules at work. What clients see and logs say beside HAProxy's is in interop/side-by-side. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Counter, Gauge } from "../../../src/proxy/shared-state.js";
import { eventually } from "../../support/eventually.js";
import { exchange, client as http2Client } from "../../support/http2.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { RawClient } from "../../support/raw-client.js";
import { serveHttp } from "../../support/servers.js";

const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

test("a backend's rules are asked once its frontend's have let a request pass", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("ok"));
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `frontend web
 mode http
 bind 127.0.0.1:${port}
 http-request deny if { path /front }
 use_backend app
backend app
 mode http
 http-request allow if { path /allowed }
 http-request deny deny_status 404 unless { path /fine }
 server s1 127.0.0.1:${server.port}`,
  );
  const client = await RawClient.connect(port);
  const statuses: number[] = [];
  for (const path of ["/front", "/back", "/allowed", "/fine"]) {
    client.send(GET(path));
    statuses.push((await client.response()).status);
  }
  assert.deepEqual(statuses, [403, 404, 200, 200], "all on one connection");
  assert.equal(server.requests, 2);
  client.close();
  await proxy.quiet();
  assert.equal(proxy.count("frontend", "web", Counter.requests), 4);
  assert.equal(proxy.count("frontend", "web", Counter.deniedRequests), 2);
  assert.equal(proxy.count("backend", "app", Counter.requests), 3);
  assert.equal(proxy.count("backend", "app", Counter.deniedRequests), 1);
  assert.equal(proxy.gauge("backend", "app", Gauge.current), 0);
});

test("a listen section's rules are asked once for its own clients, and for those that others send", async (t) => {
  const [own, other] = [await freePort(), await freePort()];
  const proxy = await runProxy(
    t,
    `listen app
 mode http
 bind 127.0.0.1:${own}
 http-request deny
frontend web
 mode http
 bind 127.0.0.1:${other}
 default_backend app`,
  );
  assert.match(await RawClient.exchange(own, GET("/")), /^HTTP\/1.1 403 /);
  assert.match(await RawClient.exchange(other, GET("/")), /^HTTP\/1.1 403 /);
  await proxy.quiet();
  assert.equal(proxy.count("frontend", "app", Counter.deniedRequests), 1);
  assert.equal(proxy.count("backend", "app", Counter.deniedRequests), 1);
});

test("an error file of the proxy's answers a denied request, and the head of it a HEAD", async (t) => {
  const port = await freePort();
  const page = "HTTP/1.0 403 No\r\nX-Own: yes\r\n\r\nno entry";
  await runProxy(t, `frontend web\n mode http\n bind 127.0.0.1:${port}\n errorfile 403 /403.http\n http-request deny`, {
    "/403.http": page,
  });
  assert.equal(await RawClient.exchange(port, GET("/")), page);
  assert.equal(await RawClient.exchange(port, GET("/").replace("GET", "HEAD")), page.replace("no entry", ""));
});

test("one stream of HTTP/2 is tarpitted while others are served, and given up with its client", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("ok"));
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen app
 mode http
 bind 127.0.0.1:${port}
 timeout tarpit 300ms
 http-request tarpit deny_status 429 if { path_beg /slow }
 server s1 127.0.0.1:${server.port}`,
  );
  const session = http2Client(t, port);
  const held = exchange(session, { ":path": "/slow" });
  assert.equal((await exchange(session, { ":path": "/" })).headers[":status"], 200);
  assert.equal((await held).headers[":status"], 429);
  const given = session.request({ ":path": "/slow/too" });
  await eventually(() => proxy.count("frontend", "app", Counter.deniedRequests), 2);
  given.close();
  session.destroy();
  await proxy.quiet();
  assert.equal(proxy.gauge("backend", "app", Gauge.current), 0);
});

test("silent-drop says nothing to a client, of HTTP/2 either, and keeps nothing", async (t) => {
  const port = await freePort();
  const proxy = await runProxy(t, `frontend web\n mode http\n bind 127.0.0.1:${port}\n http-request silent-drop`);
  const client = await RawClient.connect(port);
  t.after(() => client.close());
  client.send(GET("/"));
  const session = http2Client(t, port);
  // Whatever a client still had to say afterwards, the acknowledgement of SETTINGS too, the kernel would answer.
  await Promise.all([once(session, "remoteSettings"), once(session, "localSettings")]);
  const stream = session.request({ ":path": "/" });
  let ended = false;
  stream.on("close", () => {
    ended = true;
  });
  stream.on("error", () => {});
  await eventually(() => proxy.count("frontend", "web", Counter.deniedRequests), 2);
  await proxy.quiet();
  assert.equal(client.text, "");
  // Who may not repair sockets can only keep the reset from going far, and loopback is not far.
  if (process.getuid!() === 0) assert.deepEqual([client.ended, client.error, ended], [false, undefined, false]);
});
