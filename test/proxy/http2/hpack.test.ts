/** RFC 7541: its own examples (appendix C), what it forbids, and properties. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ErrorCode } from "../../../src/proxy/http2/error-code.js";
import { FieldKind, type HeaderField } from "../../../src/proxy/http2/field.js";
import { HpackDecoder, MAX_BLOCK } from "../../../src/proxy/http2/hpack-decoder.js";
import { HpackEncoder, writeInteger } from "../../../src/proxy/http2/hpack-encoder.js";
import { STATIC_COUNT, STATIC_TABLE } from "../../../src/proxy/http2/hpack-table.js";
import { decodeHuffman, encodeHuffman, huffmanLength } from "../../../src/proxy/http2/huffman.js";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

type Pair = readonly [name: string, value: string];

function decode(decoder: HpackDecoder, block: Uint8Array): Pair[] | number {
  const pairs: Pair[] = [];
  const error = decoder.decode(block, 0, block.length, { onField: ({ name, value }) => pairs.push([name, value]) });
  return error !== 0 ? error : pairs;
}

/** The dynamic table, newest first. */
function tableOf({ table }: HpackDecoder): string[] {
  return Array.from({ length: table.count }, (_, age) => {
    const { name, value } = table.find(STATIC_COUNT + 1 + age) as HeaderField;
    return `${name}: ${value}`;
  });
}

function encode(encoder: HpackEncoder, pairs: readonly Pair[]): Uint8Array {
  const out = new Uint8Array(200_000);
  let to = encoder.begin(out, 0);
  for (const [name, value] of pairs) {
    const bytes = latin1(name + value);
    to = encoder.field(out, to, bytes, 0, name.length, name.length, bytes.length);
  }
  return out.slice(0, to);
}

describe("integers (C.1)", () => {
  for (const [value, prefix, expected] of [
    [10, 5, "0a"],
    [1337, 5, "1f9a0a"],
    [42, 8, "2a"],
  ] as const)
    test(`${value} with a prefix of ${prefix} bits`, () => {
      const out = new Uint8Array(8);
      const end = writeInteger(out, 0, 0, prefix, value);
      assert.equal(Buffer.from(out.subarray(0, end)).toString("hex"), expected);
    });
});

describe("single fields (C.2)", () => {
  for (const [what, block, name, value, isKept] of [
    [
      "literal with indexing",
      "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
      "custom-key",
      "custom-header",
      true,
    ],
    ["literal without indexing", "040c2f73616d706c652f70617468", ":path", "/sample/path", false],
    ["literal never indexed", "100870617373776f726406736563726574", "password", "secret", false],
    ["indexed", "82", ":method", "GET", false],
  ] as const)
    test(what, () => {
      const decoder = new HpackDecoder(16_384);
      assert.deepEqual(decode(decoder, hex(block)), [[name, value]]);
      assert.equal(decoder.table.count, isKept ? 1 : 0);
    });
});

const REQUESTS: readonly (readonly Pair[])[] = [
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ],
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
    ["cache-control", "no-cache"],
  ],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];

const DATE_21 = "Mon, 21 Oct 2013 20:13:21 GMT";
const DATE_22 = "Mon, 21 Oct 2013 20:13:22 GMT";
const COOKIE = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const LOCATION: Pair = ["location", "https://www.example.com"];

const RESPONSES: readonly (readonly Pair[])[] = [
  [[":status", "302"], ["cache-control", "private"], ["date", DATE_21], LOCATION],
  [[":status", "307"], ["cache-control", "private"], ["date", DATE_21], LOCATION],
  [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", DATE_22],
    LOCATION,
    ["content-encoding", "gzip"],
    ["set-cookie", COOKIE],
  ],
];

const REQUEST_TABLES = [
  [":authority: www.example.com"],
  ["cache-control: no-cache", ":authority: www.example.com"],
  ["custom-key: custom-value", "cache-control: no-cache", ":authority: www.example.com"],
];

const RESPONSE_TABLES = [
  ["location: https://www.example.com", `date: ${DATE_21}`, "cache-control: private", ":status: 302"],
  [":status: 307", "location: https://www.example.com", `date: ${DATE_21}`, "cache-control: private"],
  [`set-cookie: ${COOKIE}`, "content-encoding: gzip", `date: ${DATE_22}`],
];

for (const [section, what, tableSize, blocks, messages, tables] of [
  [
    "C.3",
    "requests without Huffman",
    4096,
    [
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    REQUESTS,
    REQUEST_TABLES,
  ],
  [
    "C.4",
    "requests with Huffman",
    4096,
    [
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
    REQUESTS,
    REQUEST_TABLES,
  ],
  [
    "C.5",
    "responses without Huffman, in a table of 256 octets",
    256,
    [
      `4803333032580770726976617465611d${Buffer.from(DATE_21).toString("hex")}6e17${Buffer.from(LOCATION[1]).toString("hex")}`,
      "4803333037c1c0bf",
      `88c1611d${Buffer.from(DATE_22).toString("hex")}c05a04677a69707738${Buffer.from(COOKIE).toString("hex")}`,
    ],
    RESPONSES,
    RESPONSE_TABLES,
  ],
  [
    "C.6",
    "responses with Huffman, in a table of 256 octets",
    256,
    [
      "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      "4883640effc1c0bf",
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ],
    RESPONSES,
    RESPONSE_TABLES,
  ],
] as const)
  test(`${what} (${section})`, () => {
    const decoder = new HpackDecoder(16_384);
    decoder.table.resize(tableSize);
    for (const [index, block] of blocks.entries()) {
      assert.deepEqual(decode(decoder, hex(block)), messages[index]);
      assert.deepEqual(tableOf(decoder), tables[index]);
    }
  });

describe("the Huffman code (appendix B)", () => {
  test("encodes the examples as they are printed", () => {
    for (const [text, expected] of [
      ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
      ["no-cache", "a8eb10649cbf"],
      ["custom-value", "25a849e95bb8e8b4bf"],
      ["302", "6402"],
      [DATE_21, "d07abe941054d444a8200595040b8166e082a62d1bff"],
    ] as const) {
      const bytes = latin1(text);
      const out = new Uint8Array(100);
      const end = encodeHuffman(bytes, 0, bytes.length, out, 0);
      assert.equal(Buffer.from(out.subarray(0, end)).toString("hex"), expected);
      assert.equal(huffmanLength(bytes, 0, bytes.length), end);
    }
  });

  test("gives back any bytes", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const coded = new Uint8Array(1200);
        const end = encodeHuffman(bytes, 0, bytes.length, coded, 0);
        const out = new Uint8Array(2000);
        const outEnd = decodeHuffman(coded, 0, end, out, 0);
        assert.deepEqual(out.slice(0, outEnd), bytes);
      }),
    ));

  test("has padding of fewer than eight bits, all ones, and no EOS (§5.2)", () => {
    const out = new Uint8Array(64);
    const result = (text: string): number => decodeHuffman(hex(text), 0, hex(text).length, out, 0);
    assert.equal(result("1f"), 1); // "a" and three ones
    assert.equal(result("18"), -1); // three zeros
    assert.equal(result("1fff"), -1); // eleven ones
    assert.equal(result("ffffffff"), -1); // EOS
    assert.equal(result(""), 0);
  });
});

describe("a decoder refuses", () => {
  for (const [what, block] of [
    ["index 0 (§6.1)", "80"],
    ["an index beyond both tables (§2.3.3)", "be"],
    ["a name's index beyond both tables", "7f00"],
    ["an integer that overflows (§5.1)", "ffffffffffffffffffffff"],
    ["an integer without end", "ff"],
    ["a string longer than the block", "4003616263"],
    ["a name that is cut off", "40"],
    ["a table size above what we allow (§6.3)", "3fe21f"],
    ["a size update behind a field (§4.2)", "8220"],
    ["Huffman padding of zeros", "0081180161"],
  ] as const)
    test(what, () => {
      const decoder = new HpackDecoder(16_384);
      assert.equal(decode(decoder, hex(block)), ErrorCode.COMPRESSION_ERROR);
    });

  test("fields beyond the list's size, and keeps its table in step nonetheless", () => {
    const decoder = new HpackDecoder(200);
    const encoder = new HpackEncoder();
    const pairs = Array.from({ length: 10 }, (_, index): Pair => ["x-name", `value ${index}`]);
    encode(encoder, pairs); // seen once
    const seen = decode(decoder, encode(encoder, pairs)); // indexed from now on
    assert.ok(decoder.tooLarge);
    assert.ok(Array.isArray(seen) && seen.length < 10);
    assert.equal(decoder.table.count, 10);
    assert.deepEqual(decode(decoder, encode(encoder, pairs.slice(9))), pairs.slice(9));
    assert.ok(!decoder.tooLarge);
  });
});

test("a table entry larger than the table empties it (§4.4)", () => {
  const decoder = new HpackDecoder(100_000);
  assert.ok(Array.isArray(decode(decoder, hex("4001610162"))));
  assert.equal(decoder.table.count, 1);
  const block = new Uint8Array(5010).fill(0x61);
  block.set(hex("400161"));
  block[3] = 0x7f;
  block[4] = 0x80 | (4873 & 0x7f);
  block[5] = 4873 >> 7;
  const pairs = decode(decoder, block.subarray(0, 6 + 5000));
  assert.ok(Array.isArray(pairs) && pairs[0]![1].length === 5000);
  assert.equal(decoder.table.count, 0);
});

test("the encoder announces a smaller table, and the smallest it was in between (§4.2)", () => {
  const encoder = new HpackEncoder();
  encoder.limit(0);
  encoder.limit(1000);
  const block = encode(encoder, [["a", "b"]]);
  assert.equal(Buffer.from(block.subarray(0, 4)).toString("hex"), "203fc907");
});

test("what is secret is never indexed (§7.1.3)", () => {
  const encoder = new HpackEncoder();
  for (const name of ["authorization", "cookie", "set-cookie", "proxy-authorization"]) {
    for (let round = 0; round < 3; round++) assert.equal(encode(encoder, [[name, "secret"]])[0]! & 0xf0, 0x10);
  }
});

test("static names and statuses are found", () => {
  assert.equal(STATIC_TABLE.length, 62);
  assert.equal(STATIC_TABLE[61]!.name, "www-authenticate");
  assert.equal(STATIC_TABLE[8]!.value, "200");
  assert.equal(STATIC_TABLE[32]!.kind, FieldKind.cookie);
});

const anyName = fc.oneof(
  fc.constantFrom(
    "content-type",
    "Server",
    "date",
    "x-request-id",
    "etag",
    "cookie",
    "vary",
    "content-length",
    ":path",
  ),
  fc.stringMatching(/^[a-z-]{1,20}$/),
);
const anyValue = fc.oneof(fc.constantFrom("", "text/html", "gzip", "a b"), fc.stringMatching(/^[!-~]{0,80}$/));
const anyList = fc.array(fc.tuple(anyName, anyValue), { maxLength: 30 });
const anyStep = fc.oneof({ weight: 4, arbitrary: anyList }, { weight: 1, arbitrary: fc.nat(5000) });

test("a decoder reads what the encoder wrote, whatever went before", () =>
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 30 }), (history) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder(100_000);
      for (const step of history) {
        if (typeof step === "number") {
          encoder.limit(step);
          continue;
        }
        const block = encode(encoder, step);
        assert.deepEqual(
          decode(decoder, block),
          step.map(([name, value]) => [name.toLowerCase(), value]),
        );
        // A table no larger than the other side's, or an index would mean something else.
        assert.ok(decoder.table.size <= 4096);
      }
    }),
  ));

test("no bytes throw, and a block's work is bounded", () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (block) => {
      const decoder = new HpackDecoder(16_384);
      let fields = 0;
      const error = decoder.decode(block, 0, block.length, { onField: () => fields++ });
      assert.ok(error === 0 || error === ErrorCode.COMPRESSION_ERROR);
      assert.ok(fields <= 16_384 / 32);
      assert.ok(decoder.table.size <= 4096);
    }),
    { numRuns: 2000 },
  ));

test("the largest block that decodes to the most octets stays within its scratch", () => {
  // "0" has five bits: 8/5 of the octets come out.
  const value = new Uint8Array(MAX_BLOCK - 8).fill(0);
  const header = new Uint8Array(8);
  header[0] = 0x00;
  header[1] = 0x01;
  header[2] = 0x61;
  const end = writeInteger(header, 3, 0x80, 7, MAX_BLOCK - 8);
  const block = new Uint8Array([...header.subarray(0, end), ...value]);
  const decoder = new HpackDecoder(100_000);
  const result = decode(decoder, block);
  assert.ok(Array.isArray(result) ? result[0]![1].length > MAX_BLOCK : result === ErrorCode.COMPRESSION_ERROR);
});

describe("a decoder that allows a table of", () => {
  /** `:method` GET, which stands in the static table. */
  const GET = "82";
  const BROKEN = ErrorCode.COMPRESSION_ERROR;
  for (const [size, before, after] of [
    // Size updates to 4096 and 65536, as integers of RFC 7541 §5.1 with a prefix of 5 bits.
    [65_536, { "3fe1ff03": true, [GET]: true }, { "3fe1ff03": true, "3fe2ff03": false, [GET]: true }],
    // A smaller one holds as soon as the peer has agreed to it, and the peer has to say that it does.
    [100, { "3fe11f": true, [GET]: true }, { "3fe11f": false, "3f45": true, "20": true, [GET]: false }],
    [0, { [GET]: true }, { "20": true, "21": false, [GET]: false }],
  ] as const)
    test(`${size} octets`, () => {
      for (const [isAgreed, cases] of [
        [false, before],
        [true, after],
      ] as const)
        for (const [block, isFine] of Object.entries(cases)) {
          const decoder = new HpackDecoder(16_384, size);
          if (isAgreed) decoder.onTableSizeKnown();
          assert.equal(decode(decoder, hex(block)) !== BROKEN, isFine, `${block}, agreed: ${isAgreed}`);
        }
    });

  test("65536 octets: as many entries fit as a peer can make", () => {
    const decoder = new HpackDecoder(16_384, 65_536);
    decode(decoder, hex("3fe1ff03"));
    // 32 octets each, without name and value: 2,048 fill the table.
    for (let count = 0; count < 2_100; count++) decode(decoder, hex("400000"));
    assert.deepEqual([decoder.table.count, decoder.table.size], [2_048, 65_536]);
    assert.ok(decoder.table.find(61 + 2_048) !== undefined);
  });
});
