/** Whatever bytes come, in whatever pieces: nothing throws or hangs, nothing is kept, and cuts change nothing. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { randomCuts } from "../../support/random-cuts.js";
import { converse, framesOf } from "./client-conversation.js";
import {
  block,
  END_HEADERS,
  END_STREAM,
  frame,
  GET,
  headers,
  POST,
  PREFACE,
  setting,
  Type,
  uint32,
} from "./frame-client.js";
import { cut } from "./memory.js";

const anyStream = fc.constantFrom(0, 1, 1, 1, 2, 3, 5, 7, 2 ** 31 - 1);
const anyFields = fc.array(
  fc.oneof(
    fc.constantFrom(...GET, ...POST),
    fc.tuple(
      fc.constantFrom("content-length", "cookie", "te", "host", "x", ":status", "Upper", "connection", ":protocol"),
      fc.constantFrom("", "3", "trailers", "example.org", "a\nb", "websocket"),
    ),
  ),
  { maxLength: 8 },
);

/** Frames that make sense, nearly make sense, and none. */
const anyFrame = fc.oneof(
  fc.tuple(anyStream, fc.constantFrom(...[1, 4, 5, 0x2d])).map(([id, flags]) => headers(id, GET, flags)),
  fc
    .tuple(anyStream, anyFields, fc.nat(255))
    .map(([id, fields, flags]) => frame(Type.HEADERS, flags, id, block(fields))),
  fc.tuple(anyStream).map(([id]) => headers(id, POST, END_HEADERS)),
  fc
    .tuple(anyStream, fc.nat(9), fc.uint8Array({ maxLength: 40 }))
    .map(([id, flags, data]) => frame(Type.DATA, flags, id, data)),
  fc
    .tuple(anyStream, fc.uint8Array({ maxLength: 30 }))
    .map(([id, data]) => frame(Type.CONTINUATION, END_HEADERS, id, data)),
  fc.tuple(anyStream, fc.nat(14)).map(([id, code]) => frame(Type.RST_STREAM, 0, id, uint32(code))),
  fc.tuple(anyStream, fc.nat()).map(([id, increment]) => frame(Type.WINDOW_UPDATE, 0, id, uint32(increment))),
  fc.tuple(fc.nat(9), fc.nat()).map(([identifier, value]) => frame(Type.SETTINGS, 0, 0, setting(identifier, value))),
  fc.constant(frame(Type.PING, 0, 0, "12345678")),
  fc.constant(frame(Type.GOAWAY, 0, 0, uint32(0, 0))),
  fc
    .tuple(fc.nat(255), fc.nat(255), anyStream, fc.uint8Array({ maxLength: 60 }))
    .map(([type, flags, id, payload]) => frame(type, flags, id, payload)),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
);

const OPENING = Buffer.concat([PREFACE, frame(Type.SETTINGS, 0, 0)]);
const anyConversation = fc
  .array(anyFrame, { maxLength: 25 })
  .map((frames) => Buffer.concat([OPENING, ...frames]))
  .chain((bytes) => fc.tuple(fc.constant(bytes), randomCuts(bytes.length)));

describe("an HTTP/2 connection", () => {
  test("answers a request that has no backend with 503", () => {
    const answer = converse([Buffer.concat([OPENING, headers(1)])]);
    assert.ok(answer.includes("No server is available to handle this request."));
  });

  test("ends well, whatever it is sent", () =>
    fc.assert(
      fc.property(anyConversation, ([bytes, ends]) => {
        converse(cut(bytes, ends));
      }),
      { numRuns: 1500 },
    ));

  test("takes any bytes for a preface that is none", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        converse([bytes]);
      }),
    ));

  test("gives the same answer however a conversation is cut", () =>
    fc.assert(
      fc.property(anyConversation, ([bytes, ends]) => {
        assert.deepEqual(framesOf(converse(cut(bytes, ends))), framesOf(converse([bytes])));
      }),
      { numRuns: 500 },
    ));

  test("in single bytes too", () => {
    const bytes = Buffer.concat([
      OPENING,
      headers(1, POST, END_HEADERS),
      frame(Type.DATA, 0x8, 1, "\x02abc\0\0"),
      frame(Type.DATA, END_STREAM, 1, "x"),
      headers(3),
    ]);
    const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
    assert.deepEqual(framesOf(converse(single)), framesOf(converse([bytes])));
  });
});
