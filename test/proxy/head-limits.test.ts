/** How large heads may be (configuration manual §3.2: tune.bufsize, tune.maxrewrite, tune.http.maxhdr). */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { freePort, runProxy } from "../support/proxy.js";
import { RawClient } from "../support/raw-client.js";
import { serveCanned, serveTcp } from "../support/servers.js";

/** @param fields of the server's answer */
async function proxyWith(t: TestContext, tuning: string, fields = ""): Promise<number> {
  const server = await serveCanned(t, `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${fields}\r\n`);
  const port = await freePort();
  await runProxy(
    t,
    `global\n ${tuning}\nlisten web\n bind 127.0.0.1:${port}\n mode http\n server s 127.0.0.1:${server.port}\n`,
  );
  return port;
}

/** A request head of exactly so many bytes. */
function headOf(length: number): string {
  const head = "GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n";
  return head.replace("X: ", `X: ${"x".repeat(length - head.length)}`);
}

async function statusOf(port: number, request: string): Promise<number> {
  const client = await RawClient.connect(port);
  client.send(request);
  const text = await client.until((bytes) => bytes.includes("\r\n"));
  client.close();
  return Number(text.split(" ")[1]);
}

for (const [tuning, largest] of [
  ["tune.bufsize 16384", 15_360],
  ["tune.bufsize 4096", 3_072],
  ["tune.bufsize 64k", 64_512],
  ["tune.bufsize 4k\n tune.maxrewrite 256", 3_840],
  ["tune.bufsize 4k\n tune.maxrewrite 1m", 2_048],
] as const)
  test(`${tuning.replace("\n", ",")}: a head of ${largest} bytes passes, a longer one gets 400`, async (t) => {
    const port = await proxyWith(t, tuning);
    assert.equal(await statusOf(port, headOf(largest)), 200);
    assert.equal(await statusOf(port, headOf(largest + 1)), 400);
  });

test("bodies are of any size, however small the buffer", async (t) => {
  // It gives back all that it gets, head and body.
  const server = await serveTcp(t, (socket) => {
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    socket.pipe(socket);
  });
  const port = await freePort();
  await runProxy(
    t,
    `global\n tune.bufsize 1024\n tune.maxrewrite 0\nlisten web\n bind 127.0.0.1:${port}\n mode http\n` +
      ` server s 127.0.0.1:${server.port}\n`,
  );
  const body = "abcdefghij".repeat(20_000);
  const client = await RawClient.connect(port);
  const request = `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  client.send(request);
  const answer = await client.until((text) => text.endsWith(request));
  assert.equal(answer, `HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${request}`);
  client.close();
});

test("tune.http.maxhdr counts the first line: a request with more gets 400, a response 502", async (t) => {
  const port = await proxyWith(t, "tune.http.maxhdr 10");
  const get = (fields: number): string => `GET / HTTP/1.1\r\nHost: h\r\n${"A: b\r\n".repeat(fields - 1)}\r\n`;
  assert.equal(await statusOf(port, get(9)), 200);
  assert.equal(await statusOf(port, get(10)), 400);
  const many = "A: b\r\n".repeat(10);
  assert.equal(await statusOf(await proxyWith(t, "tune.http.maxhdr 10", many), get(1)), 502);
  assert.equal(await statusOf(await proxyWith(t, "tune.http.maxhdr 300", many), get(200)), 200);
});
