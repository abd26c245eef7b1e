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

/** A response's body behind its head, once `length` bytes of it are here. */
async function bodyOf(client: RawClient, length: number): Promise<Buffer> {
  const body = (): Buffer => client.bytes.subarray(client.bytes.indexOf("\r\n\r\n") + 4);
  await eventually(() => client.bytes.includes("\r\n\r\n") && body().length >= length, true);
  return body();
}

const httpProxy = (port: number, server: number, more = ""): string =>
  listen(port, server, more).replace("mode tcp", "mode http");
const REQUEST = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

for (const [how, more, isSpliced] of [
  ["by default", "", true],
  ["with `no option splice-auto`", "no option splice-auto", false],
] as const)
  test(`${how} the body of a response ${isSpliced ? "goes through a pipe" : "is copied"}, to its last byte and no further`, async (t) => {
    const bytes = randomBytes(MEGABYTES << 20);
    const server = await serveHttp(t, (_, response) => {
      response.setHeader("Content-Length", bytes.length).end(bytes);
    });
    const port = await freePort();
    const proxy = await runProxy(t, httpProxy(port, server.port, more));
    const before = pipes();
    for (let time = 0; time < 3; time++) {
      const client = await RawClient.connect(port);
      client.send(REQUEST);
      assert.equal(digest(await bodyOf(client, bytes.length)), digest(bytes));
      client.send(REQUEST); // by the same connection, on both sides: nothing has been taken from, or left of, the first
      await eventually(
        () => client.bytes.length > 2 * bytes.length && client.bytes.subarray(-64).equals(bytes.subarray(-64)),
        true,
      );
      client.close();
    }
    assert.equal(pipes() > before, isSpliced);
    await proxy.quiet();
    assert.equal(server.connections, 3);
    assert.equal(proxy.count("frontend", "db", Counter.requests), 6);
  });

test("a body that ends with the connection goes through a pipe too, and one that is cut off does not pass for whole", async (t) => {
  const bytes = randomBytes(MEGABYTES << 20);
  const server = await serveTcp(t, (socket) => {
    socket.once("data", (request) => {
      const isCut = request.includes("/cut");
      socket.write(`HTTP/1.1 200 OK\r\n${isCut ? `Content-Length: ${bytes.length + 1}\r\n` : ""}\r\n`);
      socket.end(bytes);
    });
  });
  const port = await freePort();
  const proxy = await runProxy(t, httpProxy(port, server.port));
  const before = pipes();
  const whole = await RawClient.connect(port);
  whole.send(REQUEST);
  await eventually(() => whole.ended, true);
  assert.equal(digest(await bodyOf(whole, bytes.length)), digest(bytes));
  assert.ok(pipes() > before);
  const cut = await RawClient.connect(port);
  cut.send(REQUEST.replace("/", "/cut"));
  await eventually(() => proxy.count("backend", "db", Counter.serverAborts), 1);
  cut.close();
});

test("a response's body that waits in a pipe for a client that goes is nobody else's", async (t) => {
  const bytes = randomBytes(32 << 20);
  const server = await serveHttp(t, (_, response) => {
    response.setHeader("Content-Length", bytes.length).end(bytes);
  });
  const port = await freePort();
  const proxy = await runProxy(t, httpProxy(port, server.port));
  const before = pipes();
  const stalled = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(port)));
  for (const client of stalled) {
    client.socket.pause();
    client.send(REQUEST);
  }
  await eventually(() => pipes() - before >= stalled.length, true);
  for (const client of stalled) client.socket.resetAndDestroy();
  await proxy.quiet();
  await eventually(() => pipes() - before <= 2, true);
  const client = await RawClient.connect(port);
  client.send(REQUEST);
  assert.equal(digest(await bodyOf(client, bytes.length)), digest(bytes));
});

test("chunks are looked at, so they are copied", async (t) => {
  const bytes = randomBytes(MEGABYTES << 20);
  const server = await serveHttp(t, (_, response) => {
    response.write(bytes);
    response.end();
  });
  const port = await freePort();
  await runProxy(t, httpProxy(port, server.port));
  const before = pipes();
  const client = await RawClient.connect(port);
  client.send(REQUEST);
  await eventually(() => client.bytes.subarray(-5).toString() === "0\r\n\r\n", true);
  assert.equal(pipes(), before);
});
