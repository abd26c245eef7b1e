/**
 * Connections to servers that serve one client alone (`source … usesrc`, a PROXY header, NTLM, `http-reuse never`),
 * between two of its requests. They last as long as its connection does.
 */
import type { Channel, ConnectionOwner } from "../reactor/channel.js";
import type { ServerRuntime } from "./runtime.js";

/** `max-session-srv-conns`: as many are kept open for a client. */
const MOST = 5;

export class OwnConnections implements ConnectionOwner {
  readonly #servers: ServerRuntime[] = [];
  readonly #connections: Channel[] = [];

  /** Keeps a connection whose exchange is over and whose bytes are all read, or closes it. */
  keep(server: ServerRuntime, connection: Channel): void {
    if (connection.hasInput() || this.#connections.length === MOST) {
      connection.retire();
      return;
    }
    connection.owner = this;
    this.#servers.push(server);
    this.#connections.push(connection);
  }

  /** The taker becomes its owner. */
  take(server: ServerRuntime): Channel | undefined {
    const at = this.#servers.lastIndexOf(server);
    return at < 0 ? undefined : this.#remove(at);
  }

  /** The first of `servers` that there is a connection to. */
  serverAmong(servers: readonly ServerRuntime[]): ServerRuntime | undefined {
    return this.#servers.find((server) => servers.includes(server));
  }

  closeAll(): void {
    while (this.#connections.length > 0) this.#remove(0).retire();
  }

  /** Whatever arrives on an idle connection ends it. */
  onConnectionReady(connection: Channel): void {
    if (!connection.readable) return; // an edge that only says "still writable"
    const at = this.#connections.indexOf(connection);
    if (at >= 0) this.#remove(at).retire();
  }

  /** A bug: none of them is trusted any more. */
  onFailure(): void {
    this.closeAll();
  }

  #remove(at: number): Channel {
    this.#servers.splice(at, 1);
    return this.#connections.splice(at, 1)[0]!;
  }
}
