import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { Probe, type Sample, summarize } from "../../src/lab/probe.js";
import { type Answer, patternSha256, startWebServer } from "../../src/lab/web-server.js";
import { eventually } from "../support/eventually.js";

async function webServer(t: TestContext, name: string, port = 0): Promise<{ server: Server; origin: string }> {
  const [server] = await startWebServer(name, [port]);
  t.after(() => close(server!));
  return { server: server!, origin: `http://127.0.0.1:${(server!.address() as AddressInfo).port}` };
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}

const success = (finishedAt: number, server = "a"): Sample => ({ startedAt: finishedAt - 2, finishedAt, server });
const failure = (finishedAt: number, error: string): Sample => ({ ...success(finishedAt, ""), error });

test("a gap lasts from one success to the next, whatever fails between", () => {
  const samples = [success(10), success(20), failure(30, "timeout"), success(500, "b"), success(510, "b")];
  const summary = summarize(samples, 5, 515, 100);
  assert.deepEqual(summary.gaps, [{ from: 20, to: 500, ms: 480 }]);
  assert.equal(summary.longestGapMs, 480);
  assert.deepEqual(summary.byServer, { a: 2, b: 2 });
  assert.deepEqual(summary.byError, { timeout: 1 });
  assert.deepEqual([summary.sent, summary.succeeded, summary.failed], [5, 4, 1]);
  assert.deepEqual(summary.latencyMs, { p50: 2, p99: 2 });
});

test("a service that never came, or never came back, is a gap too", () => {
  assert.equal(summarize([failure(50, "ECONNREFUSED")], 0, 1_000, 100).longestGapMs, 1_000);
  assert.deepEqual(summarize([success(10)], 0, 1_000, 100).gaps, [{ from: 10, to: 1_000, ms: 990 }]);
});

test("successes are put in order of time before gaps are measured", () => {
  assert.equal(summarize([success(30), success(10), success(20)], 0, 40, 100).longestGapMs, 10);
});

test("a probe finds the outage of a server that goes away and comes back", async (t) => {
  const { server, origin } = await webServer(t, "web1");
  const probe = new Probe({ url: `${origin}/`, intervalMs: 5, timeoutMs: 300 });
  await eventually(() => probe.samples.length > 5, true);
  close(server);
  await eventually(() => probe.samples.filter((sample) => sample.error === "ECONNREFUSED").length > 40, true);
  await webServer(t, "web2", Number(new URL(origin).port));
  await eventually(() => probe.samples.at(-1)?.server, "web2");
  const summary = await probe.stop();
  assert.ok(summary.longestGapMs >= 200 && summary.longestGapMs < 3_000, `${summary.longestGapMs} ms`);
  assert.deepEqual(Object.keys(summary.byServer), ["web1", "web2"]);
});

test("answers that are cut, missing or not 2xx are failures", async (t) => {
  const { origin } = await webServer(t, "web");
  const outcome = async (url: string) => {
    const probe = new Probe({ url, intervalMs: 10_000, timeoutMs: 200 });
    return (await probe.stop()).byError;
  };
  const raw = async (response: string | undefined) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      if (response !== undefined) socket.end(response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    return outcome(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  };
  assert.deepEqual(await outcome(`${origin}/`), {});
  assert.deepEqual(await outcome(`${origin}/chunked/100000`), {});
  assert.deepEqual(await outcome(`${origin}/status/503`), { "status 503": 1 });
  assert.deepEqual(await outcome(`${origin}/delay/1000`), { timeout: 1 });
  assert.deepEqual(await raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"), { cut: 1 });
  assert.deepEqual(await raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12"), { cut: 1 });
  assert.deepEqual(await raw("HTTP/1.1 200 O"), { cut: 1 });
  assert.deepEqual(await raw(""), { "closed without an answer": 1 });
  assert.deepEqual(await raw(undefined), { timeout: 1 });
});

test("the web server tells who it is, whom it saw and what it was sent", async (t) => {
  const { origin } = await webServer(t, "web1");
  const body = "x".repeat(100_000);
  const response = await fetch(`${origin}/path?q=1`, { method: "POST", body, headers: { "X-Forwarded-For": "::1" } });
  assert.equal(response.headers.get("x-server"), "web1");
  assert.equal(response.headers.get("x-client"), "127.0.0.1");
  const answer = (await response.json()) as Answer;
  assert.deepEqual([answer.server, answer.method, answer.path], ["web1", "POST", "/path?q=1"]);
  assert.equal(answer.headers["x-forwarded-for"], "::1");
  assert.equal(answer.bodyBytes, body.length);
  assert.equal(answer.bodySha256, createHash("sha256").update(body).digest("hex"));
});

for (const kind of ["bytes", "chunked"])
  test(`the web server's /${kind}/N is N bytes that can be verified`, async (t) => {
    const { origin } = await webServer(t, "web1");
    for (const length of [0, 1, 65_521, 1_000_000]) {
      const response = await fetch(`${origin}/${kind}/${length}`);
      assert.equal(response.headers.has("content-length"), kind === "bytes");
      const body = Buffer.from(await response.arrayBuffer());
      assert.equal(body.length, length);
      assert.equal(createHash("sha256").update(body).digest("hex"), patternSha256(length));
    }
  });
