/** Large bodies and slow readers: the proxy holds a buffer for each, and no more. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, get, request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually, throughout } from "../support/eventually.js";
import { freePort } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveHttp, serveTcp } from "../support/servers.js";

const MEGABYTE = 1_000_000;
const BLOCK = Buffer.alloc(MEGABYTE, "All work and no play makes a dull proxy. ");
const BLOCKS = 100;
const DIGEST = (() => {
  const hash = createHash("sha256");
  for (let block = 0; block < BLOCKS; block++) hash.update(BLOCK);
  return hash.digest("hex");
})();

const program = fileURLToPath(new URL("./proxy-main.js", import.meta.url));

async function startProxyProcess(t: TestContext, mode: string, server: number): Promise<[number, ChildProcess]> {
  const port = await freePort();
  const configuration = `
global
    nbthread 1
defaults
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen main
    bind 127.0.0.1:${port}
    mode ${mode}
    server s1 127.0.0.1:${server}`;
  const child = spawn(process.execPath, [program, configuration], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout!, "data");
  return [port, child];
}

/** Bytes of memory that the process has resident. */
function residentSize({ pid }: ChildProcess): number {
  const [, kilobytes] = /^VmRSS:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return Number(kilobytes) * 1024;
}

async function writeBlocks(to: NodeJS.WritableStream, blocks: number): Promise<void> {
  for (let block = 0; block < blocks; block++) if (!to.write(BLOCK)) await once(to, "drain");
  to.end();
}

async function digestOf(message: IncomingMessage): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of message) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

test("100 MB in each direction arrive whole while the proxy's memory grows by less than 20 MB", async (t) => {
  const server = await serveHttp(t, async (request, response) => {
    if (request.method === "POST") response.end(await digestOf(request));
    else await writeBlocks(response, Number(request.url!.slice(1)));
  });
  const [port, proxy] = await startProxyProcess(t, "http", server.port);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const download = (blocks: number): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ port, agent, path: `/${blocks}` }, (response) => resolve(digestOf(response))).on("error", reject);
    });
  const upload = (blocks: number): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { "Content-Length": blocks * MEGABYTE };
      const message = httpRequest({ port, agent, method: "POST", headers }, async (response) => {
        let text = "";
        for await (const chunk of response) text += chunk;
        resolve(text);
      });
      message.on("error", reject);
      void writeBlocks(message, blocks);
    });
  // Warm: code compiled, buffers cut.
  await download(5);
  await upload(5);
  const before = residentSize(proxy);
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, residentSize(proxy));
  }, 5);
  assert.equal(await download(BLOCKS), DIGEST);
  assert.equal(await upload(BLOCKS), DIGEST);
  assert.deepEqual(await Promise.all([download(BLOCKS), upload(BLOCKS)]), [DIGEST, DIGEST]);
  clearInterval(watch);
  const grown = Math.max(highest, residentSize(proxy)) - before;
  t.diagnostic(`grew by ${(grown / MEGABYTE).toFixed(1)} MB`);
  assert.ok(grown < 20 * MEGABYTE, `grew by ${grown} bytes`);
});

/** What two sockets' buffers of the kernel can hold on each side (tcp_rmem, tcp_wmem), generously. */
const KERNEL_BUFFERS = (() => {
  const most = (name: string): number =>
    Number(readFileSync(`/proc/sys/net/ipv4/${name}`, "utf8").trim().split(/\s+/)[2]);
  return 2 * (most("tcp_rmem") + most("tcp_wmem"));
})();

/** Writes as fast as the socket lets it. Returns how much the kernel has taken, ever. */
function flood(socket: Socket): () => number {
  const more = (): void => {
    while (socket.write(BLOCK));
  };
  socket.on("drain", more);
  more();
  return () => socket.bytesWritten - socket.writableLength;
}

/** The sender comes to a halt, stays there, and the proxy holds none of it. */
async function assertHalts(sent: () => number, proxy: ChildProcess): Promise<void> {
  let last = -1;
  for (let still = 0; still < 10; ) {
    still = sent() === last ? still + 1 : 0;
    last = sent();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(last > 0 && last < KERNEL_BUFFERS + 2 * MEGABYTE, `${last} bytes were taken`);
  const before = residentSize(proxy);
  await throughout(300, sent, last);
  assert.ok(residentSize(proxy) - before < 2 * MEGABYTE);
}

for (const mode of ["http", "tcp"] as const) {
  test(`mode ${mode}: a client that does not read holds the server back`, async (t) => {
    let sent = (): number => 0;
    const server = await serveTcp(t, (socket) => {
      socket.once("data", () => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${10_000 * MEGABYTE}\r\n\r\n`);
        sent = flood(socket);
      });
    });
    const [port, proxy] = await startProxyProcess(t, mode, server.port);
    const client = await RawClient.connect(port);
    client.socket.pause();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    await assertHalts(() => sent(), proxy);
    const before = sent();
    client.socket.resume();
    await eventually(
      () => client.socket.bytesRead,
      (bytes) => bytes > 30 * MEGABYTE,
      { deadlineMs: 30_000 },
    );
    assert.ok(sent() > before);
    client.close();
  });

  test(`mode ${mode}: a server that does not read holds the client back`, async (t) => {
    const server = await serveTcp(t, (socket) => void socket.pause());
    const [port, proxy] = await startProxyProcess(t, mode, server.port);
    const client = await RawClient.connect(port);
    client.send(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${10_000 * MEGABYTE}\r\n\r\n`);
    await assertHalts(flood(client.socket), proxy);
    client.close();
  });
}
