/** Accepting: one `bind` line's socket in one worker. All workers share the socket; the kernel wakes one of them. */
import type { Handler, Loop, Token } from "../reactor/loop.js";
import type { Timer } from "../reactor/timers.js";
import { EPOLLEXCLUSIVE, EPOLLIN } from "../sys/epoll.js";
import { EAGAIN, ECONNABORTED, EINTR } from "../sys/errno.js";
import { accept, lastAddress } from "../sys/socket.js";
import { ClientAddress } from "./client-address.js";
import type { ConnectionLimits } from "./connection-limits.js";
import type { Entity } from "./shared-state.js";

/** Connections taken in one go, so that a flood of them does not starve those that are there. */
const ACCEPTS_PER_WAKE = 16;
/** Fewer where other workers can take the rest. */
const SHARED_ACCEPTS_PER_WAKE = 4;
/** A listener that had to stop looks again after this many milliseconds, if nothing wakes it before. */
const PAUSE = 100;

/** Takes connections while it may. */
export class Listener implements Handler {
  #token: Token | undefined;
  readonly #retry: Timer;

  /** It waits until this is not full any more; undefined: it does not. */
  #awaits: Entity | undefined;

  /** @param onAccepted owns the descriptor from then on, and the place in `limits` that was taken for it */
  constructor(
    readonly loop: Loop,
    readonly fd: number,
    readonly limits: ConnectionLimits,
    readonly onAccepted: (fd: number, client: ClientAddress) => void,
    /** In its frontend, from 1. */
    readonly number: number,
    /** Other workers accept from the same socket. */
    readonly isShared: boolean,
    /** A bug threw while it accepted; it goes on. */
    readonly onFailure: (error: unknown) => void,
  ) {
    this.#retry = loop.timer(() => this.resume(), onFailure);
    this.resume();
  }

  onReady(): void {
    this.#acceptSome(this.isShared ? SHARED_ACCEPTS_PER_WAKE : ACCEPTS_PER_WAKE);
    if (this.isShared) this.#queueUp();
  }

  /** What is full that it waits for; undefined: it does not wait, or for something else to pass. */
  get awaited(): Entity | undefined {
    return this.#awaits;
  }

  resume(): void {
    this.#endWait();
    this.loop.timers.disarm(this.#retry);
    if (this.#token !== undefined) return;
    this.#token = this.loop.add(this.fd, EPOLLIN | EPOLLEXCLUSIVE, this);
  }

  /** Takes no more; the socket stays open, for other workers and for later. */
  stop(): void {
    this.#endWait();
    this.loop.timers.release(this.#retry);
    if (this.#token !== undefined) this.loop.remove(this.fd, this.#token);
    this.#token = undefined;
  }

  /** Takes those that wait already, be it full or not, for closing the socket would reset them; then no more. */
  finish(): void {
    this.stop();
    for (;;) {
      const fd = accept(this.fd);
      if (fd >= 0) {
        this.limits.enter();
        this.onAccepted(fd, new ClientAddress(lastAddress, this.number));
      } else if (fd !== -ECONNABORTED && fd !== -EINTR) return;
    }
  }

  #acceptSome(most: number): void {
    for (let count = 0; count < most; count++) {
      if (!this.#takePlace()) return;
      const fd = accept(this.fd);
      if (fd >= 0) {
        this.limits.noteHighest();
        this.onAccepted(fd, new ClientAddress(lastAddress, this.number));
        continue;
      }
      this.limits.leave();
      if (fd === -EAGAIN) return;
      // The client gave up while it stood in the queue.
      if (fd === -ECONNABORTED || fd === -EINTR) continue;
      // No descriptor or memory left, a firewall's refusal, a network error of the connection's (accept(2)): it passes.
      this.#pause();
      return;
    }
  }

  /**
   * The kernel wakes the first of those that wait exclusively, and leaves it the first: it would get nearly all
   * connections. Who waits anew goes behind the others.
   */
  #queueUp(): void {
    if (this.#token === undefined) return;
    this.loop.remove(this.fd, this.#token);
    this.#token = this.loop.add(this.fd, EPOLLIN | EPOLLEXCLUSIVE, this);
  }

  #takePlace(): boolean {
    if (this.limits.tryEnter()) return true;
    const full = this.limits.beginWait();
    // Whoever left in between could not see us wait.
    if (this.limits.tryEnter()) {
      this.limits.endWait(full);
      return true;
    }
    this.#pause();
    this.#awaits = full;
    return false;
  }

  #endWait(): void {
    if (this.#awaits !== undefined) this.limits.endWait(this.#awaits);
    this.#awaits = undefined;
  }

  #pause(): void {
    this.stop();
    this.loop.timers.arm(this.#retry, this.loop.now + PAUSE);
  }
}
