/**
 * Bytes both ways between two connections, unchanged: TCP proxying, and tunnels of upgraded HTTP. One buffer a
 * direction, so a reader that is slow holds its writer back. Each direction ends on its own (half-close).
 */
import type { Backend, Frontend } from "../config/haproxy/model.js";
import type { BufferPool, ByteBuffer } from "../reactor/buffers.js";
import type { Channel } from "../reactor/channel.js";
import { EAGAIN } from "../sys/errno.js";
import { FAIR_SHARE, shareOf } from "./http1/transfer.js";

export const Relayed = { running: 0, finished: 1, clientBroke: 2, serverBroke: 3 } as const;

/** Idle times, in milliseconds (`timeout client`, `server`, `tunnel`, `client-fin`, `server-fin`). */
export type ClientLimits = Pick<Frontend, "timeoutClient" | "timeoutClientFin">;
export type ServerLimits = Pick<Backend, "timeoutServer" | "timeoutServerFin" | "timeoutTunnel">;

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
    readonly clientLimits: ClientLimits,
    readonly serverLimits: ServerLimits,
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

  /** How long nothing may happen from now on, in milliseconds. */
  get patience(): number {
    return Math.min(this.#clientPatience, this.#serverPatience);
  }

  /** If nothing happens for so long, it is the client's fault. */
  get isClientLate(): boolean {
    return this.#clientPatience <= this.#serverPatience;
  }

  get #clientPatience(): number {
    const { client, serverLimits, clientLimits } = this;
    if (!isAwaited(client, this.#down, this.#up)) return Number.POSITIVE_INFINITY;
    const { timeoutClient, timeoutClientFin } = clientLimits;
    const usual = serverLimits.timeoutTunnel ?? timeoutClient;
    return isHalfClosed(client) ? (timeoutClientFin ?? usual) : usual;
  }

  get #serverPatience(): number {
    const { server, serverLimits } = this;
    if (!isAwaited(server, this.#up, this.#down)) return Number.POSITIVE_INFINITY;
    const { timeoutServer, timeoutServerFin, timeoutTunnel } = serverLimits;
    const usual = timeoutTunnel ?? timeoutServer;
    return isHalfClosed(server) ? (timeoutServerFin ?? usual) : usual;
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
        const wasFull = buffer.room === 0;
        buffer.clear();
        if (wasFull && from.readable) buffer = this.pool.grow(buffer);
      }
      if (!from.readable) break;
      if (rounds >= FAIR_SHARE) {
        from.loop.resume(from);
        break;
      }
      buffer ??= this.pool.take();
      const count = from.receive(buffer, buffer.bytes.length);
      rounds += shareOf(count);
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

/** It has to take what waits for it, or may speak: not if it has closed, or the other takes nothing. */
function isAwaited(peer: Channel, itsInput: ByteBuffer | undefined, itsOutput: ByteBuffer | undefined): boolean {
  return itsInput !== undefined || (!peer.ended && itsOutput === undefined);
}

const isHalfClosed = (peer: Channel): boolean => peer.ended || peer.finished;
