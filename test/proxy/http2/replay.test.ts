/** What a server says that it has not looked at is sent again, whatever its method (RFC 9113 §8.7); nothing else is. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Counter } from "../../../src/proxy/shared-state.js";
import { between } from "../../support/http2.js";
import { RawClient } from "../../support/raw-client.js";
import { block, END_HEADERS, END_STREAM, type Frame, frame, Type, uint32 } from "./frame-client.js";
import { type FramePeer, serveFrames } from "./frame-server.js";

const LIMIT = { timeout: 30_000 };
const isRequestEnd = ({ type, flags }: Frame): boolean =>
  (type === Type.DATA || type === Type.HEADERS) && (flags & END_STREAM) !== 0;
const reset = (streamId: number, code: number): Buffer => frame(Type.RST_STREAM, 0, streamId, uint32(code));
const goAway = (lastStreamId: number): Buffer => frame(Type.GOAWAY, 0, 0, uint32(lastStreamId, 0));
const head = (streamId: number, flags = 0): Buffer =>
  frame(Type.HEADERS, END_HEADERS | flags, streamId, block([[":status", "200"]]));
const data = (streamId: number, payload: string, flags = 0): Buffer => frame(Type.DATA, flags, streamId, payload);

/** Answers with the body that has come; `first` decides about the first connection's requests. */
const echoBut = (first: (frame: Frame, peer: FramePeer) => void) => {
  const bodies = new Map<string, string>();
  return (one: Frame, peer: FramePeer): void => {
    if (peer.number === 1) {
      first(one, peer);
      return;
    }
    const key = `${peer.number}/${one.streamId}`;
    if (one.type === Type.DATA) bodies.set(key, (bodies.get(key) ?? "") + one.payload.toString());
    if (isRequestEnd(one)) peer.send(head(one.streamId), data(one.streamId, bodies.get(key) ?? "", END_STREAM));
  };
};

const post = (port: number, body: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/`, { method: "POST", body, headers: { connection: "close" } });

describe("a POST that is all there still is sent again", LIMIT, () => {
  for (const [what, refuse] of [
    ["REFUSED_STREAM", (peer: FramePeer, id: number) => peer.send(reset(id, 7))],
    ["GOAWAY below its stream", (peer: FramePeer) => peer.send(goAway(0))],
  ] as const) {
    test(`after ${what}, also on a new connection`, async (t) => {
      const port = await serveFrames(
        t,
        echoBut((one, peer) => void (isRequestEnd(one) && refuse(peer, one.streamId))),
      );
      const { port: proxied, proxy } = await between(t, port, "proto h2");
      const response = await post(proxied, "precious");
      assert.equal(await response.text(), "precious");
      assert.equal(proxy.count("server", "web/one", Counter.retries), 1);
      assert.equal(proxy.count("frontend", "web", Counter.requests), 1);
    });

    test(`after ${what} before its body has come to an end`, async (t) => {
      const port = await serveFrames(
        t,
        echoBut((one, peer) => void (one.type === Type.HEADERS && refuse(peer, one.streamId))),
      );
      const { port: proxied } = await between(t, port, "proto h2");
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue(Buffer.from("first, "));
          await new Promise((resolve) => setTimeout(resolve, 100));
          controller.enqueue(Buffer.from("then"));
          controller.close();
        },
      });
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      assert.equal(await (await fetch(`http://127.0.0.1:${proxied}/`, init)).text(), "first, then");
    });
  }
});

describe("it is not sent again", LIMIT, () => {
  for (const [what, answer, status] of [
    ["after a reset that says nothing of that", (peer: FramePeer, id: number) => peer.send(reset(id, 2)), "502"],
    ["after a GOAWAY that counts it in", (peer: FramePeer, id: number) => peer.send(goAway(id), reset(id, 2)), "502"],
    ["once its response has begun", (peer: FramePeer, id: number) => peer.send(head(id), reset(id, 7)), "200"],
  ] as const)
    test(what, async (t) => {
      let requests = 0;
      const port = await serveFrames(t, (one, peer) => {
        if (!isRequestEnd(one)) return;
        requests++;
        answer(peer, one.streamId);
      });
      const { port: proxied } = await between(t, port, "proto h2");
      const answered = await RawClient.exchange(proxied, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nonce");
      assert.equal(answered.split(" ")[1], status);
      if (status === "200")
        assert.ok(answered.endsWith("\r\n\r\n") && !answered.endsWith("0\r\n\r\n"), "and it is cut off");
      assert.equal(requests, 1);
    });

  test("more often than `retries` says", async (t) => {
    let requests = 0;
    const port = await serveFrames(t, (one, peer) => {
      if (!isRequestEnd(one)) return;
      requests++;
      peer.send(reset(one.streamId, 7));
    });
    const { port: proxied } = await between(t, port, "proto h2\n retries 2");
    assert.equal((await post(proxied, "again")).status, 502);
    assert.equal(requests, 3);
  });
});

test("a response that is whole survives the RST_STREAM with NO_ERROR behind it (§8.1)", LIMIT, async (t) => {
  const answer = "x".repeat(15_000);
  const port = await serveFrames(t, (one, peer) => {
    if (one.type !== Type.HEADERS) return;
    const { streamId } = one;
    peer.send(head(streamId), data(streamId, answer), data(streamId, answer, END_STREAM), reset(streamId, 0));
  });
  const { port: proxied, proxy } = await between(t, port, "proto h2");
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from("it goes on and on"));
    },
  });
  const init = { method: "POST", body, duplex: "half" } as RequestInit;
  const response = await fetch(`http://127.0.0.1:${proxied}/`, init);
  assert.equal((await response.text()).length, 2 * answer.length);
  assert.equal(proxy.count("server", "web/one", Counter.serverAborts), 0);
});
