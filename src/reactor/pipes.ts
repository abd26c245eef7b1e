/**
 * Pipes for bytes that go from socket to socket inside the kernel. As with buffers, a connection holds one only while
 * bytes wait in it, and the last one given back is the next one taken.
 */
import { openPipe } from "../sys/pipe.js";
import type { Handler, Loop, Token } from "./loop.js";
import type { Timer } from "./timers.js";

/** Larger ones move no more at a time: the receive buffer of a socket is seldom fuller. */
export const PIPE_SIZE = 262_144;
/** How often those that have not been needed meanwhile are closed, in milliseconds. */
const PURGE_EVERY = 5_000;
/** Smaller ones are not worth it. */
const LEAST_SIZE = 65_536;

const NOTHING: Handler = { onReady() {} };

export class Pipe {
  /** Bytes that are in it. */
  length = 0;

  constructor(
    readonly readFd: number,
    readonly writeFd: number,
    readonly tokens: readonly [Token, Token],
  ) {}
}

export class PipePool {
  readonly #free: Pipe[] = [];
  #made = 0;
  /** As many have lain unused since the last purge. */
  #spare = 0;
  #purge: Timer | undefined;

  /** @param most pipes that are open at a time */
  constructor(
    readonly loop: Loop,
    readonly most: number,
  ) {}

  /** Pipes that somebody holds. */
  get inUse(): number {
    return this.#made - this.#free.length;
  }

  /** An empty pipe; undefined if there is none left, and bytes have to be copied. */
  take(): Pipe | undefined {
    const pipe = this.#free.pop() ?? this.#make();
    this.#spare = Math.min(this.#spare, this.#free.length);
    return pipe;
  }

  /** One that is not empty is closed: what is in it was for its last holder. */
  give(pipe: Pipe): void {
    if (pipe.length === 0) this.#free.push(pipe);
    else this.#close(pipe);
  }

  close(): void {
    if (this.#purge !== undefined) this.loop.timers.release(this.#purge);
    this.#purge = undefined;
    for (const pipe of this.#free.splice(0)) this.#close(pipe);
  }

  /** While there are any, those that nobody needed for a while go: a peak does not hold its descriptors for ever. */
  #purgeSpare(): void {
    for (const pipe of this.#free.splice(0, this.#spare)) this.#close(pipe);
    this.#spare = this.#free.length;
    if (this.#made > 0) this.loop.timers.arm(this.#purge!, this.loop.now + PURGE_EVERY);
  }

  #make(): Pipe | undefined {
    if (this.#made >= this.most) return undefined;
    const ends = openPipe(PIPE_SIZE, LEAST_SIZE);
    if (ends === undefined) return undefined;
    if (this.#made++ === 0) {
      this.#purge ??= this.loop.timer(() => this.#purgeSpare());
      this.loop.timers.arm(this.#purge, this.loop.now + PURGE_EVERY);
    }
    // They are in the loop, though nothing of them is waited for: who clears up behind a thread looks there.
    const { loop } = this;
    return new Pipe(ends.readFd, ends.writeFd, [loop.add(ends.readFd, 0, NOTHING), loop.add(ends.writeFd, 0, NOTHING)]);
  }

  #close(pipe: Pipe): void {
    this.#made--;
    this.loop.removeAndClose(pipe.readFd, pipe.tokens[0]);
    this.loop.removeAndClose(pipe.writeFd, pipe.tokens[1]);
  }
}
