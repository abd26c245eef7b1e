/**
 * Bytes both ways between two connections, unchanged: TCP proxying, and tunnels of upgraded HTTP. One buffer a
 * direction, so a reader that is slow holds its writer back. Each direction ends on its own (half-close).
 */
import type { BufferPool, ByteBuffer } from "../reactor/buffers.js";
import type { Channel } from "../reactor/channel.js";
import { EAGAIN } from "../sys/errno.js";

/** Buffers that one side may fill before the others in the loop get their turn. */
const FAIR_SHARE = 16;

export const Relayed = { running: 0, finished: 1, clientBroke: 2, serverBroke: 3 } as const;

export class Relay {
  /** Bytes of the client that the server's kernel took, and the other way round. */
  bytesUp = 0;
  bytesDown = 0;
  #up: ByteBuffer | undefined;
  #down: ByteBuffer | undefined;

  /** @param up bytes from the client that are there already; the relay gives the buffer back to the pool */
  constructor(
    readonly pool: BufferPool,
    readonly client: Channel,
    readonly server: Channel,
    up?: ByteBuffer,
    down?: ByteBuffer,
  ) {
    this.#up = up;
    this.#down = down;
  }

  /** Moves what can be moved now. Returns one of `Relayed`. */
  run(): number {
    const { client, server } = this;
    const up = this.#pump(client, server, true);
    if (up !== Relayed.running) return up;
    const down = this.#pump(server, client, false);
    if (down !== Relayed.running) return down;
    return client.finished && server.finished ? Relayed.finished : Relayed.running;
  }

  /** Bytes wait that the client has not taken. */
  get isClientSlow(): boolean {
    return this.#down !== undefined;
  }

  release(): void {
    if (this.#up !== undefined) this.pool.give(this.#up);
    if (this.#down !== undefined) this.pool.give(this.#down);
    this.#up = undefined;
    this.#down = undefined;
  }

  #pump(from: Channel, to: Channel, isUp: boolean): number {
    let buffer = isUp ? this.#up : this.#down;
    let rounds = 0;
    for (;;) {
      if (buffer !== undefined) {
        if (!to.writable) break;
        const count = to.transmit(buffer, buffer.start, buffer.end);
        if (count < 0) return this.#keep(buffer, isUp, isUp ? Relayed.serverBroke : Relayed.clientBroke);
        buffer.start += count;
        if (isUp) this.bytesUp += count;
        else this.bytesDown += count;
        if (buffer.start < buffer.end) break;
        buffer.clear();
      }
      if (!from.readable) break;
      if (rounds++ === FAIR_SHARE) {
        from.loop.resume(from);
        break;
      }
      buffer ??= this.pool.take();
      const count = from.receive(buffer, buffer.bytes.length);
      if (count > 0) continue;
      if (count === 0 || count === -EAGAIN) break;
      return this.#keep(buffer, isUp, isUp ? Relayed.clientBroke : Relayed.serverBroke);
    }
    if (buffer !== undefined && buffer.start === buffer.end) {
      this.pool.give(buffer);
      buffer = undefined;
    }
    if (buffer === undefined && from.ended) to.finish();
    return this.#keep(buffer, isUp, Relayed.running);
  }

  #keep(buffer: ByteBuffer | undefined, isUp: boolean, result: number): number {
    if (isUp) this.#up = buffer;
    else this.#down = buffer;
    return result;
  }
}
