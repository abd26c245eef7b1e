/** RFC 9113's MUSTs for a client, which we are to servers: what a server sends, and what a session reads of it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { randomCuts } from "../../support/random-cuts.js";
import { block, END_HEADERS, END_STREAM, frame, PADDED, setting, Type, uint32 } from "./frame-client.js";
import { cut } from "./memory.js";
import { ask } from "./server-conversation.js";

type Fields = readonly (readonly [string, string])[];

const SETTINGS = frame(Type.SETTINGS, 0, 0);
const OK: Fields = [[":status", "200"]];
const response = (fields: Fields = OK, flags = END_HEADERS | END_STREAM, streamId = 1): Buffer =>
  frame(Type.HEADERS, flags, streamId, block(fields));
const data = (payload: string, flags = 0): Buffer => frame(Type.DATA, flags, 1, payload);

const HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n`;

describe("a session reads a response of HTTP/2 as HTTP/1.1", () => {
  for (const [what, sent, text] of [
    [
      "chunked without a length",
      [response(OK, END_HEADERS), data("hello", END_STREAM)],
      `${CHUNKED}0005\r\nhello\r\n0\r\n\r\n`,
    ],
    [
      "with its length",
      [response([...OK, ["content-length", "5"]], END_HEADERS), data("hello", END_STREAM)],
      `${HEAD}content-length: 5\r\nconnection: close\r\n\r\nhello`,
    ],
    [
      "without padding",
      [response(OK, END_HEADERS), data("\x02hello\0\0", PADDED | END_STREAM)],
      `${CHUNKED}0005\r\nhello\r\n0\r\n\r\n`,
    ],
    [
      "with trailers",
      [response(OK, END_HEADERS), data("x"), response([["grpc-status", "0"]])],
      `${CHUNKED}0001\r\nx\r\n0\r\ngrpc-status: 0\r\n\r\n`,
    ],
    [
      "behind interim heads",
      [
        response(
          [
            [":status", "103"],
            ["link", "</a>"],
          ],
          END_HEADERS,
        ),
        response([[":status", "204"]]),
      ],
      "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
    ],
    ["that is empty", [response()], `${HEAD}connection: close\r\ncontent-length: 0\r\n\r\n`],
  ] as const)
    test(what, () => {
      const outcome = ask([SETTINGS, ...sent]);
      assert.equal(outcome.text, text);
      assert.equal(outcome.state, "ended");
      assert.deepEqual(outcome.told, []);
    });
});

describe("what a server must not send", () => {
  for (const [section, what, sent, told] of [
    ["8.3.2", "no status", response([["x", "1"]]), "reset 1"],
    ["8.3.2", "a status that is no number", response([[":status", "2xx"]]), "reset 1"],
    ["8.3.2", "status twice", response([...OK, ...OK]), "reset 1"],
    ["8.3.2", "status behind a field", response([["x", "1"], ...OK]), "reset 1"],
    ["8.3.2", "a pseudo-header field of requests", response([...OK, [":path", "/"]]), "reset 1"],
    ["8.6", "101", response([[":status", "101"]], END_HEADERS), "reset 1"],
    ["8.1", "an interim head that ends the stream", response([[":status", "103"]]), "reset 1"],
    ["8.2", "a name in upper case", response([...OK, ["X", "1"]]), "reset 1"],
    ["8.2.1", "a value with LF", response([...OK, ["x", "1\n2"]]), "reset 1"],
    ["8.2.2", "connection", response([...OK, ["connection", "close"]]), "reset 1"],
    ["8.2.2", "transfer-encoding", response([...OK, ["transfer-encoding", "chunked"]]), "reset 1"],
    [
      "8.1.1",
      "more than content-length",
      Buffer.concat([response([...OK, ["content-length", "1"]], END_HEADERS), data("ab")]),
      "reset 1",
    ],
    [
      "8.1.1",
      "less than content-length",
      Buffer.concat([response([...OK, ["content-length", "3"]], END_HEADERS), data("ab", END_STREAM)]),
      "reset 1",
    ],
    ["8.1", "DATA before HEADERS", data("x"), "reset 1"],
    [
      "8.4",
      "PUSH_PROMISE, which we have forbidden",
      frame(Type.PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([uint32(2), block([])])),
      "goaway 1",
    ],
    ["5.1", "HEADERS on a stream that we have not opened", response(OK, 5, 3), "goaway 1"],
    ["5.1.1", "a stream of its own", response(OK, 5, 2), "goaway 1"],
    ["6.5.2", "ENABLE_PUSH 1", frame(Type.SETTINGS, 0, 0, setting(2, 1)), "goaway 1"],
    ["4.3", "a field block that cannot be decoded", frame(Type.HEADERS, 5, 1, Buffer.from([0x80])), "goaway 9"],
  ] as const)
    test(`§${section}: ${what}`, () => {
      const outcome = ask([SETTINGS, sent]);
      assert.equal(outcome.told[0], told);
      assert.equal(outcome.state, "broken");
    });
});

test("§6.9.1: more than the stream's window, which a session that does not read leaves closed", () => {
  const most = frame(Type.DATA, 0, 1, Buffer.alloc(16_383));
  const sent = Buffer.concat([SETTINGS, response(OK, END_HEADERS), most, most, most, most]);
  assert.deepEqual(ask([sent], undefined, false).told, ["reset 8"]); // 3 octets are left; the session gives up
  assert.deepEqual(ask([sent, data("1234")], undefined, false).told, ["reset 3"]);
});

describe("a request", () => {
  const fieldsOf = (request: string): string => ask([SETTINGS, response()], request).requests[0]!;

  test("leaves out what is of HTTP/1.1's connection (§8.2.2)", () => {
    const block = fieldsOf(
      "POST /x HTTP/1.1\r\nHost: example.org\r\nConnection: keep-alive, upgrade\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n" +
        "Proxy-Connection: keep-alive\r\nTransfer-Encoding: chunked\r\nTE: gzip\r\nX-Kept: yes\r\n\r\n0\r\n\r\n",
    );
    for (const name of ["connection", "keep-alive", "upgrade", "transfer-encoding", "chunked", "gzip"])
      assert.ok(!block.includes(name), name);
    assert.ok(block.includes("x-kept") && block.includes("example.org") && block.includes("/x"));
  });

  test("in another transfer coding than chunked is not sent: the server could not be told (§8.2.2)", () => {
    const post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    assert.deepEqual(ask([SETTINGS], post).requests, []);
  });

  test("may ask for trailers", () => {
    assert.ok(fieldsOf("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n").includes("trailers"));
  });

  test("of the absolute form has its path alone (§8.3.1)", () => {
    const block = fieldsOf("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.ok(block.includes("/?q") && !block.includes("http://"));
  });

  test("that a session gives up is cancelled, and one that is whole is not", () => {
    assert.deepEqual(ask([SETTINGS, response(OK, END_HEADERS)]).told, ["reset 8"]);
    assert.deepEqual(ask([SETTINGS, response([...OK, ["content-length", "2"]], END_HEADERS), data("ok")]).told, []);
  });
});

describe("an upgrade is an extended CONNECT (RFC 8441)", () => {
  // Key and its answer are those of RFC 6455 §1.3.
  const UPGRADE =
    "GET /chat HTTP/1.1\r\nHost: example.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  const SWITCHING =
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
    "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
  const WILLING = frame(Type.SETTINGS, 0, 0, setting(8, 1));

  test("with :protocol, and without what is of HTTP/1.1", () => {
    const [block] = ask([WILLING], UPGRADE).requests;
    for (const part of ["CONNECT", ":protocol", "websocket", "/chat", "example.org", "sec-websocket-version"])
      assert.ok(block!.includes(part), part);
    for (const part of ["upgrade", "connection", "sec-websocket-key"]) assert.ok(!block!.includes(part), part);
  });

  test("that is answered 101, with proof, and then is bytes both ways", () => {
    const outcome = ask([WILLING, response(OK, END_HEADERS), data("hello"), data("", END_STREAM)], UPGRADE);
    assert.equal(outcome.text, `${SWITCHING}\r\nhello`);
    assert.equal(outcome.state, "ended");
  });

  test("§5: neither a length nor a proof of the server's own is passed on", () => {
    const fields: Fields = [...OK, ["content-length", "3"], ["sec-websocket-accept", "x"], ["x-kept", "yes"]];
    const outcome = ask([WILLING, response(fields, END_HEADERS), data("more than that")], UPGRADE);
    assert.equal(outcome.text, `${SWITCHING}x-kept: yes\r\n\r\nmore than that`);
  });

  test("that is refused gets its answer like any request", () => {
    const outcome = ask([WILLING, response([[":status", "403"]])], UPGRADE);
    assert.equal(outcome.text, "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });

  test("§3: which waits for the server's SETTINGS, and is never sent if they do not allow it", () => {
    assert.deepEqual(ask([], UPGRADE), { text: "", state: "open", told: [], requests: [] });
    assert.deepEqual(ask([SETTINGS], UPGRADE), { text: "", state: "broken", told: [], requests: [] });
  });

  for (const [what, request] of [
    ["to h2c", UPGRADE.replace("websocket", "h2c")],
    ["to a choice of protocols", UPGRADE.replace("websocket", "websocket, other")],
    ["of a request with a body", UPGRADE.replace("\r\n\r\n", "\r\nContent-Length: 2\r\n\r\nhi")],
  ] as const)
    test(`but not one ${what}: that goes without it, and at once`, () => {
      const [block] = ask([], request).requests;
      assert.ok(!block!.includes("CONNECT") && !block!.includes(":protocol") && !block!.includes("upgrade"));
    });

  test("whatever a server sends upon it, it ends well, and means the same however it is cut", () =>
    fc.assert(
      fc.property(
        fc
          .array(anyFrame, { maxLength: 10 })
          .map((frames) => Buffer.concat([WILLING, ...frames]))
          .chain((bytes) => fc.tuple(fc.constant(bytes), randomCuts(bytes.length))),
        ([bytes, ends]) => {
          const whole = ask([bytes], UPGRADE);
          const pieces = ask(cut(bytes, ends), UPGRADE);
          assert.equal(withoutChunks(pieces.text), withoutChunks(whole.text));
          assert.equal(pieces.state, whole.state);
        },
      ),
      { numRuns: 500 },
    ));
});

const anyFrame = fc.oneof(
  fc.constantFrom(response(OK, END_HEADERS), response(), data("hello"), data("x", END_STREAM), SETTINGS),
  fc
    .tuple(fc.nat(12), fc.nat(255), fc.constantFrom(0, 1, 1, 2, 3), fc.uint8Array({ maxLength: 50 }))
    .map(([type, flags, id, payload]) => frame(type, flags, id, payload)),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);

test("whatever a server sends, it ends well, and means the same however it is cut", () =>
  fc.assert(
    fc.property(
      fc
        .array(anyFrame, { maxLength: 15 })
        .map((frames) => Buffer.concat([SETTINGS, ...frames]))
        .chain((bytes) => fc.tuple(fc.constant(bytes), randomCuts(bytes.length))),
      ([bytes, ends]) => {
        const whole = ask([bytes]);
        const pieces = ask(cut(bytes, ends));
        assert.equal(withoutChunks(pieces.text), withoutChunks(whole.text));
        assert.equal(pieces.state, whole.state);
      },
    ),
    { numRuns: 1000 },
  ));

/** Chunks follow the pieces that came. */
const withoutChunks = (text: string): string => text.replaceAll(/\r\n[0-9a-f]{4}\r\n/g, "").replaceAll("\r\n", "");
