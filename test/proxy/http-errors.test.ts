/** What a client gets when something is wrong: with its request, with the server, with the time it takes. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { Counter, Gauge } from "../../src/proxy/shared-state.js";
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
const GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/** Reads, says nothing, and closes when the other side does. */
const silent = (socket: Socket): void => void socket.resume().on("end", () => socket.end());

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

test("503 at once when no server may take traffic", async (t) => {
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
listen web
    bind 127.0.0.1:${port}
    mode http
    server s1 127.0.0.1:${await freePort()} disabled`,
  );
  const client = await RawClient.connect(port);
  // The connection goes on, for its request has been read to the end.
  client.send(`HEAD / HTTP/1.1\r\nHost: h\r\n\r\n`);
  assert.match(await client.until((text) => text.endsWith("\r\n\r\n")), /^HTTP\/1\.1 503 .*content-length: 107\r\n/s);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd");
  const kept = await client.response();
  assert.deepEqual([kept.status, kept.body.length, kept.fields.get("connection")], [503, 107, undefined]);
  // Where the rest of the request is still to come, or the client wants no more, it does not.
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab");
  assert.match(await client.untilClosed(), /^HTTP\/1\.1 503 .*\r\nconnection: close\r\n/s);
  client.close();
  await proxy.quiet();
  assert.equal(proxy.count("frontend", "web", Counter.responses5xx), 3);
  assert.equal(proxy.count("backend", "web", Counter.responses5xx), 3);
});

test("503 when a frontend has no backend", async (t) => {
  const port = await freePort();
  await runProxy(t, `\nfrontend web\n    bind 127.0.0.1:${port}\n    mode http\n`);
  assert.equal(statusOf(await RawClient.exchange(port, GET)), 503);
});

test("503 after `retries` more attempts, a second apart, when the only server refuses", async (t) => {
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [await freePort()], "retries 1"));
  const start = performance.now();
  assert.equal(statusOf(await RawClient.exchange(port, GET)), 503);
  const elapsed = performance.now() - start;
  assert.ok(elapsed > 950, `${elapsed} ms`);
  await proxy.quiet();
  assert.equal(proxy.count("server", "web/s1", Counter.connects), 2);
  assert.equal(proxy.count("server", "web/s1", Counter.connectErrors), 1, "a request, not an attempt");
  assert.equal(proxy.count("backend", "web", Counter.connectErrors), 1);
  assert.equal(proxy.count("backend", "web", Counter.retries), 1);
  assert.equal(proxy.count("backend", "web", Counter.redispatches), 0);
});

test("a server that refuses costs a request nothing while another one answers", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("x"));
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [await freePort(), server.port]));
  const redispatches = (): number => proxy.count("server", "web/s1", Counter.redispatches);
  let quickest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < 10; index++) {
    const before = redispatches();
    const start = performance.now();
    const client = await RawClient.connect(port);
    client.send(GET);
    assert.equal((await client.response()).status, 200);
    if (redispatches() > before) quickest = Math.min(quickest, performance.now() - start);
    client.close();
  }
  assert.ok(quickest < 950, "who is sent elsewhere does not wait a second before");
  await proxy.quiet();
  const failures = redispatches();
  assert.ok(failures >= 5);
  assert.equal(proxy.count("backend", "web", Counter.redispatches), failures);
  assert.equal(proxy.count("server", "web/s1", Counter.connectErrors), 0, "every request found a server in the end");
  assert.equal(proxy.count("server", "web/s2", Counter.responses2xx), 10);
});

test("503 when all of several servers refuse, after 1 + retries attempts in all", async (t) => {
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [await freePort(), await freePort()], "retries 3"));
  assert.equal(statusOf(await RawClient.exchange(port, GET)), 503);
  await proxy.quiet();
  const attempts = ["web/s1", "web/s2"].map((name) => proxy.count("server", name, Counter.connects));
  assert.equal(attempts[0]! + attempts[1]!, 4);
});

for (const [name, answer] of [
  ["garbage", "SSH-2.0-OpenSSH_9.2\r\n"],
  ["a head too large for a buffer", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}\r\n\r\n`],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"],
  ["half a head", "HTTP/1.1 200 OK\r\nContent-"],
  ["nothing", ""],
] as const)
  test(`502 when the server answers with ${name}`, async (t) => {
    const server = await serveCanned(t, answer, { thenClose: true });
    const port = await freePort();
    const proxy = await runProxy(t, listen(port, [server.port]));
    assert.equal(statusOf(await RawClient.exchange(port, GET)), 502);
    await proxy.quiet();
    assert.equal(proxy.count("server", "web/s1", Counter.responseErrors), 1);
    assert.equal(proxy.count("server", "web/s1", Counter.responses5xx), 0, "the answer was not the server's");
    assert.equal(proxy.count("backend", "web", Counter.responses5xx), 1);
    assert.equal(proxy.gauge("server", "web/s1", Gauge.current), 0);
  });

test("504 when the server takes longer than `timeout server`", async (t) => {
  const server = await serveTcp(t, silent);
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port], "timeout server 200ms"));
  const start = performance.now();
  assert.equal(statusOf(await RawClient.exchange(port, GET)), 504);
  const elapsed = performance.now() - start;
  assert.ok(elapsed >= 199, `${elapsed} ms`);
  await eventually(() => server.sockets.size, 0);
  await proxy.quiet();
});

for (const { option, status } of [
  { option: "", status: 408 },
  { option: "option dontlognull", status: undefined },
])
  test(`a client that says nothing is ${status === undefined ? "left without a word" : "told 408"} ${option && `with ${option}`}`, async (t) => {
    const port = await freePort();
    const timing = `timeout http-request 150ms\n    ${option}`;
    const proxy = await runProxy(t, listen(port, [await freePort()], timing));
    const client = await RawClient.connect(port);
    const answer = await client.untilClosed();
    assert.equal(answer.length === 0 ? undefined : statusOf(answer), status);
    client.close();
    await proxy.quiet();
    assert.equal(proxy.count("frontend", "web", Counter.requestErrors), status === undefined ? 0 : 1);
  });

test("408 when a request head takes longer than `timeout http-request`, however steadily it drips", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end());
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port], "timeout http-request 300ms"));
  const client = await RawClient.connect(port);
  const drip = setInterval(() => client.send("x"), 20);
  client.send("GET / HTTP/1.1\r\nX-Slow: ");
  assert.equal(statusOf(await client.untilClosed()), 408);
  clearInterval(drip);
  client.close();
  await proxy.quiet();
  assert.equal(server.requests, 0);
  assert.equal(proxy.count("frontend", "web", Counter.requestErrors), 1);
  // As HAProxy counts: what is refused was a request.
  assert.equal(proxy.count("frontend", "web", Counter.requests), 1);
});

test("an idle connection is closed after `timeout http-keep-alive`", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("x"));
  const port = await freePort();
  await runProxy(t, listen(port, [server.port], "timeout http-keep-alive 150ms"));
  const client = await RawClient.connect(port);
  const start = performance.now();
  client.send(GET);
  await client.response();
  assert.equal(await client.untilClosed(), "");
  const elapsed = performance.now() - start;
  assert.ok(elapsed >= 149, `${elapsed} ms`);
  client.close();
});

test("408 when the client stops in the middle of its body for longer than `timeout client`", async (t) => {
  const server = await serveTcp(t, silent);
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port], "timeout client 200ms"));
  const client = await RawClient.connect(port);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
  assert.equal(statusOf(await client.untilClosed()), 408);
  client.close();
  await eventually(() => server.sockets.size, 0);
  await proxy.quiet();
});

test("a connection that nobody accepts in time is given up after `timeout connect`", async (t) => {
  // TEST-NET-1 is routed nowhere or dropped; either way no connection comes about.
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
listen web
    bind 127.0.0.1:${port}
    mode http
    timeout connect 100ms
    retries 4
    server s1 192.0.2.1:9`,
  );
  // Five times the two seconds of the defaults would be too long for this client.
  assert.equal(statusOf(await RawClient.exchange(port, GET)), 503);
  await proxy.quiet();
});

test("an error file is sent as it is, byte for byte, and the frontend's stands in for one that the backend lacks", async (t) => {
  const port = await freePort();
  const page =
    "HTTP/1.0 503 Down\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n<p>d\xe9sol\xe9</p>";
  const bad = "HTTP/1.0 400 Ours\r\nConnection: close\r\n\r\nours";
  await runProxy(
    t,
    `
frontend web
    bind 127.0.0.1:${port}
    mode http
    errorfile 400 /etc/errors/400.http
    default_backend app
backend app
    mode http
    errorfile 503 /etc/errors/503.http
    server s1 127.0.0.1:9 disabled`,
    { "/etc/errors/503.http": page, "/etc/errors/400.http": bad },
  );
  const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 4);
  const down = await RawClient.exchange(port, GET);
  assert.equal(statusOf(down.replace("HTTP/1.0", "HTTP/1.1")), 503);
  assert.equal(bodyOf(down), "<p>d\xe9sol\xe9</p>");
  assert.equal(bodyOf(await RawClient.exchange(port, "nonsense\r\n\r\n")), "ours");
});

const MALFORMED = {
  "a line feed alone": "GET / HTTP/1.1\nHost: h\n\n",
  "no version": "GET /\r\n\r\n",
  "no Host": "GET / HTTP/1.1\r\n\r\n",
  "two Hosts": "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "a space before the colon": "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
  "a folded line": "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
  "a NUL": "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n",
  "length and chunked":
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a negative length": "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -4\r\n\r\n",
  "an unknown coding": "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
  "a TLS ClientHello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "a head too large": `GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(16_000)}\r\n\r\n`,
  "too many fields": `GET / HTTP/1.1\r\nHost: h\r\n${"X: 1\r\n".repeat(101)}\r\n`,
};

test("a malformed request gets 400, is counted, ends the connection and never reaches a server", async (t) => {
  const server = await serveTcp(t, silent);
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port]));
  let count = 0;
  for (const [name, text] of Object.entries(MALFORMED))
    for (const ends of [[text.length], ...(text.length < 1000 ? [everyByte(text.length)] : [])]) {
      const client = await RawClient.connect(port);
      await client.sendCut(text, ends);
      assert.equal(statusOf(await client.untilClosed()), 400, name);
      client.close();
      count++;
      await proxy.quiet();
      assert.equal(proxy.count("frontend", "web", Counter.requestErrors), count, name);
      assert.equal(proxy.count("frontend", "web", Counter.responses4xx), count, name);
    }
  assert.equal(server.connections, 0);
});

test("what is malformed behind a good request does not spoil that one's answer", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("good"));
  const port = await freePort();
  await runProxy(t, listen(port, [server.port]));
  const answer = await RawClient.exchange(port, `${GET}nonsense\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\ngoodHTTP\/1\.1 400 Bad Request\r\n/i);
  assert.equal(server.requests, 1);
});

test("a body that is malformed where it begins never reaches a server if it comes with its head", async (t) => {
  const server = await serveTcp(t, silent);
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port]));
  const text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
  assert.equal(statusOf(await RawClient.exchange(port, text)), 400);
  await proxy.quiet();
  assert.equal(server.connections, 0);
});

test("a malformed chunk in the middle of a body breaks the exchange off: the server never sees an end", async (t) => {
  let seen = "";
  let isWhole = false;
  const server = await serveTcp(t, (socket) => {
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1");
    });
    socket.on("end", () => {
      isWhole = seen.includes("0\r\n\r\n");
      socket.end();
    });
  });
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port]));
  const client = await RawClient.connect(port);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  await eventually(() => seen.endsWith("hello\r\n"), true);
  client.send("oops\r\n0\r\n\r\n");
  assert.equal(statusOf(await client.untilClosed()), 400);
  client.close();
  await eventually(() => server.sockets.size, 0);
  assert.equal(isWhole, false);
  await proxy.quiet();
  assert.equal(proxy.count("frontend", "web", Counter.requestErrors), 1);
});

test("a client that goes away in the middle of its body takes the server's connection with it", async (t) => {
  const server = await serveTcp(t, silent);
  const port = await freePort();
  const proxy = await runProxy(t, listen(port, [server.port]));
  for (const leave of ["finish", "reset"] as const) {
    const client = await RawClient.connect(port);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
    await eventually(() => server.sockets.size, 1);
    client[leave]();
    await eventually(() => server.sockets.size, 0);
    client.close();
    await proxy.quiet();
  }
  assert.equal(proxy.count("frontend", "web", Counter.clientAborts), 2);
});
