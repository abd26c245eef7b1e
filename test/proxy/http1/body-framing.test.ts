import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BodyFraming } from "../../../src/proxy/http1/body-framing.js";
import { randomCuts } from "../../support/random-cuts.js";
import { bytesOf } from "./support.js";

/** Feeds `bytes` in pieces that end at `ends`; returns how many belong to the body. */
function feed(body: BodyFraming, bytes: Uint8Array, ends: readonly number[]): number {
  let from = 0;
  for (const end of ends) {
    from = body.advance(bytes, from, end);
    if (body.done || body.broken) break;
    assert.equal(from, end, "while a body goes on, all bytes are its own");
  }
  return from;
}

test("a message without a body is done before its first byte", () => {
  for (const begin of ["beginEmpty", "beginLength"] as const) {
    const body = new BodyFraming();
    body[begin](0);
    assert.equal(body.done, true);
    assert.equal(body.advance(bytesOf("next"), 0, 4), 0);
  }
});

test("a body of a length takes that many bytes, however cut, and leaves the next message alone", () =>
  fc.assert(
    fc.property(fc.nat(100), fc.nat(50), fc.nat(), (length, behind, seed) => {
      const bytes = new Uint8Array(length + behind);
      const [ends] = fc.sample(randomCuts(bytes.length), { numRuns: 1, seed });
      const body = new BodyFraming();
      body.beginLength(length);
      assert.equal(feed(body, bytes, ends!), length);
      assert.equal(body.done, true);
    }),
  ));

test("a length beyond 32 bits is counted right", () => {
  const body = new BodyFraming();
  body.beginLength(2 ** 33 + 1);
  const bytes = new Uint8Array(2 ** 20);
  for (let count = 0; count < 2 ** 13; count++) body.advance(bytes, 0, bytes.length);
  assert.equal(body.done, false);
  assert.equal(body.advance(bytes, 0, 10), 1);
  assert.equal(body.done, true);
});

test("a chunked body ends with its last chunk and trailers, however cut", () => {
  const text = "5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n";
  const bytes = bytesOf(`${text}GET / HTTP/1.1\r\n`);
  fc.assert(
    fc.property(randomCuts(bytes.length), (ends) => {
      const body = new BodyFraming();
      body.beginChunked();
      assert.equal(feed(body, bytes, ends), text.length);
      assert.deepEqual([body.done, body.broken], [true, false]);
    }),
  );
});

test("a broken chunk is told, and forgotten when the next message begins", () => {
  const body = new BodyFraming();
  body.beginChunked();
  body.advance(bytesOf("xyz\r\n"), 0, 5);
  assert.deepEqual([body.done, body.broken], [false, true]);
  body.beginChunked();
  assert.equal(body.advance(bytesOf("0\r\n\r\n"), 0, 5), 5);
  assert.deepEqual([body.done, body.broken], [true, false]);
});

test("a body that ends with the connection takes everything", () => {
  const body = new BodyFraming();
  body.beginUntilClose();
  assert.equal(body.isUntilClose, true);
  assert.equal(body.advance(bytesOf("HTTP/1.1 200 OK"), 3, 15), 15);
  assert.equal(body.done, false);
  body.beginEmpty();
  assert.equal(body.isUntilClose, false);
});
