import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4, internetChecksum, parseIpv4 } from "../../../src/failover/wire/ipv4.js";

test("an address is read and written in dotted decimals", () => {
  assert.equal(parseIpv4("192.0.2.1"), 0xc0000201);
  assert.equal(formatIpv4(0xe0000012), "224.0.0.18");
  fc.assert(fc.property(fc.nat(0xffffffff), (address) => assert.equal(parseIpv4(formatIpv4(address)), address)));
});

for (const text of ["", "1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.4/24", "::1", "a.b.c.d"])
  test(`"${text}" is no address`, () => assert.equal(parseIpv4(text), undefined));

test("the checksum is the one that RFC 1071 §3 works out", () => {
  const bytes = Uint8Array.from([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
  assert.equal(internetChecksum(bytes, 0, 8), ~0xddf2 & 0xffff);
});
