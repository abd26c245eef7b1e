/**
 * Latency at a fixed rate. Requests are due at random moments (a Poisson process, the same one in every run) and are
 * timed from the moment at which they were due, not from when a connection was free to carry them: a proxy that stalls
 * is charged for all who waited meanwhile ("coordinated omission" is what a closed loop such as wrk's suffers from).
 */
import { EPOLLIN, Epoll } from "../../src/sys/epoll.js";
import { check, EAGAIN } from "../../src/sys/errno.js";
import { allocate } from "../../src/sys/memory.js";
import { setRealTime } from "../../src/sys/process.js";
import { MSG_NOSIGNAL, recv, send } from "../../src/sys/socket.js";
import type { Load } from "../load.js";
import { addressOf, openConnection } from "./connect.js";
import { type OpenLoopJob, REQUEST } from "./job.js";
import { Latencies } from "./latencies.js";
import { http1ResponseSize } from "./response.js";

/** After the last request was due, microseconds. */
const PATIENCE = 2_000_000;
const SEED = 20_260;

const clock = (): number => performance.now() * 1000;

export function runOpenLoop(job: OpenLoopJob): Load {
  // The web server shares our processor: it must not make us late. Where that is not permitted, we may be.
  setRealTime(1);
  return new OpenLoop(job).run();
}

class OpenLoop {
  readonly #epoll = new Epoll();
  readonly #request = allocate(REQUEST.length);
  readonly #response = allocate(65_536);
  readonly #latencies = new Latencies();
  readonly #errors = { read: 0, status: 0, unanswered: 0 };
  /** By descriptor: when the request that it carries was due, and how many bytes of its response are here. */
  readonly #dueAt: number[] = [];
  readonly #received: number[] = [];
  readonly #free: number[] = [];
  /** Requests that found no connection free. */
  readonly #waiting: number[] = [];
  readonly #connections: number;
  /** Of a response: the same for all, as the body and the headers are. */
  #size = 0;

  constructor(readonly job: OpenLoopJob) {
    this.#request.bytes.write(REQUEST, "latin1");
    const address = addressOf(job.listen);
    for (let index = 0; index < job.connections; index++) this.#free.push(openConnection(address));
    this.#connections = job.connections;
    for (const fd of this.#free) {
      check(this.#epoll.add(fd, EPOLLIN, fd), "epoll_ctl");
      this.#received[fd] = 0;
    }
  }

  run(): Load {
    this.#learnSize();
    const gaps = poissonGaps(this.job.rate);
    const start = clock();
    const end = start + this.job.seconds * 1e6;
    let due = start + gaps();
    for (;;) {
      const now = clock();
      for (; due <= now && due < end; due += gaps()) this.#begin(due);
      if (due >= end && this.#outstanding === 0) break;
      if (now > end + PATIENCE) break;
      this.#wait(due < end ? due - now : 10_000);
    }
    this.#errors.unanswered = this.#outstanding;
    return {
      requests: this.#latencies.count,
      duration: this.job.seconds * 1e6,
      p50: this.#latencies.percentile(0.5),
      p99: this.#latencies.percentile(0.99),
      p999: this.#latencies.percentile(0.999),
      errors: this.#errors,
    };
  }

  get #outstanding(): number {
    return this.#connections - this.#free.length + this.#waiting.length;
  }

  /** The first response of all says how long they are. */
  #learnSize(): void {
    const fd = this.#free.pop()!;
    send(fd, this.#request.address, REQUEST.length, MSG_NOSIGNAL);
    const deadline = clock() + PATIENCE;
    let filled = 0;
    while (this.#size === 0 || filled < this.#size) {
      if (clock() > deadline) throw new Error("no response to the first request");
      this.#epoll.wait(100);
      const count = recv(fd, this.#response.address + filled, this.#response.bytes.length - filled, 0);
      if (count === -EAGAIN) continue;
      if (count <= 0) throw new Error("the connection was closed instead of a first response");
      filled += count;
      this.#size = http1ResponseSize(this.#response.bytes.subarray(0, filled));
    }
    this.#free.push(fd);
  }

  #begin(due: number): void {
    const fd = this.#free.pop();
    if (fd === undefined) this.#waiting.push(due);
    else this.#send(fd, due);
  }

  #send(fd: number, due: number): void {
    this.#dueAt[fd] = due;
    if (send(fd, this.#request.address, REQUEST.length, MSG_NOSIGNAL) !== REQUEST.length) this.#errors.read++;
  }

  #wait(patience: number): void {
    const count = this.#epoll.waitMicroseconds(Math.max(0, Math.ceil(patience)));
    const { words, stride, tokenOffset } = this.#epoll;
    for (let index = 0; index < count; index++) this.#receive(words[index * stride + tokenOffset]!);
  }

  #receive(fd: number): void {
    const count = recv(fd, this.#response.address, this.#response.bytes.length, 0);
    if (count === -EAGAIN) return;
    if (count <= 0) {
      // The request stays unanswered and its connection out of use.
      this.#errors.read++;
      this.#epoll.remove(fd);
      return;
    }
    const before = this.#received[fd]!;
    if (before === 0 && this.#response.bytes[STATUS_AT] !== TWO) this.#errors.status++;
    this.#received[fd] = before + count;
    if (before + count < this.#size) return;
    this.#received[fd] = 0;
    this.#latencies.add(clock() - this.#dueAt[fd]!);
    const due = this.#waiting.shift();
    if (due === undefined) this.#free.push(fd);
    else this.#send(fd, due);
  }
}

/** Of the status's first digit in `HTTP/1.1 200`. */
const STATUS_AT = 9;
const TWO = 0x32;

/** Microseconds between arrivals that know nothing of each other; always the same ones (xorshift32). */
export function poissonGaps(rate: number): () => number {
  let state = SEED;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (-Math.log(((state >>> 0) + 1) / 2 ** 32) / rate) * 1e6;
  };
}
