/** epoll(7) and eventfd(2). */
import { readFileSync } from "node:fs";
import { check } from "./errno.js";
import { declare } from "./libc.js";
import { allocate, type Memory, words } from "./memory.js";
import { read, write } from "./socket.js";

export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLEXCLUSIVE = 1 << 28;
export const EPOLLET = 1 << 31;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const EPOLL_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

const nativeCreate = declare("epoll_create1", ["int"]);
const nativeControl = declare("epoll_ctl", ["int", "int", "int", "uintptr_t"]);
const nativeWait = declare("epoll_wait", ["int", "uintptr_t", "int", "int"]);
const nativeWait2 = declare("epoll_pwait2", ["int", "uintptr_t", "int", "uintptr_t", "uintptr_t"]);
const nativeEventfd = declare("eventfd", ["uint32_t", "int"]);

const change = allocate(64);
const changeWords = words(change);

/**
 * One epoll instance. Each registration carries a 32-bit token that comes back with its events. `struct epoll_event`
 * is packed on x86-64: 12 bytes, or three words: events, token, and nothing of ours.
 */
export class Epoll {
  readonly fd = check(nativeCreate(EPOLL_CLOEXEC), "epoll_create1");
  readonly #events: Memory;
  /** Word 3i holds the i-th event's flags, word 3i + 1 its token. Overwritten by the next wait. */
  readonly words: Int32Array;
  readonly #capacity: number;
  readonly #timeout = allocate(64);
  /** struct timespec: seconds in the first word, nanoseconds in the third; the upper halves stay 0. */
  readonly #timeoutWords = words(this.#timeout).fill(0);
  readonly #stride: number;

  constructor(capacity = 512) {
    this.#stride = process.arch === "x64" ? 3 : 4; // packed only there (epoll_ctl(2))
    this.#capacity = capacity;
    this.#events = allocate(capacity * this.#stride * 4);
    this.words = words(this.#events);
  }

  /** Words from one event to the next, and from an event's flags to its token. */
  get stride(): number {
    return this.#stride;
  }

  get tokenOffset(): number {
    return this.#stride === 3 ? 1 : 2;
  }

  add(fd: number, events: number, token: number): number {
    return this.#control(EPOLL_CTL_ADD, fd, events, token);
  }

  modify(fd: number, events: number, token: number): number {
    return this.#control(EPOLL_CTL_MOD, fd, events, token);
  }

  remove(fd: number): number {
    return nativeControl(this.fd, EPOLL_CTL_DEL, fd, change.address);
  }

  /** Waits for at most `timeout` milliseconds (-1: for ever); returns the number of events, or a negated errno. */
  wait(timeout: number): number {
    return nativeWait(this.fd, this.#events.address, this.#capacity, timeout);
  }

  /** Like `wait`, to the microsecond (epoll_pwait2, Linux 5.11). */
  waitMicroseconds(timeout: number): number {
    const seconds = Math.floor(timeout / 1_000_000);
    this.#timeoutWords[0] = seconds;
    this.#timeoutWords[2] = Math.floor((timeout - seconds * 1_000_000) * 1000);
    return nativeWait2(this.fd, this.#events.address, this.#capacity, this.#timeout.address, 0);
  }

  #control(operation: number, fd: number, events: number, token: number): number {
    changeWords[0] = events;
    changeWords[this.tokenOffset] = token;
    changeWords[this.tokenOffset + 1] = 0;
    return nativeControl(this.fd, operation, fd, change.address);
  }
}

/** The descriptors in an epoll instance of this process, from whatever thread (proc(5), fdinfo). */
export function registeredDescriptors(epollFd: number): number[] {
  const info = readFileSync(`/proc/self/fdinfo/${epollFd}`, "latin1");
  return [...info.matchAll(/^tfd:\s+(\d+)/gm)].map(([, fd]) => Number(fd));
}

/** Makes an eventfd: a counter that epoll sees, so that one thread can wake another. */
export function createEventfd(): number {
  return check(nativeEventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
}

const counter = allocate(64);
const counterValue = new BigInt64Array(counter.bytes.buffer, counter.bytes.byteOffset, 1);

/** Wakes whoever waits for `eventfd`. Any thread may call it. */
export function notifyEventfd(eventfd: number): void {
  counterValue[0] = 1n;
  write(eventfd, counter.address, 8);
}

/** Takes the wake-ups that have piled up. */
export function drainEventfd(eventfd: number): void {
  read(eventfd, counter.address, 8);
}
