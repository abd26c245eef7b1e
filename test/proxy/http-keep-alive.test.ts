/** Connections on both sides of HTTP: kept, reused, closed; and requests in their order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter } from "../../src/proxy/shared-state.js";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";
import { everyByte } from "../support/random-cuts.js";
import { RawClient } from "../support/raw-client.js";
import { serveCanned, serveHttp, serveTcp } from "../support/servers.js";

const listen = (port: number, servers: readonly number[], more = ""): string => `
listen web
    bind 127.0.0.1:${port}
    mode http
    ${more}
    ${servers.map((server, index) => `server s${index + 1} 127.0.0.1:${server}`).join("\n    ")}
`;

const get = (target: string, fields = ""): string => `GET ${target} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;

test("requests of one client's connection share one connection to the server", async (t) => {
  const server = await serveHttp(t, (request, response) => response.end(request.url));
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  for (let index = 0; index < 20; index++) {
    client.send(get(`/${index}`));
    const { status, body } = await client.response();
    assert.deepEqual([status, body], [200, `/${index}`]);
  }
  client.close();
  await proxy.quiet();
  // The first request never takes a connection that was idle (http-reuse safe), and leaves its own behind.
  assert.equal(server.connections, 1);
  assert.equal(proxy.count("server", "web/s1", Counter.connects), 1);
  assert.equal(proxy.count("server", "web/s1", Counter.reuses), 19);
});

test("a client's later requests use connections that other clients have left", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("x"));
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  for (let client = 0; client < 30; client++) {
    const connection = await RawClient.connect(port);
    for (let request = 0; request < 3; request++) {
      connection.send(get("/"));
      await connection.response();
    }
    connection.close();
  }
  assert.equal(server.requests, 90);
  assert.ok(server.connections <= 30, `${server.connections} connections`);
});

test("no more connections are kept than were in use at once, however many clients come for one request", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("x"));
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  for (let client = 0; client < 30; client++) {
    const connection = await RawClient.connect(port);
    connection.send(get("/", "Connection: close\r\n"));
    assert.equal((await connection.response()).status, 200);
    await eventually(() => connection.ended, true);
  }
  assert.equal(server.connections, 30);
  // One for each of the two workers.
  await eventually(
    () => server.sockets.size,
    (open) => open <= 2,
  );
});

test("bytes behind the last request do not cost the client its answer", async (t) => {
  const body = "x".repeat(300_000);
  const server = await serveHttp(t, (_, response) => response.end(body));
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  client.send(`${get("/", "Connection: close\r\n")}${"more than was announced".repeat(1000)}`);
  assert.equal((await client.response()).body, body);
  await eventually(() => client.ended, true);
  assert.equal(client.error, undefined);
});

test("pipelined requests are answered in their order, however they are cut", async (t) => {
  const server = await serveHttp(t, (request, response) => response.end(`${request.method} ${request.url}`));
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  const text = Array.from({ length: 8 }, (_, index) =>
    index % 2 === 0
      ? get(`/${index}`)
      : `POST /${index} HTTP/1.1\r\nHost: h\r\nContent-Length: ${index}\r\n\r\n${"b".repeat(index)}`,
  ).join("");
  const wanted = Array.from({ length: 8 }, (_, index) => `${index % 2 === 0 ? "GET" : "POST"} /${index}`);
  for (const ends of [[text.length], [100, text.length], everyByte(text.length)]) {
    const client = await RawClient.connect(port);
    await client.sendCut(text, ends);
    const bodies: string[] = [];
    for (const _ of wanted) bodies.push((await client.response()).body);
    assert.deepEqual(bodies, wanted);
    client.close();
  }
});

test("a deep pipeline, many times the size of a buffer, is answered whole", async (t) => {
  const server = await serveHttp(t, (request, response) => response.end(request.url));
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  const targets = Array.from({ length: 500 }, (_, index) => `/${index}/${"p".repeat(index % 200)}`);
  client.send(targets.map((target) => get(target)).join(""));
  for (const target of targets) assert.equal((await client.response()).body, target);
  client.close();
});

test("a client that has finished sending still gets its answer", async (t) => {
  const server = await serveHttp(t, (_, response) => setTimeout(() => response.end("late"), 100));
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  client.send(get("/"));
  client.finish();
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nlate$/);
  client.close();
});

for (const [name, request, fields, staysOpen] of [
  ["HTTP/1.1 stays open", "GET / HTTP/1.1", "Host: h\r\n", true],
  ["HTTP/1.1 with close is closed", "GET / HTTP/1.1", "Host: h\r\nConnection: close\r\n", false],
  ["HTTP/1.0 is closed", "GET / HTTP/1.0", "", false],
  ["HTTP/1.0 with keep-alive stays open", "GET / HTTP/1.0", "Connection: Keep-Alive\r\n", true],
] as const)
  test(`a connection of ${name}, and the answer says so`, async (t) => {
    const server = await serveCanned(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    const port = await freePort();
    const proxy = await runProxy(t, listen(port, [server.port]));
    const client = await RawClient.connect(port);
    client.send(`${request}\r\n${fields}\r\n`);
    const { status, fields: answer } = await client.response();
    assert.equal(status, 200);
    const isOld = request.endsWith("1.0");
    const said = answer.get("connection")?.toLowerCase();
    if (!staysOpen) assert.equal(said, "close");
    else if (isOld) assert.equal(said, "keep-alive");
    else assert.notEqual(said, "close");
    if (staysOpen) {
      client.send(`${request}\r\n${fields}\r\n`);
      assert.equal((await client.response()).status, 200);
      assert.equal(client.ended, false);
    } else await eventually(() => client.ended, true);
    client.close();
    await proxy.quiet();
  });

test("a server that closes does not close the client's connection", async (t) => {
  const server = await serveHttp(t, (_, response) => response.setHeader("Connection", "close").end("bye"));
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  for (let index = 0; index < 3; index++) {
    client.send(get("/"));
    const { body, fields } = await client.response();
    assert.equal(body, "bye");
    assert.notEqual(fields.get("connection"), "close");
  }
  assert.equal(server.connections, 3);
  client.close();
});

test("a body that ends with the server's connection ends the client's as well", async (t) => {
  const server = await serveCanned(t, "HTTP/1.1 200 OK\r\nX: y\r\n\r\nuntil the end", { thenClose: true });
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  const text = await RawClient.exchange(port, get("/"));
  assert.equal(text, "HTTP/1.1 200 OK\r\nConnection: close\r\nX: y\r\n\r\nuntil the end");
});

test("what concerns one connection is not passed on to the next", async (t) => {
  let seen: readonly string[] = [];
  const server = await serveHttp(t, (request, response) => {
    seen = request.rawHeaders;
    response.writeHead(200, { "Keep-Alive": "timeout=5", Connection: "keep-alive, X-Hop", "X-Hop": "1", "X-End": "2" });
    response.end("x");
  });
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  const hops = "Keep-Alive: 300\r\nProxy-Connection: keep-alive\r\nConnection: keep-alive, X-Secret\r\nX-Secret: 1\r\n";
  client.send(get("/", `A: 1\r\n${hops}B: 2\r\n`));
  const { fields } = await client.response();
  assert.deepEqual(seen, ["Host", "h", "A", "1", "B", "2"]);
  assert.deepEqual(
    ["x-hop", "keep-alive", "x-end"].map((name) => fields.get(name)),
    [undefined, undefined, "2"],
  );
  client.close();
});

for (const [method, isReplayed] of [
  ["GET", true],
  ["PUT", true],
  ["DELETE", true],
  ["POST", false],
  ["PATCH", false],
] as const)
  test(`a ${method} that meets a connection just closed by the server ${isReplayed ? "is sent again" : "is left to the client to repeat"}`, async (t) => {
    // Serves one request a connection and says nothing about closing; the second one it drops without a word.
    let dropped = 0;
    const server = await serveTcp(t, (socket) => {
      let requests = 0;
      socket.on("data", (chunk) => {
        if (!chunk.includes("\r\n\r\n")) return;
        if (++requests === 1) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        else {
          dropped++;
          socket.resetAndDestroy();
        }
      });
      socket.on("end", () => socket.end());
    });
    const port = await freePort();
    const proxy = await runProxy(t, listen(port, [server.port]));
    const client = await RawClient.connect(port);
    client.send(get("/first"));
    assert.equal((await client.response()).status, 200);
    client.send(`${method} /second HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody`);
    if (isReplayed) assert.equal((await client.response()).status, 200);
    else assert.equal(await client.untilClosed(), "");
    assert.equal(dropped, 1);
    assert.equal(server.connections, isReplayed ? 2 : 1);
    client.close();
    await proxy.quiet();
    assert.equal(proxy.count("backend", "web", Counter.responseErrors), 0);
  });

test("an idle connection that the server closes in peace costs no request", async (t) => {
  const server = await serveTcp(t, (socket) => {
    socket.on("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      setTimeout(() => socket.end(), 20);
    });
  });
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  for (let index = 0; index < 4; index++) {
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb`);
    assert.equal((await client.response()).status, 200);
    await eventually(() => server.sockets.size, 0);
  }
  client.close();
  assert.equal(proxy.count("backend", "web", Counter.responseErrors), 0);
});
