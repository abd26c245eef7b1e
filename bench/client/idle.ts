/** Connections that had one request answered and are quiet from then on. */
import { writeSync } from "node:fs";
import { BufferPool } from "../../src/reactor/buffers.js";
import type { ConnectionOwner } from "../../src/reactor/channel.js";
import { Connection } from "../../src/reactor/connection.js";
import { Loop } from "../../src/reactor/loop.js";
import { TlsConnection } from "../../src/reactor/tls-connection.js";
import { EAGAIN } from "../../src/sys/errno.js";
import { addressOf, openConnection } from "./connect.js";
import { type IdleJob, REQUEST } from "./job.js";
import { http1ResponseSize, isHttp2ResponseComplete } from "./response.js";
import { tlsClient } from "./tls.js";

/** Connections whose request is under way: as many as a proxy serves without a queue. */
const AT_A_TIME = 64;

/** Says `READY` when all are quiet, and `LOST` for each that is closed after that. Runs until it is killed. */
export function holdIdleConnections({ listen, connections, protocol }: IdleJob): void {
  const loop = new Loop();
  const pool = new BufferPool();
  const address = addressOf(listen);
  const tls = tlsClient();
  const request = protocol === "http2" ? HTTP2_REQUEST : Buffer.from(REQUEST, "latin1");
  let opened = 0;
  let quiet = 0;

  const openNext = (): void => {
    if (opened++ >= connections) return;
    const owner = new IdleConnection();
    const fd = openConnection(address);
    owner.connection = protocol === "tls" ? new TlsConnection(loop, fd, owner, tls) : new Connection(loop, fd, owner);
  };

  class IdleConnection implements ConnectionOwner {
    connection!: Connection;
    #hasAsked = false;
    /** What has come of the response; undefined once it is complete. */
    #received: Buffer | undefined = Buffer.alloc(0);

    onFailure(error: unknown): void {
      throw error;
    }

    onConnectionReady(): void {
      const buffer = pool.take();
      if (!this.#hasAsked) {
        this.#hasAsked = true;
        buffer.bytes.set(request);
        this.connection.transmit(buffer, 0, request.length);
      }
      while (this.connection.readable) {
        buffer.clear();
        const count = this.connection.receive(buffer, buffer.room);
        if (count === -EAGAIN) break;
        if (count <= 0) {
          writeSync(1, "LOST\n");
          this.connection.close();
          break;
        }
        this.#take(buffer.bytes.subarray(0, count));
      }
      pool.give(buffer);
    }

    #take(bytes: Uint8Array): void {
      if (this.#received === undefined) return;
      this.#received = Buffer.concat([this.#received, bytes]);
      if (!isComplete(this.#received)) return;
      this.#received = undefined;
      if (++quiet === connections) writeSync(1, "READY\n");
      openNext();
    }
  }

  const isComplete = (bytes: Buffer): boolean => {
    if (protocol === "http2") return isHttp2ResponseComplete(bytes);
    const size = http1ResponseSize(bytes);
    return size > 0 && bytes.length >= size;
  };

  for (let index = 0; index < AT_A_TIME; index++) openNext();
  loop.run();
}

/**
 * The preface, empty SETTINGS, the acknowledgement of the server's, and HEADERS that end stream 1 (RFC 9113 §3.4, §6.5).
 * The fields are `:method GET`, `:scheme http`, `:path /` of HPACK's static table and a literal `:authority bench`.
 */
const HTTP2_REQUEST = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
  Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0]),
  Buffer.from([0, 0, 10, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84, 0x41, 5]),
  Buffer.from("bench", "latin1"),
]);
