/** Flow control (RFC 9113 §5.2, §6.9) over a whole conversation, frame by frame. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../support/eventually.js";
import { freePort, runProxy } from "../../support/proxy.js";
import { serveHttp, serveTcp } from "../../support/servers.js";
import {
  ACK,
  END_HEADERS,
  FrameClient,
  frame,
  GET,
  headers,
  POST,
  PREFACE,
  setting,
  Type,
  uint32,
} from "./frame-client.js";

const listen = (port: number, server: number): string => `
listen web
    mode http
    bind 127.0.0.1:${port}
    server one 127.0.0.1:${server}`;

const BODY = "0123456789".repeat(20_000);

/** Octets of DATA that have come on a stream. */
const received = (client: FrameClient, streamId: number): number =>
  client.frames
    .filter((one) => one.type === Type.DATA && one.streamId === streamId)
    .reduce((sum, { payload }) => sum + payload.length, 0);

/** A PING is answered behind everything that could have been sent before. */
async function settled(client: FrameClient, octets: string): Promise<void> {
  client.send(frame(Type.PING, 0, 0, octets));
  const isOurs = (payload: Buffer): boolean => payload.toString("latin1") === octets;
  assert.ok(await client.find(({ type, flags, payload }) => type === Type.PING && flags === ACK && isOurs(payload)));
}

test("what is sent follows the client's window through SETTINGS, below zero and back (§6.9.2)", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end(BODY));
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await FrameClient.connect(port, Buffer.concat([PREFACE, frame(Type.SETTINGS, 0, 0, setting(4, 0))]));
  client.send(headers(1), frame(Type.WINDOW_UPDATE, 0, 0, uint32(1_000_000)));
  await client.find(({ type }) => type === Type.HEADERS);
  await settled(client, "closed..");
  assert.equal(received(client, 1), 0, "a window of 0 lets the head through alone");
  client.send(frame(Type.SETTINGS, 0, 0, setting(4, 1000)));
  await eventually(() => received(client, 1), 1000);
  client.send(frame(Type.SETTINGS, 0, 0, setting(4, 400)), frame(Type.WINDOW_UPDATE, 0, 1, uint32(600)));
  await settled(client, "nothing.");
  assert.equal(received(client, 1), 1000, "600 octets in debt and 600 of credit are none");
  client.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(7)));
  await eventually(() => received(client, 1), 1007);
  client.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(BODY.length)));
  await eventually(() => received(client, 1), BODY.length);
  client.close();
});

test("the connection's window holds all streams together, and each octet of it is used (§6.9.1)", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end(BODY));
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const wide = Buffer.concat([PREFACE, frame(Type.SETTINGS, 0, 0, setting(4, 1_000_000))]);
  const client = await FrameClient.connect(port, wide);
  client.send(headers(1), headers(3));
  const all = (): number => received(client, 1) + received(client, 3);
  await eventually(all, 65_535);
  await settled(client, "no more..".slice(0, 8));
  assert.equal(all(), 65_535);
  client.send(frame(Type.WINDOW_UPDATE, 0, 0, uint32(2 * BODY.length - 65_535)));
  await eventually(all, 2 * BODY.length);
  client.close();
});

test("no frame that is sent is larger than 16,384 octets, whatever the windows allow (§4.2)", async (t) => {
  const server = await serveHttp(t, (_, response) => response.end(BODY));
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const wide = Buffer.concat([PREFACE, frame(Type.SETTINGS, 0, 0, setting(4, 1_000_000))]);
  const client = await FrameClient.connect(port, wide);
  client.send(headers(1), frame(Type.WINDOW_UPDATE, 0, 0, uint32(1_000_000)));
  await eventually(() => received(client, 1), BODY.length);
  assert.ok(client.frames.every(({ payload }) => payload.length <= 16_384));
  client.close();
});

test("a client that sends more than the window of a stream that nobody reads is stopped (§6.9.1)", async (t) => {
  const server = await serveTcp(t, (socket) => socket.pause());
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await FrameClient.connect(port);
  client.send(headers(1, POST, END_HEADERS));
  const data = frame(Type.DATA, 0, 1, Buffer.alloc(16_384));
  for (let sent = 0; sent < 40; sent++) client.send(data, data, data, data, data, data, data, data);
  const verdict = await client.verdict(1);
  assert.ok(verdict === "reset 3" || verdict === "goaway 3", verdict);
  client.close();
});

test("credit comes back for what was under way on a stream that ended in the middle of a frame (§6.9)", async (t) => {
  const server = await serveTcp(t, (socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
  });
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await FrameClient.connect(port);
  const data = (streamId: number): Buffer => frame(Type.DATA, 0, streamId, Buffer.alloc(16_384));
  // All that the connection's window holds, and half as much again.
  for (let round = 0; round < 100; round++) {
    const streamId = 2 * round + 1;
    client.send(headers(streamId, POST, END_HEADERS), data(streamId).subarray(0, 100));
    const ended = await client.find((one) => one.type === Type.RST_STREAM && one.streamId === streamId);
    assert.ok(ended, `round ${round}: ${await client.verdict(streamId)}`);
    client.send(data(streamId).subarray(100));
  }
  client.send(
    headers(
      2001,
      GET.map(([name, value]) => [name, name === ":path" ? "/last" : value] as const),
    ),
  );
  assert.ok(await client.find((one) => one.type === Type.HEADERS && one.streamId === 2001));
  assert.equal(
    client.frames.some(({ type }) => type === Type.GOAWAY),
    false,
  );
  client.close();
});

test("a client may widen the window of each stream that has no body to send (§6.9)", async (t) => {
  const server = await serveHttp(t, (_, response) => response.writeHead(304).end());
  const port = await freePort();
  await runProxy(t, listen(port, server.port));
  const client = await FrameClient.connect(port);
  // So does Firefox with every request.
  const COUNT = 1500;
  for (let index = 0; index < COUNT; index++) {
    const streamId = 2 * index + 1;
    client.send(headers(streamId), frame(Type.WINDOW_UPDATE, 0, streamId, uint32(1_000_000)));
    if (index % 50 === 49) await client.find((one) => one.type === Type.HEADERS && one.streamId === streamId);
  }
  await client.find((one) => one.type === Type.HEADERS && one.streamId === 2 * COUNT - 1);
  assert.equal(client.frames.filter(({ type }) => type === Type.HEADERS).length, COUNT);
  client.close();
});
