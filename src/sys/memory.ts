import { addressOf } from "./libc.js";

/**
 * Memory that the kernel may be given: it never moves, and its address is taken once. Keep a reference to it for as
 * long as the kernel may write there.
 */
export interface Memory {
  readonly bytes: Buffer;
  readonly address: number;
}

/** At least 64 bytes: V8 keeps smaller typed arrays on its own heap, where they move. */
export function allocate(size: number): Memory {
  const bytes = Buffer.allocUnsafeSlow(Math.max(64, size));
  return { bytes, address: addressOf(bytes) };
}

/** A 32-bit view for structures of the kernel. */
export function words(memory: Memory): Int32Array {
  return new Int32Array(memory.bytes.buffer, memory.bytes.byteOffset, memory.bytes.length >> 2);
}

/** A NUL-terminated copy of a string. */
export function cString(text: string): Memory {
  const memory = allocate(Buffer.byteLength(text) + 1);
  memory.bytes.fill(0);
  memory.bytes.write(text);
  return memory;
}
