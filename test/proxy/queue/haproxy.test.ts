/** The same queue before HAProxy and before us: what clients get and what logs say of it is the same. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { Gauge } from "../../../src/proxy/shared-state.js";
import { eventually } from "../../support/eventually.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { RawClient } from "../../support/raw-client.js";
import { serveHttp } from "../../support/servers.js";
import { syslog } from "../../support/syslog.js";

const HAPROXY = "haproxy";
const isMissing = spawnSync(HAPROXY, ["-v"]).error !== undefined;

const sections = (port: number, server: number, logs: number): string => `
defaults
    mode http
    log 127.0.0.1:${logs} local0
    option httplog
    option abortonclose
    timeout connect 2s
    timeout client 10s
    timeout server 10s
    timeout queue 10s
frontend front
    bind 127.0.0.1:${port}
    use_backend brief if { path /busy /late }
    default_backend back
backend back
    server s1 127.0.0.1:${server} maxconn 1
backend brief
    timeout queue 200ms
    server s1 127.0.0.1:${server} maxconn 1
`;

/** How many wait in the queue of backend `back`. */
type Queued = () => number | Promise<number>;

/** Six clients: served, given up, served late, and one that is too late in a queue of its own. Returns log lines, less times. */
async function run(t: TestContext, start: (text: string) => Promise<Queued>): Promise<string[]> {
  const log = await syslog(t);
  const held = new Map<string, ServerResponse>();
  const server = await serveHttp(t, (request, response) => held.set(request.url!, response));
  const port = await freePort();
  const queued = await start(sections(port, server.port, log.port));
  const ask = async (path: string): Promise<RawClient> => {
    const client = await eventually(
      () => RawClient.connect(port),
      () => true,
    );
    client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    return client;
  };
  // Threads log each for itself: only one who has waited for the last line knows which comes next.
  const answer = async (path: string): Promise<void> => {
    const before = log.lines.length;
    await eventually(() => held.has(path), true, { everyMs: 2 });
    held.get(path)!.end();
    await eventually(() => log.lines.length, before + 1);
  };
  const wait = async (path: string): Promise<RawClient> => {
    const before = await queued();
    const client = await ask(path);
    await eventually(queued, before + 1);
    return client;
  };
  const first = await ask("/first");
  await eventually(() => held.has("/first"), true);
  const second = await wait("/second");
  const aborted = await wait("/aborted");
  const third = await wait("/third");
  aborted.close();
  await eventually(() => log.lines.length, 1);
  await answer("/first");
  await answer("/second");
  await answer("/third");
  const busy = await ask("/busy");
  await eventually(() => held.has("/busy"), true);
  const late = await ask("/late");
  assert.match(await late.untilClosed(), /^HTTP\/1.1 503 /);
  await eventually(() => log.lines.length, 5);
  await answer("/busy");
  for (const client of [first, second, third, busy]) assert.match(await client.untilClosed(), /^HTTP\/1.1 200 /);
  // Client and times left out: what remains is server, which times were reached, status, state, retries and queues.
  return log.lines.map((line) => {
    const [, name, times, status, state, retries, queues, request] =
      / (\w+\/\S+) (\S+) (\S+) \d+ - - (\S+) \d+\/\d+\/\d+\/\d+\/(\S+) (\S+) "(.*)"$/.exec(line)!;
    const reached = times!.split("/").map((time) => (time === "-1" ? "-" : "+"));
    return [name, reached.join(""), status, state, retries, queues, request].join(" ");
  });
}

test("HAProxy tells the same of a queue", { skip: isMissing && "no haproxy here" }, async (t) => {
  const ours = await run(t, async (text) => {
    const proxy = await runProxy(t, text);
    return () => proxy.gauge("backend", "back", Gauge.queued);
  });
  const theirs = await run(t, async (text) => {
    const folder = mkdtempSync(join(tmpdir(), "queue-"));
    const control = join(folder, "control.sock");
    writeFileSync(join(folder, "haproxy.cfg"), `global\n nbthread 2\n stats socket ${control}\n${text}`);
    const child = spawn(HAPROXY, ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: "ignore" });
    t.after(() => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    });
    return () => haproxyQueue(control);
  });
  assert.deepEqual(ours, theirs);
  assert.deepEqual(ours, [
    "back/<NOSRV> ++--+ -1 CQ-- 0 0/1 GET /aborted HTTP/1.1",
    "back/s1 +++++ 200 ---- 0 0/0 GET /first HTTP/1.1",
    "back/s1 +++++ 200 ---- 0 0/1 GET /second HTTP/1.1",
    "back/s1 +++++ 200 ---- 0 0/2 GET /third HTTP/1.1",
    "brief/<NOSRV> ++--+ 503 sQ-- 0 0/1 GET /late HTTP/1.1",
    "brief/s1 +++++ 200 ---- 0 0/0 GET /busy HTTP/1.1",
  ]);
});

/** As `show stat` tells it: the third column, qcur. */
async function haproxyQueue(control: string): Promise<number> {
  const socket = await eventually(
    async () => {
      const connecting = connect(control);
      await once(connecting, "connect");
      return connecting;
    },
    () => true,
  );
  socket.write("show stat\n");
  return Number(/^back,BACKEND,(\d+),/m.exec(await text(socket))![1]);
}
