/** Full TLS handshakes: wrk takes sessions up again where a server lets it, and then measures something else. */
import { BufferPool, type ByteBuffer } from "../../src/reactor/buffers.js";
import type { ConnectionOwner } from "../../src/reactor/channel.js";
import { Loop } from "../../src/reactor/loop.js";
import { TlsConnection, type TlsStarter } from "../../src/reactor/tls-connection.js";
import type { SocketAddress } from "../../src/sys/address.js";
import { EAGAIN } from "../../src/sys/errno.js";
import { sslIsResumed } from "../../src/sys/ssl.js";
import type { Load } from "../load.js";
import { addressOf, openConnection } from "./connect.js";
import { type HandshakesJob, LAST_REQUEST } from "./job.js";
import { Latencies } from "./latencies.js";
import { tlsClient } from "./tls.js";

export function runHandshakes({ listen, connections, seconds }: HandshakesJob): Load {
  const run = new HandshakeRun(addressOf(listen), performance.now() + seconds * 1000);
  const start = performance.now();
  for (let index = 0; index < connections; index++) new Exchange(run).open();
  run.loop.run();
  return {
    requests: run.latencies.count,
    duration: (performance.now() - start) * 1000,
    p50: run.latencies.percentile(0.5),
    p99: run.latencies.percentile(0.99),
    p999: run.latencies.percentile(0.999),
    errors: run.errors,
  };
}

class HandshakeRun {
  readonly loop = new Loop();
  readonly pool = new BufferPool();
  readonly tls: TlsStarter = tlsClient();
  readonly latencies = new Latencies();
  readonly errors = { handshake: 0, read: 0, status: 0, resumed: 0 };
  underWay = 0;

  constructor(
    readonly address: SocketAddress,
    /** Milliseconds of the monotonic clock; nothing begins after it. */
    readonly end: number,
  ) {}
}

/** A connection, a handshake, a request, its response up to the end, and the next. */
class Exchange implements ConnectionOwner {
  #connection!: TlsConnection;
  #openedAt = 0;
  #hasAsked = false;
  #status = 0;

  constructor(readonly run: HandshakeRun) {}

  open(): void {
    const { run } = this;
    this.#openedAt = performance.now();
    this.#hasAsked = false;
    this.#status = 0;
    run.underWay++;
    this.#connection = new TlsConnection(run.loop, openConnection(run.address), this, run.tls);
  }

  onFailure(error: unknown): void {
    throw error;
  }

  onConnectionReady(): void {
    const { run } = this;
    if (this.#connection.failure !== undefined) {
      run.errors.handshake++;
      this.#next();
      return;
    }
    const buffer = run.pool.take();
    if (!this.#hasAsked) this.#ask(buffer);
    this.#receive(buffer);
    run.pool.give(buffer);
  }

  #ask(buffer: ByteBuffer): void {
    if (sslIsResumed(this.#connection.ssl) === 1) this.run.errors.resumed++;
    this.#hasAsked = true;
    for (let index = 0; index < LAST_REQUEST.length; index++) buffer.bytes[index] = LAST_REQUEST.charCodeAt(index);
    this.#connection.transmit(buffer, 0, LAST_REQUEST.length);
  }

  #receive(buffer: ByteBuffer): void {
    const connection = this.#connection;
    while (connection.readable) {
      buffer.clear();
      const count = connection.receive(buffer, buffer.room);
      if (count === -EAGAIN) return;
      if (count > 0) {
        if (this.#status === 0) this.#status = buffer.bytes[STATUS_AT]! - ZERO;
        continue;
      }
      if (count < 0 || this.#status === 0) this.run.errors.read++;
      else if (this.#status !== 2) this.run.errors.status++;
      else this.run.latencies.add((performance.now() - this.#openedAt) * 1000);
      this.#next();
      return;
    }
  }

  #next(): void {
    const { run } = this;
    this.#connection.close();
    run.underWay--;
    if (performance.now() < run.end) this.open();
    else if (run.underWay === 0) run.loop.stop();
  }
}

/** Of the status's first digit in `HTTP/1.1 200`. */
const STATUS_AT = 9;
const ZERO = 0x30;
