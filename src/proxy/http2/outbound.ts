/**
 * A message on its way from a session to HTTP/2. The session sends it as HTTP/1.1; head and trailers become field
 * blocks, the body DATA, as far as flow control lets it.
 */
import { CR, LF } from "../http1/characters.js";
import { HeadEncoder } from "./head-encoder.js";
import type { Http2Stream } from "./stream.js";

const Part = {
  head: 0,
  length: 1,
  untilClose: 2,
  tunnel: 3,
  chunkSize: 4,
  chunk: 5,
  chunkEnd: 6,
  trailers: 7,
  done: 8,
} as const;

/** What stands behind the data of the last chunk when there are no trailers. */
const ENDING = new Uint8Array(Buffer.from("\r\n0\r\n\r\n", "latin1"));
/** As http1/chunked.ts has it, which has seen these bytes before us. */
const MAX_TRAILERS = 8192 + 4;

/** One a thread: a head is encoded in one go. */
const heads = new HeadEncoder();

export class Outbound {
  #part: number = Part.head;
  /** Of the body, or of the chunk; while a size is read, so much of it. */
  #remaining = 0;
  /** Of a chunk's size: it has been read, and what is left of its line does not matter. */
  #isExtension = false;
  #trailers: number[] = [];

  /** The head has gone, and maybe more. */
  get hasBegun(): boolean {
    return this.#part !== Part.head;
  }

  get isTunnel(): boolean {
    return this.#part === Part.tunnel;
  }

  /** Only the session can tell when it is over. */
  get isOpenEnded(): boolean {
    return this.#part === Part.untilClose || this.#part === Part.tunnel;
  }

  /** Sends bytes[from, to). Returns how many were taken, or -1 if they are no message. */
  take(stream: Http2Stream, bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to) {
      let behind: number;
      switch (this.#part) {
        case Part.head:
          behind = this.#takeHead(stream, bytes, at, to);
          if (behind < 0) return -1;
          break;
        case Part.length: {
          const end = Math.min(to, at + this.#remaining);
          behind = stream.sendData(bytes, at, end, end - at === this.#remaining);
          this.#remaining -= behind - at;
          if (this.#remaining === 0) this.#part = Part.done;
          break;
        }
        case Part.untilClose:
        case Part.tunnel:
          behind = stream.sendData(bytes, at, to, false);
          break;
        case Part.chunk:
          behind = this.#takeChunk(stream, bytes, at, to);
          break;
        case Part.done:
          return to - from;
        default:
          behind = this.#takeFraming(stream, bytes, at, to);
          if (behind < 0) return -1;
      }
      if (behind === at) break;
      at = behind;
    }
    return at - from;
  }

  /** Returns the offset behind the head; `at` if there is no room for it now; -1 if it is none. */
  #takeHead(stream: Http2Stream, bytes: Uint8Array, at: number, to: number): number {
    if (!stream.hasRoomForHead(to - at)) return at;
    const length = heads.send(stream, bytes, at, to);
    if (length <= 0) return length < 0 ? -1 : at;
    if (heads.isInterim) return at + length;
    if (heads.isTunnel) this.#part = Part.tunnel;
    else if (heads.isBodyless) this.#part = Part.done;
    else if (heads.isChunked) this.#part = Part.chunkSize;
    else if (heads.contentLength >= 0) {
      this.#part = Part.length;
      this.#remaining = heads.contentLength;
    } else this.#part = Part.untilClose;
    return at + length;
  }

  #takeChunk(stream: Http2Stream, bytes: Uint8Array, at: number, to: number): number {
    const end = Math.min(to, at + this.#remaining);
    const isWhole = end - at === this.#remaining;
    if (isWhole && isEnding(bytes, end, to)) {
      const behind = stream.sendData(bytes, at, end, true);
      this.#remaining -= behind - at;
      if (this.#remaining > 0) return behind;
      this.#part = Part.done;
      return to;
    }
    const behind = stream.sendData(bytes, at, end, false);
    this.#remaining -= behind - at;
    if (this.#remaining === 0) this.#part = Part.chunkEnd;
    return behind;
  }

  /** Between chunks. The bytes have been judged where they came in; what does not fit is a bug on the way. */
  #takeFraming(stream: Http2Stream, bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to) {
      const byte = bytes[at]!;
      switch (this.#part) {
        case Part.chunkEnd:
          if (byte === LF) this.#beginSize();
          else if (byte !== CR) return -1;
          break;
        case Part.chunkSize:
          if (byte === LF) {
            this.#isExtension = false;
            this.#part = this.#remaining > 0 ? Part.chunk : Part.trailers;
            if (this.#part === Part.chunk) return at + 1;
          } else if (!this.#isExtension) {
            const digit = hexDigit(byte);
            if (digit < 0) this.#isExtension = true;
            else this.#remaining = this.#remaining * 16 + digit;
          }
          break;
        default:
          this.#trailers.push(byte);
          if (this.#trailers.length > MAX_TRAILERS) return -1;
          if (byte === LF && endsEmpty(this.#trailers)) {
            if (!this.#endWithTrailers(stream)) {
              this.#trailers.pop();
              return at;
            }
            this.#part = Part.done;
            return at + 1;
          }
      }
      at++;
    }
    return at;
  }

  #beginSize(): void {
    this.#part = Part.chunkSize;
    this.#remaining = 0;
    this.#isExtension = false;
  }

  /** False if there is no room now. */
  #endWithTrailers(stream: Http2Stream): boolean {
    if (!stream.hasRoomForHead(this.#trailers.length)) return false;
    if (this.#trailers.length === 2) stream.sendEnd();
    else heads.sendTrailers(stream, Uint8Array.from(this.#trailers));
    this.#trailers = [];
    return true;
  }
}

/** Whether what follows the data is the end of the message, in the same breath. */
function isEnding(bytes: Uint8Array, at: number, to: number): boolean {
  if (to - at !== ENDING.length) return false;
  for (let offset = 0; offset < ENDING.length; offset++) if (bytes[at + offset] !== ENDING[offset]) return false;
  return true;
}

/** An empty line, alone or behind others. */
function endsEmpty(bytes: readonly number[]): boolean {
  const { length } = bytes;
  return length === 2 || (length >= 4 && bytes[length - 3] === LF);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const folded = byte | 0x20;
  return folded >= 0x61 && folded <= 0x66 ? folded - 0x57 : -1;
}
