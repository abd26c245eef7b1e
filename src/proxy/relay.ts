/**
 * Bytes both ways between two connections, unchanged: TCP proxying, and tunnels of upgraded HTTP. One buffer or pipe a
 * direction (flow.ts), so a reader that is slow holds its writer back. Each direction ends on its own (half-close).
 */
import type { Backend, Frontend } from "../config/haproxy/model.js";
import type { BufferPool, ByteBuffer } from "../reactor/buffers.js";
import type { Channel } from "../reactor/channel.js";
import type { PipePool } from "../reactor/pipes.js";
import { Flow, Moved, type SpliceSettings, spliceWhen } from "./flow.js";

export const Relayed = { running: 0, finished: 1, clientBroke: 2, serverBroke: 3 } as const;

/** Idle times, in milliseconds (`timeout client`, `server`, `tunnel`, `client-fin`, `server-fin`). */
export type ClientLimits = Pick<Frontend, "timeoutClient" | "timeoutClientFin">;
export type ServerLimits = Pick<Backend, "timeoutServer" | "timeoutServerFin" | "timeoutTunnel">;

/** Memory that a relay takes for bytes that wait, and gives back. */
export interface RelayPools {
  readonly pool: BufferPool;
  readonly pipes: PipePool;
}

export class Relay {
  readonly #up: Flow;
  readonly #down: Flow;

  /** @param up bytes from the client that are there already; the relay gives the buffer back to the pool */
  constructor(
    { pool, pipes }: RelayPools,
    readonly client: Channel,
    readonly server: Channel,
    readonly clientLimits: ClientLimits & SpliceSettings,
    readonly serverLimits: ServerLimits & SpliceSettings,
    up?: ByteBuffer,
    down?: ByteBuffer,
  ) {
    this.#up = new Flow(pool, pipes, client, server, spliceWhen("request", clientLimits, serverLimits), up);
    this.#down = new Flow(pool, pipes, server, client, spliceWhen("response", clientLimits, serverLimits), down);
  }

  /** Bytes of the client that the server's kernel took. */
  get bytesUp(): number {
    return this.#up.bytes;
  }

  get bytesDown(): number {
    return this.#down.bytes;
  }

  /** Moves what can be moved now. Returns one of `Relayed`. */
  run(): number {
    const { client, server } = this;
    const up = this.#up.pump();
    if (up !== Moved.running) return up === Moved.sourceBroke ? Relayed.clientBroke : Relayed.serverBroke;
    const down = this.#down.pump();
    if (down !== Moved.running) return down === Moved.sourceBroke ? Relayed.serverBroke : Relayed.clientBroke;
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
    this.#up.release();
    this.#down.release();
  }
}

/** It has to take what waits for it, or may speak: not if it has closed, or the other takes nothing. */
function isAwaited(peer: Channel, itsInput: Flow, itsOutput: Flow): boolean {
  return itsInput.isFilled || (!peer.ended && !itsOutput.isFilled);
}

const isHalfClosed = (peer: Channel): boolean => peer.ended || peer.finished;
