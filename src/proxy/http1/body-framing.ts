/** Where the body of one message ends, as its bytes go by (RFC 9112 §6). */
import { ChunkedDecoder } from "./chunked.js";

const NONE = 0;
const LENGTH = 1;
const CHUNKED = 2;
const UNTIL_CLOSE = 3;

export class BodyFraming {
  #kind = NONE;
  #remaining = 0;
  #decoder: ChunkedDecoder | undefined;
  /** The whole message has been seen. */
  done = true;
  /** The framing is broken: nothing behind it can be trusted. */
  broken = false;

  beginEmpty(): void {
    this.#begin(NONE);
    this.done = true;
  }

  beginLength(length: number): void {
    this.#begin(LENGTH);
    this.#remaining = length;
    this.done = length === 0;
  }

  beginChunked(): void {
    this.#begin(CHUNKED);
    this.#decoder ??= new ChunkedDecoder();
    this.#decoder.reset();
  }

  beginUntilClose(): void {
    this.#begin(UNTIL_CLOSE);
  }

  get isUntilClose(): boolean {
    return this.#kind === UNTIL_CLOSE;
  }

  /**
   * Takes the bytes of [from, end) that belong to the message.
   * @returns the offset behind them; what follows is of the next message, if `done`
   */
  advance(bytes: Uint8Array, from: number, end: number): number {
    if (this.done) return from;
    switch (this.#kind) {
      case LENGTH: {
        const taken = Math.min(end - from, this.#remaining);
        this.#remaining -= taken;
        this.done = this.#remaining === 0;
        return from + taken;
      }
      case CHUNKED: {
        const decoder = this.#decoder!;
        const behind = decoder.advance(bytes, from, end);
        this.done = decoder.done;
        this.broken = decoder.error !== 0;
        return behind;
      }
      default:
        return end;
    }
  }

  #begin(kind: number): void {
    this.#kind = kind;
    this.done = false;
    this.broken = false;
  }
}
