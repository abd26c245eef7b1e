/**
 * Buffers for bytes under way. A connection holds one only while it has bytes that wait, so an idle connection costs
 * no buffer. They are cut from large pinned slabs and reused last in, first out, which keeps them in cache.
 */
import { allocate, carve, handOut, putAway } from "../sys/memory.js";

/** `tune.bufsize`'s default. */
export const BUFFER_SIZE = 16_384;
/** For those who move much: a quarter of the system calls, and of the wake-ups of their peers. */
export const BULK_SIZE = 65_536;
/** Of those at most, for each of a worker's slow clients may hold one: 16 MB. */
const MOST_BULK = 256;
const SLAB_SIZE = 2 ** 20;

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
  #bulk: BufferPool | undefined;

  /** @param size of each buffer, in bytes */
  constructor(readonly size: number = BUFFER_SIZE) {}

  take(): ByteBuffer {
    if (this.#free.length === 0) this.#cutSlab();
    const buffer = this.#free.pop()!;
    handOut(buffer.address);
    return buffer;
  }

  /**
   * For a reader whose reads fill `buffer`, which is empty again.
   * @returns what to go on with: a larger one in its place, or itself if there is none
   */
  grow(buffer: ByteBuffer): ByteBuffer {
    if (buffer.bytes.length >= BULK_SIZE) return buffer;
    this.#bulk ??= new BufferPool(BULK_SIZE);
    if (this.#bulk.inUse >= MOST_BULK) return buffer;
    this.give(buffer);
    return this.#bulk.take();
  }

  give(buffer: ByteBuffer): void {
    if (buffer.bytes.length !== this.size) {
      this.#bulk!.give(buffer);
      return;
    }
    putAway(buffer.address);
    buffer.clear();
    this.#free.push(buffer);
  }

  /** Buffers that somebody holds. */
  get inUse(): number {
    return this.#made - this.#free.length + (this.#bulk?.inUse ?? 0);
  }

  #cutSlab(): void {
    const count = Math.max(1, Math.floor(SLAB_SIZE / this.size));
    const slab = allocate(this.size * count);
    for (let index = 0; index < count; index++) {
      const offset = index * this.size;
      const bytes = new Uint8Array(slab.bytes.buffer, slab.bytes.byteOffset + offset, this.size);
      this.#free.push(new ByteBuffer(bytes, carve(slab, offset, this.size)));
    }
    this.#made += count;
  }
}
