/** HPACK: any blocks into the decoder, and what comes out through our encoder and back. */
import assert from "node:assert/strict";
import { ErrorCode } from "../../../src/proxy/http2/error-code.js";
import type { HeaderField } from "../../../src/proxy/http2/field.js";
import { HpackDecoder, MAX_BLOCK } from "../../../src/proxy/http2/hpack-decoder.js";
import { FIELD_ROOM, HpackEncoder } from "../../../src/proxy/http2/hpack-encoder.js";
import type { Random } from "../random.js";
import type { Target } from "../target.js";

type Pair = readonly [name: string, value: string];
const MAX_LIST = 8_000;

/** An input is blocks with two octets of length in front of each. */
function* blocksOf(input: Buffer): Iterable<Buffer> {
  for (let at = 0; at + 2 <= input.length; ) {
    const length = Math.min(input.readUInt16BE(at), MAX_BLOCK);
    yield input.subarray(at + 2, at + 2 + length);
    at += 2 + length;
  }
}

const join = (blocks: readonly Uint8Array[]): Buffer =>
  Buffer.concat(blocks.flatMap((block) => [Buffer.of(block.length >> 8, block.length & 0xff), block]));

const textOf = (field: HeaderField): Pair => {
  const text = Buffer.from(field.line.buffer, field.line.byteOffset, field.line.length).toString("latin1");
  return [text.slice(0, field.nameLength), text.slice(field.valueStart, field.valueStart + field.valueLength)];
};

function decode(decoder: HpackDecoder, block: Uint8Array): { result: number; pairs: Pair[] } {
  const pairs: Pair[] = [];
  const result = decoder.decode(block, 0, block.length, { onField: (field) => pairs.push(textOf(field)) });
  return { result, pairs };
}

function encode(encoder: HpackEncoder, pairs: readonly Pair[]): Uint8Array {
  const size = pairs.reduce((sum, [name, value]) => sum + name.length + value.length + FIELD_ROOM, 16);
  const out = new Uint8Array(size);
  let at = encoder.begin(out, 0);
  for (const [name, value] of pairs) {
    const bytes = Buffer.from(name + value, "latin1");
    const before = at;
    at = encoder.field(out, at, bytes, 0, name.length, name.length, bytes.length);
    assert.ok(at - before <= bytes.length + FIELD_ROOM, "a field keeps to its room");
  }
  return out.subarray(0, at);
}

function run(input: Buffer): void {
  const decoder = new HpackDecoder(MAX_LIST);
  const encoder = new HpackEncoder();
  const back = new HpackDecoder(MAX_LIST);
  for (const block of blocksOf(input)) {
    const { result, pairs } = decode(decoder, block);
    assert.ok(result === 0 || result === ErrorCode.COMPRESSION_ERROR);
    assert.ok(pairs.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0) <= MAX_LIST);
    if (result !== 0) return;
    if (block.length > 0) encoder.limit(block[0]! * 64);
    // Twice: the second time much of it comes from the table.
    for (let time = 0; time < 2; time++) {
      const outcome = decode(back, encode(encoder, pairs));
      assert.equal(outcome.result, 0, "we read what we write");
      assert.deepEqual(
        outcome.pairs,
        pairs.map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()), value]),
      );
    }
  }
}

function integer(form: number, prefix: number, value: number): number[] {
  const most = (1 << prefix) - 1;
  if (value < most) return [form | value];
  const octets = [form | most];
  for (let left = value - most; ; left >>>= 7) {
    octets.push(left < 128 ? left : (left & 127) | 128);
    if (left < 128) return octets;
  }
}

function string(random: Random): Uint8Array {
  const bytes = random.oneIn(3)
    ? random.bytes(random.below(20))
    : Buffer.from("abcdefgh0123".slice(0, random.below(12)));
  return Buffer.concat([Buffer.from(integer(random.oneIn(2) ? 0x80 : 0, 7, bytes.length)), bytes]);
}

function generate(random: Random): Buffer {
  const block = (): Buffer =>
    Buffer.concat(
      Array.from({ length: random.below(12) }, () => {
        if (random.oneIn(8)) return Buffer.from(integer(0x20, 5, random.pick([0, 31, 100, 4096, 4097, 70_000])));
        if (random.oneIn(2)) return Buffer.from(integer(0x80, 7, random.below(90)));
        const [form, prefix] = random.pick([
          [0x40, 6],
          [0, 4],
          [0x10, 4],
        ] as const);
        const index = random.oneIn(2) ? 0 : random.below(80);
        return Buffer.concat([
          Buffer.from(integer(form, prefix, index)),
          ...(index === 0 ? [string(random)] : []),
          string(random),
        ]);
      }),
    );
  return join(Array.from({ length: 1 + random.below(4) }, block));
}

/** RFC 7541 appendix C.2 to C.4, and C.6. */
const RFC_BLOCKS = [
  "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
  "040c2f73616d706c652f70617468",
  "100870617373776f726406736563726574",
  "828684410f7777772e6578616d706c652e636f6d",
  "828684be58086e6f2d6361636865",
  "828684418cf1e3c2e5f23a6ba0ab90f4ff",
  "828684be5886a8eb10649cbf",
  "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
  "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
].map((hex) => Buffer.from(hex, "hex"));

export const hpackTarget: Target = {
  name: "hpack",
  corpus: [
    join(RFC_BLOCKS.slice(0, 3)),
    join(RFC_BLOCKS.slice(3, 5)),
    join(RFC_BLOCKS.slice(5, 8)),
    join(RFC_BLOCKS.slice(8)),
  ],
  dictionary: [...RFC_BLOCKS, Buffer.of(0x3f, 0xe1, 0x1f), Buffer.of(0x20), Buffer.of(0xff, 0xff, 0xff, 0xff, 0x7f)],
  generate,
  run,
};
