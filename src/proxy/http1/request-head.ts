/** Strict request heads (RFC 9112 §3): what two readers could take differently is refused, not repaired. */
import { CHARACTER, CR, LF, SP, TARGET, TOKEN } from "./characters.js";
import { HeadError } from "./head-error.js";
import { DEFAULT_MAX_FIELDS, FIELD_START, MessageHead, NEED_MORE, START } from "./message-head.js";
import { Method, methods } from "./names.js";
import { matchesHost, parseTarget, TARGET_ABSOLUTE, TARGET_AUTHORITY, TARGET_BAD } from "./target.js";
import { readVersion, VERSION_LENGTH } from "./version.js";

/** Empty lines tolerated before a request line (RFC 9112 §2.2), in bytes: old clients send one after a body. */
export const MAX_SKIPPED = 8;

const SKIP_LF = 1;
const METHOD = 2;
const IN_TARGET = 3;
const VERSION = 4;
const VERSION_END = 5;
const LINE_LF = 6;

/** One request head, reused for every request of a connection. Offsets are absolute in the bytes given. */
export class RequestHead extends MessageHead {
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** A `Method`; OTHER for those not listed there. */
  method: number = Method.OTHER;
  /** Bytes of empty lines before the request line; part of `length`. */
  skipped = 0;
  private versionStart = 0;
  /** Where the target's authority is; both 0 if it has none. */
  private authorityStart = 0;
  private authorityEnd = 0;

  constructor(maxFields: number = DEFAULT_MAX_FIELDS) {
    super(maxFields);
  }

  override reset(): void {
    super.reset();
    this.methodStart = 0;
    this.methodEnd = 0;
    this.targetStart = 0;
    this.targetEnd = 0;
    this.method = Method.OTHER;
    this.skipped = 0;
  }

  /**
   * Parses bytes[start, end). Call it again with the same start and a larger end while it wants more: it goes on
   * where it stood, so any way of cutting a head costs the same and gives the same result. Never throws.
   * @returns The head's length in bytes, empty lines before it included; NEED_MORE; or a negated HeadError, as soon
   *   as the first offending byte is there, and again on every further call.
   */
  parse(bytes: Uint8Array, start: number, end: number): number {
    if (this.state < FIELD_START) {
      if (this.state === START) {
        this.start = start;
        if (this.at < start) this.at = start;
      }
      const error = this.parseRequestLine(bytes, end);
      if (error !== 0) return this.fail(error);
      if (this.state < FIELD_START) return NEED_MORE;
    }
    return this.parseFields(bytes, end);
  }

  /** Goes as far as it can towards FIELD_START: 0 or a HeadError. */
  private parseRequestLine(bytes: Uint8Array, end: number): number {
    let at = this.at;
    let state = this.state;
    while (at < end && state !== FIELD_START) {
      const byte = bytes[at]!;
      switch (state) {
        case START:
          if (byte === CR) {
            if (this.skipped === MAX_SKIPPED) return HeadError.badRequestLine;
            state = SKIP_LF;
            at += 1;
            break;
          }
          if (byte === LF) return HeadError.bareLineFeed;
          this.methodStart = at;
          state = METHOD;
          break;
        case SKIP_LF:
          if (byte !== LF) return HeadError.bareCarriageReturn;
          this.skipped += 2;
          state = START;
          at += 1;
          break;
        case METHOD:
          while (at < end && (CHARACTER[bytes[at]!]! & TOKEN) !== 0) at += 1;
          if (at === end) break;
          if (bytes[at] !== SP) return bytes[at] === LF ? HeadError.bareLineFeed : HeadError.badMethod;
          if (at === this.methodStart) return HeadError.badRequestLine;
          this.methodEnd = at;
          this.method = methods.find(bytes, this.methodStart, at);
          at += 1;
          this.targetStart = at;
          state = IN_TARGET;
          break;
        case IN_TARGET: {
          while (at < end && (CHARACTER[bytes[at]!]! & TARGET) !== 0) at += 1;
          if (at === end) break;
          if (bytes[at] !== SP) return endOfTargetError(bytes[at]!);
          if (at === this.targetStart) return HeadError.badRequestLine;
          this.targetEnd = at;
          if (!this.acceptTarget(bytes)) return HeadError.badTarget;
          at += 1;
          this.versionStart = at;
          state = VERSION;
          break;
        }
        case VERSION: {
          const version = readVersion(bytes, this.versionStart, at);
          if (version < 0) return HeadError.badVersion;
          at += 1;
          if (at - this.versionStart < VERSION_LENGTH) break;
          this.minor = version;
          state = VERSION_END;
          break;
        }
        case VERSION_END:
          if (byte !== CR) return byte === LF ? HeadError.bareLineFeed : HeadError.badVersion;
          at += 1;
          state = LINE_LF;
          break;
        default:
          if (byte !== LF) return HeadError.bareCarriageReturn;
          at += 1;
          state = FIELD_START;
      }
    }
    this.at = at;
    this.state = state;
    return 0;
  }

  private acceptTarget(bytes: Uint8Array): boolean {
    this.authorityStart = 0;
    this.authorityEnd = 0;
    const form = parseTarget(bytes, this.targetStart, this.targetEnd, this.method, authority);
    if (form === TARGET_BAD) return false;
    if (form === TARGET_ABSOLUTE || form === TARGET_AUTHORITY) {
      this.authorityStart = authority.start;
      this.authorityEnd = authority.end;
    }
    return true;
  }

  protected override acceptContentLength(value: number): number {
    if (this.contentLength >= 0) return HeadError.conflictingContentLength;
    this.contentLength = value;
    return 0;
  }

  protected override checkFields(bytes: Uint8Array): number {
    if (this.transferEncoded) {
      if (!this.chunked) return HeadError.badTransferEncoding;
      if (this.contentLength >= 0) return HeadError.lengthAndChunked;
    }
    if (this.hostIndex < 0) return this.minor === 1 ? HeadError.missingHost : 0;
    if (this.authorityEnd === 0) return 0;
    const hostStart = this.fields[4 * this.hostIndex + 2]!;
    const hostEnd = this.fields[4 * this.hostIndex + 3]!;
    // RFC 9112 §3.2.2 lets the target win, but a server behind us may go by Host: they have to agree.
    const { targetStart, authorityStart, authorityEnd } = this;
    const agree = matchesHost(bytes, targetStart, authorityStart, authorityEnd, hostStart, hostEnd);
    return agree ? 0 : HeadError.hostMismatch;
  }
}

const authority = { start: 0, end: 0 };

function endOfTargetError(byte: number): number {
  if (byte === LF) return HeadError.bareLineFeed;
  // No version: HTTP/0.9, or half a request line.
  return byte === CR ? HeadError.badVersion : HeadError.badTarget;
}
