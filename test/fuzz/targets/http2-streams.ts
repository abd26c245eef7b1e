/**
 * Lawful HTTP/2 in any order: streams that are opened, fed, read, answered, cut short and reset while frames are under
 * way. An input is a program of two octets a step, so that any damage to it is another program.
 */
import assert from "node:assert/strict";
import { initialGlobal } from "../../../src/config/haproxy/initial.js";
import { Http2Limits } from "../../../src/proxy/http2/limits.js";
import { BufferPool } from "../../../src/reactor/buffers.js";
import type { Loop } from "../../../src/reactor/loop.js";
import { type Frame, frame, framesOf, Type } from "../../proxy/http2/frame-client.js";
import { MemoryChannel, QuietLoop } from "../../proxy/http2/memory.js";
import { LawfulClient } from "../http2-client.js";
import { ScriptedServer } from "../http2-server.js";
import type { Random } from "../random.js";
import type { Target } from "../target.js";

/** Small, so that credit which is lost is soon missed. */
const LIMITS = Object.assign(new Http2Limits(initialGlobal(), "frontend"), { connectionWindow: 65_535 });
const MOST_STEPS = 150;
const STEPS = 16;
/** Millions of octets may pass, one by one. */
const SLOW_MS = 3000;
const SIZES = [0, 1, 9, 100, 5000, 16_000, 20_000, 60_000];

function run(input: Buffer): void {
  const loop = new QuietLoop();
  const pool = new BufferPool();
  const channel = new MemoryChannel(loop as unknown as Loop);
  const server = new ScriptedServer(channel, pool, true, LIMITS);
  const client = new LawfulClient(LIMITS.connectionWindow);
  const expected = new Map<number, string>();
  let judged = 0;
  const settle = (): void => {
    loop.settle();
    if (channel.sent.length === judged) return;
    for (const one of framesOf(Buffer.from(channel.sent.slice(judged)), 0)) {
      judged += 9 + one.payload.length;
      client.onFrame(one as Frame);
    }
  };
  const arrive = (bytes: Buffer): void => {
    if (bytes.length > 0) channel.arrive(bytes);
    settle();
  };
  /** In two pieces, with something done in between. */
  let held: Buffer = Buffer.alloc(0);
  const deliver = (bytes: Buffer, isCut: boolean): void => {
    const ready = Buffer.concat([held, bytes]);
    const cut = isCut ? Math.floor(ready.length / 2) : ready.length;
    held = ready.subarray(cut);
    arrive(ready.subarray(0, cut));
  };
  deliver(client.start(), false);
  for (let at = 0; at + 2 <= Math.min(input.length, 2 * MOST_STEPS); at += 2) {
    const [step, choice] = [input[at]! % STEPS, input[at + 1]!];
    const size = SIZES[choice % SIZES.length]!;
    const stream = client.streams[(choice >> 3) % Math.max(1, client.streams.length)];
    const session = server.sessions[(choice >> 3) % Math.max(1, server.sessions.length)];
    const isCut = input[at]! >= 128;
    switch (step) {
      case 0:
        deliver(client.open(false), isCut);
        break;
      case 1:
      case 2:
        deliver(client.open(true), isCut);
        break;
      case 3:
      case 4:
        deliver(client.data(stream, size, 0, step === 4), isCut);
        break;
      case 5:
        deliver(client.data(stream, size, 1 + (choice % 200), false), isCut);
        break;
      case 6:
        deliver(client.trailers(stream), isCut);
        break;
      case 7:
        deliver(client.reset(stream), isCut);
        break;
      case 8:
        deliver(client.widen(stream, size), isCut);
        break;
      case 9:
        deliver(client.widen(undefined, size), isCut);
        break;
      case 10:
        deliver(client.resize(size), isCut);
        break;
      case 11:
      case 12:
        session?.read(step === 11 ? 30_000 : 100);
        break;
      case 13:
      case 14:
        if (session !== undefined && !session.stream.closed && !expected.has(session.stream.id)) {
          const body = "0123456789".repeat(6000).slice(0, size);
          expected.set(session.stream.id, body);
          session.write(response(body, (input[at]! >> 4) & 3), true);
        }
        break;
      default:
        if (choice % 2 === 0) session?.stream.close();
        else session?.stream.abort();
    }
    settle();
  }
  deliver(frame(Type.PING, 0, 0, "the end."), false);
  judge(client, server, expected);
  for (const { stream } of server.sessions) stream.close();
  settle();
  assert.ok(client.outstanding <= LIMITS.connectionWindow / 2, `${client.outstanding} octets of credit are lost`);
  channel.hangUp();
  settle();
  server.closeNow();
  server.release();
  assert.equal(pool.inUse, 0, "no buffer is kept");
}

/** What came is what was sent, as far as it came. */
function judge(client: LawfulClient, server: ScriptedServer, expected: ReadonlyMap<number, string>): void {
  for (const { stream, content, hasEnded } of server.sessions) {
    const { sent, received, serverEnded, serverReset } = client.streams.find(({ id }) => id === stream.id)!;
    assert.ok(sent.startsWith(content), "the request's content");
    if (hasEnded) assert.equal(content, sent);
    const body = expected.get(stream.id) ?? "";
    assert.ok(body.startsWith(received), "the response's content");
    if (serverEnded && !serverReset) assert.equal(received, body);
  }
}

/** @param kind how its end is told */
function response(body: string, kind: number): Buffer {
  const chunk = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
  const [framing, content] = [
    [`Content-Length: ${body.length}\r\n`, body],
    ["Transfer-Encoding: chunked\r\n", `${chunk}0\r\nX-Sum: 1\r\n\r\n`],
    ["Transfer-Encoding: chunked\r\n", `${chunk}0\r\n\r\n`],
    ["", body],
  ][kind]!;
  return Buffer.from(`HTTP/1.1 200 OK\r\n${framing}\r\n${content}`, "latin1");
}

const program = (random: Random): Buffer => random.bytes(2 * (10 + random.below(MOST_STEPS)));

export const http2StreamsTarget: Target = {
  name: "http2-streams",
  corpus: [
    Buffer.from([1, 0, 3, 5, 11, 0, 4, 3, 11, 0, 13, 4, 11, 0]), // an upload that is answered
    Buffer.from([0, 0, 10, 0, 14, 7, 10, 6, 9, 7, 8, 7, 8, 7]), // an answer that waits for windows
    Buffer.from([1, 0, 131, 5, 15, 0, 1, 0, 131, 13, 15, 8, 1, 0, 131, 21, 7, 16]), // cut short in the middle of DATA
    Buffer.from([1, 0, 5, 5, 5, 5, 12, 0, 6, 0, 11, 0, 13, 2]), // padding and trailers
  ],
  dictionary: [],
  generate: program,
  slowMs: SLOW_MS,
  run,
};
