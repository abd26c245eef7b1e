/** `tune.h2.…`: what HTTP/2 peers are allowed, on each side (configuration manual §3.2). */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect, createServer, type Settings } from "node:http2";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { eventually } from "../../support/eventually.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { ACK, END_STREAM, FrameClient, frame, headers, POST, Type } from "./frame-client.js";

interface Bench {
  readonly client: ClientHttp2Session;
  /** What the proxy tells the server, a connection each. */
  readonly toServer: Settings[];
  /** Streams at the server that have no answer yet. */
  readonly waiting: (() => void)[];
}

/** The server answers with the length of the body, when it is told to. */
async function bench(t: TestContext, tuning: string): Promise<Bench> {
  const toServer: Settings[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer();
  server.on("session", (session) => session.on("remoteSettings", (settings) => toServer.push(settings)));
  server.on("stream", (stream) => {
    let length = 0;
    stream.on("data", (chunk: Buffer) => {
      length += chunk.length;
    });
    stream.on("error", () => {});
    stream.on("end", () => waiting.push(() => stream.end(String(length))));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = await freePort();
  const { port: serverPort } = server.address() as AddressInfo;
  await runProxy(
    t,
    `global\n nbthread 1\n ${tuning}\nlisten web\n bind 127.0.0.1:${port} proto h2\n mode http\n` +
      ` server s 127.0.0.1:${serverPort} proto h2\n`,
  );
  const client = connect(`http://127.0.0.1:${port}`);
  client.on("error", () => {});
  t.after(() => {
    client.destroy();
    server.close();
  });
  await once(client, "remoteSettings");
  return { client, toServer, waiting };
}

/** The answer to a request with this body. */
async function ask(client: ClientHttp2Session, body: string): Promise<string> {
  const stream = client.request({ ":method": "POST", ":path": "/" });
  stream.end(body);
  stream.setEncoding("latin1");
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}

for (const [tuning, clients, servers] of [
  ["", [100, 65_535], 65_535],
  ["tune.h2.max-concurrent-streams 7\n tune.h2.initial-window-size 1000", [7, 1000], 1000],
  ["tune.h2.fe.initial-window-size 100000\n tune.h2.initial-window-size 1000", [100, 100_000], 1000],
  ["tune.h2.max-concurrent-streams 0\n tune.h2.fe.initial-window-size 0", [2 ** 31 - 1, 65_535], 65_535],
  ["tune.h2.be.initial-window-size 3000000\n tune.h2.fe.max-concurrent-streams 3", [3, 65_535], 3_000_000],
] as const)
  test(`${tuning.replace("\n", ",") || "no tune.h2"}: it is told, and bodies of any size pass`, async (t) => {
    const { client, toServer, waiting } = await bench(t, tuning);
    const { maxConcurrentStreams, initialWindowSize } = client.remoteSettings;
    assert.deepEqual([maxConcurrentStreams, initialWindowSize], clients);
    const answer = ask(client, "x".repeat(300_000));
    await eventually(() => waiting.length, 1);
    assert.equal(toServer[0]!.initialWindowSize, servers);
    waiting[0]!();
    assert.equal(await answer, "300000");
  });

test("tune.h2.be.max-concurrent-streams: what does not fit goes on another connection to the server", async (t) => {
  const { client, toServer, waiting } = await bench(t, "tune.h2.be.max-concurrent-streams 2");
  const answers = Array.from({ length: 5 }, () => ask(client, "ab"));
  await eventually(() => waiting.length, 5);
  // More than three, where several asked before the first was open.
  assert.ok(toServer.length >= 3, `${toServer.length} connections`);
  for (const answer of waiting) answer();
  assert.deepEqual(await Promise.all(answers), Array(5).fill("2"));
});

test("tune.h2.fe.max-concurrent-streams: a client has to wait with what is more", async (t) => {
  const { client, waiting } = await bench(t, "tune.h2.fe.max-concurrent-streams 2");
  const answers = Array.from({ length: 3 }, () => ask(client, "ab"));
  await eventually(() => waiting.length, 2);
  waiting[0]!();
  await eventually(() => waiting.length, 3);
  for (const answer of waiting.slice(1)) answer();
  assert.deepEqual(await Promise.all(answers), ["2", "2", "2"]);
});

test("tune.h2.header-table-size and tune.h2.max-frame-size are told to both sides", async (t) => {
  const tuning = "tune.h2.header-table-size 10000\n tune.h2.max-frame-size 20000\n tune.bufsize 32768";
  const { client, toServer, waiting } = await bench(t, tuning);
  const answer = ask(client, "ab");
  await eventually(() => waiting.length, 1);
  waiting[0]!();
  assert.equal(await answer, "2");
  for (const { headerTableSize, maxFrameSize } of [client.remoteSettings, toServer[0]!])
    assert.deepEqual([headerTableSize, maxFrameSize], [10_000, 20_000]);
});

for (const [tuning, largest] of [
  ["", 16_384],
  ["tune.bufsize 32768", 32_768],
  ["tune.bufsize 32768\n tune.h2.max-frame-size 20000", 20_000],
  ["tune.h2.max-frame-size 20000", 16_384],
] as const)
  test(`${tuning.replace("\n", ",") || "no tuning"}: frames may have ${largest} octets and no more`, async (t) => {
    const port = await freePort();
    const global = `global\n ${tuning}\n tune.h2.initial-window-size 100000\n`;
    await runProxy(t, `${global}frontend web\n bind 127.0.0.1:${port}\n mode http\n`);
    for (const [length, verdict] of [
      [largest, "headers"],
      [largest + 1, "goaway 6"],
    ] as const) {
      const client = await FrameClient.connect(port);
      await client.find(({ type, flags }) => type === Type.SETTINGS && (flags & ACK) !== 0);
      client.send(headers(1, POST, 4), frame(Type.DATA, END_STREAM, 1, new Uint8Array(length)));
      const wanted = verdict === "headers" ? client.find(({ type }) => type === Type.HEADERS) : client.verdict(3);
      assert.equal(typeof (await wanted) === "string" ? await wanted : "headers", verdict);
      assert.equal((await client.find(({ type }) => type === Type.GOAWAY, 50)) !== undefined, verdict !== "headers");
      client.close();
    }
  });
