/**
 * A client of an `accept-proxy` listener, before anything else: its PROXY header is awaited, taken off the socket, and
 * the rest left there for whoever comes next (a session, or TLS).
 */
import type { Handler, Loop, Token } from "../reactor/loop.js";
import type { Timer } from "../reactor/timers.js";
import { EPOLLET, EPOLLIN, EPOLLRDHUP } from "../sys/epoll.js";
import { EAGAIN, EINTR } from "../sys/errno.js";
import { allocate } from "../sys/memory.js";
import { close, MSG_PEEK, recv } from "../sys/socket.js";
import { ClientAddress } from "./client-address.js";
import { decodeProxyHeader, LONGEST_HEADER } from "./proxy-protocol.js";

/** HAProxy's words: people look for them in logs. */
const Refusal = {
  closed: "Connection closed while waiting for PROXY protocol header",
  broken: "Connection error while waiting for PROXY protocol header",
  timeout: "Timeout while waiting for PROXY protocol header",
  truncated: "Truncated PROXY protocol header received",
  foreign: "Received something which does not look like a PROXY protocol header",
  invalid: "Received an invalid PROXY protocol header",
} as const;

/** Whom a reader tells of its end. */
export interface ProxyHeaderOwner {
  /** The header is there and gone from `reader.fd`, which is the owner's from now on. */
  onProxyHeader(reader: ProxyHeaderReader, client: ClientAddress): void;
  /** It is closed. @param reason for the log; undefined: it was given up */
  onNoProxyHeader(reader: ProxyHeaderReader, reason: string | undefined): void;
  /** A bug threw. It is closed. */
  onProxyHeaderBug(reader: ProxyHeaderReader, error: unknown): void;
}

// Headers are peeked at, whole, with each arrival: nothing is kept between two, so all readers share it.
const peeked = allocate(LONGEST_HEADER);

export class ProxyHeaderReader implements Handler {
  /** The loop's milliseconds. */
  readonly acceptedAt: number;
  readonly #token: Token;
  readonly #timer: Timer;
  /** Bytes seen so far. */
  #length = 0;
  /** The descriptor is another's, or closed. */
  #isOver = false;

  /**
   * @param timeout milliseconds for all of the header
   * @throws SystemError if epoll is full; `fd` is closed
   */
  constructor(
    readonly loop: Loop,
    readonly fd: number,
    /** As accept told it. */
    readonly address: ClientAddress,
    timeout: number,
    readonly owner: ProxyHeaderOwner,
  ) {
    this.acceptedAt = loop.now;
    try {
      // Edge-triggered, for what was peeked at stays in the socket.
      this.#token = loop.add(fd, EPOLLIN | EPOLLRDHUP | EPOLLET, this);
    } catch (error) {
      close(fd);
      throw error;
    }
    this.#timer = loop.timer(
      () => this.#refuse(Refusal.timeout),
      (error) => this.onFailure(error),
    );
    loop.timers.arm(this.#timer, loop.now + timeout);
  }

  /** The client has sent nothing: `option dontlognull` leaves it out of the log. */
  get isNull(): boolean {
    return this.#length === 0;
  }

  onReady(events: number): void {
    const count = recv(this.fd, peeked.address, LONGEST_HEADER, MSG_PEEK);
    if (count < 0) {
      if (count !== -EAGAIN && count !== -EINTR) this.#refuse(Refusal.broken);
      return;
    }
    this.#length = count;
    const decoded = decodeProxyHeader(peeked.bytes, count);
    switch (decoded.kind) {
      case "complete":
        recv(this.fd, peeked.address, decoded.length, 0);
        this.#letGo();
        this.owner.onProxyHeader(
          this,
          decoded.proxied === undefined ? this.address : ClientAddress.proxied(decoded.proxied, this.address.listener),
        );
        break;
      case "refused":
        this.#refuse(Refusal[decoded.reason]);
        break;
      case "incomplete":
        if (count === 0) this.#refuse(Refusal.closed);
        else if ((events & EPOLLRDHUP) !== 0) this.#refuse(Refusal.truncated);
        break;
    }
  }

  /** Once the header is through, the descriptor is another's, which may have closed it and seen its number used again. */
  onFailure(error: unknown): void {
    if (!this.#isOver) this.#close();
    this.owner.onProxyHeaderBug(this, error);
  }

  /** Gives it up. */
  drop(): void {
    this.#refuse(undefined);
  }

  #refuse(reason: string | undefined): void {
    this.#close();
    this.owner.onNoProxyHeader(this, reason);
  }

  #close(): void {
    this.#letGo();
    close(this.fd);
  }

  #letGo(): void {
    this.#isOver = true;
    this.loop.timers.release(this.#timer);
    this.loop.remove(this.fd, this.#token);
  }
}
