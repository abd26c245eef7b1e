/** Strict response heads (RFC 9112 §4): what two readers could take differently is refused, not repaired. */
import { CHARACTER, CR, LF, SP, VALUE } from "./characters.js";
import { HeadError } from "./head-error.js";
import { DEFAULT_MAX_FIELDS, FIELD_START, MessageHead, NEED_MORE, START } from "./message-head.js";
import { Method } from "./names.js";
import { readVersion, VERSION_LENGTH } from "./version.js";

const VERSION = 1;
const VERSION_END = 2;
const STATUS = 3;
const AFTER_STATUS = 4;
const REASON = 5;
const LINE_LF = 6;

const ZERO = 0x30;

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
          if (at - this.wordStart < VERSION_LENGTH) break;
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
    if (this.transferEncoded && this.contentLength >= 0) {
      this.lengthOverridden = true;
      this.contentLength = -1;
    }
    return 0;
  }

  private decideBody(requestMethod: number): void {
    const status = this.status;
    this.isLengthless = status < 200 || status === 204 || (requestMethod === Method.CONNECT && status < 300);
    this.bodyless = this.isLengthless || status === 304 || requestMethod === Method.HEAD;
    this.untilClose = !this.bodyless && !this.chunked && this.contentLength < 0;
    if (this.untilClose) this.keepAlive = false;
  }
}
