/**
 * Who may be silent for how long (configuration manual: timeout client, server, tunnel, client-fin, server-fin,
 * http-request, http-keep-alive). The time that counts is a fraction of a second, all others are many seconds: so what
 * ends the wait is the one under test.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveTcp } from "../support/servers.js";

const LONG = "60s";
const SHORT = "300ms";

/** Lines of `timeout`: all long but those named. */
function timeouts(...short: readonly string[]): string {
  const names = ["client", "server", "client-fin", "server-fin"];
  const all = new Map(names.map((name) => [name, LONG]));
  for (const name of short) all.set(name, SHORT);
  return [...all].map(([name, time]) => `timeout ${name} ${time}`).join("\n    ");
}

interface Pair {
  readonly client: RawClient;
  readonly server: Socket;
  /** What the proxy has told the server. */
  readonly serverSaw: () => "open" | "closed";
}

async function pair(t: TestContext, mode: "tcp" | "http", lines: string): Promise<Pair> {
  const sockets: Socket[] = [];
  let isClosed = false;
  const server = await serveTcp(t, (socket) => {
    sockets.push(socket);
    socket.resume();
    socket.on("close", () => {
      isClosed = true;
    });
  });
  const port = await freePort();
  await runProxy(
    t,
    `listen web\n bind 127.0.0.1:${port}\n mode ${mode}\n ${lines}\n server s 127.0.0.1:${server.port}\n`,
  );
  const client = await RawClient.connect(port);
  t.after(() => client.close());
  if (mode === "http") client.send("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  await eventually(() => sockets.length, 1);
  const [socket] = sockets;
  if (mode === "http") {
    socket!.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    await client.until((text) => text.endsWith("\r\n\r\n"));
  }
  return { client, server: socket!, serverSaw: () => (isClosed ? "closed" : "open") };
}

for (const mode of ["tcp", "http"] as const) {
  const what = mode === "tcp" ? "a TCP session" : "an upgraded HTTP session";

  for (const name of ["client", "server"])
    test(`${what} ends with timeout ${name}`, async (t) => {
      const { client, server } = await pair(t, mode, timeouts(name));
      // A server whose client is late is told that no more comes, and has its own time.
      if (name === "client") {
        await eventually(() => server.readableEnded, true, { deadlineMs: 10_000 });
        server.end("late");
      }
      await client.untilClosed(10_000);
      if (name === "client") assert.match(client.text, /late$/);
    });

  test(`${what}: timeout tunnel stands in the place of client and server`, async (t) => {
    const { client, server } = await pair(t, mode, `${timeouts("client", "server")}\n timeout tunnel 60s`);
    await new Promise((resolve) => setTimeout(resolve, 900)); // three times what would end it
    server.write("still here");
    assert.match(await client.until((text) => text.endsWith("still here")), /still here/);
  });

  test(`${what} ends with timeout tunnel`, async (t) => {
    const { client } = await pair(t, mode, `${timeouts()}\n timeout tunnel ${SHORT}`);
    await client.untilClosed(10_000);
  });

  test(`${what}: a server that goes on after its client has finished has timeout server-fin`, async (t) => {
    const { client } = await pair(t, mode, timeouts("server-fin"));
    client.finish();
    await client.untilClosed(10_000);
  });

  test(`${what}: a client that goes on after its server has finished has timeout client-fin`, async (t) => {
    const { client, server, serverSaw } = await pair(t, mode, `${timeouts("client-fin")}\n timeout tunnel 60s`);
    server.end();
    await client.untilClosed();
    client.send("and on");
    await eventually(serverSaw, "closed", { deadlineMs: 10_000 });
  });

  test(`${what}: without client-fin and server-fin what held before goes on`, async (t) => {
    const { client, server } = await pair(t, mode, `timeout client ${SHORT}\n timeout server 60s`);
    client.finish(); // it has nothing to say any more: only the server is waited for
    await new Promise((resolve) => setTimeout(resolve, 900));
    server.end("late");
    await client.untilClosed();
    assert.match(client.text, /late$/);
  });
}

for (const [name, lines, bytes, status] of [
  ["a head has timeout http-request", `timeout client ${LONG}\n timeout http-request ${SHORT}`, "GET / HT", 408],
  [
    "a client that stops in a head has timeout client",
    `timeout client ${SHORT}\n timeout http-request ${LONG}`,
    "G",
    408,
  ],
  [
    "a client that says nothing has timeout http-request",
    `timeout client ${LONG}\n timeout http-request ${SHORT}`,
    "",
    408,
  ],
] as const)
  test(`HTTP: ${name}`, async (t) => {
    const port = await freePort();
    await runProxy(t, `listen web\n bind 127.0.0.1:${port}\n mode http\n ${lines}\n`);
    const client = await RawClient.connect(port);
    if (bytes !== "") client.send(bytes);
    assert.match(await client.untilClosed(10_000), new RegExp(`^HTTP/1.1 ${status} `));
    client.close();
  });

test("HTTP: a head that comes a byte at a time has timeout http-request all the same", async (t) => {
  const port = await freePort();
  await runProxy(
    t,
    `listen web\n bind 127.0.0.1:${port}\n mode http\n timeout client 60s\n timeout http-request 500ms\n`,
  );
  const client = await RawClient.connect(port);
  const drip = setInterval(() => client.send("G"), 50);
  t.after(() => clearInterval(drip));
  assert.match(await client.untilClosed(10_000), /^HTTP\/1.1 408 /);
  client.close();
});

for (const [name, lines] of [
  ["timeout http-keep-alive", `timeout client ${LONG}\n timeout http-keep-alive ${SHORT}`],
  ["timeout http-request, where that is not said", `timeout client ${LONG}\n timeout http-request ${SHORT}`],
  ["timeout client, where that is shorter", `timeout client ${SHORT}\n timeout http-keep-alive ${LONG}`],
] as const)
  test(`HTTP: between two requests a client has ${name}, and is closed without a word`, async (t) => {
    const server = await serveTcp(t, (socket) =>
      socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
    );
    const port = await freePort();
    await runProxy(
      t,
      `listen web\n bind 127.0.0.1:${port}\n mode http\n ${lines}\n server s 127.0.0.1:${server.port}\n`,
    );
    const client = await RawClient.connect(port);
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert.equal((await client.response()).status, 200);
    assert.equal(await client.untilClosed(10_000), "");
    client.close();
  });
