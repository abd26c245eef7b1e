/**
 * Connections to one server between two requests. Each worker keeps its own, last in, first out, so that the fewest
 * stay warm; half of what was not needed since the last purge goes (`pool-purge-delay`). Clients that close after one
 * request each leave a connection that no other first request takes: so no more are kept than were lately in use.
 */
import type { HttpReuse, IdlePool } from "../config/haproxy/model.js";
import type { Channel, ConnectionOwner } from "../reactor/channel.js";
import { type Entity, Gauge, type SharedState } from "./shared-state.js";

export class IdleConnections implements ConnectionOwner {
  /** Of which no idle one has been used again yet, and of which one has: the server really keeps them open. */
  readonly #fresh: Channel[] = [];
  readonly #proven: Channel[] = [];
  /** The fewest since the last purge: so many were not needed. */
  #fewest = 0;
  /** The most requests under way at once since the last purge, and between it and the one before. */
  #peak = 0;
  #peakBefore = 0;

  /** @param server whose connections they are */
  constructor(
    readonly settings: IdlePool,
    readonly state: SharedState,
    readonly server: Entity,
  ) {}

  /** @param requests under way now */
  noteUse(requests: number): void {
    if (requests > this.#peak) this.#peak = requests;
  }

  get keepsAny(): boolean {
    return this.settings.purgeDelay > 0 && this.settings.limit !== 0;
  }

  get count(): number {
    return this.#fresh.length + this.#proven.length;
  }

  /**
   * Keeps a connection whose exchange is over and whose bytes are all read, if it is fit and may be needed.
   * @param isProven it had been idle before
   */
  keep(connection: Channel, isProven: boolean): void {
    // With input, the server closed, or spoke out of turn.
    if (!this.#isNeeded() || connection.hasInput() || !this.#enter()) {
      connection.retire();
      return;
    }
    connection.owner = this;
    (isProven ? this.#proven : this.#fresh).push(connection);
  }

  /**
   * The one used last of those that a request may go on (`http-reuse`), or undefined. The taker becomes its owner.
   * @param isFirst the client has sent no request before: should the server just have closed the connection, it could
   *   not know that trying again is harmless
   */
  take(reuse: HttpReuse, isFirst: boolean): Channel | undefined {
    const connection = isFirst ? this.#takeForFirst(reuse) : (this.#proven.pop() ?? this.#fresh.pop());
    if (connection !== undefined) this.#leave(1);
    return connection;
  }

  purge(): void {
    const count = Math.ceil(this.#fewest / 2);
    const closed = this.#fresh.splice(0, count);
    closed.push(...this.#proven.splice(0, count - closed.length));
    this.#close(closed);
    this.#fewest = this.count;
    this.#peakBefore = this.#peak;
    this.#peak = 0;
  }

  closeAll(): void {
    this.#close([...this.#fresh.splice(0), ...this.#proven.splice(0)]);
  }

  /** Whatever arrives on an idle connection ends it. */
  onConnectionReady(connection: Channel): void {
    if (!connection.readable) return; // an edge that only says "still writable"
    for (const connections of [this.#fresh, this.#proven]) {
      const at = connections.indexOf(connection);
      if (at >= 0) this.#close(connections.splice(at, 1));
    }
  }

  /** A bug: none of them is trusted any more. */
  onFailure(): void {
    this.closeAll();
  }

  #takeForFirst(reuse: HttpReuse): Channel | undefined {
    if (reuse === "aggressive") return this.#proven.pop();
    return reuse === "always" ? (this.#proven.pop() ?? this.#fresh.pop()) : undefined;
  }

  #isNeeded(): boolean {
    const requests = this.state.gauge(this.server, Gauge.current);
    this.noteUse(requests);
    return this.count + requests <= Math.max(this.#peak, this.#peakBefore);
  }

  /** Counts one more, unless the pool is full. The count of all workers is kept only where there is a limit. */
  #enter(): boolean {
    if (!this.keepsAny) return false;
    const { limit } = this.settings;
    if (limit === undefined) return true;
    if (this.state.addGauge(this.server, Gauge.idle, 1) < limit) return true;
    this.state.addGauge(this.server, Gauge.idle, -1);
    return false;
  }

  #leave(count: number): void {
    if (this.settings.limit !== undefined) this.state.addGauge(this.server, Gauge.idle, -count);
    if (this.count < this.#fewest) this.#fewest = this.count;
  }

  #close(connections: readonly Channel[]): void {
    for (const connection of connections) connection.retire();
    this.#leave(connections.length);
  }
}
