/**
 * The reactor: one epoll loop per thread. It calls handlers with readiness, fires timers, and takes messages from
 * other threads. Everything is synchronous; nothing here makes a promise.
 */

// The global of the same name is a getter, which is found out anew for each call.
import { performance } from "node:perf_hooks";
import { drainEventfd, EPOLLIN, Epoll } from "../sys/epoll.js";
import { check, EINTR, SystemError } from "../sys/errno.js";
import { close } from "../sys/socket.js";
import { Timer, TimerWheel } from "./timers.js";

/** Whoever owns a descriptor in the loop. */
export interface Handler {
  /** @param events EPOLL* flags of this wake-up */
  onReady(events: number): void;
  /** `onReady` threw, which is a bug: it must cost this handler alone. Without it the error ends the loop. */
  onFailure?(error: unknown): void;
}

/** A handler's place in the loop: needed to change or end the registration. */
export type Token = number;

/**
 * Tokens, not descriptors, come back from epoll: within one batch of events a descriptor may be closed and its number
 * given to a new connection, which must not get the old one's event. A token is free again only when the batch is done.
 */
export class Loop {
  readonly #epoll = new Epoll();
  readonly #handlers: (Handler | undefined)[] = [];
  readonly #freeTokens: Token[] = [];
  readonly #retiredTokens: Token[] = [];
  readonly timers: TimerWheel;
  /** Milliseconds of the monotonic clock when the present batch began, with a fraction. */
  now: number;
  #running = false;
  /** Those that stopped for fairness with work left: they go on in the next turn. */
  #unfinished: Handler[] = [];
  #resuming: Handler[] = [];

  constructor() {
    this.now = performance.now();
    this.timers = new TimerWheel(this.now);
  }

  add(fd: number, events: number, handler: Handler): Token {
    const token = this.#freeTokens.pop() ?? this.#handlers.length;
    this.#handlers[token] = handler;
    const result = this.#epoll.add(fd, events, token);
    if (result < 0) {
      this.#retire(token);
      throw new SystemError(-result, "epoll_ctl");
    }
    return token;
  }

  modify(fd: number, events: number, token: Token): void {
    check(this.#epoll.modify(fd, events, token), "epoll_ctl");
  }

  /** Ends the registration and closes the descriptor; closing takes it out of epoll. */
  removeAndClose(fd: number, token: Token): void {
    this.#retire(token);
    close(fd);
  }

  /** Ends the registration and leaves the descriptor open. */
  remove(fd: number, token: Token): void {
    this.#epoll.remove(fd);
    this.#retire(token);
  }

  /** Has `token`'s events go to another handler. */
  hand(token: Token, handler: Handler): void {
    this.#handlers[token] = handler;
  }

  /** Has notifications of an eventfd call `onMessages` on this loop. */
  listen(eventfd: number, onMessages: () => void): void {
    this.add(eventfd, EPOLLIN, {
      onReady() {
        drainEventfd(eventfd);
        onMessages();
      },
    });
  }

  /** The epoll instance. */
  get fd(): number {
    return this.#epoll.fd;
  }

  /** Runs until `stop`. */
  run(): void {
    this.#running = true;
    while (this.#running) this.#turn();
  }

  stop(): void {
    this.#running = false;
  }

  /** Frees what the loop itself holds, once it has stopped; the descriptors in it are their owners'. */
  close(): void {
    close(this.#epoll.fd);
  }

  /** Calls `handler.onReady(0)` in the next turn, after the others had theirs. */
  resume(handler: Handler): void {
    this.#unfinished.push(handler);
  }

  /**
   * A timer that is not armed yet.
   * @param onFailure `fire` threw, which is a bug, as of `Handler`
   */
  timer(fire: () => void, onFailure?: (error: unknown) => void): Timer {
    if (onFailure === undefined) return new Timer(fire);
    return new Timer(() => {
      try {
        fire();
      } catch (error) {
        onFailure(error);
      }
    });
  }

  #turn(): void {
    const epoll = this.#epoll;
    const patience = this.#unfinished.length > 0 ? 0 : this.timers.untilNext(performance.now());
    const count = epoll.wait(patience);
    if (count < 0 && count !== -EINTR) throw new SystemError(-count, "epoll_wait");
    this.now = performance.now();
    const { words, stride, tokenOffset } = epoll;
    for (let index = 0; index < count; index++) {
      const handler = this.#handlers[words[index * stride + tokenOffset]!];
      if (handler !== undefined) this.#call(handler, words[index * stride]!);
    }
    if (this.#unfinished.length > 0) this.#resume();
    this.timers.advance(this.now);
    while (this.#retiredTokens.length > 0) this.#freeTokens.push(this.#retiredTokens.pop()!);
  }

  #resume(): void {
    const handlers = this.#unfinished;
    this.#unfinished = this.#resuming;
    this.#resuming = handlers;
    for (const handler of handlers) this.#call(handler, 0);
    handlers.length = 0;
  }

  #call(handler: Handler, events: number): void {
    try {
      handler.onReady(events);
    } catch (error) {
      if (handler.onFailure === undefined) throw error;
      handler.onFailure(error);
    }
  }

  #retire(token: Token): void {
    this.#handlers[token] = undefined;
    this.#retiredTokens.push(token);
  }
}
