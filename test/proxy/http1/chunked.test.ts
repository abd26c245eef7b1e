import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ChunkedDecoder, MAX_EXTENSION_BYTES, MAX_TRAILER_BYTES } from "../../../src/proxy/http1/chunked.js";
import { HeadError, headErrorText } from "../../../src/proxy/http1/head.js";
import { everyByte, randomCuts } from "../../support/random-cuts.js";
import { bytesOf, type HeadErrorCode } from "./support.js";

function advance(text: string): ChunkedDecoder {
  const bytes = bytesOf(text);
  const decoder = new ChunkedDecoder();
  decoder.advance(bytes, 0, bytes.length);
  return decoder;
}

/** Feeds the pieces that end at `ends`. @returns how far the body reached, and its content. */
function strip(decoder: ChunkedDecoder, bytes: Uint8Array, ends: readonly number[]): readonly [number, Buffer] {
  const out = Buffer.alloc(bytes.length);
  let size = 0;
  let at = 0;
  for (const end of ends) {
    if (decoder.done || decoder.error !== 0) break;
    size = decoder.strip(bytes, at, end, out, size);
    at = decoder.position;
  }
  return [at, out.subarray(0, size)];
}

test("RFC 9112 §7.1: chunks, a last chunk, trailers", () => {
  const text = '4\r\nWiki\r\n7;a=b;c="d e"\r\npedia i\r\nB\r\nn \r\nchunks.\r\n0\r\nExpires: never\r\nX:\r\n\r\n';
  const bytes = bytesOf(`${text}GET / HTTP/1.1`);
  const decoder = new ChunkedDecoder();
  assert.equal(decoder.advance(bytes, 0, bytes.length), text.length);
  assert.equal(decoder.done, true);
  assert.equal(decoder.error, 0);
  assert.equal(decoder.dataBytes, 22);
  decoder.reset();
  const [end, content] = strip(decoder, bytes, [bytes.length]);
  assert.equal(end, text.length);
  assert.equal(content.toString(), "Wikipedia in \r\nchunks.");
});

for (const text of [
  "0\r\n\r\n",
  "000\r\n\r\n",
  "0;x\r\n\r\n",
  "a\r\n0123456789\r\n0\r\n\r\n",
  "A \t\r\n0123456789\r\n0\r\n\r\n",
])
  test(`${JSON.stringify(text)} is a whole body`, () => {
    const decoder = advance(text);
    assert.equal(decoder.done, true);
    assert.equal(decoder.position, text.length);
  });

for (const [what, text, code] of [
  ["no size", "\r\n", HeadError.badChunkSize],
  ["an extension without a size", ";a\r\n", HeadError.badChunkSize],
  ["a space before the size", " 1\r\na\r\n", HeadError.badChunkSize],
  ["a signed size", "+1\r\na\r\n", HeadError.badChunkSize],
  ["a negative size", "-1\r\na\r\n", HeadError.badChunkSize],
  ["a size in C's notation", "0x1\r\na\r\n", HeadError.badChunkSize],
  ["a size with an underscore", "1_0\r\n", HeadError.badChunkSize],
  ["a letter behind the size", "1g\r\na\r\n", HeadError.badChunkSize],
  ["two sizes", "1 1\r\na\r\n", HeadError.badChunkSize],
  ["a size that wraps at 2^64", "10000000000000001\r\na\r\n", HeadError.chunkSizeTooLarge],
  ["a size of 2^52", "10000000000000\r\n", HeadError.chunkSizeTooLarge],
  ["endless zeros", "00000000000000001\r\na\r\n", HeadError.chunkSizeTooLarge],
  ["a size that ends in LF", "1\na\r\n0\r\n\r\n", HeadError.bareLineFeed],
  ["a size that ends in CR", "1\ra\r\n0\r\n\r\n", HeadError.bareCarriageReturn],
  ["an extension that ends in LF", "1;a\na\r\n0\r\n\r\n", HeadError.bareLineFeed],
  ["an extension with CR inside", "1;a\rb\r\na\r\n", HeadError.bareCarriageReturn],
  ["a NUL in an extension", "1;a\0\r\na\r\n", HeadError.badChunkExtension],
  ["data longer than its size", "1\r\nab\r\n0\r\n\r\n", HeadError.badChunkEnd],
  ["data shorter than its size", "3\r\na\r\n0\r\n\r\n", HeadError.badChunkEnd],
  ["data that ends in LF", "1\r\na\n0\r\n\r\n", HeadError.badChunkEnd],
  ["data that ends in CR", "1\r\na\r0\r\n\r\n", HeadError.badChunkEnd],
  ["a trailer without a colon", "0\r\nX\r\n\r\n", HeadError.badFieldName],
  ["a trailer without a name", "0\r\n: x\r\n\r\n", HeadError.badFieldName],
  ["a trailer with a space before its colon", "0\r\nX : x\r\n\r\n", HeadError.spaceBeforeColon],
  ["a folded trailer", "0\r\nX: x\r\n y\r\n\r\n", HeadError.obsoleteFolding],
  ["a trailer that ends in LF", "0\r\nX: x\n\r\n", HeadError.bareLineFeed],
  ["a trailer with CR inside", "0\r\nX: x\ry\r\n\r\n", HeadError.bareCarriageReturn],
  ["a NUL in a trailer", "0\r\nX: \0\r\n\r\n", HeadError.badFieldValue],
  ["a last line of LF", "0\r\n\n", HeadError.bareLineFeed],
  ["a last line that is no CRLF", "0\r\n\rX", HeadError.bareCarriageReturn],
  ["a request instead of a last line", "0\r\nGET / HTTP/1.1\r\n\r\n", HeadError.spaceBeforeColon],
  ["too many trailers", `0\r\n${"X: y\r\n".repeat(102)}\r\n`, HeadError.tooManyFields],
] as const satisfies readonly (readonly [string, string, HeadErrorCode])[])
  test(`${what}: ${headErrorText(code)}`, () => {
    const whole = advance(text);
    assert.equal(headErrorText(whole.error), headErrorText(code));
    assert.equal(whole.done, false);
    const bytes = bytesOf(text);
    const decoder = new ChunkedDecoder();
    const [at] = strip(decoder, bytes, everyByte(bytes.length));
    assert.equal(decoder.error, code);
    assert.equal(at, whole.position);
    // Nothing behind an error is believed.
    assert.equal(decoder.advance(bytes, 0, bytes.length), 0);
    assert.equal(decoder.error, code);
  });

test("extensions are bounded in each chunk", () => {
  const chunk = (size: number) => `1;${"e".repeat(size)}\r\na\r\n`;
  assert.equal(advance(`${chunk(MAX_EXTENSION_BYTES)}${chunk(MAX_EXTENSION_BYTES)}0\r\n\r\n`).done, true);
  assert.equal(advance(chunk(MAX_EXTENSION_BYTES + 1)).error, HeadError.chunkExtensionTooLong);
  assert.equal(advance(`1${" ".repeat(MAX_EXTENSION_BYTES + 1)}\r\na\r\n`).error, HeadError.chunkExtensionTooLong);
});

test("trailers are bounded in bytes", () => {
  assert.equal(advance(`0\r\nX: ${"y".repeat(MAX_TRAILER_BYTES - 10)}\r\n\r\n`).done, true);
  assert.equal(advance(`0\r\nX: ${"y".repeat(MAX_TRAILER_BYTES)}\r\n\r\n`).error, HeadError.trailersTooLong);
  assert.equal(advance(`0\r\n${"X".repeat(MAX_TRAILER_BYTES + 1)}`).error, HeadError.trailersTooLong);
});

test("a chunk of 2^52 - 1 bytes is counted down without being held", () => {
  const decoder = new ChunkedDecoder();
  const size = bytesOf("fffffffffffff\r\n");
  decoder.advance(size, 0, size.length);
  const block = Buffer.alloc(65_536, "x");
  for (let i = 0; i < 100; i += 1) assert.equal(decoder.advance(block, 0, block.length), block.length);
  assert.equal(decoder.dataBytes, 6_553_600);
  assert.equal(decoder.error, 0);
  assert.equal(decoder.done, false);
});

const chunk = fc.tuple(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc.constantFrom("", ";a", ";a=b", '; a="b;c"', "  "),
  fc.boolean(),
  fc.nat({ max: 3 }),
);
const body = fc.tuple(fc.array(chunk, { maxLength: 8 }), fc.constantFrom("", "X: y\r\n", "A:\r\nB: c d\r\n"));

function encode([chunks, trailers]: typeof body extends fc.Arbitrary<infer T> ? T : never): Buffer {
  const parts: Uint8Array[] = [];
  for (const [data, extension, upper, zeros] of chunks) {
    const size = "0".repeat(zeros) + data.length.toString(16);
    parts.push(bytesOf(`${upper ? size.toUpperCase() : size}${extension}\r\n`), data, bytesOf("\r\n"));
  }
  return Buffer.concat([...parts, bytesOf(`0\r\n${trailers}\r\n`)]);
}

test("content comes back as it was put in, wherever the stream is cut, and what follows is left alone", () =>
  fc.assert(
    fc.property(
      body.chain((parts) => {
        const bytes = Buffer.concat([encode(parts), bytesOf("5\r\nnext")]);
        return fc.tuple(fc.constant(parts), fc.constant(bytes), randomCuts(bytes.length));
      }),
      ([parts, bytes, cuts]) => {
        const content = Buffer.concat(parts[0].map(([data]) => data));
        for (const ends of [[bytes.length], cuts, everyByte(bytes.length)]) {
          const decoder = new ChunkedDecoder();
          const [end, seen] = strip(decoder, bytes, ends);
          assert.equal(decoder.error, 0);
          assert.equal(decoder.done, true);
          assert.equal(end, bytes.length - 7);
          assert.equal(decoder.dataBytes, content.length);
          assert.ok(seen.equals(content));
        }
      },
    ),
  ));

test("framing is stripped in place as well", () =>
  fc.assert(
    fc.property(body, (parts) => {
      const bytes = encode(parts);
      const decoder = new ChunkedDecoder();
      const end = decoder.strip(bytes, 0, bytes.length, bytes, 0);
      assert.ok(bytes.subarray(0, end).equals(Buffer.concat(parts[0].map(([data]) => data))));
    }),
  ));

test("no bytes make the decoder throw, read past the end or differ by cuts", () => {
  const alphabet = fc.constantFrom("0", "1", "2", "a", "F", ";", ":", " ", "\r", "\n", "\r\n", "x", "\0");
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(alphabet).map((parts) => bytesOf(parts.join(""))),
  );
  fc.assert(
    fc.property(
      anyBytes.chain((bytes) => fc.tuple(fc.constant(bytes), randomCuts(bytes.length))),
      ([bytes, cuts]) => {
        const whole = new ChunkedDecoder();
        const [at, content] = strip(whole, bytes, [bytes.length]);
        assert.ok(at <= bytes.length);
        assert.ok(at === bytes.length || whole.done || whole.error !== 0);
        const pieces = new ChunkedDecoder();
        const [at2, content2] = strip(pieces, bytes, cuts);
        assert.deepEqual([at2, pieces.done, pieces.error], [at, whole.done, whole.error]);
        assert.ok(content2.equals(content));
      },
    ),
    { numRuns: 1000 },
  );
});
