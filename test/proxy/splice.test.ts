/** Bulk that goes from socket to socket through a pipe: `option splice-auto` and its like, `maxpipes`, `nosplice`. */
import assert from "node:assert/strict";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { readdirSync, readlinkSync } from "node:fs";
import type { Socket } from "node:net";
import { test } from "node:test";
import { Counter } from "../../src/proxy/shared-state.js";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp, serveTcp } from "../support/servers.js";

const MEGABYTES = 8;
const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const listen = (port: number, server: number, more = ""): string => `
listen db
    bind 127.0.0.1:${port}
    mode tcp
    timeout client 20s
    timeout server 20s
    ${more}
    server s1 127.0.0.1:${server}
`;

/** Pipes of this process, which the proxy's workers are in; a pipe has two ends. */
function pipes(): number {
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return links.filter((link) => link.startsWith("pipe:")).length / 2;
}

for (const [how, settings, global, isSpliced] of [
  ["by default", "", "", true],
  ["with `no option splice-auto`", "no option splice-auto", "", false],
  ["with `nosplice`", "option splice-response", "global\n    nosplice\n", false],
  ["with `maxpipes 0`", "option splice-response", "global\n    maxpipes 0\n", false],
] as const)
  test(`${how} bulk ${isSpliced ? "goes through a pipe" : "is copied"}, and arrives byte for byte`, async (t) => {
    const bytes = randomBytes(MEGABYTES << 20);
    const server = await serveTcp(t, (socket) => socket.end(bytes));
    const port = await freePort();
    const proxy = await runProxy(t, global + listen(port, server.port, settings));
    const before = pipes();
    const client = await RawClient.connect(port);
    await eventually(() => client.ended, true);
    // The pool keeps the pipe, for the next one.
    assert.equal(pipes() > before, isSpliced);
    client.finish();
    await client.untilClosed();
    assert.equal(digest(client.bytes), digest(bytes));
    await proxy.quiet();
    assert.equal(proxy.count("frontend", "db", Counter.bytesOut), bytes.length);
  });

test("`option splice-request` sends small messages through a pipe too, at once", async (t) => {
  const server = await serveTcp(t, (socket) => void socket.pipe(socket));
  const port = await freePort();
  await runProxy(t, listen(port, server.port, "option splice-request"));
  const before = pipes();
  const client = await RawClient.connect(port);
  for (const word of ["one", "two", "three"]) {
    client.send(word);
    await eventually(() => client.text.endsWith(word), true);
  }
  assert.equal(pipes(), before + 1);
  client.finish();
  assert.equal(await client.untilClosed(), "onetwothree");
});

test("bulk and crumbs by turns, with pauses, to a reader that is slow, arrive in their order", async (t) => {
  const pieces = Array.from({ length: 60 }, (_, index) => randomBytes(index % 2 === 0 ? 600_000 : randomInt(1, 3_000)));
  const server = await serveTcp(t, (socket) => {
    const write = (index: number): void => {
      const piece = pieces[index];
      if (piece === undefined) socket.end();
      else socket.write(piece, () => (index % 7 === 0 ? setTimeout(write, 5, index + 1) : write(index + 1)));
    };
    write(0);
  });
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  for (let pause = 0; pause < 20 && !client.ended; pause++) {
    client.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.socket.resume();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await eventually(() => client.ended, true);
  client.finish();
  await client.untilClosed();
  assert.equal(digest(client.bytes), digest(Buffer.concat(pieces)));
  await proxy.quiet();
});

test("a pipe that holds bytes for a client that goes is closed, not given to the next one", async (t) => {
  // More than the kernel keeps for connections that nobody reads from.
  const bytes = randomBytes(32 << 20);
  const server = await serveTcp(t, (socket: Socket) => socket.end(bytes));
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, server.port));
  const before = pipes();
  const stalled = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(port)));
  for (const client of stalled) client.socket.pause();
  await eventually(() => pipes() - before >= stalled.length, true);
  for (const client of stalled) client.socket.resetAndDestroy();
  await proxy.quiet();
  await eventually(() => pipes() - before <= 2, true); // one a worker may be empty, and is kept
  const client = await RawClient.connect(port);
  await eventually(() => client.ended, true);
  client.finish();
  await client.untilClosed();
  assert.equal(digest(client.bytes), digest(bytes));
});

test("a tunnel of HTTP carries bulk through a pipe as well", async (t) => {
  const bytes = randomBytes(MEGABYTES << 20);
  const server = await serveHttp(t, (_, response) => response.end());
  server.server.on("upgrade", (_, socket) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: bulk\r\n\r\n");
    socket.end(bytes);
  });
  const port = await freePort();
  await runProxy(t, listen(port, server.port).replace("mode tcp", "mode http"));
  const before = pipes();
  const client = await RawClient.connect(port);
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: bulk\r\n\r\n");
  await eventually(() => client.ended, true);
  assert.ok(pipes() > before);
  const body = client.bytes.subarray(client.bytes.indexOf("\r\n\r\n") + 4);
  assert.equal(digest(body), digest(bytes));
  client.close();
});
