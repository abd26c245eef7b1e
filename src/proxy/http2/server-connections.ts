/** The HTTP/2 connections of one worker to one server. */
import type { BufferPool } from "../../reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../../reactor/channel.js";
import { TlsConnection } from "../../reactor/tls-connection.js";
import type { Http2Limits } from "./limits.js";
import { ServerConnection } from "./server-connection.js";
import type { Http2Stream } from "./stream.js";

export class ServerConnections {
  readonly #connections: ServerConnection[] = [];
  /** Without a stream since the purge before. */
  readonly #unused = new Set<ServerConnection>();

  /**
   * @param always the server speaks HTTP/2 and need not be asked (`proto h2`)
   * @param isPrivate a connection is one client's, and serves no other
   */
  constructor(
    readonly always: boolean,
    readonly isPrivate: boolean,
    readonly limits: Http2Limits,
  ) {}

  get count(): number {
    return this.#connections.length;
  }

  /** A stream on a connection that is there; undefined: none has room. */
  open(owner: ConnectionOwner): Http2Stream | undefined {
    for (const connection of this.#connections) {
      if (!connection.hasCapacity) continue;
      this.#unused.delete(connection);
      return connection.open(owner);
    }
    return undefined;
  }

  /**
   * Makes an HTTP/2 connection of a transport that has just been connected, if the server speaks it.
   * @returns the first stream; undefined: it is HTTP/1
   */
  adopt(transport: Channel, owner: ConnectionOwner, pool: BufferPool): Http2Stream | undefined {
    if (!this.always && !(transport instanceof TlsConnection && transport.isHttp2)) return undefined;
    const connection = new ServerConnection(
      transport,
      pool,
      this.limits,
      (idle) => {
        if (this.isPrivate) idle.goAway();
      },
      (ended) => {
        this.#unused.delete(ended);
        const at = this.#connections.indexOf(ended);
        if (at >= 0) this.#connections.splice(at, 1);
      },
    );
    if (!this.isPrivate) this.#connections.push(connection);
    return connection.open(owner);
  }

  /** Closes what had no stream from one purge to the next. */
  purge(): void {
    for (const connection of [...this.#unused]) connection.goAway();
    this.#unused.clear();
    for (const connection of this.#connections) if (connection.load === 0) this.#unused.add(connection);
  }

  closeAll(): void {
    for (const connection of [...this.#connections]) connection.closeNow();
  }
}
