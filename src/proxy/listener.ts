/** Accepting: one `bind` line's socket in one worker. All workers share the socket; the kernel wakes one of them. */
import type { Handler, Loop, Token } from "../reactor/loop.js";
import type { Timer } from "../reactor/timers.js";
import { EPOLLEXCLUSIVE, EPOLLIN } from "../sys/epoll.js";
import { EAGAIN, ECONNABORTED, EINTR } from "../sys/errno.js";
import { accept, lastAddress } from "../sys/socket.js";
import { ClientAddress } from "./client-address.js";

/** Connections taken in one go, so that a flood of them does not starve those that are there. */
const ACCEPTS_PER_WAKE = 16;
/** A listener that had to stop looks again after this many milliseconds. */
const PAUSE = 100;

/** Takes connections while it may. */
export class Listener implements Handler {
  #token: Token | undefined;
  readonly #retry: Timer;

  /**
   * @param mayAccept false while the frontend, or the process, is full
   * @param onAccepted owns the descriptor from then on
   */
  constructor(
    readonly loop: Loop,
    readonly fd: number,
    readonly mayAccept: () => boolean,
    readonly onAccepted: (fd: number, client: ClientAddress) => void,
    /** In its frontend, from 1. */
    readonly number: number,
  ) {
    this.#retry = loop.timer(() => this.resume());
    this.resume();
  }

  onReady(): void {
    for (let count = 0; count < ACCEPTS_PER_WAKE; count++) {
      if (!this.mayAccept()) {
        this.#pause();
        return;
      }
      const fd = accept(this.fd);
      if (fd >= 0) {
        this.onAccepted(fd, new ClientAddress(lastAddress, this.number));
        continue;
      }
      if (fd === -EAGAIN) return;
      // The client gave up while it stood in the queue.
      if (fd === -ECONNABORTED || fd === -EINTR) continue;
      // No descriptor or memory left, a firewall's refusal, a network error of the connection's (accept(2)): it passes.
      this.#pause();
      return;
    }
  }

  resume(): void {
    this.loop.timers.disarm(this.#retry);
    if (this.#token !== undefined) return;
    this.#token = this.loop.add(this.fd, EPOLLIN | EPOLLEXCLUSIVE, this);
  }

  /** Takes no more; the socket stays open, for other workers and for later. */
  stop(): void {
    this.loop.timers.release(this.#retry);
    if (this.#token !== undefined) this.loop.remove(this.fd, this.#token);
    this.#token = undefined;
  }

  /** Takes those that wait already, be it full or not, for closing the socket would reset them; then no more. */
  finish(): void {
    this.stop();
    for (;;) {
      const fd = accept(this.fd);
      if (fd >= 0) this.onAccepted(fd, new ClientAddress(lastAddress, this.number));
      else if (fd !== -ECONNABORTED && fd !== -EINTR) return;
    }
  }

  #pause(): void {
    this.stop();
    this.loop.timers.arm(this.#retry, this.loop.now + PAUSE);
  }
}
