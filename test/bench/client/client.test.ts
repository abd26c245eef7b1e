/** The bench's own client against servers whose behaviour is known. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { makeCertificate } from "../../../bench/certificate.js";
import type { Job } from "../../../bench/client/job.js";
import { Latencies } from "../../../bench/client/latencies.js";
import { poissonGaps } from "../../../bench/client/open-loop.js";
import { http1ResponseSize, isHttp2ResponseComplete } from "../../../bench/client/response.js";
import { type Load, parseResult } from "../../../bench/load.js";
import { divideProcessors } from "../../../bench/processors.js";
import { Stage } from "../../../bench/stage.js";

const main = fileURLToPath(new URL("../../../bench/client/main.js", import.meta.url));
const timeout = 30_000;

test("percentiles are by nearest rank, of any number of values in any order", () => {
  const latencies = new Latencies();
  assert.equal(latencies.percentile(0.5), 0);
  for (let value = 10_000; value >= 1; value--) latencies.add(value);
  assert.deepEqual(
    [0, 0.5, 0.99, 0.999, 1].map((share) => latencies.percentile(share)),
    [1, 5_000, 9_900, 9_990, 10_000],
  );
});

test("arrivals keep the rate in the mean, and are the same in every run", () => {
  const [one, other] = [poissonGaps(4_000), poissonGaps(4_000)];
  let sum = 0;
  for (let index = 0; index < 20_000; index++) {
    const gap = one();
    assert.equal(gap, other());
    assert.ok(gap >= 0);
    sum += gap;
  }
  // Exponential gaps vary by as much as their mean of 250 µs: 20,000 of them come within 3 % of it.
  assert.ok(Math.abs(sum / 20_000 - 250) < 7.5);
});

test("a response's size is known when its head is complete", () => {
  const response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  assert.equal(http1ResponseSize(Buffer.from(response)), response.length);
  assert.equal(http1ResponseSize(Buffer.from(response.slice(0, 30))), 0);
  assert.throws(
    () => http1ResponseSize(Buffer.from(response.replace("200", "503"))),
    /strange response: HTTP\/1.1 503/,
  );
});

test("an HTTP/2 response is complete with the frame that ends stream 1, to its last byte", () => {
  const settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
  const headers = [0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];
  const data = [0, 0, 2, 0, 1, 0, 0, 0, 1, 104, 105];
  const all = Buffer.from([...settings, ...headers, ...data]);
  for (let length = 0; length < all.length; length++)
    assert.equal(isHttp2ResponseComplete(all.subarray(0, length)), false, `${length} bytes`);
  assert.equal(isHttp2ResponseComplete(all), true);
});

test("the open loop charges a stall to all requests that were due meanwhile", { timeout }, async (t) => {
  // Nothing is answered during 400 ms of the second in which 200 requests are due: some 80 of them wait, most of them
  // long, although no more than two can be under way.
  let stalled: (() => void)[] | undefined;
  let served = 0;
  const server = createServer((_, response) => {
    const answer = (): unknown => response.end("hello");
    if (++served === 50) {
      stalled = [];
      setTimeout(() => {
        const waiting = stalled ?? [];
        stalled = undefined;
        for (const each of waiting) each();
      }, 400);
    }
    if (stalled === undefined) answer();
    else stalled.push(answer);
  });
  const job = { kind: "open-loop", listen: await listen(t, server), connections: 2, rate: 200, seconds: 1 } as const;
  const load = await result(t, job);
  assert.deepEqual(load.errors, { read: 0, status: 0, unanswered: 0 });
  assert.ok(load.requests > 100);
  assert.ok(load.p99! > 300_000, `p99 of ${load.p99} µs`);
  const median = load.requests >= 160 ? load.p50! : 0;
  assert.ok(median < 400_000);
});

test("a server that says no, or nothing, is not taken for a fast one", { timeout }, async (t) => {
  let served = 0;
  const refusing = createServer((_, response) =>
    response.writeHead(served++ === 0 ? 200 : 500, "Said", { "Content-Length": 5 }).end("hello"),
  );
  const job = { kind: "open-loop", connections: 2, rate: 100, seconds: 1 } as const;
  const refused = await result(t, { ...job, listen: await listen(t, refusing) });
  assert.equal(refused.errors.status, refused.requests);
  let answered = 0;
  const mute = createServer((_, response) => {
    if (answered++ < 3) response.end("hello");
  });
  const ignored = await result(t, { ...job, listen: await listen(t, mute) });
  assert.equal(ignored.requests, 2);
  assert.ok(ignored.errors.unanswered! > 50);
});

test("handshakes are full ones, though the server would take sessions up again", { timeout }, async (t) => {
  const stage = new Stage(new AbortController().signal);
  t.after(() => stage.close());
  await makeCertificate(stage, divideProcessors().load);
  const pem = readFileSync(join(stage.folder, "bench.pem"));
  const server = createTlsServer({ key: pem, cert: pem }, (_, response) => response.end("hello"));
  const reused: boolean[] = [];
  server.on("secureConnection", (socket: TLSSocket) => reused.push(socket.isSessionReused()));
  const job = { kind: "handshakes", listen: await listen(t, server), connections: 4, seconds: 1 } as const;
  const load = await result(t, job);
  assert.deepEqual(load.errors, { handshake: 0, read: 0, status: 0, resumed: 0 });
  assert.ok(load.requests >= 4);
  assert.deepEqual(reused, new Array(load.requests).fill(false));
});

for (const protocol of ["http1", "http2"] as const)
  test(`idle connections over ${protocol} have had their answer, and a lost one is told of`, { timeout }, async (t) => {
    const sockets = new Set<Socket>();
    const server = protocol === "http1" ? createServer((_, r) => r.end("hello")) : createHttp2Server((_, r) => r.end());
    server.on("connection", (socket: Socket) => sockets.add(socket));
    const client = start(t, { kind: "idle", listen: await listen(t, server as Server), connections: 100, protocol });
    await printed(client, /READY/);
    assert.equal(sockets.size, 100);
    const [first] = sockets;
    first!.destroy();
    await printed(client, /LOST/);
  });

function start(t: TestContext, job: Job) {
  const client = spawn(process.execPath, [main, JSON.stringify(job)], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => client.kill("SIGKILL"));
  return client;
}

async function printed(client: ReturnType<typeof start>, pattern: RegExp): Promise<void> {
  let output = "";
  while (!pattern.test(output)) {
    const [chunk] = (await once(client.stdout, "data")) as [Buffer];
    output += chunk.toString();
  }
}

async function result(t: TestContext, job: Job): Promise<Load> {
  const client = start(t, job);
  let output = "";
  client.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(client, "close");
  return parseResult(output);
}

async function listen(t: TestContext, server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections?.();
  });
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}
