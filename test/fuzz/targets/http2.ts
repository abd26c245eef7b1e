/** Whole HTTP/2 connections, of clients and to servers. */
import assert from "node:assert/strict";
import { converse, framesOf } from "../../proxy/http2/client-conversation.js";
import {
  ACK,
  block,
  END_HEADERS,
  END_STREAM,
  frame,
  GET,
  headers,
  PADDED,
  POST,
  PREFACE,
  PRIORITY,
  setting,
  Type,
  uint32,
} from "../../proxy/http2/frame-client.js";
import { cut } from "../../proxy/http2/memory.js";
import { ask } from "../../proxy/http2/server-conversation.js";
import { type Random, Random as SeededRandom, seedOf } from "../random.js";
import type { Target } from "../target.js";

const SETTINGS = frame(Type.SETTINGS, 0, 0);
const OPENING = Buffer.concat([PREFACE, SETTINGS]);
const OK = [[":status", "200"]] as const;
const FRAMES: readonly Buffer[] = [
  SETTINGS,
  frame(Type.SETTINGS, ACK, 0),
  frame(Type.SETTINGS, 0, 0, Buffer.concat([setting(1, 0), setting(3, 100), setting(4, 0), setting(5, 16_384)])),
  frame(Type.SETTINGS, 0, 0, setting(4, 2 ** 31 - 1)),
  frame(Type.PING, 0, 0, "12345678"),
  frame(Type.GOAWAY, 0, 0, uint32(0, 0)),
  frame(Type.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)),
  frame(Type.WINDOW_UPDATE, 0, 1, uint32(1000)),
  frame(Type.RST_STREAM, 0, 1, uint32(8)),
  frame(Type.PRIORITY, 0, 1, Buffer.alloc(5)),
  frame(Type.CONTINUATION, END_HEADERS, 1, block([["x", "y"]])),
  frame(Type.DATA, 0, 1, "abc"),
  frame(Type.DATA, END_STREAM | PADDED, 1, "\x02abc\0\0"),
  frame(Type.PUSH_PROMISE, END_HEADERS, 1, uint32(2)),
  frame(0x42, 0xff, 1, "unknown"),
];
const FIELDS: readonly (readonly [string, string])[] = [
  ...GET,
  ["content-length", "3"],
  ["cookie", "a=b"],
  ["te", "trailers"],
  ["host", "example.org"],
  [":protocol", "websocket"],
  ["connection", "close"],
  ["transfer-encoding", "chunked"],
  ["x", "a\r\nb"],
  ["Upper", "x"],
];

/** Frames with ids, flags and fields that nearly make sense. */
function generateFrom(random: Random, opening: Uint8Array, heads: readonly (readonly [string, string])[]): Buffer {
  const frames = Array.from({ length: random.below(25) }, () => {
    const id = random.pick([0, 1, 1, 1, 3, 5, 7, 2]);
    const fields = random.oneIn(2)
      ? heads
      : Array.from({ length: random.below(8) }, () => random.pick([...heads, ...FIELDS]));
    const flags = random.pick([0, END_STREAM, END_HEADERS, END_HEADERS | END_STREAM, PRIORITY | END_HEADERS, PADDED]);
    switch (random.below(6)) {
      case 0:
      case 1:
        return frame(Type.HEADERS, flags, id, block(fields));
      case 2:
        return frame(Type.DATA, flags, id, random.bytes(random.below(40)));
      case 3:
        return frame(random.below(12), random.below(256), id, random.bytes(random.below(30)));
      default:
        return random.pick(FRAMES);
    }
  });
  return Buffer.concat([opening, ...frames]);
}

/** One way to cut, for a connection costs more than a parser. */
function piecesOf(input: Buffer): Iterable<Uint8Array> {
  const random = new SeededRandom(seedOf(input));
  const ends = Array.from({ length: 1 + random.below(12) }, () => random.below(input.length + 1));
  return cut(input, [...ends.sort((a, b) => a - b), input.length]);
}

/** As far as it goes, without the sizes of the chunks, which are ours to choose. */
function contentOf(response: string): string {
  const heads = /^(HTTP\/1\.1 [\s\S]*?\r\n\r\n)*/.exec(response)![0];
  if (!heads.includes("transfer-encoding: chunked")) return response;
  let content = heads;
  for (let at = heads.length; ; ) {
    const lineEnd = response.indexOf("\r\n", at);
    const size = Number.parseInt(response.slice(at, lineEnd), 16);
    if (lineEnd < 0 || size === 0) return content + response.slice(at);
    content += response.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}

export const http2Targets: readonly Target[] = [
  {
    name: "http2-client",
    corpus: [
      Buffer.concat([OPENING, headers(1), headers(3)]),
      Buffer.concat([OPENING, headers(1, POST, END_HEADERS), ...FRAMES.slice(11, 13)]),
      Buffer.concat([OPENING, headers(1, GET, END_STREAM), FRAMES[10]!, headers(3)]),
      Buffer.concat([OPENING, ...FRAMES.slice(0, 9)]),
    ],
    dictionary: [...FRAMES, headers(1), headers(5), PREFACE],
    generate: (random) => generateFrom(random, OPENING, GET),
    run: (input) =>
      assert.deepEqual(framesOf(converse(piecesOf(input))), framesOf(converse([input])), "however it is cut"),
  },
  {
    name: "http2-server",
    corpus: [
      Buffer.concat([SETTINGS, frame(Type.HEADERS, END_HEADERS | END_STREAM, 1, block(OK))]),
      Buffer.concat([SETTINGS, frame(Type.HEADERS, END_HEADERS, 1, block(OK)), ...FRAMES.slice(11, 13)]),
      Buffer.concat([SETTINGS, frame(Type.HEADERS, 0, 1, block(OK)), FRAMES[10]!, FRAMES[11]!, FRAMES[8]!]),
    ],
    dictionary: [...FRAMES, frame(Type.HEADERS, END_HEADERS, 1, block([[":status", "100"]]))],
    generate: (random) => generateFrom(random, SETTINGS, OK),
    run(input) {
      const [cutUp, whole] = [ask(piecesOf(input)), ask([input])];
      assert.equal(cutUp.state, whole.state, "however it is cut");
      const [one, other] = [contentOf(cutUp.text), contentOf(whole.text)];
      // A reset that comes together with data may overtake it, and data waits for its padding.
      if (whole.state !== "ended") assert.ok(one.startsWith(other) || other.startsWith(one));
      else assert.equal(one, other);
    },
  },
];
