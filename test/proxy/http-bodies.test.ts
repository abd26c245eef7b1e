/** Bodies go through as they are, both ways, however they are framed and cut. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Agent, request as httpRequest, type IncomingMessage, type RequestListener } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Counter } from "../../src/proxy/shared-state.js";
import { eventually } from "../support/eventually.js";
import { client, exchange } from "../support/http2.js";
import { freePort, runProxy } from "../support/proxy.js";
import { everyByte } from "../support/random-cuts.js";
import { RawClient } from "../support/raw-client.js";
import { serveCanned, serveHttp, serveTcp } from "../support/servers.js";

const listen = (port: number, server: number): string => `
listen web
    bind 127.0.0.1:${port}
    mode http
    server s1 127.0.0.1:${server}
`;

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Sends the body back, framed as the request was, and its digest in a field. */
const echo: RequestListener = async (request, response) => {
  const body = await bodyOf(request);
  const length = request.headers["content-length"];
  response.setHeader("X-Digest", digest(body));
  if (length !== undefined) response.setHeader("Content-Length", length);
  // Several writes: several chunks.
  for (let at = 0; at < body.length; at += 10_007) response.write(body.subarray(at, at + 10_007));
  response.end();
};

function post(port: number, agent: Agent, body: Buffer, chunked: boolean): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = chunked ? { "Transfer-Encoding": "chunked" } : { "Content-Length": body.length };
    const message = httpRequest({ port, agent, method: "POST", headers }, resolve).on("error", reject);
    const step = 1 + (body.length >> 2);
    for (let at = 0; at < body.length; at += step) message.write(body.subarray(at, at + step));
    message.end();
  });
}

test("bodies of every size come back byte for byte, by length and chunked, over kept connections", async (t) => {
  const server = await serveHttp(t, echo);
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  // Around the size of a buffer, of a buffer with its headroom, and of several.
  const sizes = [0, 1, 100, 14_000, 15_000, 15_359, 15_360, 15_361, 16_383, 16_384, 16_385, 65_536, 1_000_000];
  for (const chunked of [false, true])
    for (const size of sizes) {
      const body = randomBytes(size);
      const response = await post(port, agent, body, chunked);
      const back = await bodyOf(response);
      assert.equal(response.headers["x-digest"], digest(body), `${size} bytes up, chunked: ${chunked}`);
      assert.equal(digest(back), digest(body), `${size} bytes down, chunked: ${chunked}`);
    }
});

test("a chunked request is forwarded byte for byte, extensions and trailers included, however it is cut", async (t) => {
  let seen = "";
  const server = await serveTcp(t, (socket) => {
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1");
      if (seen.endsWith("\r\nT: 1\r\n\r\n")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    socket.on("end", () => socket.end());
  });
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const text =
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;name=value\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\n";
  const client = await RawClient.connect(port);
  for (const ends of [[text.length], [30, 60, text.length], everyByte(text.length)]) {
    seen = "";
    await client.sendCut(text, ends);
    assert.equal((await client.response()).status, 200);
    assert.equal(seen, text);
  }
  client.close();
});

test("a chunked response is forwarded byte for byte, however it is cut, and the connection goes on", async (t) => {
  const text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n";
  let pieces = 1;
  const server = await serveTcp(t, (socket) => {
    socket.on("data", async () => {
      const size = Math.ceil(text.length / pieces);
      for (let at = 0; at < text.length; at += size) {
        socket.write(text.slice(at, at + size));
        await sleep(0);
      }
    });
    socket.on("end", () => socket.end());
  });
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  for (pieces of [1, 2, 7, text.length]) {
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert.equal(await client.until((seen) => seen.length >= text.length), text);
  }
  assert.equal(server.connections, 1);
  client.close();
});

for (const [name, request, answer] of [
  ["HEAD", "HEAD / HTTP/1.1", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
  ["chunked HEAD", "HEAD / HTTP/1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["204", "GET / HTTP/1.1", "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"],
  ["304", "GET / HTTP/1.1", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n"],
] as const)
  test(`no body is waited for behind a ${name} response`, async (t) => {
    const server = await serveCanned(t, answer);
    const port = await freePort();
    await runProxy(t, listen(port, server.port));
    const client = await RawClient.connect(port);
    for (let index = 0; index < 3; index++) {
      client.send(`${request}\r\nHost: h\r\n\r\n`);
      assert.equal(await client.until((text) => text.length >= answer.length), answer);
    }
    assert.equal(server.connections, 1, "its connection was reused");
    client.close();
  });

test("a client that waits for 100 Continue gets it from the server, and then sends its body", async (t) => {
  const server = await serveHttp(t, echo);
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  for (let index = 0; index < 3; index++) {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    assert.equal(await client.until((text) => text.endsWith("\r\n\r\n")), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    const { status, body } = await client.response();
    assert.deepEqual([status, body], [200, "body"]);
  }
  client.close();
});

test("several interim responses and the final one in one packet all arrive", async (t) => {
  const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(3);
  const final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const server = await serveCanned(t, interim + final);
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  assert.equal(await client.until((text) => text.endsWith("ok")), interim + final);
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const old = await client.until((text) => text.endsWith("ok"));
  assert.ok(old.startsWith("HTTP/1.1 200 OK\r\n"), "HTTP/1.0 does not know interim responses");
  client.close();
});

test("a server that answers before it has read the request gets the rest, and the connections live on", async (t) => {
  const bodies: Buffer[] = [];
  const server = await serveHttp(t, async (request, response) => {
    response.end("early");
    bodies.push(await bodyOf(request));
  });
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  const body = randomBytes(300_000);
  for (let index = 0; index < 3; index++) {
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n`);
    assert.equal((await client.response()).body, "early");
    client.send(body.subarray(0, 100_000));
    client.send(body.subarray(100_000));
    await eventually(() => bodies.length, index + 1);
    assert.equal(digest(bodies[index]!), digest(body));
  }
  assert.equal(client.ended, false);
  assert.equal(server.connections, 1);
  client.close();
});

test("a server that answers and closes before it has read the request: the client hears it, and that it is the end", async (t) => {
  const server = await serveTcp(t, (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno!");
      socket.pause();
    });
  });
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
  client.send(randomBytes(200_000));
  const { status, body, fields } = await client.response();
  assert.deepEqual([status, body, fields.get("connection")], [413, "no!", "close"]);
  assert.equal(client.error, undefined);
  await client.untilClosed();
  client.close();
});

test("a server that breaks off behind its early answer takes the client's connection with it, not its answer", async (t) => {
  const server = await serveTcp(t, (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
      setTimeout(() => socket.destroy(), 50);
    });
  });
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
  assert.equal((await client.response()).body, "yes");
  await client.untilClosed();
  client.close();
  await proxy.quiet();
});

test("what a server sends behind its response is not taken for the next one", async (t) => {
  const server = await serveCanned(
    t,
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
  );
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  for (let index = 0; index < 3; index++) {
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert.equal((await client.response()).body, "1");
  }
  assert.equal(server.connections, 3);
  client.close();
});

test("a response that breaks off ends for the client where its framing tells that it is not whole; else with a reset", async (t) => {
  for (const [head, version, end] of [
    ["Content-Length: 100", "1.1", "FIN"],
    ["Transfer-Encoding: chunked", "1.1", "FIN"],
    ["Transfer-Encoding: chunked", "1.0", "ECONNRESET"],
  ] as const) {
    const server = await serveTcp(t, (socket) => {
      socket.once("data", () => socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n64\r\npart`));
    });
    const port = await freePort();
    await runProxy(t, listen(port, server.port));
    const client = await RawClient.connect(port);
    client.send(`GET / HTTP/${version}\r\nHost: h\r\n\r\n`);
    // First the part, then the end: Node takes a reset that comes together with data for an end.
    await client.until((text) => text.endsWith("part"));
    for (const socket of server.sockets) socket.end();
    await eventually(() => client.error ?? (client.ended ? "FIN" : "open"), end);
    client.close();
  }
});

test("a client of HTTP/1.0 gets the content of a chunked response, however that is cut, and then the end", async (t) => {
  const text =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: u\r\n\r\n";
  for (const ends of [[text.length], [70, text.length], everyByte(text.length)]) {
    const server = await serveTcp(t, (socket) => {
      socket.once("data", async () => {
        let from = 0;
        for (const end of ends) {
          socket.write(text.slice(from, end));
          from = end;
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      socket.on("end", () => socket.end());
    });
    const port = await freePort();
    await runProxy(t, listen(port, server.port));
    const client = await RawClient.connect(port);
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const answer = await client.untilClosed();
    assert.equal(answer, "HTTP/1.1 200 OK\r\nConnection: close\r\nA: b\r\n\r\nabc0123456789");
    assert.equal(client.error, undefined);
    client.close();
  }
});

for (const coding of ["gzip, chunked", "gzip"])
  test(`neither a client of HTTP/1.0 nor one of HTTP/2 gets a response in ${coding}, which it cannot be told of`, async (t) => {
    const server = await serveCanned(t, `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`, {
      thenClose: true,
    });
    const port = await freePort();
    await runProxy(t, listen(port, server.port));
    const answer = await RawClient.exchange(port, "GET / HTTP/1.0\r\n\r\n");
    assert.match(answer, /^HTTP\/1\.1 502 /);
    const newer = await exchange(client(t, port), { ":path": "/" });
    assert.equal(newer.headers[":status"], 502);
  });

test("other transfer codings than chunked pass as they are, in both directions", async (t) => {
  const seen: string[] = [];
  const server = await serveTcp(t, (socket) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (!text.endsWith("0\r\n\r\n")) return;
      seen.push(text);
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    });
    socket.on("end", () => socket.end());
  });
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  const request = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
  client.send(request);
  assert.match(await client.until((text) => text.endsWith("0\r\n\r\n")), /\r\nTransfer-Encoding: gzip, chunked\r\n/);
  assert.deepEqual(seen, [request]);
  client.close();
});

for (const [status, fields, kept] of [
  ["204 No Content", "Content-Length: 5\r\n", ""],
  ["204 No Content", "Transfer-Encoding: chunked\r\n", ""],
  ["304 Not Modified", "Content-Length: 5\r\n", "Content-Length: 5\r\n"],
] as const)
  test(`${status} with ${fields.trim()}: ${kept === "" ? "that goes no further" : "that is told"}`, async (t) => {
    const server = await serveCanned(t, `HTTP/1.1 ${status}\r\n${fields}A: b\r\n\r\n`);
    const port = await freePort();
    await runProxy(t, listen(port, server.port));
    const client = await RawClient.connect(port);
    for (let round = 0; round < 2; round++) {
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      const answer = await client.until((text) => text.endsWith("\r\n\r\n"));
      assert.equal(answer, `HTTP/1.1 ${status}\r\n${kept}A: b\r\n\r\n`);
    }
    client.close();
  });

test("an interim response loses what it must not say: a length, and what is the hop's alone", async (t) => {
  const interim = "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nLink: </a>\r\nConnection: x\r\nX: 1\r\n\r\n";
  const final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const server = await serveCanned(t, interim + final);
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const expected = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${final}`;
  assert.equal(await client.until((text) => text.endsWith("ok")), expected);
  client.close();
});

test("interim responses count as bytes that went to the client", async (t) => {
  const interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const final = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const server = await serveCanned(t, interim + interim + final);
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, server.port));
  const client = await RawClient.connect(port);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await client.until((text) => text.endsWith("ok"));
  client.close();
  await proxy.quiet();
  assert.equal(proxy.count("frontend", "web", Counter.bytesOut), 2 * interim.length + final.length);
});
