import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32c } from "../../src/proxy/crc32c.js";

// RFC 3720 appendix B.4 lists these; the last is the check value of catalogues of CRCs.
for (const [what, bytes, checksum] of [
  ["32 bytes of zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["0 … 31", Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
  ["123456789", Buffer.from("123456789"), 0xe3069283],
] as const)
  test(`the checksum of ${what}`, () => assert.equal(crc32c(bytes, 0, bytes.length), checksum));

test("a blanked field counts as zeros", () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, at) => at);
  const blanked = bytes.slice().fill(0, 8, 12);
  assert.equal(crc32c(bytes, 0, 32, 8), crc32c(blanked, 0, 32));
});
