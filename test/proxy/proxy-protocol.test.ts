import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type DecodedHeader,
  decodeProxyHeader,
  encodeV1,
  encodeV2,
  LONGEST_HEADER,
  type ProxiedConnection,
} from "../../src/proxy/proxy-protocol.js";

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const SIGNATURE = "0d0a0d0a000d0a515549540a";
const INVALID: DecodedHeader = { kind: "refused", reason: "invalid" };
const FOREIGN: DecodedHeader = { kind: "refused", reason: "foreign" };
const INCOMPLETE: DecodedHeader = { kind: "incomplete" };

const ipv4: ProxiedConnection = {
  source: { address: "192.0.2.1", port: 56_324 },
  destination: { address: "198.51.100.7", port: 443 },
};
const ipv6: ProxiedConnection = {
  source: { address: "2001:db8::1", port: 1 },
  destination: { address: "2001:db8::2", port: 65_535 },
};
const whole = (version: 1 | 2, length: number, proxied?: ProxiedConnection): DecodedHeader => ({
  kind: "complete",
  version,
  length,
  proxied,
});

describe("version 1", () => {
  for (const [line, proxied] of [
    ["PROXY TCP4 192.0.2.1 198.51.100.7 56324 443", ipv4],
    ["PROXY TCP6 2001:db8::1 2001:db8::2 1 65535", ipv6],
    ["PROXY UNKNOWN", undefined],
    ["PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535", undefined],
  ] as const)
    test(line, () => {
      const header = latin1(`${line}\r\n`);
      assert.deepEqual(decodeProxyHeader(Buffer.concat([header, latin1("GET")])), whole(1, header.length, proxied));
    });

  test("the longest line that the specification foresees is 107 bytes", () => {
    const long = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    const header = latin1(`PROXY UNKNOWN ${long} ${long} 65535 65535\r\n`);
    assert.equal(header.length, 107);
    assert.deepEqual(decodeProxyHeader(header), whole(1, 107));
    assert.deepEqual(decodeProxyHeader(latin1(`PROXY UNKNOWN ${"x".repeat(93)}`)), INVALID);
  });

  for (const line of [
    "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\n",
    "PROXY  TCP4 192.0.2.1 198.51.100.7 56324 443\r\n",
    "PROXY TCP4 192.0.2.1  198.51.100.7 56324 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 \r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 56324 65536\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 056324 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.7 -1 443\r\n",
    "PROXY TCP4 192.0.2.256 198.51.100.7 56324 443\r\n",
    "PROXY TCP4 192.0.2.01 198.51.100.7 56324 443\r\n",
    "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
    "PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n",
    "PROXY TCP5 192.0.2.1 198.51.100.7 1 2\r\n",
    "PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n",
    "PROXY tcp4 192.0.2.1 198.51.100.7 1 2\r\n",
    "PROXY UNKNOWNX\r\n",
    "PROXY \r\n",
  ])
    test(`refuses ${JSON.stringify(line)}`, () => assert.deepEqual(decodeProxyHeader(latin1(line)), INVALID));

  for (const text of ["GET / HTTP/1.1\r\n", "POST /", "PROXYING", "PUT", "\r\n\r\n\0GET", "\x16\x03\x01"])
    test(`${JSON.stringify(text)} is no header`, () => assert.deepEqual(decodeProxyHeader(latin1(text)), FOREIGN));
});

describe("version 2", () => {
  // Worked by hand from §2.2: version and command, family and transport, length, addresses, ports.
  for (const [what, rest, proxied] of [
    ["TCP over IPv4", "21 11 000c c0000201 c6336407 dc04 01bb", ipv4],
    ["TCP over IPv6", "21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 0001 ffff", ipv6],
    ["LOCAL", "20 00 0000", undefined],
    ["LOCAL, whose addresses mean nothing", "20 ff 0004 01020304", undefined],
    ["an unspecified family", "21 00 0000", undefined],
    ["UDP over IPv4", "21 12 000c c0000201 c6336407 dc04 01bb", undefined],
    ["a Unix stream", `21 31 00d8 ${"61".repeat(216)}`, undefined],
    ["TLVs of which none is known", "21 11 0013 c0000201 c6336407 dc04 01bb e0 0001 ff 04 0000", ipv4],
  ] as const)
    test(what, () => {
      const header = hex(SIGNATURE + rest);
      assert.deepEqual(decodeProxyHeader(Buffer.concat([header, latin1("hello")])), whole(2, header.length, proxied));
    });

  for (const [what, rest] of [
    ["version 1 in binary", "11 11 000c c0000201 c6336407 dc04 01bb"],
    ["an unknown command", "22 11 000c c0000201 c6336407 dc04 01bb"],
    ["an unknown family", "21 41 000c c0000201 c6336407 dc04 01bb"],
    ["an unknown transport", "21 13 000c c0000201 c6336407 dc04 01bb"],
    ["less than the addresses of IPv4", "21 11 000b c0000201 c6336407 dc04 01"],
    ["less than the addresses of IPv6", "21 21 000c c0000201 c6336407 dc04 01bb"],
    ["half a TLV", "21 11 000e c0000201 c6336407 dc04 01bb 04 00"],
    ["a TLV beyond the header's end", "21 11 000f c0000201 c6336407 dc04 01bb 04 0001"],
    ["a checksum that is wrong", "21 11 0013 c0000201 c6336407 dc04 01bb 03 0004 00000000"],
    ["a checksum of three bytes", "21 11 0012 c0000201 c6336407 dc04 01bb 03 0003 000000"],
    ["TLS with less than its fixed part", "21 11 0013 c0000201 c6336407 dc04 01bb 20 0004 01000000"],
    ["TLS with half a TLV in it", "21 11 0015 c0000201 c6336407 dc04 01bb 20 0006 0100000000 21"],
    ["a unique id of 129 bytes", `21 11 0090 c0000201 c6336407 dc04 01bb 05 0081 ${"61".repeat(129)}`],
    ["more than a buffer", "21 00 ffff"],
  ] as const)
    test(`refuses ${what}`, () => assert.deepEqual(decodeProxyHeader(hex(SIGNATURE + rest)), INVALID));

  test("a checksum protects every byte", () => {
    const header = encodeV2(ipv4, { crc32c: true });
    assert.equal(decodeProxyHeader(header).kind, "complete");
    const type = header.length - 7; // turned into another type, it is no checksum any more
    for (let at = 16; at < header.length; at++) {
      if (at === type) continue;
      const damaged = Buffer.from(header);
      damaged[at]! ^= 1;
      assert.deepEqual(decodeProxyHeader(damaged), INVALID);
    }
  });
});

const anyPort = fc.nat(65_535);
const anyEnds = fc
  .oneof(fc.tuple(fc.ipV4(), fc.ipV4()), fc.tuple(canonicalIpv6(), canonicalIpv6()))
  .chain(([source, destination]) =>
    fc.tuple(anyPort, anyPort).map(([from, to]) => ({
      source: { address: source, port: from },
      destination: { address: destination, port: to },
    })),
  );
const anyTlvs = fc.array(
  fc.record({ type: fc.integer({ min: 0xe0, max: 0xef }), value: fc.uint8Array({ maxLength: 40 }) }),
  { maxLength: 4 },
);
const anyHeader = fc.oneof(
  anyEnds.map(encodeV1),
  fc
    .tuple(fc.option(anyEnds, { nil: undefined }), anyTlvs, fc.boolean())
    .map(([ends, tlvs, crc32c]) => encodeV2(ends, { tlvs, crc32c })),
);

/** As the decoder writes them, so that texts can be compared. */
function canonicalIpv6(): fc.Arbitrary<string> {
  const group = fc.integer({ min: 1, max: 0xffff }).map((n) => n.toString(16));
  return fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":"));
}

describe("whatever comes", () => {
  test("what was encoded is decoded", () =>
    fc.assert(
      fc.property(anyEnds, anyTlvs, fc.boolean(), (ends, tlvs, crc32c) => {
        const v1 = encodeV1(ends);
        assert.deepEqual(decodeProxyHeader(v1), whole(1, v1.length, ends));
        const v2 = encodeV2(ends, { tlvs, crc32c });
        assert.deepEqual(decodeProxyHeader(v2), whole(2, v2.length, ends));
      }),
    ));

  test("a header is incomplete until its last byte, and what follows changes nothing", () =>
    fc.assert(
      fc.property(anyHeader, fc.uint8Array({ maxLength: 40 }), (header, rest) => {
        const bytes = Buffer.concat([header, rest]);
        for (let length = 0; length < header.length; length++)
          assert.deepEqual(decodeProxyHeader(bytes, length), INCOMPLETE);
        const decoded = decodeProxyHeader(bytes, header.length);
        assert.equal(decoded.kind === "complete" && decoded.length, header.length);
        assert.deepEqual(decodeProxyHeader(bytes), decoded);
      }),
    ));

  test("once decided, more bytes change nothing; and nothing throws", () => {
    const damaged = fc.tuple(anyHeader, fc.nat(), fc.nat(255)).map(([header, at, value]) => {
      const bytes = Uint8Array.from(header);
      bytes[at % bytes.length] = value;
      return bytes;
    });
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }).map((rest) => Uint8Array.from([...hex(SIGNATURE), ...rest])),
      fc.string({ maxLength: 120 }).map((rest) => Uint8Array.from(latin1(`PROXY ${rest}\r\n`))),
      damaged,
    );
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        let decided: DecodedHeader = INCOMPLETE;
        for (let length = 0; length <= bytes.length; length++) {
          const now = decodeProxyHeader(bytes, length);
          if (decided.kind === "incomplete") decided = now;
          else assert.deepEqual(now, decided);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("ends of two families go as IPv6", () => {
    const mixed = { source: ipv4.source, destination: ipv6.destination };
    assert.equal(encodeV1(mixed).toString(), "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 56324 65535\r\n");
    assert.equal(encodeV2(mixed)[13], 0x21);
  });

  test("TLVs beyond what a header may hold are a mistake of the caller", () =>
    assert.throws(() => encodeV2(ipv4, { tlvs: [{ type: 0xe0, value: new Uint8Array(LONGEST_HEADER) }] }), RangeError));
});
