/** `haproxy -sf` under load: what clients notice of a reload, which is nothing. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../support/eventually.js";
import { freePort } from "../support/proxy.js";
import { serveHttp } from "../support/servers.js";
import { folder, start } from "./program.js";

const CLIENTS = 8;
const RELOADS = 5;

test("five reloads with -sf under load: no connection is refused or reset", { timeout: 120_000 }, async (t) => {
  const server = await serveHttp(t, (_, response) => response.end("served"));
  const port = await freePort();
  const directory = folder(t, {
    "haproxy.cfg": `
global
    nbthread 2
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen web
    bind 127.0.0.1:${port}
    bind [::1]:${port}
    server s1 127.0.0.1:${server.port}
`,
  });
  const words = ["haproxy", "-db", "-f", join(directory, "haproxy.cfg")];
  let running = start(t, words);
  await eventually(() => running.output().includes("Proxy web started"), true);

  const outcomes = new Map<string, number>();
  let isOver = false;
  const load = Array.from({ length: CLIENTS }, async (_, index) => {
    while (!isOver) {
      const outcome = await ask(port, index % 2 === 0 ? "127.0.0.1" : "::1");
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  });
  for (let reload = 0; reload < RELOADS; reload++) {
    const before = outcomes.get("served") ?? 0;
    await eventually(() => (outcomes.get("served") ?? 0) > before + 50, true);
    const next = start(t, [...words, "-sf", String(running.child.pid)]);
    assert.equal(await running.ended, 0, running.output());
    running = next;
  }
  const before = outcomes.get("served") ?? 0;
  await eventually(() => (outcomes.get("served") ?? 0) > before + 50, true);
  isOver = true;
  await Promise.all(load);
  assert.deepEqual([...outcomes.keys()], ["served"], JSON.stringify([...outcomes]));
});

test("without -sf a second process does not share the clients of the first: the address is taken", async (t) => {
  const port = await freePort();
  const directory = folder(t, { "haproxy.cfg": `frontend f\n    bind 127.0.0.1:${port}\n    timeout client 5s\n` });
  const words = ["haproxy", "-db", "-f", join(directory, "haproxy.cfg")];
  const first = start(t, words);
  await eventually(() => first.output().includes("Proxy f started"), true);
  const second = start(t, words);
  assert.equal(await second.ended, 1);
  assert.match(second.output(), /EADDRINUSE|Address already in use/);
});

/** One request on a connection of its own. @returns "served", or what went wrong */
function ask(port: number, host: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, host, () => socket.write("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(`${error.syscall} ${error.code}`));
    socket.once("close", () => resolve(/^HTTP\/1.1 200 [\s\S]*served$/.test(text) ? "served" : `cut: ${text}`));
  });
}
