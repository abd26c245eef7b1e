import { isFfiChecked } from "./ffi-check/enabled.js";
import * as regions from "./ffi-check/regions.js";
import { addressOf } from "./libc.js";

/** V8 keeps a typed array of 64 bytes or less on its own heap, where it moves. */
const SMALLEST = 72;

/**
 * Memory that the kernel may be given: it never moves, and its address is taken once. Keep a reference to it for as
 * long as the kernel may write there.
 */
export interface Memory {
  readonly bytes: Buffer;
  readonly address: number;
}

/** At least `size` bytes, whatever was in them before. */
export function allocate(size: number): Memory {
  const bytes = Buffer.allocUnsafeSlow(Math.max(SMALLEST, size));
  return { bytes, address: addressOf(bytes) };
}

/** The address of a piece of `memory` that is used as if it were by itself. */
export function carve(memory: Memory, offset: number, size: number): number {
  const address = memory.address + offset;
  if (isFfiChecked) regions.carve(address, size);
  return address;
}

/** A carved piece goes back to where it is kept for the next use: until `handOut`, C may not be given it. */
export function putAway(address: number): void {
  if (isFfiChecked) regions.retire(address);
}

export function handOut(address: number): void {
  if (isFfiChecked) regions.revive(address);
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
