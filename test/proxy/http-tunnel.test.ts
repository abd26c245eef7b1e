/** Upgrades: from 101 on, bytes go both ways as they are. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { test } from "node:test";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveCanned, serveTcp } from "../support/servers.js";

const listen = (port: number, server: number): string => `
listen web
    bind 127.0.0.1:${port}
    mode http
    server s1 127.0.0.1:${server}
`;
const UPGRADE =
  "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const SWITCHED = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/** Agrees to every upgrade, then sends back what it gets. */
function echoAfterUpgrade(socket: Socket, seen: string[] = []): void {
  let head = "";
  const onHead = (chunk: Buffer): void => {
    head += chunk.toString("latin1");
    const end = head.indexOf("\r\n\r\n") + 4;
    if (end < 4) return;
    seen.push(head.slice(0, end));
    socket.off("data", onHead);
    socket.write(SWITCHED);
    if (head.length > end) socket.write(Buffer.from(head.slice(end), "latin1"));
    socket.pipe(socket);
  };
  socket.on("data", onHead);
}

test("a WebSocket's bytes go both ways, also those sent right behind the request", async (t) => {
  const seen: string[] = [];
  const server = await serveTcp(t, (socket) => echoAfterUpgrade(socket, seen));
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  client.send(`${UPGRADE}early`);
  assert.equal(await client.until((text) => text.endsWith("early")), `${SWITCHED}early`);
  assert.deepEqual(seen, [
    UPGRADE.replace("Connection: Upgrade\r\n", "").replace("\r\n", "\r\nConnection: upgrade\r\n"),
  ]);
  const bytes = randomBytes(300_000).toString("latin1");
  client.send(bytes);
  assert.equal(await client.until((text) => text.length >= bytes.length), bytes);
  client.finish();
  await client.untilClosed();
  client.close();
  await proxy.quiet();
});

test("a tunnel ends when either side breaks it off", async (t) => {
  const server = await serveTcp(t, (socket) => echoAfterUpgrade(socket));
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, server.port));
  for (const side of ["client", "server"]) {
    const client = await RawClient.connect(port);
    client.send(UPGRADE);
    await client.until((text) => text === SWITCHED);
    if (side === "client") client.reset();
    else for (const socket of server.sockets) socket.resetAndDestroy();
    await eventually(() => client.closed && server.sockets.size === 0, true);
    await proxy.quiet();
  }
});

test("a server that switches protocols unasked gets no tunnel: the client might be made to send anything", async (t) => {
  const server = await serveCanned(t, SWITCHED);
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  // Without Connection, Upgrade is a field like others (RFC 9110 §7.8).
  for (const fields of ["", "Upgrade: websocket\r\n"]) {
    const client = await RawClient.connect(port);
    client.send(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
    assert.equal((await client.response()).status, 502);
    client.close();
  }
});

test("an upgrade that the server declines is an ordinary request", async (t) => {
  const server = await serveCanned(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  for (let index = 0; index < 2; index++) {
    client.send(UPGRADE);
    assert.equal((await client.response()).body, "no");
  }
  client.close();
});

test("a body that is still on its way when the server switches early loses no byte", async (t) => {
  // The server switches at once and reads only later, so that the proxy has bytes it could not send.
  const body = randomBytes(20_000_000);
  let received = 0;
  const server = await serveTcp(t, (socket) => {
    socket.once("data", (chunk) => {
      received = chunk.length - (chunk.indexOf("\r\n\r\n") + 4);
      socket.pause();
      setTimeout(() => socket.write(SWITCHED), 150);
      setTimeout(() => {
        socket.on("data", (more) => {
          received += more.length;
        });
        socket.resume();
      }, 300);
    });
  });
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  client.send(UPGRADE.replace("\r\n\r\n", `\r\nContent-Length: ${body.length}\r\n\r\n`));
  client.send(body);
  await eventually(() => received, body.length);
  client.close();
});

test("a switch of protocols says no length, and says to what it switches", async (t) => {
  for (const [fields, forwarded] of [
    ["Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 4\r\n", "Connection: upgrade\r\nUpgrade: x\r\n"],
    ["Upgrade: x\r\n", undefined],
    ["Connection: upgrade\r\n", undefined],
  ] as const) {
    const server = await serveCanned(t, `HTTP/1.1 101 Switching Protocols\r\n${fields}\r\nhello`);
    const port = await freePort();
    await runProxy(t, listen(port, server.port));
    const client = await RawClient.connect(port);
    client.send(UPGRADE);
    const answer = await client.until((text) => text.endsWith("hello") || text.endsWith("</html>\n"));
    if (forwarded === undefined) assert.match(answer, /^HTTP\/1\.1 502 /);
    else assert.equal(answer, `HTTP/1.1 101 Switching Protocols\r\n${forwarded}\r\nhello`);
    client.close();
  }
});
