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
  /** Who was late first. */
  #late: "cD" | "sD" | undefined;
  /** How long it is that something happened, at the last `expire` since. */
  #waited = 0;

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
    this.#waited = 0;
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

  /**
   * Nothing has happened for `patience`. Who is late is listened to no more, and the other is told that no more comes: it
   * may still say what it has to say, in its own time. Who does not take what waits for it ends both. Returns as `run`.
   * @param serverEndsBoth so does a server that is late, as HAProxy has it in tunnels of HTTP
   */
  expire(serverEndsBoth = false): number {
    const { patience } = this;
    const isClientLate = this.#clientPatience <= patience;
    const isServerLate = this.#serverPatience <= patience;
    this.#late ??= isClientLate ? "cD" : "sD";
    if (isClientLate && this.#down.isFilled) return Relayed.finished;
    if (isServerLate && (serverEndsBoth || this.#up.isFilled)) return Relayed.finished;
    if (isClientLate) this.#up.stop();
    if (isServerLate) this.#down.stop();
    const waited = this.#waited + patience;
    const result = this.run();
    this.#waited = waited;
    return result;
  }

  /**
   * Cause and stage, as in the log.
   * @param result not `running`
   */
  termination(result: number): string {
    if (this.#late !== undefined) return this.#late;
    return result === Relayed.finished ? "--" : result === Relayed.clientBroke ? "CD" : "SD";
  }

  get #clientPatience(): number {
    if (!isAwaited(this.#down, this.#up)) return Number.POSITIVE_INFINITY;
    const { timeoutClient, timeoutClientFin } = this.clientLimits;
    return this.#patienceWith(this.client, timeoutClient, timeoutClientFin);
  }

  get #serverPatience(): number {
    if (!isAwaited(this.#up, this.#down)) return Number.POSITIVE_INFINITY;
    const { timeoutServer, timeoutServerFin } = this.serverLimits;
    return this.#patienceWith(this.server, timeoutServer, timeoutServerFin);
  }

  /** @param halfClosed its time-out once one half is closed, from then on */
  #patienceWith(peer: Channel, open: number, halfClosed: number | undefined): number {
    if (halfClosed !== undefined && (peer.ended || peer.finished)) return halfClosed;
    return Math.max(0, (this.serverLimits.timeoutTunnel ?? open) - this.#waited);
  }

  release(): void {
    this.#up.release();
    this.#down.release();
  }
}

/** A peer has to take what waits for it, or may speak: not if it has closed, or the other takes nothing. */
const isAwaited = (itsInput: Flow, itsOutput: Flow): boolean =>
  itsInput.isFilled || !(itsOutput.isOver || itsOutput.isFilled);
