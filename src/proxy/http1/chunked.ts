/**
 * The chunked transfer coding (RFC 9112 §7.1), walked as it passes: bytes are forwarded as they came, so everything
 * that the next reader could take differently is refused here. Nothing is kept between calls but integers.
 */
import { CHARACTER, COLON, CR, HEX, HTAB, LF, SEMICOLON, SP, TOKEN, VALUE } from "./characters.js";
import { HeadError } from "./head-error.js";
import { DEFAULT_MAX_FIELDS } from "./message-head.js";

/** Extensions of one chunk, and the padding that some servers put behind a size. */
export const MAX_EXTENSION_BYTES = 256;
/** Trailer section, its line ends included. */
export const MAX_TRAILER_BYTES = 8192;
/** Leading zeros count: 52 bits have 13 digits. */
const MAX_SIZE_DIGITS = 16;
const MAX_CHUNK = 2 ** 52;

const SIZE = 0;
const PADDING = 1;
const EXTENSION = 2;
const SIZE_LF = 3;
const DATA = 4;
const DATA_CR = 5;
const DATA_LF = 6;
const TRAILER = 7;
const TRAILER_NAME = 8;
const TRAILER_VALUE = 9;
const TRAILER_LF = 10;
const END_LF = 11;
const ENDED = 12;

const NOWHERE = new Uint8Array(0);

export class ChunkedDecoder {
  /** The last chunk and the trailers have been seen. */
  done = false;
  /** A HeadError, 0 while all is well. Nothing behind the error can be trusted. */
  error = 0;
  /** Bytes of content so far, framing excluded. */
  dataBytes = 0;
  /** Where the last `advance` or `strip` stopped reading. */
  position = 0;

  private state = SIZE;
  /** Of the chunk: its size while that is read, then what is still to come. */
  private remaining = 0;
  private digits = 0;
  /** Of this chunk's extensions, or of the trailer section. */
  private overhead = 0;
  private trailers = 0;
  private nameLength = 0;
  private written = 0;

  reset(): void {
    this.done = false;
    this.error = 0;
    this.dataBytes = 0;
    this.position = 0;
    this.state = SIZE;
    this.remaining = 0;
    this.digits = 0;
    this.overhead = 0;
    this.trailers = 0;
    this.nameLength = 0;
  }

  /**
   * Walks bytes[start, end); each call takes the bytes that follow the last call's. Never throws.
   * @returns The offset behind what belongs to this body: `end` unless `done`, or `error`, whose byte it is.
   */
  advance(bytes: Uint8Array, start: number, end: number): number {
    this.walk(bytes, start, end, NOWHERE, -1);
    return this.position;
  }

  /**
   * As `advance`, and copies the content alone to `out` from `outStart`, for a client that cannot take chunks.
   * @param out Has room for end - start bytes; may be `bytes` itself if outStart ≤ start.
   * @returns The offset behind the content in `out`; `position` says how far `bytes` were read.
   */
  strip(bytes: Uint8Array, start: number, end: number, out: Uint8Array, outStart: number): number {
    this.walk(bytes, start, end, out, outStart);
    return this.written;
  }

  private walk(bytes: Uint8Array, start: number, end: number, out: Uint8Array, outStart: number): void {
    let at = start;
    let state = this.state;
    let error = this.error;
    this.written = outStart;
    while (at < end && error === 0 && state !== ENDED) {
      const byte = bytes[at]!;
      switch (state) {
        case SIZE:
          if ((CHARACTER[byte]! & HEX) !== 0) {
            this.remaining = this.remaining * 16 + hexValue(byte);
            this.digits += 1;
            if (this.remaining >= MAX_CHUNK || this.digits > MAX_SIZE_DIGITS) error = HeadError.chunkSizeTooLarge;
            else at += 1;
            break;
          }
          if (this.digits === 0) {
            error = HeadError.badChunkSize;
            break;
          }
          this.overhead = 0;
          state = PADDING;
          break;
        case PADDING:
          if (byte === SP || byte === HTAB) error = this.spend(MAX_EXTENSION_BYTES, HeadError.chunkExtensionTooLong);
          else if (byte === CR) state = SIZE_LF;
          else if (byte === SEMICOLON) state = EXTENSION;
          else error = byte === LF ? HeadError.bareLineFeed : HeadError.badChunkSize;
          if (error === 0) at += 1;
          break;
        case EXTENSION:
          if ((CHARACTER[byte]! & VALUE) !== 0) {
            error = this.spend(MAX_EXTENSION_BYTES, HeadError.chunkExtensionTooLong);
          } else if (byte === CR) state = SIZE_LF;
          else error = byte === LF ? HeadError.bareLineFeed : HeadError.badChunkExtension;
          if (error === 0) at += 1;
          break;
        case SIZE_LF:
          if (byte !== LF) {
            error = HeadError.bareCarriageReturn;
            break;
          }
          at += 1;
          this.overhead = 0;
          state = this.remaining === 0 ? TRAILER : DATA;
          break;
        case DATA: {
          const taken = Math.min(end - at, this.remaining);
          if (outStart >= 0) this.copy(bytes, at, taken, out);
          at += taken;
          this.dataBytes += taken;
          this.remaining -= taken;
          if (this.remaining === 0) state = DATA_CR;
          break;
        }
        case DATA_CR:
          if (byte !== CR) {
            error = HeadError.badChunkEnd;
            break;
          }
          at += 1;
          state = DATA_LF;
          break;
        case DATA_LF:
          if (byte !== LF) {
            error = HeadError.badChunkEnd;
            break;
          }
          at += 1;
          this.digits = 0;
          state = SIZE;
          break;
        case TRAILER:
          if (byte === CR) {
            at += 1;
            state = END_LF;
          } else if (byte === SP || byte === HTAB) error = HeadError.obsoleteFolding;
          else if (this.trailers === DEFAULT_MAX_FIELDS) error = HeadError.tooManyFields;
          else {
            this.trailers += 1;
            this.nameLength = 0;
            state = TRAILER_NAME;
          }
          break;
        case TRAILER_NAME:
          if ((CHARACTER[byte]! & TOKEN) !== 0) this.nameLength += 1;
          else if (byte === COLON && this.nameLength > 0) state = TRAILER_VALUE;
          else error = trailerNameError(byte, this.nameLength);
          if (error === 0) error = this.spend(MAX_TRAILER_BYTES, HeadError.trailersTooLong);
          if (error === 0) at += 1;
          break;
        case TRAILER_VALUE:
          if (byte === CR) state = TRAILER_LF;
          else if ((CHARACTER[byte]! & VALUE) === 0) {
            error = byte === LF ? HeadError.bareLineFeed : HeadError.badFieldValue;
          }
          if (error === 0) error = this.spend(MAX_TRAILER_BYTES, HeadError.trailersTooLong);
          if (error === 0) at += 1;
          break;
        case TRAILER_LF:
          if (byte !== LF) {
            error = HeadError.bareCarriageReturn;
            break;
          }
          at += 1;
          state = TRAILER;
          break;
        default:
          if (byte !== LF) {
            error = HeadError.bareCarriageReturn;
            break;
          }
          at += 1;
          state = ENDED;
          this.done = true;
      }
    }
    this.position = at;
    this.state = state;
    this.error = error;
  }

  /** Counts one byte of overhead against `limit`: 0, or `code` when it is used up. */
  private spend(limit: number, code: number): number {
    this.overhead += 1;
    return this.overhead > limit ? code : 0;
  }

  private copy(bytes: Uint8Array, at: number, length: number, out: Uint8Array): void {
    if (out === bytes) out.copyWithin(this.written, at, at + length);
    else out.set(bytes.subarray(at, at + length), this.written);
    this.written += length;
  }
}

/** The value of a hexadecimal digit. */
function hexValue(byte: number): number {
  return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
}

function trailerNameError(byte: number, nameLength: number): number {
  if (byte === LF) return HeadError.bareLineFeed;
  const isSpace = byte === SP || byte === HTAB;
  return isSpace && nameLength > 0 ? HeadError.spaceBeforeColon : HeadError.badFieldName;
}
