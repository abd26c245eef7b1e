/**
 * RFC 9113's MUSTs for a server, on a real socket: what keeps them is answered, what breaks them ends the stream or the
 * connection with the error code that the RFC names. A PING behind the frame shows that the connection lives on.
 */
import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import { freePort, runProxy } from "../../support/proxy.js";
import { serveHttp } from "../../support/servers.js";
import {
  ACK,
  block,
  END_HEADERS,
  END_STREAM,
  FrameClient,
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
} from "./frame-client.js";

const PROTOCOL_ERROR = "goaway 1";
const FLOW_CONTROL_ERROR = "goaway 3";
const STREAM_CLOSED = "goaway 5";
const FRAME_SIZE_ERROR = "goaway 6";
const COMPRESSION_ERROR = "goaway 9";
const ENHANCE_YOUR_CALM = "goaway 11";
const RESET_PROTOCOL_ERROR = "reset 1";
const PING = frame(Type.PING, 0, 0, "12345678");
const SETTINGS = frame(Type.SETTINGS, 0, 0);

const open = (fields = POST): Buffer => headers(1, fields, END_HEADERS);
const data = (payload: Uint8Array | string, flags = 0, streamId = 1): Buffer =>
  frame(Type.DATA, flags, streamId, payload);
const many = (count: number, one: Buffer | ((index: number) => Buffer)): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => (typeof one === "function" ? one(index) : one)));
const withField = (name: string, value: string): Buffer => headers(1, [...GET, [name, value]]);
const without = (name: string): Buffer =>
  headers(
    1,
    GET.filter(([one]) => one !== name),
  );
const replaced = (name: string, value: string): Buffer =>
  headers(
    1,
    GET.map(([one, old]) => [one, one === name ? value : old] as const),
  );

/** What is sent behind preface and SETTINGS, and the verdict. */
const CASES: readonly (readonly [section: string, rule: string, sent: Buffer, verdict: string])[] = [
  // §4: frames
  ["4.1", "a request is answered", headers(1), "headers"],
  ["4.1", "an unknown frame type is ignored", Buffer.concat([frame(0x5a, 0xff, 1, "?"), PING]), "ping"],
  ["4.1", "the reserved bit of a stream's number is ignored", reserved(headers(1)), "headers"],
  ["4.1", "undefined flags are ignored", frame(Type.PING, 0xfe, 0, "12345678"), "ping"],
  ["4.2", "a frame of 16,384 octets is taken", Buffer.concat([open(), data(Buffer.alloc(16_384)), PING]), "ping"],
  ["4.2", "a larger one is an error", Buffer.concat([open(), data(Buffer.alloc(16_385))]), FRAME_SIZE_ERROR],
  ["4.2", "so is any larger one", frame(Type.HEADERS, 5, 1, Buffer.alloc(16_385)), FRAME_SIZE_ERROR],
  ["4.2", "also one of an unknown type", frame(0x5a, 0, 1, Buffer.alloc(16_385)), FRAME_SIZE_ERROR],
  [
    "4.3",
    "a field block that cannot be decoded ends the connection",
    frame(Type.HEADERS, 5, 1, Buffer.from([0x80])),
    COMPRESSION_ERROR,
  ],
  [
    "4.3",
    "also one of a stream that is closed",
    Buffer.concat([headers(1, GET), frame(Type.HEADERS, 5, 1, Buffer.from([0xbe]))]),
    COMPRESSION_ERROR,
  ],
  [
    "4.3.1",
    "a table size above what we allow",
    frame(Type.HEADERS, 5, 1, Buffer.concat([Buffer.from("3fe21f", "hex"), block(GET)])),
    COMPRESSION_ERROR,
  ],
  [
    "4.3.1",
    "table sizes that we allow, before the first field",
    frame(Type.HEADERS, 5, 1, Buffer.concat([Buffer.from("203fe11f", "hex"), block(GET)])),
    "headers",
  ],
  [
    "4.3.1",
    "a table size behind a field",
    frame(Type.HEADERS, 5, 1, Buffer.concat([block(GET), Buffer.from([0x20])])),
    COMPRESSION_ERROR,
  ],
  ["4.3", "a field block without fields is no request", frame(Type.HEADERS, 5, 1), RESET_PROTOCOL_ERROR],
  // §5.1: stream states
  ["5.1", "idle: DATA", data("x"), PROTOCOL_ERROR],
  ["5.1", "idle: RST_STREAM", frame(Type.RST_STREAM, 0, 1, uint32(8)), PROTOCOL_ERROR],
  ["5.1", "idle: WINDOW_UPDATE", frame(Type.WINDOW_UPDATE, 0, 1, uint32(1)), PROTOCOL_ERROR],
  ["5.1", "idle: PRIORITY is allowed", Buffer.concat([frame(Type.PRIORITY, 0, 1, Buffer.alloc(5)), PING]), "ping"],
  ["5.1", "half-closed: DATA", Buffer.concat([headers(1, slow()), data("x")]), "reset 5"],
  ["5.1", "half-closed: HEADERS", Buffer.concat([headers(1, slow()), headers(1)]), "reset 5"],
  [
    "5.1",
    "half-closed: WINDOW_UPDATE is allowed",
    Buffer.concat([headers(1, slow()), frame(Type.WINDOW_UPDATE, 0, 1, uint32(1)), PING]),
    "ping",
  ],
  [
    "5.1",
    "half-closed: PRIORITY is allowed",
    Buffer.concat([headers(1, slow()), frame(Type.PRIORITY, 0, 1, Buffer.alloc(5)), PING]),
    "ping",
  ],
  [
    "5.1",
    "half-closed: RST_STREAM is allowed",
    Buffer.concat([headers(1, slow()), frame(Type.RST_STREAM, 0, 1, uint32(8)), PING]),
    "ping",
  ],
  [
    "5.1",
    "closed by the client: DATA",
    Buffer.concat([open(slow(POST)), frame(Type.RST_STREAM, 0, 1, uint32(8)), data("x")]),
    "reset 5",
  ],
  [
    "5.1",
    "closed by the client: WINDOW_UPDATE and RST_STREAM are not minded",
    Buffer.concat([
      headers(1, slow()),
      frame(Type.RST_STREAM, 0, 1, uint32(8)),
      frame(Type.WINDOW_UPDATE, 0, 1, uint32(1)),
      frame(Type.RST_STREAM, 0, 1, uint32(8)),
      PING,
    ]),
    "ping",
  ],
  [
    "5.1",
    "closed by the client: HEADERS",
    Buffer.concat([headers(1, slow()), frame(Type.RST_STREAM, 0, 1, uint32(8)), headers(1)]),
    STREAM_CLOSED,
  ],
  [
    "5.1",
    "closed by the client: PRIORITY is allowed",
    Buffer.concat([
      headers(1, slow()),
      frame(Type.RST_STREAM, 0, 1, uint32(8)),
      frame(Type.PRIORITY, 0, 1, Buffer.alloc(5)),
      PING,
    ]),
    "ping",
  ],
  ["5.1.1", "a client's stream has an odd number", headers(2), PROTOCOL_ERROR],
  ["5.1.1", "numbers rise", Buffer.concat([headers(5, slow()), headers(3)]), STREAM_CLOSED],
  ["5.1.1", "numbers may be left out", headers(7, GET), "silence on 1"],
  [
    "5.1.2",
    "more streams than allowed are refused",
    many(101, (index) => headers(2 * index + 1, slow())),
    "reset 7 on 201",
  ],
  // §5.5 extensions
  [
    "5.5",
    "an unknown frame type between the pieces of a field block",
    Buffer.concat([frame(Type.HEADERS, END_STREAM, 1, block(GET)), frame(0x5a, 0, 1, "?")]),
    PROTOCOL_ERROR,
  ],
  [
    "5.5",
    "a long frame of an unknown type is skipped",
    Buffer.concat([frame(0x5a, 0, 7, Buffer.alloc(16_384)), PING]),
    "ping",
  ],
  // §6.1 DATA
  ["6.1", "DATA on stream 0", data("x", 0, 0), PROTOCOL_ERROR],
  [
    "6.1",
    "padding is taken off",
    Buffer.concat([open([...POST, ["content-length", "1"]]), data("\x03x\0\0\0", PADDED | END_STREAM)]),
    "headers",
  ],
  ["6.1", "padding as long as the payload", Buffer.concat([open(), data("\x05x\0\0\0", PADDED)]), PROTOCOL_ERROR],
  [
    "6.1",
    "nothing but padding",
    Buffer.concat([open(), data("\x04\0\0\0\0", PADDED), data("", END_STREAM)]),
    "headers",
  ],
  ["6.1", "padding without its length", Buffer.concat([open(), data("", PADDED)]), FRAME_SIZE_ERROR],
  // §6.2 HEADERS
  ["6.2", "HEADERS on stream 0", headers(0), PROTOCOL_ERROR],
  [
    "6.2",
    "padding and priority are taken off",
    frame(
      Type.HEADERS,
      PADDED | PRIORITY | 5,
      1,
      Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 9]), block(GET), Buffer.alloc(2)]),
    ),
    "headers",
  ],
  [
    "6.2",
    "padding longer than the payload",
    frame(Type.HEADERS, PADDED | 5, 1, Buffer.concat([Buffer.from([255]), block(GET)])),
    PROTOCOL_ERROR,
  ],
  ["6.2", "too short for its priority", frame(Type.HEADERS, PRIORITY | 5, 1, "abc"), FRAME_SIZE_ERROR],
  // §6.3 PRIORITY
  ["6.3", "PRIORITY on stream 0", frame(Type.PRIORITY, 0, 0, Buffer.alloc(5)), PROTOCOL_ERROR],
  [
    "6.3",
    "PRIORITY of another size",
    Buffer.concat([headers(1, slow()), frame(Type.PRIORITY, 0, 1, Buffer.alloc(4))]),
    "reset 6",
  ],
  // §6.4 RST_STREAM
  ["6.4", "RST_STREAM on stream 0", frame(Type.RST_STREAM, 0, 0, uint32(8)), PROTOCOL_ERROR],
  ["6.4", "RST_STREAM of another size", Buffer.concat([open(), frame(Type.RST_STREAM, 0, 1, "abc")]), FRAME_SIZE_ERROR],
  // §6.5 SETTINGS
  ["6.5", "an ACK with payload", frame(Type.SETTINGS, ACK, 0, setting(1, 1)), FRAME_SIZE_ERROR],
  ["6.5", "SETTINGS on a stream", frame(Type.SETTINGS, 0, 1), PROTOCOL_ERROR],
  ["6.5", "SETTINGS of another size", frame(Type.SETTINGS, 0, 0, "abcde"), FRAME_SIZE_ERROR],
  ["6.5.2", "ENABLE_PUSH is 0 or 1", frame(Type.SETTINGS, 0, 0, setting(2, 2)), PROTOCOL_ERROR],
  ["6.5.2", "INITIAL_WINDOW_SIZE above 2^31 - 1", frame(Type.SETTINGS, 0, 0, setting(4, 2 ** 31)), FLOW_CONTROL_ERROR],
  ["6.5.2", "MAX_FRAME_SIZE below 16,384", frame(Type.SETTINGS, 0, 0, setting(5, 16_383)), PROTOCOL_ERROR],
  ["6.5.2", "MAX_FRAME_SIZE above 2^24 - 1", frame(Type.SETTINGS, 0, 0, setting(5, 2 ** 24)), PROTOCOL_ERROR],
  [
    "6.5.2",
    "unknown settings are ignored",
    Buffer.concat([frame(Type.SETTINGS, 0, 0, setting(0xff, 1)), PING]),
    "ping",
  ],
  [
    "6.5.2",
    "ENABLE_PUSH 0 and 1 are taken",
    Buffer.concat([frame(Type.SETTINGS, 0, 0, Buffer.concat([setting(2, 1), setting(2, 0)])), PING]),
    "ping",
  ],
  [
    "6.5.3",
    "settings are taken in their order: the last one holds",
    Buffer.concat([frame(Type.SETTINGS, 0, 0, Buffer.concat([setting(5, 16_384), setting(5, 16_383)]))]),
    PROTOCOL_ERROR,
  ],
  ["RFC 8441 §3", "ENABLE_CONNECT_PROTOCOL is 0 or 1", frame(Type.SETTINGS, 0, 0, setting(8, 2)), PROTOCOL_ERROR],
  // §6.6 PUSH_PROMISE
  [
    "8.4",
    "a client cannot push",
    frame(Type.PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([uint32(2), block(GET)])),
    PROTOCOL_ERROR,
  ],
  // §6.7 PING
  ["6.7", "PING is answered with its octets", PING, "ping"],
  ["6.7", "PING on a stream", frame(Type.PING, 0, 1, "12345678"), PROTOCOL_ERROR],
  ["6.7", "PING of another size", frame(Type.PING, 0, 0, "1234567"), FRAME_SIZE_ERROR],
  // §6.8 GOAWAY
  ["6.8", "GOAWAY on a stream", frame(Type.GOAWAY, 0, 1, uint32(0, 0)), PROTOCOL_ERROR],
  ["6.8", "GOAWAY too short", frame(Type.GOAWAY, 0, 0, uint32(0)), FRAME_SIZE_ERROR],
  [
    "6.8",
    "a client's GOAWAY leaves its requests alone",
    Buffer.concat([frame(Type.GOAWAY, 0, 0, Buffer.concat([uint32(0, 0), Buffer.alloc(100)])), headers(1)]),
    "headers",
  ],
  // §6.9 WINDOW_UPDATE
  ["6.9", "an increment of 0 for the connection", frame(Type.WINDOW_UPDATE, 0, 0, uint32(0)), PROTOCOL_ERROR],
  [
    "6.9",
    "an increment of 0 for a stream",
    Buffer.concat([open(), frame(Type.WINDOW_UPDATE, 0, 1, uint32(0))]),
    RESET_PROTOCOL_ERROR,
  ],
  [
    "6.9",
    "the reserved bit of an increment is ignored",
    Buffer.concat([frame(Type.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 + 1)), PING]),
    "ping",
  ],
  ["6.9", "WINDOW_UPDATE of another size", frame(Type.WINDOW_UPDATE, 0, 0, "abc"), FRAME_SIZE_ERROR],
  [
    "6.9.1",
    "the connection's window above 2^31 - 1",
    frame(Type.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)),
    FLOW_CONTROL_ERROR,
  ],
  [
    "6.9.1",
    "a stream's window above 2^31 - 1",
    Buffer.concat([open(), frame(Type.WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1))]),
    "reset 3",
  ],
  [
    "6.9.2",
    "a window above 2^31 - 1 by SETTINGS",
    Buffer.concat([
      open(),
      frame(Type.WINDOW_UPDATE, 0, 1, uint32(65_536)),
      frame(Type.SETTINGS, 0, 0, setting(4, 2 ** 31 - 1)),
    ]),
    FLOW_CONTROL_ERROR,
  ],
  // §6.10 CONTINUATION
  [
    "6.10",
    "a field block in pieces",
    Buffer.concat([
      frame(Type.HEADERS, END_STREAM, 1, block(GET).subarray(0, 7)),
      frame(Type.CONTINUATION, 0, 1, block(GET).subarray(7, 9)),
      frame(Type.CONTINUATION, END_HEADERS, 1, block(GET).subarray(9)),
    ]),
    "headers",
  ],
  [
    "6.10",
    "nothing comes between the pieces",
    Buffer.concat([frame(Type.HEADERS, END_STREAM, 1, block(GET)), PING]),
    PROTOCOL_ERROR,
  ],
  [
    "6.10",
    "not even of another stream",
    Buffer.concat([frame(Type.HEADERS, END_STREAM, 1, block(GET)), frame(Type.CONTINUATION, END_HEADERS, 3, "")]),
    PROTOCOL_ERROR,
  ],
  [
    "6.10",
    "CONTINUATION behind a whole block",
    Buffer.concat([open(), frame(Type.CONTINUATION, END_HEADERS, 1, block([["a", "b"]]))]),
    PROTOCOL_ERROR,
  ],
  [
    "6.10",
    "CONTINUATION behind the last CONTINUATION",
    Buffer.concat([
      frame(Type.HEADERS, END_STREAM, 1, block(slow()).subarray(0, 7)),
      frame(Type.CONTINUATION, END_HEADERS, 1, block(slow()).subarray(7)),
      frame(Type.CONTINUATION, END_HEADERS, 1, ""),
    ]),
    PROTOCOL_ERROR,
  ],
  [
    "6.10",
    "DATA between the pieces",
    Buffer.concat([open(), frame(Type.HEADERS, END_STREAM, 1, block([["a", "b"]])), data("x")]),
    PROTOCOL_ERROR,
  ],
  [
    "6.10",
    "HEADERS between the pieces",
    Buffer.concat([frame(Type.HEADERS, END_STREAM, 1, block(GET)), headers(3)]),
    PROTOCOL_ERROR,
  ],
  ["6.10", "CONTINUATION on stream 0", frame(Type.CONTINUATION, END_HEADERS, 0, ""), PROTOCOL_ERROR],
  // §8.1 messages
  ["8.1", "trailers end a request", Buffer.concat([open(), data("x"), headers(1, [["x-sum", "1"]])]), "headers"],
  [
    "8.1",
    "trailers that do not end it",
    Buffer.concat([open(), headers(1, [["x-sum", "1"]], END_HEADERS)]),
    RESET_PROTOCOL_ERROR,
  ],
  [
    "8.1",
    "trailers with a pseudo-header field",
    Buffer.concat([open(), headers(1, [[":path", "/"]])]),
    RESET_PROTOCOL_ERROR,
  ],
  [
    "8.1.1",
    "DATA agrees with content-length",
    Buffer.concat([open([...POST, ["content-length", "3"]]), data("ab"), data("c", END_STREAM)]),
    "headers",
  ],
  [
    "8.1.1",
    "DATA is longer",
    Buffer.concat([open([...POST, ["content-length", "1"]]), data("ab", END_STREAM)]),
    RESET_PROTOCOL_ERROR,
  ],
  [
    "8.1.1",
    "DATA is shorter",
    Buffer.concat([open([...POST, ["content-length", "3"]]), data("ab", END_STREAM)]),
    RESET_PROTOCOL_ERROR,
  ],
  ["8.1.1", "content-length 0, and no DATA", headers(1, [...POST, ["content-length", "0"]]), "headers"],
  [
    "8.1.1",
    "trailers before all DATA has come",
    Buffer.concat([open([...POST, ["content-length", "3"]]), data("ab"), headers(1, [["x-sum", "1"]])]),
    RESET_PROTOCOL_ERROR,
  ],
  ["8.1.1", "a list of lengths", open([...POST, ["content-length", "3, 3"]]), RESET_PROTOCOL_ERROR],
  [
    "8.1",
    "trailers with a field of the connection",
    Buffer.concat([open(), headers(1, [["transfer-encoding", "chunked"]])]),
    RESET_PROTOCOL_ERROR,
  ],
  [
    "8.1",
    "trailers with a length",
    Buffer.concat([open(), headers(1, [["content-length", "1"]])]),
    RESET_PROTOCOL_ERROR,
  ],
  ["8.1.1", "there is none of it", headers(1, [...POST, ["content-length", "3"]]), RESET_PROTOCOL_ERROR],
  ["8.1.1", "content-length is a number", headers(1, [...POST, ["content-length", "+0"]]), RESET_PROTOCOL_ERROR],
  [
    "8.1.1",
    "content-length twice, differing",
    open([...POST, ["content-length", "3"], ["content-length", "4"]]),
    RESET_PROTOCOL_ERROR,
  ],
  // §8.2 fields
  ["8.2", "names are in lower case", withField("X-Upper", "1"), RESET_PROTOCOL_ERROR],
  ["8.2.1", "a name with a space", withField("x y", "1"), RESET_PROTOCOL_ERROR],
  ["8.2.1", "an empty name", withField("", "1"), RESET_PROTOCOL_ERROR],
  ["8.2.1", "a colon within a name", withField("x:y", "1"), RESET_PROTOCOL_ERROR],
  ["8.2.1", "a value with NUL", withField("x", "a\0b"), RESET_PROTOCOL_ERROR],
  ["8.2.1", "a value with LF", withField("x", "a\nb: c"), RESET_PROTOCOL_ERROR],
  ["8.2.1", "a value with CR", withField("x", "a\rb"), RESET_PROTOCOL_ERROR],
  ["8.2.1", "a value that begins with a space", withField("x", " a"), RESET_PROTOCOL_ERROR],
  ["8.2.1", "a value that ends with a tab", withField("x", "a\t"), RESET_PROTOCOL_ERROR],
  ["8.2.2", "connection", withField("connection", "close"), RESET_PROTOCOL_ERROR],
  ["8.2.2", "keep-alive", withField("keep-alive", "1"), RESET_PROTOCOL_ERROR],
  ["8.2.2", "proxy-connection", withField("proxy-connection", "keep-alive"), RESET_PROTOCOL_ERROR],
  ["8.2.2", "transfer-encoding", open([...POST, ["transfer-encoding", "chunked"]]), RESET_PROTOCOL_ERROR],
  ["8.2.2", "upgrade", withField("upgrade", "h2c"), RESET_PROTOCOL_ERROR],
  ["8.2.2", "te: trailers is allowed", withField("te", "trailers"), "headers"],
  ["8.2.2", "te with anything else", withField("te", "gzip"), RESET_PROTOCOL_ERROR],
  // §8.3 pseudo-header fields
  ["8.3", "an unknown pseudo-header field", withField(":x", "1"), RESET_PROTOCOL_ERROR],
  ["8.3", "one of responses", headers(1, [...GET, [":status", "200"]]), RESET_PROTOCOL_ERROR],
  ["8.3", "behind a regular one", headers(1, [...GET.slice(0, 3), ["x", "1"], GET[3]!]), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":method is missing", without(":method"), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":scheme is missing", without(":scheme"), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":path is missing", without(":path"), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":path is empty", replaced(":path", ""), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":path with a space", replaced(":path", "/ HTTP/1.1"), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":path that is no path", replaced(":path", "http://x/"), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":path is * with another method than OPTIONS", replaced(":path", "*"), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":method with a space", replaced(":method", "GET /"), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":method twice", headers(1, [GET[0]!, ...GET]), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":path twice", headers(1, [...GET, [":path", "/b"]]), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":scheme twice", headers(1, [GET[1]!, ...GET]), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":authority twice", headers(1, [GET[3]!, ...GET]), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":authority is empty", replaced(":authority", ""), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":authority with a path", replaced(":authority", "example.org/a"), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":method is empty", replaced(":method", ""), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":scheme is empty", replaced(":scheme", ""), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":path with a fragment", replaced(":path", "/#a"), RESET_PROTOCOL_ERROR],
  ["8.3.1", ":path with NUL", replaced(":path", "/\0"), RESET_PROTOCOL_ERROR],
  [
    "8.3.1",
    "OPTIONS for * ",
    headers(
      1,
      GET.map(([name, value]) => [name, name === ":method" ? "OPTIONS" : name === ":path" ? "*" : value] as const),
    ),
    "headers",
  ],
  ["8.3.1", "neither :authority nor host gets 400", without(":authority"), "headers"],
  ["8.3.1", ":authority with user information", replaced(":authority", "u@example.org"), RESET_PROTOCOL_ERROR],
  ["8.3.1", "host in place of :authority", headers(1, [...GET.slice(0, 3), ["host", "example.org"]]), "headers"],
  ["8.3.1", "host that says the same", withField("host", "Example.org"), "headers"],
  ["8.3.1", "host that says something else", withField("host", "example.com"), RESET_PROTOCOL_ERROR],
  [
    "8.5",
    "CONNECT has no :path",
    headers(1, [[":method", "CONNECT"], ...GET.slice(1)], END_HEADERS),
    RESET_PROTOCOL_ERROR,
  ],
  ["8.5", "CONNECT has an :authority", headers(1, [[":method", "CONNECT"]], END_HEADERS), RESET_PROTOCOL_ERROR],
  [
    "8.5",
    "CONNECT with a length",
    headers(1, [[":method", "CONNECT"], GET[3]!, ["content-length", "1"]], END_HEADERS),
    RESET_PROTOCOL_ERROR,
  ],
  // RFC 8441
  ...([":scheme", ":path"] as const).map((name): (typeof CASES)[number] => [
    "RFC 8441 §4",
    `an extended CONNECT without ${name}`,
    headers(
      1,
      [[":method", "CONNECT"], [":protocol", "websocket"], ...GET.slice(1)].filter(([one]) => one !== name) as never,
      END_HEADERS,
    ),
    RESET_PROTOCOL_ERROR,
  ]),
  ["RFC 8441 §4", ":protocol without CONNECT", withField(":protocol", "websocket"), RESET_PROTOCOL_ERROR],
  // §10.5: floods
  ["10.5", "a flood of PING", many(2000, PING), "goaway 11 at last"],
  ["10.5", "a flood of SETTINGS", many(2000, SETTINGS), ENHANCE_YOUR_CALM],
  ["10.5", "a flood of empty DATA", Buffer.concat([open(), many(5000, data(""))]), ENHANCE_YOUR_CALM],
  ["10.5", "a flood of PRIORITY", many(5000, frame(Type.PRIORITY, 0, 1, Buffer.alloc(5))), ENHANCE_YOUR_CALM],
  ["10.5", "a flood of WINDOW_UPDATE", many(5000, frame(Type.WINDOW_UPDATE, 0, 0, uint32(1))), ENHANCE_YOUR_CALM],
  [
    "10.5",
    "a flood of CONTINUATION",
    Buffer.concat([frame(Type.HEADERS, 0, 1, ""), many(100, frame(Type.CONTINUATION, 0, 1, ""))]),
    ENHANCE_YOUR_CALM,
  ],
  [
    "10.5",
    "a field block without end",
    Buffer.concat([
      frame(Type.HEADERS, 0, 1, Buffer.alloc(16_000)),
      many(3, frame(Type.CONTINUATION, 0, 1, Buffer.alloc(16_000))),
    ]),
    ENHANCE_YOUR_CALM,
  ],
  [
    "10.5",
    "rapid reset",
    many(1000, (index) =>
      Buffer.concat([headers(2 * index + 1, slow()), frame(Type.RST_STREAM, 0, 2 * index + 1, uint32(8))]),
    ),
    "goaway 11 at last",
  ],
  [
    "10.5",
    "resets that we are made to send",
    many(1000, (index) =>
      Buffer.concat([
        headers(2 * index + 1, POST, END_HEADERS),
        frame(Type.WINDOW_UPDATE, 0, 2 * index + 1, uint32(0)),
      ]),
    ),
    "goaway 11 at last",
  ],
  [
    "10.5.1",
    "a list of fields that is too large gets 431",
    headers(
      1,
      [...GET, ["x", "y".repeat(16_000)], ["z", "z".repeat(300)]].map((pair) => pair as readonly [string, string]),
    ),
    "headers",
  ],
];

function slow(fields = GET): readonly (readonly [string, string])[] {
  return fields.map(([name, value]) => [name, name === ":path" ? "/slow" : value] as const);
}

function reserved(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[5] = copy[5]! | 0x80;
  return copy;
}

describe("RFC 9113", () => {
  let port = 0;
  let proxy: Awaited<ReturnType<typeof runProxy>>;

  /** What a test would leave to its end is left to the end of all. */
  const ends: (() => unknown)[] = [];
  const suite = { after: (end: () => unknown) => ends.push(end) } as unknown as TestContext;
  after(async () => {
    for (const end of ends.reverse()) await end();
  });

  before(async () => {
    const server = await serveHttp(suite, (request, response) => {
      request.resume();
      if (request.url === "/slow") setTimeout(() => response.end("late"), 500).unref();
      else request.on("end", () => response.end("ok"));
    });
    port = await freePort();
    proxy = await runProxy(
      suite,
      `listen web
        mode http
        bind 127.0.0.1:${port}
        server one 127.0.0.1:${server.port}`,
    );
  });

  for (const [section, rule, sent, wanted] of CASES)
    test(`§${section}: ${rule}`, async () => {
      const client = await FrameClient.connect(port);
      client.send(sent);
      if (wanted === "silence on 1") {
        assert.equal(await client.verdict(7), "headers");
        assert.equal(
          client.frames.some(({ streamId }) => streamId === 1),
          false,
        );
      } else if (wanted.endsWith("at last")) {
        const last = await client.find(({ type }) => type === Type.GOAWAY);
        assert.equal(last?.payload.readUInt32BE(4), 11);
      } else if (wanted.includes(" on ")) {
        const [verdict, streamId] = wanted.split(" on ");
        assert.equal(await client.verdict(Number(streamId)), verdict);
      } else assert.equal(await client.verdict(1), wanted);
      client.close();
    });

  describe("the preface (§3.4)", () => {
    for (const [rule, first, wanted] of [
      ["SETTINGS come first", Buffer.concat([PREFACE, PING]), PROTOCOL_ERROR],
      ["and are no ACK", Buffer.concat([PREFACE, frame(Type.SETTINGS, ACK, 0)]), PROTOCOL_ERROR],
      ["its second half is wrong", Buffer.from("PRI * HTTP/2.0\r\n\r\nSMASH\r\n\r\n"), "closed"],
    ] as const)
      test(rule, async () => {
        const client = await FrameClient.connect(port, first);
        const verdict = await client.verdict(1);
        assert.ok(
          verdict === wanted || (wanted === "closed" && verdict !== "silence" && verdict !== "headers"),
          verdict,
        );
        client.close();
      });

    test("in single bytes", async () => {
      const client = await FrameClient.connect(port, new Uint8Array(0));
      for (const byte of Buffer.concat([PREFACE, SETTINGS, headers(1)])) {
        client.send(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(await client.verdict(1), "headers");
      client.close();
    });

    test("our SETTINGS are first, theirs are acknowledged", async () => {
      const client = await FrameClient.connect(port);
      await client.find(({ type, flags }) => type === Type.SETTINGS && flags === ACK);
      assert.equal(client.frames[0]!.type, Type.SETTINGS);
      assert.equal(client.frames[0]!.flags, 0);
      assert.ok(client.frames.some(({ type, flags }) => type === Type.SETTINGS && flags === ACK));
      client.close();
    });
  });

  for (const [what, sent, wanted] of [
    ["DATA", data("x"), "reset 5"],
    ["HEADERS", headers(1), STREAM_CLOSED],
    ["PRIORITY", frame(Type.PRIORITY, 0, 1, Buffer.alloc(5)), "ping"],
    ["WINDOW_UPDATE", frame(Type.WINDOW_UPDATE, 0, 1, uint32(1)), "ping"],
    ["RST_STREAM", frame(Type.RST_STREAM, 0, 1, uint32(8)), "ping"],
  ] as const)
    test(`§5.1: ${what} on a stream that has been answered: ${wanted}`, async () => {
      const client = await FrameClient.connect(port);
      client.send(headers(1));
      await client.find(({ type, flags }) => type === Type.DATA && (flags & END_STREAM) !== 0);
      client.send(sent, PING);
      const answer = await client.find(
        ({ type, flags }) =>
          type === Type.GOAWAY || type === Type.RST_STREAM || (type === Type.PING && (flags & ACK) !== 0),
      );
      const code = answer?.type === Type.GOAWAY ? answer.payload.readUInt32BE(4) : answer?.payload.readUInt32BE(0);
      const told = { [Type.GOAWAY]: `goaway ${code}`, [Type.RST_STREAM]: `reset ${code}`, [Type.PING]: "ping" };
      assert.equal(told[answer?.type as 7], wanted);
      client.close();
    });

  test("§6.7: an answer to a PING is not answered", async () => {
    const client = await FrameClient.connect(port);
    client.send(frame(Type.PING, ACK, 0, "unasked!"), PING);
    assert.equal((await client.find(({ type }) => type === Type.PING))?.payload.toString(), "12345678");
    client.close();
  });

  test("§6.5.3: each SETTINGS frame is acknowledged", async () => {
    const client = await FrameClient.connect(port);
    client.send(SETTINGS, SETTINGS, PING);
    await client.find(({ type, flags }) => type === Type.PING && flags === ACK);
    assert.equal(client.frames.filter(({ type, flags }) => type === Type.SETTINGS && flags === ACK).length, 3);
    client.close();
  });

  test("a drain says GOAWAY twice, and the request under way is answered (§6.8)", async () => {
    const client = await FrameClient.connect(port);
    client.send(headers(1, slow()));
    await client.find(({ type, flags }) => type === Type.SETTINGS && flags === ACK);
    const stopped = proxy.running.stop(false);
    const first = await client.find(({ type }) => type === Type.GOAWAY);
    assert.deepEqual([first!.payload.readUInt32BE(0), first!.payload.readUInt32BE(4)], [2 ** 31 - 1, 0]);
    const ping = await client.find(({ type, flags }) => type === Type.PING && flags === 0);
    client.send(frame(Type.PING, ACK, 0, ping!.payload));
    const second = await client.find((one) => one.type === Type.GOAWAY && one.payload.readUInt32BE(0) === 1);
    assert.ok(second, "the second GOAWAY names the last stream");
    assert.equal(
      await client
        .find(({ type, flags }) => type === Type.DATA && (flags & END_STREAM) !== 0)
        .then((one) => one?.payload.toString()),
      "late",
    );
    await client.find(() => false);
    assert.ok(client.raw.ended, "and then the connection ends");
    client.close();
    await stopped;
  });
});
