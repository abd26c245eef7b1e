/** Real peers: Node's HTTP/2 as client and as server, curl, nghttp and h2load. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { describe, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { Counter } from "../../../src/proxy/shared-state.js";
import { eventually } from "../../support/eventually.js";
import { between, client, exchange, serveHttp2 } from "../../support/http2.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { RawClient } from "../../support/raw-client.js";
import { serveHttp } from "../../support/servers.js";
import { Pki } from "../tls/pki.js";

const run = promisify(execFile);
const has = (command: string): boolean => spawnSync("which", [command]).status === 0;
const unless = (command: string): { skip: string | false } => ({
  skip: has(command) ? false : `${command} is not installed`,
});

const echoHttp1 = (t: TestContext) =>
  serveHttp(t, (request, response) => {
    response.writeHead(200, { trailer: "x-sum", "x-seen": request.httpVersion, "x-te": request.headers.te ?? "" });
    request.on("data", (chunk) => response.write(chunk));
    request.on("end", () => {
      response.addTrailers({ "x-sum": request.trailers["x-sum"] ?? "none" });
      response.end();
    });
  });

const echoHttp2 = (t: TestContext, settings = {}) =>
  serveHttp2(
    t,
    (stream, headers) => {
      let sum = "none";
      stream.on("trailers", (trailers) => {
        sum = String(trailers["x-sum"]);
      });
      stream.respond({ ":status": 200, "x-seen": "2", "x-te": headers.te ?? "" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": sum }));
      stream.pipe(stream);
    },
    settings,
  );

const POST: OutgoingHttpHeaders = { ":method": "POST", ":path": "/echo", te: "trailers" };
const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

for (const [what, serve, server] of [
  ["to a server of HTTP/1.1", echoHttp1, ""],
  ["to a server of HTTP/2", echoHttp2, "proto h2"],
] as const)
  describe(`a client of HTTP/2 ${what}`, () => {
    test("gets its body back, with trailers both ways, as gRPC needs them", async (t) => {
      const { port } = await between(t, (await serve(t)).port, server);
      const answer = await exchange(client(t, port), POST, Buffer.from("hello"), { "x-sum": "42" });
      assert.equal(answer.headers[":status"], 200);
      assert.equal(answer.headers["x-te"], "trailers");
      assert.equal(answer.body.toString(), "hello");
      assert.equal(answer.trailers?.["x-sum"], "42");
    });

    test("sends and gets 20 MB, byte for byte", async (t) => {
      const { port, proxy } = await between(t, (await serve(t)).port, server);
      const body = randomBytes(20_000_000);
      const answer = await exchange(client(t, port), POST, body);
      assert.equal(digest(answer.body), digest(body));
      assert.equal(proxy.count("frontend", "web", Counter.requests), 1);
    });

    test("has 100 requests under way at once on one connection", async (t) => {
      const { port, proxy } = await between(t, (await serve(t)).port, server);
      const session = client(t, port);
      const bodies = Array.from({ length: 100 }, (_, index) => randomBytes(1000 * (index + 1)));
      const answers = await Promise.all(bodies.map((body) => exchange(session, POST, body)));
      for (const [index, { body }] of answers.entries()) assert.equal(digest(body), digest(bodies[index]!));
      assert.equal(proxy.count("frontend", "web", Counter.connections), 1);
      assert.equal(proxy.count("frontend", "web", Counter.requests), 100);
    });

    test("that reads nothing holds its own stream back, and no other", async (t) => {
      const { port } = await between(t, (await serve(t)).port, server);
      const session = client(t, port);
      const body = randomBytes(3_000_000);
      const slow = session.request(POST);
      slow.end(body);
      await once(slow, "response");
      slow.pause();
      const other = await exchange(session, POST, Buffer.from("quick"));
      assert.equal(other.body.toString(), "quick");
      const chunks: Buffer[] = [];
      for await (const chunk of slow) chunks.push(chunk as Buffer);
      assert.equal(digest(Buffer.concat(chunks)), digest(body));
    });
  });

describe("a client of HTTP/1.1 to a server of HTTP/2", () => {
  test("gets its body back, chunked and with a length", async (t) => {
    const { port } = await between(t, (await echoHttp2(t)).port, "proto h2");
    const body = randomBytes(5_000_000);
    for (const init of [{ body }, { body: new Blob([body]).stream(), duplex: "half" }]) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", ...init } as RequestInit);
      assert.equal(digest(Buffer.from(await response.arrayBuffer())), digest(body));
    }
  });

  test("shares few connections with others", async (t) => {
    const server = await echoHttp2(t);
    const { port, proxy } = await between(t, server.port, "proto h2");
    for (let round = 0; round < 20; round++) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: `${round}` });
      assert.equal(await response.text(), `${round}`);
    }
    assert.ok(server.sessions <= 2, `${server.sessions} connections for two workers`);
    assert.ok(proxy.count("server", "web/one", Counter.reuses) >= 18);
  });

  test("HEAD, 204 and 304 have no body", async (t) => {
    const server = await serveHttp2(t, (stream, headers) => {
      const status = Number(String(headers[":path"]).slice(1));
      stream.respond(
        { ":status": status, ...(status === 200 ? { "content-length": 5 } : {}) },
        { endStream: headers[":method"] === "HEAD" || status !== 200 },
      );
      if (headers[":method"] !== "HEAD" && status === 200) stream.end("hello");
    });
    const { port } = await between(t, server.port, "proto h2");
    const url = `http://127.0.0.1:${port}`;
    assert.equal((await fetch(`${url}/200`, { method: "HEAD" })).headers.get("content-length"), "5");
    assert.equal((await fetch(`${url}/204`)).status, 204);
    assert.equal((await fetch(`${url}/304`)).status, 304);
    assert.equal(await (await fetch(`${url}/200`)).text(), "hello");
  });
});

test("a request in a transfer coding that HTTP/2 cannot tell of is answered, and does not reach the server", async (t) => {
  let requests = 0;
  const server = await serveHttp2(t, (stream) => {
    requests++;
    stream.respond({ ":status": 200 }, { endStream: true });
  });
  const { port } = await between(t, server.port, "proto h2");
  const post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
  assert.match(await RawClient.exchange(port, post), /^HTTP\/1.1 502 /);
  assert.equal(requests, 0);
});

test("trailers go from a client of HTTP/1.1 to a server of HTTP/2, and back", async (t) => {
  const { port } = await between(t, (await echoHttp2(t)).port, "proto h2");
  const outgoing = request({ port, method: "POST", headers: { trailer: "x-sum", te: "trailers" } });
  outgoing.write("hello");
  outgoing.addTrailers({ "x-sum": "42" });
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  assert.equal(body, "hello");
  assert.equal(response.trailers["x-sum"], "42");
});

test("a drain says GOAWAY to a client, and what is under way on its connection comes to its end", async (t) => {
  const waiting: ServerResponse[] = [];
  const server = await serveHttp(t, (incoming, response) => {
    if (incoming.method === "POST") incoming.pipe(response);
    else waiting.push(response);
  });
  const { port, proxy } = await between(t, server.port);
  const session = client(t, port);
  const goAways: number[] = [];
  session.on("goaway", (code) => goAways.push(code));
  const answers = Array.from({ length: 20 }, () => exchange(session, { ":path": "/slow" }));
  const upload = session.request({ ":method": "POST", ":path": "/upload" });
  const begun = once(upload, "response");
  upload.write("first, ");
  await begun;
  await eventually(() => waiting.length, 20);
  const stopped = proxy.running.stop(false);
  await eventually(() => goAways.length > 0, true);
  assert.ok(goAways.every((code) => code === 0));
  upload.end("then");
  let text = "";
  for await (const chunk of upload) text += String(chunk);
  assert.equal(text, "first, then");
  for (const response of waiting) response.end("late");
  for (const { headers, body } of await Promise.all(answers)) {
    assert.equal(headers[":status"], 200);
    assert.equal(body.toString(), "late");
  }
  await eventually(() => session.destroyed || session.closed, true);
  await stopped;
});

describe("what breaks off", () => {
  test("a client's reset ends the request at the server, and not the connection", async (t) => {
    let aborted = 0;
    const server = await serveHttp(t, (request, response) => {
      if (request.url === "/echo") return void response.end("ok");
      response.write("begun");
      request.socket.once("close", () => aborted++);
    });
    const { port, proxy } = await between(t, server.port);
    const session = client(t, port);
    const stream = session.request({ ":path": "/hang" });
    await once(stream, "response");
    stream.close(8);
    await eventually(() => aborted, 1);
    assert.equal((await exchange(session, { ":path": "/echo" })).body.toString(), "ok");
    assert.equal(proxy.count("frontend", "web", Counter.clientAborts), 1);
  });

  test("a reset before the response has begun frees the server at once", async (t) => {
    let aborted = 0;
    const server = await serveHttp(t, (request) => {
      request.socket.once("close", () => aborted++);
    });
    const { port } = await between(t, server.port);
    const stream = client(t, port).request({ ":path": "/hang" });
    await eventually(() => server.requests, 1);
    stream.close(8);
    await eventually(() => aborted, 1);
  });

  test("a server that breaks off its response breaks off the stream alone", async (t) => {
    const server = await serveHttp(t, (request, response) => {
      if (request.url === "/fine") return void response.end("fine");
      response.writeHead(200, { "content-length": 100 });
      response.write("part");
      setTimeout(() => request.socket.destroy(), 20);
    });
    const { port } = await between(t, server.port);
    const session = client(t, port);
    await assert.rejects(exchange(session, { ":path": "/half" }), /INTERNAL_ERROR/);
    assert.equal((await exchange(session, { ":path": "/fine" })).body.toString(), "fine");
  });

  test("a dead server gets 503, and one that resets its stream 502", async (t) => {
    const server = await serveHttp2(t, (stream) => stream.close(2));
    const { port } = await between(t, server.port, "proto h2");
    const { port: dead } = await between(t, 1);
    assert.equal((await exchange(client(t, port), { ":path": "/" })).headers[":status"], 502);
    assert.equal((await exchange(client(t, dead), { ":path": "/" })).headers[":status"], 503);
  });

  test("a request on a stream that the server refused is sent again", async (t) => {
    let refused = 0;
    const server = await serveHttp2(t, (stream, headers) => {
      if (headers[":path"] === "/second" && refused++ === 0) stream.close(7);
      else stream.respond({ ":status": 200 }, { endStream: true });
    });
    const port = await freePort();
    await runProxy(
      t,
      `listen web
        mode http
        bind 127.0.0.1:${port}
        server one 127.0.0.1:${server.port} proto h2
      global
        nbthread 1`,
    );
    const session = client(t, port);
    assert.equal((await exchange(session, { ":path": "/first" })).headers[":status"], 200);
    assert.equal((await exchange(session, { ":path": "/second" })).headers[":status"], 200);
    assert.equal(refused, 2);
  });

  test("a server's GOAWAY moves later requests to a new connection", async (t) => {
    const server = await serveHttp2(t, (stream) => {
      stream.respond({ ":status": 200 });
      stream.end("ok");
      stream.session?.goaway();
    });
    const { port } = await between(t, server.port, "proto h2");
    const session = client(t, port);
    for (let round = 0; round < 5; round++)
      assert.equal((await exchange(session, { ":path": "/" })).headers[":status"], 200);
    assert.ok(server.sessions >= 3);
  });

  test("a server's limit of streams is kept", async (t) => {
    let now = 0;
    let most = 0;
    const server = await serveHttp2(
      t,
      (stream) => {
        most = Math.max(most, ++now);
        stream.once("close", () => now--);
        setTimeout(() => stream.respond({ ":status": 200 }, { endStream: true }), 20);
      },
      { maxConcurrentStreams: 3 },
    );
    const { port } = await between(t, server.port, "proto h2");
    const session = client(t, port);
    await exchange(session, { ":path": "/" });
    const answers = await Promise.all(Array.from({ length: 30 }, () => exchange(session, { ":path": "/" })));
    assert.ok(answers.every(({ headers }) => headers[":status"] === 200));
    assert.ok(server.sessions >= 10, "more connections rather than more streams");
  });
});

describe("timeouts", () => {
  test("an idle connection gets GOAWAY after timeout http-keep-alive", async (t) => {
    const server = await echoHttp1(t);
    const port = await freePort();
    await runProxy(
      t,
      `listen web
        mode http
        timeout http-keep-alive 200ms
        bind 127.0.0.1:${port}
        server one 127.0.0.1:${server.port}`,
    );
    const session = client(t, port);
    let code: number | undefined;
    session.on("goaway", (given) => {
      code = given;
    });
    await exchange(session, { ":path": "/" });
    await eventually(() => session.closed && code === 0, true, { deadlineMs: 2000 });
  });

  test("a server that answers too late gets 504, on its stream alone", async (t) => {
    const server = await serveHttp(t, (request, response) => {
      if (request.url === "/quick") response.end("quick");
    });
    const port = await freePort();
    await runProxy(
      t,
      `listen web
        mode http
        timeout server 300ms
        bind 127.0.0.1:${port}
        server one 127.0.0.1:${server.port}`,
    );
    const session = client(t, port);
    const late = exchange(session, { ":path": "/late" });
    assert.equal((await exchange(session, { ":path": "/quick" })).body.toString(), "quick");
    assert.equal((await late).headers[":status"], 504);
  });
});

describe("selection", () => {
  test("proto h2 needs no preface of HTTP/1, proto h1 takes none of HTTP/2", async (t) => {
    const server = await echoHttp1(t);
    const { port } = await between(t, server.port, "", "proto h2");
    assert.equal((await exchange(client(t, port), { ":path": "/" })).headers[":status"], 200);
    const { port: old } = await between(t, server.port, "", "proto h1");
    const session = client(t, old);
    await eventually(() => session.closed || session.destroyed, true);
    assert.equal((await fetch(`http://127.0.0.1:${old}/`)).status, 200);
  });

  test("HTTP/1.1 and HTTP/2 come to the same port", async (t) => {
    const { port } = await between(t, (await echoHttp1(t)).port);
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
    assert.equal((await exchange(client(t, port), { ":path": "/" })).headers[":status"], 200);
  });
});

test("an extended CONNECT is an upgrade to the server (RFC 8441)", async (t) => {
  const server = await serveHttp(t, () => {});
  server.server.on("upgrade", (request, socket) => {
    assert.equal(request.headers.upgrade, "websocket");
    assert.equal(Buffer.from(request.headers["sec-websocket-key"] ?? "", "base64").length, 16);
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhello",
    );
    socket.on("data", (chunk: Buffer) => socket.write(chunk));
    socket.on("end", () => socket.end());
  });
  const { port } = await between(t, server.port);
  const session = client(t, port);
  await once(session, "remoteSettings");
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":path": "/chat",
    ":scheme": "http",
  });
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders & { ":status": number }];
  assert.equal(headers[":status"], 200);
  assert.equal(headers["sec-websocket-accept"], undefined);
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  stream.write("world");
  await eventually(() => text, "helloworld");
  stream.end();
  await once(stream, "end");
});

describe("tools, with prior knowledge and over TLS", () => {
  const size = 3_000_000;
  const pki = new Pki();
  const { pem } = pki.issue(["localhost"]);
  const serve = (t: TestContext) => serveHttp(t, (_, response) => void response.end(Buffer.alloc(size, "x")));

  for (const [bind, scheme, curlOption] of [
    ["", "http", "--http2-prior-knowledge"],
    [`ssl crt ${pem} alpn h2,http/1.1`, "https", "--http2"],
  ] as const) {
    test(`curl ${curlOption}`, unless("curl"), async (t) => {
      const { port } = await between(t, (await serve(t)).port, "", bind);
      const args = ["-sk", curlOption, "-w", "%{http_version} %{size_download}", "-o", "/dev/null"];
      const { stdout } = await run("curl", [...args, `${scheme}://127.0.0.1:${port}/`]);
      assert.equal(stdout, `2 ${size}`);
    });

    test(`nghttp ${scheme}`, unless("nghttp"), async (t) => {
      const { port } = await between(t, (await serve(t)).port, "", bind);
      const { stdout } = await run("nghttp", ["-nv", `${scheme}://127.0.0.1:${port}/`], { maxBuffer: 50_000_000 });
      assert.match(stdout, /:status: 200/);
      assert.match(stdout, /END_STREAM/);
    });

    test(`h2load ${scheme}: 2,000 requests, all answered`, unless("h2load"), async (t) => {
      const server = await serveHttp(t, (_, response) => void response.end("ok"));
      const { port, proxy } = await between(t, server.port, "", bind);
      const { stdout } = await run("h2load", ["-n", "2000", "-c", "8", "-m", "20", `${scheme}://127.0.0.1:${port}/`]);
      assert.match(stdout, /2000 succeeded, 0 failed, 0 errored/);
      await proxy.quiet();
      assert.equal(proxy.count("frontend", "web", Counter.requests), 2000);
      assert.equal(proxy.count("frontend", "web", Counter.responses2xx), 2000);
    });
  }
});
