/** Strict HTTP/1 heads (RFC 9112 §2–6): what two readers could take differently is refused, not repaired. */
import { CHARACTER, CR, LF, SP, TARGET, TOKEN, VALUE } from "./characters.js";
import { CONNECTION_CLOSE, CONNECTION_KEEP_ALIVE } from "./field-values.js";
import { HeadError } from "./head-error.js";
import { DEFAULT_MAX_FIELDS, FIELD_START, MessageHead, NEED_MORE, START } from "./message-head.js";
import { FieldId, Method, methods } from "./names.js";
import { matchesHost, parseTarget, TARGET_ABSOLUTE, TARGET_BAD } from "./target.js";

export { HeadError, headErrorText } from "./head-error.js";
export { NEED_MORE } from "./message-head.js";
export { FieldId, Method } from "./names.js";

/** Empty lines tolerated before a request line (RFC 9112 §2.2), in bytes: old clients send one after a body. */
export const MAX_SKIPPED = 8;

const SKIP_LF = 1;
const METHOD = 2;
const IN_TARGET = 3;
const VERSION = 4;
const VERSION_END = 5;
const LINE_LF = 6;
const STATUS = 7;
const AFTER_STATUS = 8;
const REASON = 9;

const VERSION_PREFIX = Uint8Array.from(Buffer.from("HTTP/1.", "latin1"));
const ZERO = 0x30;

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
  /** In an absolute-form target, where its authority is; both 0 otherwise. */
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
          if (at - this.versionStart <= VERSION_PREFIX.length) break;
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
    if (form === TARGET_ABSOLUTE) {
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
    const bits = this.connectionBits;
    this.keepAlive = (bits & CONNECTION_CLOSE) === 0 && (this.minor === 1 || (bits & CONNECTION_KEEP_ALIVE) !== 0);
    if (this.transferEncoded) {
      if (!this.chunked) return HeadError.badTransferEncoding;
      if (this.contentLength >= 0) return HeadError.lengthAndChunked;
    }
    if (this.hostIndex < 0) return this.minor === 1 ? HeadError.missingHost : 0;
    if (this.authorityEnd === 0) return 0;
    const hostStart = this.fields[4 * this.hostIndex + 2]!;
    const hostEnd = this.fields[4 * this.hostIndex + 3]!;
    // RFC 9112 §3.2.2 lets the target win, but a server behind us may go by Host: they have to agree.
    const agree = matchesHost(bytes, this.authorityStart, this.authorityEnd, hostStart, hostEnd);
    return agree ? 0 : HeadError.hostMismatch;
  }
}

/** One response head, reused for every response of a connection. Offsets are absolute in the bytes given. */
export class ResponseHead extends MessageHead {
  /** 100 to 999. */
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** No body follows whatever the fields say: 1xx, 204, 304, to HEAD, 2xx to CONNECT (RFC 9112 §6.3). */
  bodyless = false;
  /** The body ends where the connection does. */
  untilClose = false;
  /** Content-Length came beside Transfer-Encoding, which wins: Content-Length must not be forwarded (RFC 9112 §6.3). */
  lengthOverridden = false;
  /** It must not say a length either: 1xx, 204, 2xx to CONNECT (RFC 9110 §8.6). */
  isLengthless = false;
  private wordStart = 0;

  constructor(maxFields: number = DEFAULT_MAX_FIELDS) {
    super(maxFields);
  }

  override reset(): void {
    super.reset();
    this.status = 0;
    this.reasonStart = 0;
    this.reasonEnd = 0;
    this.bodyless = false;
    this.untilClose = false;
    this.lengthOverridden = false;
    this.isLengthless = false;
  }

  /** As `RequestHead.parse`; `requestMethod` is the `Method` of the request that this answers. */
  parse(bytes: Uint8Array, start: number, end: number, requestMethod: number): number {
    if (this.state < FIELD_START) {
      if (this.state === START) {
        this.start = start;
        this.at = start;
        this.wordStart = start;
        if (start < end) this.state = VERSION;
      }
      const error = this.parseStatusLine(bytes, end);
      if (error !== 0) return this.fail(error);
      if (this.state < FIELD_START) return NEED_MORE;
    }
    const result = this.parseFields(bytes, end);
    if (result > 0) this.decideBody(requestMethod);
    return result;
  }

  /** Goes as far as it can towards FIELD_START: 0 or a HeadError. */
  private parseStatusLine(bytes: Uint8Array, end: number): number {
    let at = this.at;
    let state = this.state;
    while (at < end && state !== FIELD_START) {
      const byte = bytes[at]!;
      switch (state) {
        case VERSION: {
          const version = readVersion(bytes, this.wordStart, at);
          if (version < 0) return HeadError.badVersion;
          at += 1;
          if (at - this.wordStart <= VERSION_PREFIX.length) break;
          this.minor = version;
          state = VERSION_END;
          break;
        }
        case VERSION_END:
          if (byte !== SP) return HeadError.badStatusLine;
          at += 1;
          this.wordStart = at;
          state = STATUS;
          break;
        case STATUS:
          if (byte < ZERO || byte > 0x39 || (at === this.wordStart && byte === ZERO)) return HeadError.badStatus;
          this.status = this.status * 10 + (byte - ZERO);
          at += 1;
          if (at - this.wordStart === 3) state = AFTER_STATUS;
          break;
        case AFTER_STATUS:
          // The space is due even before an empty reason, but servers that leave it out are common and harmless.
          if (byte !== SP && byte !== CR) return byte === LF ? HeadError.bareLineFeed : HeadError.badStatus;
          if (byte === SP) at += 1;
          this.reasonStart = at;
          this.reasonEnd = at;
          state = REASON;
          break;
        case REASON:
          while (at < end && (CHARACTER[bytes[at]!]! & VALUE) !== 0) at += 1;
          if (at === end) break;
          if (bytes[at] !== CR) return bytes[at] === LF ? HeadError.bareLineFeed : HeadError.badReason;
          this.reasonEnd = at;
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

  /** Servers that repeat one length are common; a repeated equal number leaves nothing to be understood differently. */
  protected override acceptContentLength(value: number): number {
    if (this.contentLength >= 0 && this.contentLength !== value) return HeadError.conflictingContentLength;
    this.contentLength = value;
    return 0;
  }

  protected override checkFields(): number {
    const bits = this.connectionBits;
    this.keepAlive = (bits & CONNECTION_CLOSE) === 0 && (this.minor === 1 || (bits & CONNECTION_KEEP_ALIVE) !== 0);
    if (this.transferEncoded && this.contentLength >= 0) {
      this.lengthOverridden = true;
      this.contentLength = -1;
    }
    return 0;
  }

  /** Chunked is its only transfer coding. */
  get isMerelyChunked(): boolean {
    let length = 0;
    for (let index = 0; index < this.fieldCount; index++)
      if (this.fieldIds[index] === FieldId.TRANSFER_ENCODING)
        length += this.fields[4 * index + 3]! - this.fields[4 * index + 2]!;
    return this.chunked && length === "chunked".length;
  }

  private decideBody(requestMethod: number): void {
    const status = this.status;
    this.isLengthless = status < 200 || status === 204 || (requestMethod === Method.CONNECT && status < 300);
    this.bodyless = this.isLengthless || status === 304 || requestMethod === Method.HEAD;
    this.untilClose = !this.bodyless && !this.chunked && this.contentLength < 0;
    if (this.untilClose) this.keepAlive = false;
  }
}

const authority = { start: 0, end: 0 };

/** Checks the byte at `at` of a version that starts at `start`: -1 if it is wrong there, else that byte's digit. */
function readVersion(bytes: Uint8Array, start: number, at: number): number {
  const offset = at - start;
  const byte = bytes[at]!;
  if (offset < VERSION_PREFIX.length) return byte === VERSION_PREFIX[offset] ? 0 : -1;
  // A later 1.x would be 1.1 to us (RFC 9110 §2.5), but none exists, and heads are forwarded as they came.
  return byte === ZERO || byte === ZERO + 1 ? byte - ZERO : -1;
}

function endOfTargetError(byte: number): number {
  if (byte === LF) return HeadError.bareLineFeed;
  // No version: HTTP/0.9, or half a request line.
  return byte === CR ? HeadError.badVersion : HeadError.badTarget;
}
