/** Queues of a real proxy with two workers: limits of servers hold over both, in the order of arrival. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { type TestContext, test } from "node:test";
import { Counter, Gauge } from "../../../src/proxy/shared-state.js";
import { eventually } from "../../support/eventually.js";
import { freePort, runProxy, type TestProxy } from "../../support/proxy.js";
import { RawClient } from "../../support/raw-client.js";
import { type HttpServer, serveHttp, serveTcp } from "../../support/servers.js";
import { syslog } from "../../support/syslog.js";

const { NGHTTP2_CANCEL } = constants;

/** An HTTP server that answers when it is told to. */
interface HeldServer extends HttpServer {
  /** Paths in the order in which they came, and those that have no answer yet. */
  readonly seen: string[];
  readonly held: Map<string, ServerResponse>;
  /** The most at a time. */
  most: number;
  answer(path: string): void;
}

async function serveHeld(t: TestContext, port = 0): Promise<HeldServer> {
  const seen: string[] = [];
  const held = new Map<string, ServerResponse>();
  const server = await serveHttp(
    t,
    (request, response) => {
      seen.push(request.url!);
      held.set(request.url!, response);
      result.most = Math.max(result.most, held.size);
    },
    { port },
  );
  const answer = (path: string): void => {
    held.get(path)!.end(path);
    held.delete(path);
  };
  const result: HeldServer = Object.assign(server, { seen, held, most: 0, answer });
  return result;
}

const sections = (port: number, servers: string, more = ""): string => `
listen app
    bind 127.0.0.1:${port}
    mode http
    ${more}
    ${servers}
`;

async function ask(port: number, path: string): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  return client;
}

const queued = (proxy: TestProxy, server?: string): number =>
  server === undefined ? proxy.gauge("backend", "app", Gauge.queued) : proxy.gauge("server", server, Gauge.queued);

/** Asks for `paths` one after another: each waits in the queue before the next one comes. */
async function line(proxy: TestProxy, port: number, paths: readonly string[]): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (const path of paths) {
    const before = queued(proxy);
    clients.push(await ask(port, path));
    await eventually(() => queued(proxy), before + 1, { everyMs: 1 });
  }
  return clients;
}

test("200 clients at once, maxconn 3: never more than 3 at the server, and all are served", async (t) => {
  let current = 0;
  let most = 0;
  const server = await serveHttp(t, (request, response) => {
    most = Math.max(most, ++current);
    setTimeout(() => {
      // It ends with its last byte: the proxy may send the next request as soon as it has that.
      current--;
      response.end(request.url);
    }, 1);
  });
  const port = await freePort();
  const proxy = await runProxy(t, sections(port, `server s1 127.0.0.1:${server.port} maxconn 3`));
  const bodies = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => (await (await ask(port, `/${index}`)).response()).body),
  );
  assert.deepEqual(
    bodies,
    Array.from({ length: 200 }, (_, index) => `/${index}`),
  );
  assert.equal(most, 3);
  assert.equal(proxy.gauge("server", "app/s1", Gauge.highest), 3);
  assert.ok(proxy.gauge("backend", "app", Gauge.mostQueued) > 0);
  await eventually(() => [queued(proxy), proxy.gauge("server", "app/s1", Gauge.current)], [0, 0]);
});

test("connections of mode tcp wait as requests do", async (t) => {
  let current = 0;
  let most = 0;
  const server = await serveTcp(t, (socket) => {
    most = Math.max(most, ++current);
    setTimeout(() => {
      current--;
      socket.end("done");
    }, 2);
  });
  const port = await freePort();
  await runProxy(t, `listen app\n bind 127.0.0.1:${port}\n server s1 127.0.0.1:${server.port} maxconn 2`);
  const texts = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const client = await RawClient.connect(port);
      await client.until((text) => text === "done");
      client.close();
      return "done";
    }),
  );
  assert.equal(texts.length, 100);
  assert.equal(most, 2);
});

test("requests leave the queue in the order in which they came, whichever worker they wait in", async (t) => {
  const server = await serveHeld(t);
  const port = await freePort();
  const proxy = await runProxy(t, sections(port, `server s1 127.0.0.1:${server.port} maxconn 1`));
  await ask(port, "/first");
  await eventually(() => server.seen.length, 1);
  const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
  await line(proxy, port, paths);
  assert.equal(queued(proxy), 20);
  for (const path of ["/first", ...paths]) {
    await eventually(() => [...server.held.keys()], [path], { everyMs: 1 });
    server.answer(path);
  }
  assert.deepEqual(server.seen, ["/first", ...paths]);
});

test("timeout queue: 503, and the log says sQ, how long it waited, and in what place", async (t) => {
  const log = await syslog(t);
  const server = await serveHeld(t);
  const port = await freePort();
  const more = `timeout queue 200ms\n log 127.0.0.1:${log.port} local0\n option httplog`;
  const proxy = await runProxy(t, sections(port, `server s1 127.0.0.1:${server.port} maxconn 1`, more));
  await ask(port, "/held");
  await eventually(() => server.seen.length, 1);
  const late = await ask(port, "/late");
  assert.equal((await late.response()).status, 503);
  const [text] = await eventually(
    () => log.lines,
    (lines) => lines.length === 1,
  );
  const [, waited, rest] = / app\/<NOSRV> 0\/(\d+)\/-1\/-1\/\d+ (503 .*)$/.exec(text!)!;
  assert.ok(Number(waited) >= 199);
  assert.match(rest!, /^503 \d+ - - sQ-- 2\/2\/1\/0\/0 0\/1 "GET \/late HTTP\/1.1"$/);
  assert.equal(queued(proxy), 0);
  assert.equal(proxy.count("backend", "app", Counter.connectErrors), 1);
});

test("the log of one that waited and was served has its time and its place in the queue", async (t) => {
  const log = await syslog(t);
  const server = await serveHeld(t);
  const port = await freePort();
  const more = `log 127.0.0.1:${log.port} local0\n option httplog`;
  const proxy = await runProxy(t, sections(port, `server s1 127.0.0.1:${server.port} maxconn 1`, more));
  await ask(port, "/1");
  await eventually(() => server.seen.length, 1);
  await line(proxy, port, ["/2", "/3"]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const [index, path] of ["/1", "/2", "/3"].entries()) {
    await eventually(() => server.held.has(path), true, { everyMs: 1 });
    server.answer(path);
    await eventually(() => log.lines.length, index + 1); // each worker logs for itself
  }
  const [first, second, third] = log.lines.map((text) => / app\/s1 0\/(\d+)\/.* ---- \S+ (\S+) /.exec(text)!);
  assert.deepEqual(
    [first, second, third].map((match) => match![2]),
    ["0/0", "0/1", "0/2"],
  );
  assert.equal(first![1], "0");
  assert.ok(Number(second![1]) >= 49 && Number(third![1]) >= 49);
  assert.ok(proxy.running.state.averageTime(proxy.running.state.backend(0), Counter.queueTime) > 0);
});

test("a client that closes while it waits leaves the queue with option abortonclose, as CQ, and only with that", async (t) => {
  const log = await syslog(t);
  const server = await serveHeld(t);
  const port = await freePort();
  const more = `option abortonclose\n log 127.0.0.1:${log.port} local0\n option httplog`;
  const proxy = await runProxy(t, sections(port, `server s1 127.0.0.1:${server.port} maxconn 1`, more));
  await ask(port, "/held");
  await eventually(() => server.seen.length, 1);
  const [finished, reset] = await line(proxy, port, ["/finished", "/reset"]);
  finished!.finish();
  reset!.reset();
  await eventually(() => queued(proxy), 0);
  await finished!.untilClosed();
  assert.equal(finished!.text, "");
  server.answer("/held");
  const after = await ask(port, "/after");
  await eventually(() => server.held.has("/after"), true);
  server.answer("/after");
  assert.equal((await after.response()).body, "/after");
  assert.deepEqual(server.seen, ["/held", "/after"]);
  const aborted = await eventually(
    () => log.lines.filter((text) => text.includes(" CQ-- ")),
    (lines) => lines.length === 2,
  );
  for (const text of aborted) assert.match(text, / app\/<NOSRV> 0\/\d+\/-1\/-1\/\d+ -1 0 - - CQ-- .* 0\/1 "GET /);
  assert.equal(proxy.count("backend", "app", Counter.clientAborts), 2);
});

test("without option abortonclose a client that has finished sending is served in its turn", async (t) => {
  const server = await serveHeld(t);
  const port = await freePort();
  const proxy = await runProxy(t, sections(port, `server s1 127.0.0.1:${server.port} maxconn 1`));
  await ask(port, "/held");
  await eventually(() => server.seen.length, 1);
  const [finished] = await line(proxy, port, ["/finished"]);
  finished!.finish();
  server.answer("/held");
  await eventually(() => server.held.has("/finished"), true);
  server.answer("/finished");
  assert.equal((await finished!.response()).body, "/finished");
});

test("streams of one HTTP/2 connection wait as connections do; one that is reset leaves the queue", async (t) => {
  const server = await serveHeld(t);
  const port = await freePort();
  const proxy = await runProxy(t, sections(port, `server s1 127.0.0.1:${server.port} maxconn 1`));
  const client = connectHttp2(`http://127.0.0.1:${port}`);
  t.after(() => client.destroy());
  const answered: string[] = [];
  const streams = ["/1", "/2", "/3", "/4"].map((path) => {
    const stream = client.request({ ":path": path });
    stream.on("response", () => answered.push(path));
    stream.on("error", () => {});
    stream.resume();
    return stream;
  });
  await eventually(() => queued(proxy), 3);
  streams[1]!.close(NGHTTP2_CANCEL);
  await eventually(() => queued(proxy), 2);
  for (const path of ["/1", "/3", "/4"]) {
    await eventually(() => [...server.held.keys()], [path]);
    server.answer(path);
  }
  await eventually(() => answered, ["/1", "/3", "/4"]);
});

test("option abortonclose: a client that closes before its answer begins ends its request, as CH", async (t) => {
  const log = await syslog(t);
  const server = await serveHeld(t);
  const port = await freePort();
  const more = `option abortonclose\n log 127.0.0.1:${log.port} local0\n option httplog`;
  await runProxy(t, sections(port, `server s1 127.0.0.1:${server.port}`, more));
  const client = await ask(port, "/held");
  await eventually(() => server.held.size, 1);
  client.finish();
  assert.equal((await client.response()).status, 400);
  await eventually(() => server.sockets.size, 0);
  await eventually(() => log.lines.length, 1);
  assert.match(log.lines[0]!, / app\/s1 0\/0\/\d+\/-1\/\d+ 400 \d+ - - CH-- 1\/1\/0\/0\/0 0\/0 "GET /);
});

test("who waits for any server is served by one that comes up", async (t) => {
  const first = await serveHeld(t);
  const [port, secondPort] = [await freePort(), await freePort()];
  const proxy = await runProxy(
    t,
    sections(
      port,
      `server s1 127.0.0.1:${first.port} maxconn 1
       server s2 127.0.0.1:${secondPort} maxconn 2 check inter 50 rise 1 fall 1`,
      "timeout queue 20s",
    ),
  );
  await eventually(() => proxy.gauge("server", "app/s2", Gauge.usable), 0);
  await ask(port, "/1");
  await eventually(() => first.seen, ["/1"]);
  await line(proxy, port, ["/2", "/3", "/4"]);
  const second = await serveHeld(t, secondPort);
  await eventually(() => [...second.seen].sort(), ["/2", "/3"]);
  assert.equal(queued(proxy), 1);
  second.answer("/3");
  await eventually(() => second.seen.includes("/4"), true);
});

test("when the last server goes down, all who wait are told at once", async (t) => {
  const port = await freePort();
  const server = await serveHeld(t);
  const proxy = await runProxy(
    t,
    sections(port, `server s1 127.0.0.1:${server.port} maxconn 1 check inter 50 rise 1 fall 1`, "timeout queue 20s"),
  );
  await ask(port, "/1");
  await eventually(() => server.seen.length, 1);
  const waiting = await line(proxy, port, ["/2", "/3", "/4"]);
  server.server.close(); // it answers no more checks; what it has in its hands goes on
  for (const client of waiting) assert.equal((await client.response()).status, 503);
  assert.equal(server.held.size, 1);
});

test("minconn: the limit grows with the load of the backend", async (t) => {
  const server = await serveHeld(t);
  const port = await freePort();
  const proxy = await runProxy(
    t,
    sections(port, `server s1 127.0.0.1:${server.port} minconn 1 maxconn 4`, "fullconn 8"),
  );
  // With n sessions it takes n / 2, at least 1, at most 4.
  for (let count = 1; count <= 9; count++) {
    await ask(port, `/${count}`);
    await eventually(
      () => [proxy.gauge("server", "app/s1", Gauge.current), queued(proxy)],
      [Math.min(4, Math.max(1, Math.floor(count / 2))), count - Math.min(4, Math.max(1, Math.floor(count / 2)))],
    );
  }
});

for (const { option, status } of [
  { option: "option redispatch", status: 200 },
  { option: "no option redispatch", status: 503 },
])
  test(`a client that sticks to a server whose maxqueue is full gets ${status} with ${option}`, async (t) => {
    const [first, second] = [await serveHeld(t), await serveHttp(t, (_, response) => response.end("second"))];
    const port = await freePort();
    const proxy = await runProxy(
      t,
      sections(
        port,
        `server s1 127.0.0.1:${first.port} maxconn 1 maxqueue 1\n server s2 127.0.0.1:${second.port}`,
        `stick-table type ip size 10\n stick on src\n ${option}`,
      ),
    );
    await ask(port, "/1");
    await eventually(() => first.seen.length, 1);
    await ask(port, "/2");
    await eventually(() => queued(proxy, "app/s1"), 1);
    const third = await ask(port, "/3");
    assert.equal((await third.response()).status, status);
  });
