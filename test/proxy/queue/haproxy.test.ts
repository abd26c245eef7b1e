/** The same queue before HAProxy and before us: what clients get and what logs say of it is the same. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
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
    timeout queue 1s
frontend front
    bind 127.0.0.1:${port}
    default_backend back
backend back
    server s1 127.0.0.1:${server} maxconn 1
`;

/** Five clients: served, given up, served, too late, and one that comes when all is over. Returns log lines, less times. */
async function run(t: TestContext, start: (text: string) => Promise<void> | void): Promise<string[]> {
  const log = await syslog(t);
  const held = new Map<string, ServerResponse>();
  const server = await serveHttp(t, (request, response) => held.set(request.url!, response));
  const port = await freePort();
  await start(sections(port, server.port, log.port));
  const ask = async (path: string): Promise<RawClient> => {
    const client = await eventually(
      () => RawClient.connect(port),
      () => true,
    );
    client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    return client;
  };
  const answer = async (path: string): Promise<void> => {
    await eventually(() => held.has(path), true, { everyMs: 2 });
    held.get(path)!.end();
  };
  const first = await ask("/first");
  await eventually(() => held.has("/first"), true);
  // A pause is good enough to have them come in order, and the only one that HAProxy allows.
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 60));
  const second = await ask("/second");
  await pause();
  const aborted = await ask("/aborted");
  await pause();
  const third = await ask("/third");
  await pause();
  aborted.close();
  await eventually(() => log.lines.length, 1);
  await answer("/first");
  await answer("/second");
  await eventually(() => held.has("/third"), true);
  const late = await ask("/late");
  assert.match(await late.untilClosed(), /^HTTP\/1.1 503 /);
  await answer("/third");
  for (const client of [first, second, third]) assert.match(await client.untilClosed(), /^HTTP\/1.1 200 /);
  await eventually(() => log.lines.length, 5);
  // Client and times left out: what remains is server, which times were reached, status, state, retries and queues.
  return log.lines.map((line) => {
    const [, name, times, status, state, retries, queues, request] =
      / (back\/\S+) (\S+) (\S+) \d+ - - (\S+) \d+\/\d+\/\d+\/\d+\/(\S+) (\S+) "(.*)"$/.exec(line)!;
    const reached = times!.split("/").map((time) => (time === "-1" ? "-" : "+"));
    return [name, reached.join(""), status, state, retries, queues, request].join(" ");
  });
}

test("HAProxy tells the same of a queue", { skip: isMissing && "no haproxy here" }, async (t) => {
  const ours = await run(t, async (text) => {
    await runProxy(t, text);
  });
  const theirs = await run(t, (text) => {
    const folder = mkdtempSync(join(tmpdir(), "queue-"));
    writeFileSync(join(folder, "haproxy.cfg"), `global\n nbthread 2\n${text}`);
    const child = spawn(HAPROXY, ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: "ignore" });
    t.after(() => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    });
  });
  assert.deepEqual(ours, theirs);
  assert.deepEqual(ours, [
    "back/<NOSRV> ++--+ -1 CQ-- 0 0/1 GET /aborted HTTP/1.1",
    "back/s1 +++++ 200 ---- 0 0/0 GET /first HTTP/1.1",
    "back/s1 +++++ 200 ---- 0 0/1 GET /second HTTP/1.1",
    "back/<NOSRV> ++--+ 503 sQ-- 0 0/1 GET /late HTTP/1.1",
    "back/s1 +++++ 200 ---- 0 0/2 GET /third HTTP/1.1",
  ]);
});
