/**
 * Connections to one server between two requests. Each worker keeps its own, last in, first out, so that the fewest
 * stay warm; half of what was not needed since the last purge goes (`pool-purge-delay`, 5 s). Clients that close after one
 * request each leave a connection that no other first request takes: so no more are kept than were lately in use.
 */
import type { Channel, ConnectionOwner } from "../reactor/channel.js";

export const PURGE_INTERVAL = 5000;

export class IdleConnections implements ConnectionOwner {
  readonly #connections: Channel[] = [];
  /** The fewest since the last purge: so many were not needed. */
  #fewest = 0;
  /** The most requests under way at once since the last purge, and between it and the one before. */
  #peak = 0;
  #peakBefore = 0;

  /** @param requests under way now */
  noteUse(requests: number): void {
    if (requests > this.#peak) this.#peak = requests;
  }

  get count(): number {
    return this.#connections.length;
  }

  /**
   * Keeps a connection whose exchange is over and whose bytes are all read, if it is fit and may be needed.
   * @param requests under way now, that one included
   */
  keep(connection: Channel, requests: number): void {
    this.noteUse(requests);
    const isNeeded = this.#connections.length + requests <= Math.max(this.#peak, this.#peakBefore);
    // With input: the server closed, or spoke out of turn.
    if (!isNeeded || connection.hasInput()) {
      connection.retire();
      return;
    }
    connection.owner = this;
    this.#connections.push(connection);
  }

  /** The one used last, or undefined. The taker becomes its owner. */
  take(): Channel | undefined {
    const connection = this.#connections.pop();
    if (this.#connections.length < this.#fewest) this.#fewest = this.#connections.length;
    return connection;
  }

  purge(): void {
    for (const connection of this.#connections.splice(0, Math.ceil(this.#fewest / 2))) connection.retire();
    this.#fewest = this.#connections.length;
    this.#peakBefore = this.#peak;
    this.#peak = 0;
  }

  closeAll(): void {
    for (const connection of this.#connections.splice(0)) connection.retire();
    this.#fewest = 0;
  }

  /** Whatever arrives on an idle connection ends it. */
  onConnectionReady(connection: Channel): void {
    if (!connection.readable) return; // an edge that only says "still writable"
    const at = this.#connections.indexOf(connection);
    if (at >= 0) this.#connections.splice(at, 1);
    connection.retire();
  }

  onFailure(): void {}
}
