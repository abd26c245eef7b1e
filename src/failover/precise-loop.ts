/**
 * The loop of the fail-over engine: one epoll instance with timeouts to the microsecond. It differs from the reactor
 * in what the protocol asks for: no timer is judged before every descriptor that is ready has been drained, and
 * whoever may have slept too long is told before either.
 */
import { performance } from "node:perf_hooks";
import { microseconds } from "../config/units.js";
import { EPOLLIN, Epoll } from "../sys/epoll.js";
import { EINTR, SystemError } from "../sys/errno.js";
import { close } from "../sys/socket.js";
import { type Instant, NEVER } from "./timers.js";

const ENOSYS = 38;

export interface Duties {
  /** When `timers` is wanted next; NEVER: only when something arrives. */
  deadline(): Instant;
  /** Right after waking up, before anything is drained. */
  wokeUp(now: Instant): void;
  timers(now: Instant): void;
}

/** The monotonic clock in microseconds. */
export const monotonic = (): Instant => microseconds(performance.now() * 1000);

export class PreciseLoop {
  readonly #epoll = new Epoll(64);
  readonly #drains = new Map<number, () => void>();
  #running = false;
  /** epoll_pwait2 is there (Linux 5.11). */
  #precise = true;

  /** Calls `drain` whenever `fd` is readable, until `remove`. */
  add(fd: number, drain: () => void): void {
    const result = this.#epoll.add(fd, EPOLLIN, fd);
    if (result < 0) throw new SystemError(-result, "epoll_ctl");
    this.#drains.set(fd, drain);
  }

  /** Must come before the descriptor is closed, so that its number can be used again. */
  remove(fd: number): void {
    if (this.#drains.delete(fd)) this.#epoll.remove(fd);
  }

  /** Runs until `stop`. */
  run(duties: Duties): void {
    this.#running = true;
    while (this.#running) {
      const count = this.#wait(duties.deadline());
      if (count < 0 && count !== -EINTR) throw new SystemError(-count, "epoll_wait");
      let now = monotonic();
      duties.wokeUp(now);
      const { words, stride, tokenOffset } = this.#epoll;
      // What one drain closes, a later event of this batch no longer finds.
      for (let index = 0; index < count; index++) this.#drains.get(words[index * stride + tokenOffset]!)?.();
      if (count > 0) now = monotonic();
      if (this.#running) duties.timers(now);
    }
  }

  stop(): void {
    this.#running = false;
  }

  /** Frees what the loop itself holds; the descriptors in it are their owners'. */
  close(): void {
    close(this.#epoll.fd);
  }

  #wait(deadline: Instant): number {
    if (deadline === NEVER) return this.#epoll.wait(-1);
    const patience = Math.max(0, deadline - monotonic());
    if (this.#precise) {
      const count = this.#epoll.waitMicroseconds(Math.ceil(patience));
      if (count !== -ENOSYS) return count;
      this.#precise = false;
    }
    return this.#epoll.wait(Math.ceil(patience / 1000));
  }
}
