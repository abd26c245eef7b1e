/**
 * Buffers for bytes under way. A connection holds one only while it has bytes that wait, so an idle connection costs
 * no buffer. They are cut from large pinned slabs and reused last in, first out, which keeps them in cache.
 */
import { allocate, carve, handOut, putAway } from "../sys/memory.js";

/** `tune.bufsize`'s default. */
export const BUFFER_SIZE = 16_384;
const BUFFERS_PER_SLAB = 64;

export class ByteBuffer {
  /** Filled part: [start, end). */
  start = 0;
  end = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly address: number,
  ) {}

  get length(): number {
    return this.end - this.start;
  }

  get room(): number {
    return this.bytes.length - this.end;
  }

  /** Empties it; filling goes on at `offset`. */
  clear(offset = 0): void {
    this.start = offset;
    this.end = offset;
  }

  /** Moves what is filled down to `offset`, so that the room is behind it. */
  compact(offset = 0): void {
    if (this.start <= offset) return;
    this.bytes.copyWithin(offset, this.start, this.end);
    this.end -= this.start - offset;
    this.start = offset;
  }
}

export class BufferPool {
  readonly #free: ByteBuffer[] = [];
  #made = 0;

  /** @param size of each buffer, in bytes */
  constructor(readonly size: number = BUFFER_SIZE) {}

  take(): ByteBuffer {
    if (this.#free.length === 0) this.#cutSlab();
    const buffer = this.#free.pop()!;
    handOut(buffer.address);
    return buffer;
  }

  give(buffer: ByteBuffer): void {
    putAway(buffer.address);
    buffer.clear();
    this.#free.push(buffer);
  }

  /** Buffers that somebody holds. */
  get inUse(): number {
    return this.#made - this.#free.length;
  }

  #cutSlab(): void {
    const slab = allocate(this.size * BUFFERS_PER_SLAB);
    for (let index = 0; index < BUFFERS_PER_SLAB; index++) {
      const offset = index * this.size;
      const bytes = new Uint8Array(slab.bytes.buffer, slab.bytes.byteOffset + offset, this.size);
      this.#free.push(new ByteBuffer(bytes, carve(slab, offset, this.size)));
    }
    this.#made += BUFFERS_PER_SLAB;
  }
}
