/** A client between accept and the end of its TLS handshake, when its session begins. */
import type { ConnectionOwner } from "../../reactor/connection.js";
import type { Loop } from "../../reactor/loop.js";
import type { Timer } from "../../reactor/timers.js";
import { TlsConnection } from "../../reactor/tls-connection.js";
import type { ClientAddress } from "../client-address.js";
import type { BindTls } from "./bind-tls.js";

/** HAProxy's words: people look for them in logs. */
const TIMED_OUT = "Timeout during SSL handshake";
const CLOSED = "Connection closed during SSL handshake";
const FAILED = "SSL handshake failure";

/** Whom a handshake tells of its end. */
export interface HandshakeOwner {
  /** `handshake.connection` is the owner's from now on. */
  onHandshakeDone(handshake: Handshake): void;
  /** It is closed. @param reason for the log */
  onHandshakeFailed(handshake: Handshake, reason: string): void;
  /** It was given up, and is closed. */
  onHandshakeDropped(handshake: Handshake): void;
  /** A bug threw. */
  onHandshakeBug(handshake: Handshake, error: unknown): void;
}

export class Handshake implements ConnectionOwner {
  readonly connection: TlsConnection;
  /** The loop's milliseconds. */
  readonly acceptedAt: number;
  readonly #timer: Timer;
  #isOver = false;

  /**
   * @param timeout milliseconds for all of it
   * @throws SystemError if epoll is full; `fd` is closed
   */
  constructor(
    readonly loop: Loop,
    fd: number,
    tls: BindTls,
    readonly address: ClientAddress,
    timeout: number,
    readonly owner: HandshakeOwner,
  ) {
    this.connection = new TlsConnection(loop, fd, this, tls);
    this.acceptedAt = loop.now;
    this.#timer = loop.timer(
      () => this.#fail(TIMED_OUT),
      (error) => this.onFailure(error),
    );
    loop.timers.arm(this.#timer, loop.now + timeout);
  }

  /** The client has sent nothing, or closed before the end: `option dontlognull` leaves it out of the log. */
  get isNull(): boolean {
    return this.connection.failure?.kind === "closed";
  }

  onConnectionReady(connection: TlsConnection): void {
    const { failure } = connection;
    if (failure !== undefined) {
      this.#fail(failure.kind === "closed" ? CLOSED : FAILED);
      return;
    }
    this.loop.timers.release(this.#timer);
    this.#isOver = true;
    this.owner.onHandshakeDone(this);
  }

  /** Once it is done, the connection is another's. */
  onFailure(error: unknown): void {
    if (!this.#isOver) this.#close();
    this.owner.onHandshakeBug(this, error);
  }

  /** Gives it up. */
  drop(): void {
    this.#close();
    this.owner.onHandshakeDropped(this);
  }

  #close(): void {
    this.loop.timers.release(this.#timer);
    this.connection.close();
  }

  #fail(reason: string): void {
    this.#close();
    this.owner.onHandshakeFailed(this, reason);
  }
}
