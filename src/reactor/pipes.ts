/**
 * Pipes for bytes that go from socket to socket inside the kernel. As with buffers, a connection holds one only while
 * bytes wait in it, and the last one given back is the next one taken.
 */
import { openPipe } from "../sys/pipe.js";
import type { Handler, Loop, Token } from "./loop.js";

/** Larger ones move no more at a time: the receive buffer of a socket is seldom fuller. */
export const PIPE_SIZE = 262_144;
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
    return this.#free.pop() ?? this.#make();
  }

  /** One that is not empty is closed: what is in it was for its last holder. */
  give(pipe: Pipe): void {
    if (pipe.length === 0) this.#free.push(pipe);
    else this.#close(pipe);
  }

  close(): void {
    for (const pipe of this.#free.splice(0)) this.#close(pipe);
  }

  #make(): Pipe | undefined {
    if (this.#made >= this.most) return undefined;
    const ends = openPipe(PIPE_SIZE, LEAST_SIZE);
    if (ends === undefined) return undefined;
    this.#made++;
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
