/** Where the body of one message ends, as its bytes go by (RFC 9112 §6). */
import { ChunkedDecoder } from "./chunked.js";

const NONE = 0;
const LENGTH = 1;
const CHUNKED = 2;
const UNTIL_CLOSE = 3;
/** Chunked as it comes, its content alone as it goes. */
const STRIPPED = 4;

export class BodyFraming {
  #kind = NONE;
  #remaining = 0;
  #decoder: ChunkedDecoder | undefined;
  /** The whole message has been seen. */
  done = true;
  /** The framing is broken: nothing behind it can be trusted. */
  broken = false;
  /** Behind the last byte that `advance` took. What it returned is less where chunks have been stripped. */
  position = 0;

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

  /** As `beginChunked`; what is to be forwarded is the content alone. */
  beginStripped(): void {
    this.beginChunked();
    this.#kind = STRIPPED;
  }

  beginUntilClose(): void {
    this.#begin(UNTIL_CLOSE);
  }

  /** Bytes to come that need no look, for the end shows itself or has been told; 0 where there is no knowing. */
  get opaque(): number {
    if (this.done) return 0;
    if (this.#kind === LENGTH) return this.#remaining;
    return this.#kind === UNTIL_CLOSE ? Number.POSITIVE_INFINITY : 0;
  }

  /** Takes `count` of the opaque bytes unseen. */
  skip(count: number): void {
    if (this.#kind !== LENGTH) return;
    this.#remaining -= count;
    this.done = this.#remaining === 0;
  }

  get isUntilClose(): boolean {
    return this.#kind === UNTIL_CLOSE;
  }

  /** Whoever gets what `advance` returns can tell from it whether it is whole (RFC 9112 §8). */
  get showsItsEnd(): boolean {
    return this.#kind === LENGTH || this.#kind === CHUNKED;
  }

  /**
   * Takes the bytes of [from, end) that belong to the message; what follows them is of the next one, if `done`.
   * @returns the offset behind what is to be forwarded, which begins at `from`
   */
  advance(bytes: Uint8Array, from: number, end: number): number {
    if (this.#kind === STRIPPED && !this.done) return this.#strip(bytes, from, end);
    this.position = this.#take(bytes, from, end);
    return this.position;
  }

  #strip(bytes: Uint8Array, from: number, end: number): number {
    const decoder = this.#decoder!;
    const behind = decoder.strip(bytes, from, end, bytes, from);
    this.done = decoder.done;
    this.broken = decoder.error !== 0;
    this.position = decoder.position;
    return behind;
  }

  #take(bytes: Uint8Array, from: number, end: number): number {
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
