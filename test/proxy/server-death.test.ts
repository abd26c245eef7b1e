/** A server is killed under load and comes back: what is lost is what it had in its hands. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Gauge } from "../../src/proxy/shared-state.js";
import { eventually } from "../support/eventually.js";
import { freePort, runProxy } from "../support/proxy.js";

const program = fileURLToPath(new URL("./echo-server-main.js", import.meta.url));

async function startServer(t: TestContext, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  return child;
}

type Outcome = Answer & {
  /** When it was asked, and when that was known. */
  readonly from: number;
  readonly until: number;
};

type Answer =
  | { readonly kind: "answered"; readonly pid: number }
  /** The proxy said that the server failed. */
  | { readonly kind: "refused"; readonly status: number }
  /** The connection was broken off, so that the client knows that the response is not whole. */
  | { readonly kind: "broken" };

/** Asks for the answer with this id. @throws if it gets another one, or a damaged one, as if it were good */
function ask(port: number, agent: Agent, id: string, size: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get({ port, agent, path: `/${id}/${size}` }, (response) => {
      const hash = createHash("sha256");
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        hash.update(chunk);
        length += chunk.length;
      });
      response.on("error", () => resolve({ kind: "broken" }));
      response.on("end", () => {
        const status = response.statusCode!;
        if (status !== 200) return resolve({ kind: "refused", status });
        const { "x-id": seen, "x-digest": digest, "x-pid": pid } = response.headers;
        if (seen === id && length === size && digest === hash.digest("hex"))
          resolve({ kind: "answered", pid: Number(pid) });
        else reject(new Error(`asked for ${id}, ${size} bytes; got ${seen}, ${length} bytes, digest ${digest}`));
      });
    });
    request.on("error", () => resolve({ kind: "broken" }));
  });
}

const REQUESTS = 10_000;
const CLIENTS = 32;

test(`${REQUESTS} requests over ${CLIENTS} connections while a server is killed and comes back`, async (t) => {
  const [port, firstPort, secondPort] = [await freePort(), await freePort(), await freePort()];
  const first = await startServer(t, firstPort);
  let second = await startServer(t, secondPort);
  const proxy = await runProxy(
    t,
    `
listen web
    bind 127.0.0.1:${port}
    mode http
    default-server check inter 200 fall 2 rise 1
    server s1 127.0.0.1:${firstPort}
    server s2 127.0.0.1:${secondPort}`,
  );
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  t.after(() => agent.destroy());
  const outcomes: Outcome[] = [];
  let next = 0;
  let [killedAt, goneAt] = [0, 0];
  const client = async (): Promise<void> => {
    while (next < REQUESTS) {
      const id = String(next++);
      const from = performance.now();
      const answer = await ask(port, agent, id, (Number(id) * 37) % 20_000);
      outcomes.push({ ...answer, from, until: performance.now() });
    }
  };
  const killer = (async () => {
    await eventually(() => next > REQUESTS * 0.3, true, { deadlineMs: 30_000, everyMs: 1 });
    killedAt = performance.now();
    second.kill("SIGKILL");
    await once(second, "exit");
    goneAt = performance.now();
    // Back while requests still come, or at their end at the latest.
    await eventually(() => next > REQUESTS * 0.6, true, { deadlineMs: 30_000, everyMs: 1 });
    second = await startServer(t, secondPort);
  })();
  await Promise.all([killer, ...Array.from({ length: CLIENTS }, client)]);

  assert.equal(outcomes.length, REQUESTS);
  const failed = outcomes.filter(({ kind }) => kind !== "answered");
  t.diagnostic(`${failed.length} of ${REQUESTS} requests failed, the server having died under them`);
  assert.ok(failed.length <= CLIENTS, "more than could be in flight at once");
  for (const outcome of failed) {
    assert.ok(outcome.from <= goneAt && outcome.until >= killedAt, "was not in flight when the server died");
    if (outcome.kind === "refused") assert.equal(outcome.status, 502);
  }

  await eventually(() => proxy.gauge("server", "web/s2", Gauge.usable), 1);
  const pids = new Set<number>();
  await eventually(async () => {
    const outcome = await ask(port, agent, "again", 10);
    if (outcome.kind === "answered") pids.add(outcome.pid);
    return pids.has(second.pid!) && pids.has(first.pid!);
  }, true);
});
