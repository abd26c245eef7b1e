/** An answer of our own on its way to the client. */
import type { BufferPool, ByteBuffer } from "../reactor/buffers.js";
import type { Channel } from "../reactor/channel.js";
import { Transfer } from "./http1/transfer.js";

export class Reply {
  /** Bytes that are sent of it. */
  readonly length: number;
  #buffer: ByteBuffer | undefined;

  /** @param page a whole response; what a buffer cannot hold is cut off (error files are at most that long) */
  constructor(
    readonly pool: BufferPool,
    page: Uint8Array,
  ) {
    const buffer = pool.take();
    this.length = Math.min(page.length, buffer.bytes.length);
    buffer.bytes.set(page.subarray(0, this.length));
    buffer.end = this.length;
    this.#buffer = buffer;
  }

  /** Returns waiting, done or receiverBroke. */
  send(client: Channel): number {
    const buffer = this.#buffer;
    if (buffer === undefined) return Transfer.done;
    if (!client.writable) return Transfer.waiting;
    const count = client.transmit(buffer, buffer.start, buffer.end);
    if (count < 0) return Transfer.receiverBroke;
    buffer.start += count;
    if (buffer.start < buffer.end) return Transfer.waiting;
    this.release();
    return Transfer.done;
  }

  release(): void {
    if (this.#buffer !== undefined) this.pool.give(this.#buffer);
    this.#buffer = undefined;
  }
}
