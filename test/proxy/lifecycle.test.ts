/** Binding, and the two ways to stop. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { startProxy } from "../../src/proxy/control.js";
import { Counter, Gauge } from "../../src/proxy/shared-state.js";
import { eventually } from "../support/eventually.js";
import { freePort, readConfiguration, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp } from "../support/servers.js";

const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const listen = (bind: string, server: number): string => `
listen web
    bind ${bind}
    mode http
    server s1 127.0.0.1:${server}
`;

test("an address that this host does not have, such as a virtual IP on the other box, can be bound", async (t) => {
  // TEST-NET-3 and the documentation prefix of IPv6: nobody has them.
  for (const address of ["203.0.113.77", "[2001:db8::77]"]) {
    const proxy = await runProxy(t, listen(`${address}:${await freePort()}`, 9));
    await proxy.running.stop(true);
  }
});

test("an address that is taken gives an error with the address in it, and leaves nothing bound", async (t) => {
  const [free, taken] = [await freePort(), await freePort()];
  const other = createServer().listen(taken, "127.0.0.1");
  t.after(() => other.close());
  await once(other, "listening");
  const text = `
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend a
    bind 127.0.0.1:${free}
frontend b
    bind 127.0.0.1:${taken}
`;
  await assert.rejects(startProxy(readConfiguration(text), { log: () => {} }), (error: Error) => {
    assert.match(error.message, /EADDRINUSE/);
    assert.ok(error.message.includes(`127.0.0.1:${taken}`), error.message);
    return true;
  });
  await assert.rejects(RawClient.connect(free), /ECONNREFUSED/);
});

test("`bind` takes several addresses and *, of both families", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("x"));
  const [first, second] = [await freePort(), await freePort()];
  await runProxy(t, listen(`127.0.0.1:${first},[::1]:${first}\n    bind *:${second}`, server.port));
  for (const [port, host] of [
    [first, "127.0.0.1"],
    [first, "::1"],
    [second, "127.0.0.2"],
  ] as const) {
    const client = await RawClient.connect(port, host);
    client.send(GET);
    assert.equal((await client.response()).status, 200);
    client.close();
  }
});

test("a soft stop finishes what is under way and takes nothing new", async (t) => {
  let answer: (() => void) | undefined;
  const server = await serveHttp(t, (_, response) => {
    response.write("begun ");
    answer = () => response.end("and finished");
  });
  const port = await freePort();
  const proxy = await runProxy(t, listen(`127.0.0.1:${port}`, server.port));
  const idle = await RawClient.connect(port);
  await eventually(() => proxy.gauge("frontend", "web", Gauge.current), 1);
  const busy = await RawClient.connect(port);
  busy.send(GET);
  await eventually(() => busy.text.includes("begun"), true);
  let isStopped = false;
  const stopped = proxy.running.stop(false).then(() => {
    isStopped = true;
  });
  assert.equal(await idle.untilClosed(), "", "an idle connection is let go at once");
  await eventually(() => RawClient.connect(port).catch((error) => error.code), "ECONNREFUSED");
  assert.equal(isStopped, false);
  answer!();
  assert.ok((await busy.untilClosed()).includes("and finished"));
  busy.close();
  await stopped;
  assert.equal(proxy.gauge("frontend", "web", Gauge.current), 0);
});

test("a response that begins while the proxy drains tells the client that the connection will close", async (t) => {
  let answer: (() => void) | undefined;
  const server = await serveHttp(t, (_, response) => {
    answer = () => response.end("late");
  });
  const port = await freePort();
  const proxy = await runProxy(t, listen(`127.0.0.1:${port}`, server.port));
  const client = await RawClient.connect(port);
  client.send(GET);
  await eventually(() => answer !== undefined, true);
  const stopped = proxy.running.stop(false);
  await eventually(() => RawClient.connect(port).catch((error) => error.code), "ECONNREFUSED");
  answer!();
  const { body, fields } = await client.response();
  assert.deepEqual([body, fields.get("connection")], ["late", "close"]);
  client.close();
  await stopped;
});

test("a hard stop cuts what is under way, also during a soft one, and counts it once", async (t) => {
  const server = await serveHttp(t, (_, response) => response.write("begun"));
  for (const softFirst of [false, true]) {
    const port = await freePort();
    const proxy = await runProxy(t, listen(`127.0.0.1:${port}`, server.port));
    const busy = await RawClient.connect(port);
    busy.send(GET);
    await eventually(() => busy.text.includes("begun"), true);
    // This one has its answer already, and holds its connection open.
    const refused = await RawClient.connect(port);
    refused.send("bad\r\n\r\n");
    await refused.response();
    const soft = softFirst ? proxy.running.stop(false) : undefined;
    await proxy.running.stop(true);
    await soft;
    await busy.untilClosed();
    await assert.rejects(RawClient.connect(port), /ECONNREFUSED/);
    assert.equal(proxy.gauge("frontend", "web", Gauge.current), 0);
    assert.equal(proxy.gauge("server", "web/s1", Gauge.current), 0);
    assert.equal(proxy.count("frontend", "web", Counter.responses4xx), 1);
    assert.equal(proxy.count("frontend", "web", Counter.responses2xx), 1);
    busy.close();
    refused.close();
  }
});
