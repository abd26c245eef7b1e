/** `HTTP/1.0` and `HTTP/1.1` (RFC 9112 §2.3). */

export const VERSION_LENGTH = "HTTP/1.x".length;
const PREFIX = Uint8Array.from(Buffer.from("HTTP/1.", "latin1"));
const ZERO = 0x30;

/** Checks the byte at `at` of a version that starts at `start`: -1 if it is wrong there, else 0, or the last digit. */
export function readVersion(bytes: Uint8Array, start: number, at: number): number {
  const offset = at - start;
  const byte = bytes[at]!;
  if (offset < PREFIX.length) return byte === PREFIX[offset] ? 0 : -1;
  // A later 1.x would be 1.1 to us (RFC 9110 §2.5), but none exists, and heads are forwarded as they came.
  return byte === ZERO || byte === ZERO + 1 ? byte - ZERO : -1;
}
