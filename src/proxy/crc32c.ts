/** CRC-32C (Castagnoli), as iSCSI, SCTP and the PROXY protocol use it (RFC 3720 appendix B.4). */

/** The polynomial 0x1EDC6F41, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++)
    remainder = (remainder & 1) === 0 ? remainder >>> 1 : (remainder >>> 1) ^ POLYNOMIAL;
  return remainder;
});

/**
 * The checksum of `bytes` in [start, end), as an unsigned 32-bit number.
 * @param blankAt four bytes from here count as zero: a checksum within what it protects. -1: none
 */
export function crc32c(bytes: Uint8Array, start: number, end: number, blankAt = -1): number {
  let remainder = -1;
  for (let at = start; at < end; at++) {
    const byte = blankAt >= 0 && at >= blankAt && at < blankAt + 4 ? 0 : bytes[at]!;
    remainder = TABLE[(remainder ^ byte) & 0xff]! ^ (remainder >>> 8);
  }
  return ~remainder >>> 0;
}
