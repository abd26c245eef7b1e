/** What no input may break: one result wherever a head is cut, no throw on any bytes, nothing left from before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HeadError, Method, NEED_MORE, RequestHead, ResponseHead } from "../../../src/proxy/http1/head.js";
import { allSingleCuts, everyByte, randomCuts } from "../../support/random-cuts.js";
import { bytesOf, feedRequest, feedResponse, viewOf } from "./support.js";

const largestError = Math.max(...Object.values(HeadError));

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/);
const name = fc.oneof(
  token,
  fc.constantFrom("Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Expect", "TE", "Cookie", "Host"),
);
const value = fc.oneof(
  fc.stringMatching(/^[\t -~\x80-\xff]{0,20}$/),
  fc.constantFrom("chunked", "gzip, chunked", "5", "0", "close", "keep-alive", "upgrade", "websocket", "100-continue"),
);
const fields = fc
  .array(fc.tuple(name, fc.constantFrom("", " ", "\t "), value), { maxLength: 30 })
  .map((lines) => lines.map(([n, space, v]) => `${n}:${space}${v}\r\n`).join(""));
const requestText = fc
  .tuple(
    fc.constantFrom("", "\r\n"),
    fc.oneof(token, fc.constantFrom("GET", "POST", "OPTIONS", "CONNECT")),
    fc.oneof(fc.constantFrom("/", "*", "http://h/", "h:1"), fc.stringMatching(/^\/[!-~]{0,30}$/)),
    fc.constantFrom("0", "1"),
    fields,
  )
  .map(
    ([skip, method, target, minor, lines]) => `${skip}${method} ${target} HTTP/1.${minor}\r\nHost: h\r\n${lines}\r\n`,
  );
const responseText = fc
  .tuple(fc.constantFrom("0", "1"), fc.integer({ min: 90, max: 999 }), value, fields)
  .map(([minor, status, reason, lines]) => `HTTP/1.${minor} ${status} ${reason}\r\n${lines}\r\n`);

/** Well-formed heads with a few bytes changed, dropped or doubled: malformed ones that get far into the parser. */
const damaged = (text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      text,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom("", "\0", "\r", "\n", " ", ":", "\x80", "\x7f", "chunked"))),
    )
    .map(([whole, edits]) => {
      let seen = whole;
      for (const [position, insert] of edits.slice(0, 3)) {
        const at = position % (seen.length + 1);
        seen = seen.slice(0, at) + insert + seen.slice(insert === "" ? at + 1 : at);
      }
      return bytesOf(seen);
    });

const requests = fc.oneof(requestText.map(bytesOf), damaged(requestText));
const responses = fc.oneof(responseText.map(bytesOf), damaged(responseText));
const methods = fc.constantFrom(...Object.values(Method));

function wholeRequest(bytes: Uint8Array): readonly [number, Record<string, unknown> | undefined] {
  const head = new RequestHead();
  const result = head.parse(bytes, 0, bytes.length);
  return [result, result > 0 ? viewOf(head, bytes) : undefined];
}

function wholeResponse(bytes: Uint8Array, method: number): readonly [number, Record<string, unknown> | undefined] {
  const head = new ResponseHead();
  const result = head.parse(bytes, 0, bytes.length, method);
  return [result, result > 0 ? viewOf(head, bytes) : undefined];
}

test("a request means the same however it is cut", () =>
  fc.assert(
    fc.property(
      requests.chain((bytes) => fc.tuple(fc.constant(bytes), randomCuts(bytes.length))),
      ([bytes, cuts]) => {
        const [expected, view] = wholeRequest(bytes);
        for (const ends of [cuts, everyByte(bytes.length)]) {
          const head = new RequestHead();
          assert.equal(feedRequest(head, bytes, ends), expected);
          if (view !== undefined) assert.deepEqual(viewOf(head, bytes), view);
        }
      },
    ),
    { numRuns: 400 },
  ));

test("a response means the same however it is cut", () =>
  fc.assert(
    fc.property(
      responses.chain((bytes) => fc.tuple(fc.constant(bytes), methods, randomCuts(bytes.length))),
      ([bytes, method, cuts]) => {
        const [expected, view] = wholeResponse(bytes, method);
        for (const ends of [cuts, everyByte(bytes.length)]) {
          const head = new ResponseHead();
          assert.equal(feedResponse(head, bytes, ends, method), expected);
          if (view !== undefined) assert.deepEqual(viewOf(head, bytes), view);
        }
      },
    ),
    { numRuns: 400 },
  ));

test("every single cut of a typical head gives the same", () => {
  const bytes = bytesOf(
    "\r\nPOST http://a.example/x?y HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, X\r\nContent-Length:  12 \r\nX: \r\n\r\n",
  );
  const [expected, view] = wholeRequest(bytes);
  assert.equal(expected, bytes.length);
  for (const ends of allSingleCuts(bytes.length)) {
    const head = new RequestHead();
    assert.equal(feedRequest(head, bytes, ends), expected);
    assert.deepEqual(viewOf(head, bytes), view);
  }
});

test("an accepted request is accepted at its very last byte, not before", () =>
  fc.assert(
    fc.property(requestText.map(bytesOf), (bytes) => {
      const [expected] = wholeRequest(bytes);
      fc.pre(expected > 0);
      assert.equal(expected, bytes.length);
      const head = new RequestHead();
      assert.equal(head.parse(bytes, 0, bytes.length - 1), NEED_MORE);
    }),
  ));

test("no bytes make a parser throw or answer anything but a length, a want or a known error", () =>
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), requests, responses), methods, (bytes, method) => {
      for (const result of [wholeRequest(bytes)[0], wholeResponse(bytes, method)[0]]) {
        assert.ok(Number.isInteger(result));
        assert.ok(result <= bytes.length && result >= -largestError);
      }
    }),
    { numRuns: 1000 },
  ));

test("a refused head stays refused, whatever else comes", () =>
  fc.assert(
    fc.property(damaged(requestText), fc.uint8Array({ maxLength: 50 }), (bytes, more) => {
      const head = new RequestHead();
      const result = head.parse(bytes, 0, bytes.length);
      fc.pre(result < 0);
      const longer = Buffer.concat([bytes, more]);
      assert.equal(head.parse(longer, 0, longer.length), result);
    }),
  ));

test("after reset nothing is left of the head before, finished, cut or refused", () =>
  fc.assert(
    fc.property(requests, fc.nat(), requests, (before, cut, bytes) => {
      const reused = new RequestHead();
      reused.parse(before, 0, cut % (before.length + 1));
      reused.reset();
      const [expected, view] = wholeRequest(bytes);
      assert.equal(reused.parse(bytes, 0, bytes.length), expected);
      if (view !== undefined) assert.deepEqual(viewOf(reused, bytes), view);
    }),
  ));

test("reset forgets each thing that a full head can say", () => {
  const fields =
    "Connection: close, upgrade, x\r\nUpgrade: websocket\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n";
  const full = bytesOf(`\r\nPOST http://h/ HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
  const sized = bytesOf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
  const later = ["", "Connection: upgrade\r\n", "Upgrade: websocket\r\n", "Content-Length: 5\r\n"].map((line) =>
    bytesOf(`GET / HTTP/1.1\r\nHost: other\r\n${line}\r\n`),
  );
  for (const bytes of [...later, bytesOf("GET / HTTP/1.0\r\n\r\n")]) {
    const reused = new RequestHead();
    for (const before of [full, sized]) {
      assert.equal(reused.parse(before, 0, before.length), before.length);
      reused.reset();
    }
    const [expected, view] = wholeRequest(bytes);
    assert.equal(reused.parse(bytes, 0, bytes.length), expected);
    assert.deepEqual(viewOf(reused, bytes), view);
  }
});

test("the same for responses", () =>
  fc.assert(
    fc.property(responses, fc.nat(), responses, methods, (before, cut, bytes, method) => {
      const reused = new ResponseHead();
      reused.parse(before, 0, cut % (before.length + 1), method);
      reused.reset();
      const [expected, view] = wholeResponse(bytes, method);
      assert.equal(reused.parse(bytes, 0, bytes.length, method), expected);
      if (view !== undefined) assert.deepEqual(viewOf(reused, bytes), view);
    }),
  ));

test("pipelined requests are told apart", () =>
  fc.assert(
    fc.property(fc.array(requestText, { minLength: 2, maxLength: 4 }), (texts) => {
      const accepted = texts.filter((text) => wholeRequest(bytesOf(text))[0] > 0);
      const bytes = bytesOf(accepted.join(""));
      const head = new RequestHead();
      let start = 0;
      for (const text of accepted) {
        head.reset();
        assert.equal(head.parse(bytes, start, bytes.length), text.length);
        start += head.length;
      }
      assert.equal(start, bytes.length);
    }),
  ));
