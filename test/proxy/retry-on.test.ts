/** `retry-on`: failures behind a good connection that a client need not hear of. */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { Counter, Gauge } from "../../src/proxy/shared-state.js";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy, type TestProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveTcp, type TcpServer } from "../support/servers.js";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

interface Scripted extends TcpServer {
  /** What each connection got, as one text. */
  readonly received: string[];
}

/** A server that answers the request on its n-th connection as the n-th of `answers` does, and the rest with `ok`. */
async function scripted(t: TestContext, answers: readonly ((socket: Socket) => void)[]): Promise<Scripted> {
  const received: string[] = [];
  const server = await serveTcp(t, (socket) => {
    const index = received.push("") - 1;
    socket.on("data", (chunk) => {
      received[index] += chunk.toString("latin1");
      const [head, body] = received[index]!.split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head!)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      const answer = answers[index];
      if (answer === undefined) socket.write(OK);
      else answer(socket);
    });
    socket.on("end", () => socket.end());
  });
  return Object.assign(server, { received });
}

const says =
  (text: string) =>
  (socket: Socket): void => {
    socket.end(Buffer.from(text, "latin1"));
  };
const nothing = says("");
const reset = (socket: Socket): void => {
  socket.resetAndDestroy();
};
const silence = (): void => {};

async function start(t: TestContext, server: TcpServer, more: string): Promise<{ port: number; proxy: TestProxy }> {
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `listen app\n bind 127.0.0.1:${port}\n mode http\n timeout server 300ms\n ${more}\n server s1 127.0.0.1:${server.port}`,
  );
  return { port, proxy };
}

const POST = "POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";

async function statusOf(port: number, request = POST): Promise<number> {
  const client = await RawClient.connect(port);
  client.send(request);
  const { status } = await client.response();
  client.close();
  return status;
}

const failures = [
  { event: "empty-response", what: "closes without a word", answer: nothing, without: 502 },
  { event: "empty-response", what: "resets the connection", answer: reset, without: 502 },
  {
    event: "junk-response",
    what: "closes in the middle of a head",
    answer: says("HTTP/1.1 200 OK\r\nA: b"),
    without: 502,
  },
  { event: "junk-response", what: "speaks another protocol", answer: says("220 mail.example ESMTP\r\n"), without: 502 },
  { event: "response-timeout", what: "says nothing in time", answer: silence, without: 504 },
  { event: "503", what: "answers 503", answer: says("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), without: 503 },
] as const;

for (const { event, what, answer, without } of failures) {
  test(`retry-on ${event}: a request whose server ${what} is sent again, body and all`, async (t) => {
    const server = await scripted(t, [answer, answer]);
    const { port, proxy } = await start(t, server, `retry-on ${event}`);
    assert.equal(await statusOf(port), 200);
    assert.equal(server.received.length, 3);
    for (const text of server.received) assert.ok(text.startsWith("POST /form HTTP/1.1\r\n") && text.endsWith("hello"));
    await proxy.quiet();
    assert.equal(proxy.count("server", "app/s1", Counter.retries), 2);
    assert.equal(proxy.count("backend", "app", Counter.requests), 1);
    assert.equal(proxy.count("backend", "app", Counter.responseErrors), 0);
    assert.equal(proxy.count("backend", "app", Counter.responses2xx), 1);
    assert.equal(proxy.gauge("server", "app/s1", Gauge.current), 0);
  });

  test(`without retry-on ${event} it gets ${without}`, async (t) => {
    const server = await scripted(t, [answer]);
    const others = failures.map((failure) => failure.event).filter((other) => other !== event);
    const { port } = await start(t, server, `retry-on conn-failure ${others.join(" ")}`);
    assert.equal(await statusOf(port), without);
    assert.equal(server.received.length, 1);
  });
}

test("retries bounds them: then the client gets what the server said last", async (t) => {
  const unavailable = says("HTTP/1.1 503 No\r\nContent-Length: 0\r\nX-Last: yes\r\n\r\n");
  const server = await scripted(t, [unavailable, unavailable, unavailable, unavailable]);
  const { port } = await start(t, server, "retries 2\n retry-on all-retryable-errors");
  assert.equal(await statusOf(port), 503);
  assert.equal(server.received.length, 3);
});

test("a request that does not fit into a buffer is not sent again", async (t) => {
  const server = await scripted(t, [nothing]);
  const { port } = await start(t, server, "retry-on empty-response");
  const length = 100_000;
  const request = `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n${"x".repeat(length)}`;
  assert.equal(await statusOf(port, request), 502);
  assert.equal(server.received.length, 1);
});

test("nothing is sent again once a part of the answer has gone out", async (t) => {
  const server = await scripted(t, [says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")]);
  const { port } = await start(t, server, "retry-on all-retryable-errors");
  const client = await RawClient.connect(port);
  client.send(POST);
  await client.untilClosed();
  assert.ok(client.text.endsWith("half"));
  assert.equal(server.received.length, 1);
});

test("retry-on none: not even a refused connection is tried again", async (t) => {
  const server = await scripted(t, []);
  server.close();
  const { port, proxy } = await start(t, server, "timeout connect 100ms\n retry-on none");
  assert.equal(await statusOf(port), 503);
  await proxy.quiet();
  assert.equal(proxy.count("server", "app/s1", Counter.connects), 1);
});

test("a request that failed goes to another server, where there is one", async (t) => {
  const bad = await scripted(
    t,
    Array.from({ length: 10 }, () => nothing),
  );
  const good = await scripted(t, []);
  const { port, proxy } = await start(t, bad, `retry-on empty-response\n server s2 127.0.0.1:${good.port}`);
  for (let count = 0; count < 4; count++) assert.equal(await statusOf(port), 200);
  await proxy.quiet();
  assert.equal(proxy.count("backend", "app", Counter.redispatches), bad.received.length);
  assert.ok(bad.received.length > 0);
});

test("a retry that waits for its server goes elsewhere when that is found to be down meanwhile", async (t) => {
  const [dead, alive] = [await scripted(t, []), await scripted(t, [])];
  dead.close();
  const port = await freePort();
  const proxy = await runProxy(
    t,
    `
listen app
    bind 127.0.0.1:${port}
    mode http
    retries 3
    timeout connect 600ms
    server s1 127.0.0.1:${dead.port}
    server s2 127.0.0.1:${alive.port} weight 0`,
  );
  // s2 takes traffic only from the moment at which s1 is found to be down, which is what a health check would set.
  const { state } = proxy.running;
  const set = (server: number, gauge: number, value: number): void => {
    state.setGauge(state.server(server), gauge, value);
    state.addGauge(state.backend(0), Gauge.generation, 1);
  };
  const client = await RawClient.connect(port);
  client.send(POST);
  await eventually(() => proxy.count("server", "app/s1", Counter.connects), 1, { everyMs: 1 });
  set(1, Gauge.weight, 1);
  set(0, Gauge.usable, 0);
  assert.equal((await client.response()).status, 200);
  assert.equal(proxy.count("server", "app/s1", Counter.connects), 1, "it was not tried again");
});
