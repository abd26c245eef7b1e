/**
 * Connections to one server between two requests. Each worker keeps its own, last in, first out, so that the fewest
 * stay warm; half of what was not needed since the last purge goes (`pool-purge-delay`, 5 s).
 */
import type { Channel, ConnectionOwner } from "../reactor/channel.js";

export const PURGE_INTERVAL = 5000;

export class IdleConnections implements ConnectionOwner {
  readonly #connections: Channel[] = [];
  /** The fewest since the last purge: so many were not needed. */
  #fewest = 0;

  get count(): number {
    return this.#connections.length;
  }

  /** Keeps a connection whose exchange is over and whose bytes are all read. */
  keep(connection: Channel): void {
    if (connection.hasInput()) {
      // The server closed, or spoke out of turn.
      connection.close();
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
    for (const connection of this.#connections.splice(0, Math.ceil(this.#fewest / 2))) connection.close();
    this.#fewest = this.#connections.length;
  }

  closeAll(): void {
    for (const connection of this.#connections.splice(0)) connection.close();
    this.#fewest = 0;
  }

  /** Whatever arrives on an idle connection ends it. */
  onConnectionReady(connection: Channel): void {
    if (!connection.readable) return; // an edge that only says "still writable"
    const at = this.#connections.indexOf(connection);
    if (at >= 0) this.#connections.splice(at, 1);
    connection.close();
  }

  onFailure(): void {}
}
