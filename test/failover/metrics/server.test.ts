/** `metrics` in global_defs, over real sockets. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import { MetricsServer } from "../../../src/failover/metrics/server.js";
import { eventually } from "../../support/eventually.js";

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function start(t: TestContext): Promise<{ url: string; port: number; said: string[] }> {
  const port = await freePort();
  const said: string[] = [];
  let asked = 0;
  const server = new MetricsServer(
    { address: "127.0.0.1", port },
    () => `asked ${++asked}\n`,
    (line) => said.push(line),
  );
  t.after(() => server.close());
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => (await fetch(`${url}/nothing`)).status, 404);
  return { url, port, said };
}

test("GET /metrics is answered with what holds now, in Prometheus's format", async (t) => {
  const { url } = await start(t);
  for (const expected of ["asked 1\n", "asked 2\n"]) {
    const response = await fetch(`${url}/metrics?x=y`);
    assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(await response.text(), expected);
  }
});

test("other methods and paths are refused", async (t) => {
  const { url } = await start(t);
  const post = await fetch(`${url}/metrics`, { method: "POST", body: "x" });
  assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  assert.equal((await fetch(`${url}/`)).status, 404);
});

test("more than sixteen connections are cut, and served again when others have left", async (t) => {
  const { url, port } = await start(t);
  const idle = Array.from({ length: 20 }, () => connect(port, "127.0.0.1"));
  t.after(() => idle.forEach((socket) => void socket.destroy()));
  for (const socket of idle) socket.on("error", () => {});
  let cut = 0;
  for (const socket of idle) socket.on("close", () => cut++);
  await eventually(() => cut >= 4, true);
  for (const socket of idle) socket.destroy();
  await eventually(async () => (await fetch(`${url}/metrics`)).status, 200);
});

test("a listener that is not to be had is said once", async (t) => {
  const { port } = await start(t);
  const said: string[] = [];
  const second = new MetricsServer(
    { address: "127.0.0.1", port },
    () => "",
    (line) => said.push(line),
  );
  t.after(() => second.close());
  await eventually(() => said.length, 1);
  assert.match(said[0]!, /EADDRINUSE.*tried again/);
});
