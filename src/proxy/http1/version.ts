/** `HTTP/1.0`, `HTTP/1.1` and what may follow them (RFC 9112 §2.3). */

export const VERSION_LENGTH = "HTTP/1.x".length;
const PREFIX = Uint8Array.from(Buffer.from("HTTP/1.", "latin1"));
const ZERO = 0x30;

/**
 * Checks the byte at `at` of a version that starts at `start`.
 * @returns -1 if it is wrong there, 0, or at the last digit the minor version; a later 1.x is 1.1 (RFC 9110 §2.5)
 */
export function readVersion(bytes: Uint8Array, start: number, at: number): number {
  const offset = at - start;
  const byte = bytes[at]!;
  if (offset < PREFIX.length) return byte === PREFIX[offset] ? 0 : -1;
  return byte >= ZERO && byte <= ZERO + 9 ? Math.min(byte - ZERO, 1) : -1;
}
