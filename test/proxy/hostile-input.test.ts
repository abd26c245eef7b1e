/** Whatever clients and servers send, however it is cut, a worker lives on and nothing is left behind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy, type TestProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp, serveTcp } from "../support/servers.js";

/** Pieces that go together to almost-messages, and bytes that go with nothing. */
const piece = fc.oneof(
  {
    arbitrary: fc.constantFrom("GET ", "POST /x ", "HEAD * ", "HTTP/1.1\r\n", "HTTP/1.0\r\n", "\r\n", "\n", "\r\n\r\n"),
    weight: 4,
  },
  fc.constantFrom(
    "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\n",
  ),
  fc.constantFrom(
    "Host: h\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "ffff\r\n",
    "0\r\n\r\n",
  ),
  fc.string({ unit: "binary-ascii", maxLength: 30 }),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.nat(20_000).map((length) => "x".repeat(length)),
);
const stream = fc.record({
  pieces: fc.array(piece, { maxLength: 8 }),
  /** A pause between two pieces gives the proxy a look at each. */
  pauses: fc.boolean(),
  ending: fc.constantFrom("finish", "reset", "close"),
});

/** The proxy still answers as it should, holds no session, and has told of no bug. */
async function assertWell(proxy: TestProxy, port: number): Promise<void> {
  await proxy.quiet();
  for (let index = 0; index < 2; index++) {
    const client = await RawClient.connect(port);
    client.send("GET /well HTTP/1.1\r\nHost: h\r\nX-Well: yes\r\n\r\n");
    assert.equal((await client.response()).body, "well");
    client.close();
  }
  assert.deepEqual(
    proxy.lines.filter((line) => line.includes("bug")),
    [],
  );
}

test("any bytes of a client", async (t) => {
  const server = await serveHttp(t, (request, response) => {
    request.resume().on("end", () => response.end("well"));
    request.on("error", () => {});
  });
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
listen web
    bind 127.0.0.1:${port}
    mode http
    timeout client 300ms
    timeout server 300ms
    timeout http-request 300ms
    server s1 127.0.0.1:${server.port}`,
  );
  const send = async ({ pieces, pauses, ending }: typeof stream extends fc.Arbitrary<infer T> ? T : never) => {
    const client = await RawClient.connect(port);
    for (const piece of pieces) {
      client.send(piece);
      if (pauses) await sleep(1);
    }
    client[ending as "close"]();
    if (ending === "finish") await client.untilClosed();
    client.close();
  };
  // Side by side, since each may end in a timeout.
  await fc.assert(
    fc.asyncProperty(fc.array(stream, { minLength: 10, maxLength: 40 }), async (streams) => {
      await Promise.all(streams.map(send));
      await assertWell(proxy, port);
    }),
    { numRuns: 50, interruptAfterTimeLimit: 8000, endOnFailure: true },
  );
});

test("any bytes of a server", async (t) => {
  let streams: readonly { pieces: string[]; pauses: boolean; ending: string }[] = [];
  const server = await serveTcp(t, (socket) => {
    socket.once("data", async (chunk) => {
      const index = /\r\nX-Stream: (\d+)\r\n/.exec(chunk.toString("latin1"))?.[1];
      if (index === undefined) return void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell");
      const { pieces, pauses, ending } = streams[Number(index)]!;
      for (const piece of pieces) {
        socket.write(Buffer.from(piece, "latin1"));
        if (pauses) await sleep(1);
      }
      if (ending === "finish") socket.end();
      else if (ending === "reset") socket.resetAndDestroy();
      else socket.destroy();
    });
    socket.on("end", () => socket.end());
  });
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
listen web
    bind 127.0.0.1:${port}
    mode http
    timeout client 300ms
    timeout server 300ms
    server s1 127.0.0.1:${server.port}`,
  );
  const ask = async (index: number, method: string): Promise<void> => {
    const client = await RawClient.connect(port);
    client.send(`${method} / HTTP/1.1\r\nHost: h\r\nX-Stream: ${index}\r\nContent-Length: 0\r\n\r\n`);
    client.finish();
    await client.untilClosed();
    client.close();
  };
  await fc.assert(
    fc.asyncProperty(fc.array(stream, { minLength: 10, maxLength: 40 }), async (all) => {
      streams = all;
      await Promise.all(all.map((_, index) => ask(index, ["GET", "HEAD", "POST"][index % 3]!)));
      await assertWell(proxy, port);
      await eventually(() => server.sockets.size, 0);
    }),
    { numRuns: 50, interruptAfterTimeLimit: 8000, endOnFailure: true },
  );
});
