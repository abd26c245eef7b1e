/** The fields of an HTTP/2 response become the head of an HTTP/1.1 one, which is what sessions read (RFC 9113 §8.3.2). */
import { parseContentLength } from "../http1/field-values.js";
import { Method } from "../http1/names.js";
import { isAccept, type Upgrade } from "./extended-connect.js";
import { FieldKind, type HeaderField } from "./field.js";
import type { FieldSink } from "./hpack-decoder.js";
import { Body } from "./request-builder.js";

const MALFORMED = -1;
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const STATUS_LINE = bytesOf("HTTP/1.1 ");
const CRLF = bytesOf("\r\n");
const CHUNKED = bytesOf("transfer-encoding: chunked\r\n");
const EMPTY = bytesOf("content-length: 0\r\n");
/** A stream is used once. */
const CLOSE = bytesOf("connection: close\r\n");

/** HTTP/2 has no reason phrases; these are put back (RFC 9110 §15). */
const REASONS: Readonly<Record<number, string>> = {
  100: "Continue",
  103: "Early Hints",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** One a thread: a head is built in one go. */
export class ResponseBuilder implements FieldSink {
  status = 0;
  /** A `Body`. */
  body: number = Body.none;
  contentLength = -1;
  /** The head, in `bytes` from 0 to the end that `finish` gives. */
  readonly bytes: Uint8Array;
  #at = 0;
  #isMalformed = false;
  #isTrailers = false;
  #upgrade: Upgrade | undefined;

  /** @param maxListSize of the decoder that gives the fields: they then fit */
  constructor(readonly maxListSize: number) {
    this.bytes = new Uint8Array(maxListSize + 1024);
  }

  /** @param upgrade what the request stood for: its 2xx becomes 101 */
  begin(isTrailers: boolean, upgrade?: Upgrade): void {
    this.status = 0;
    this.body = Body.none;
    this.contentLength = -1;
    this.#at = 0;
    this.#isMalformed = false;
    this.#isTrailers = isTrailers;
    this.#upgrade = upgrade;
  }

  onField(field: HeaderField): void {
    if (this.#isMalformed || !this.#isTaken(field)) return;
    this.#copy(field.line, field.lineLength);
  }

  /**
   * Ends the head, or the trailers.
   * @param requestMethod a `Method`: of the request that it answers
   * @returns its length; -1: the response is malformed
   */
  finish(endStream: boolean, requestMethod: number): number {
    if (this.#isTrailers) return this.#isMalformed ? MALFORMED : this.#at;
    // 101 is of HTTP/1.1 alone (§8.6).
    if (this.#isMalformed || this.status === 0 || this.status === 101) return MALFORMED;
    if (this.#isSwitch) {
      this.body = Body.tunnel;
      this.#copy(CRLF, CRLF.length);
      return this.#at;
    }
    const isInterim = this.status < 200;
    if (isInterim && endStream) return MALFORMED;
    const isBodyless = isInterim || this.status === 204 || this.status === 304 || requestMethod === Method.HEAD;
    if (!isInterim) this.#copy(CLOSE, CLOSE.length);
    if (isBodyless) this.body = Body.none;
    else if (requestMethod === Method.CONNECT && this.status < 300) this.body = Body.tunnel;
    else if (this.contentLength >= 0) {
      if (endStream && this.contentLength > 0) return MALFORMED;
      this.body = Body.length;
    } else if (endStream) {
      // A client of HTTP/2 has to get END_STREAM with its head too: that is how gRPC tells an error without a message.
      this.body = Body.none;
      this.#copy(EMPTY, EMPTY.length);
    } else {
      this.body = Body.chunked;
      this.#copy(CHUNKED, CHUNKED.length);
    }
    this.#copy(CRLF, CRLF.length);
    return this.#at;
  }

  /** Whether the field's line goes into the head. */
  #isTaken(field: HeaderField): boolean {
    const { kind, line, valueStart, valueEnd } = field;
    if (kind === FieldKind.status) {
      this.#takeStatus(line, valueStart, valueEnd);
      return false;
    }
    if (this.status === 0 && !this.#isTrailers) this.#isMalformed = true;
    switch (kind) {
      case FieldKind.regular:
        if (this.#isSwitch && isAccept(line, 0, field.nameLength)) return false; // the switching head has it
        return !this.#isMalformed;
      case FieldKind.cookie:
      case FieldKind.host:
        return !this.#isMalformed;
      case FieldKind.te:
        return false;
      case FieldKind.contentLength: {
        const value = parseContentLength(line, valueStart, valueEnd);
        const isNew = this.contentLength < 0;
        if (value < 0 || this.#isTrailers || (!isNew && value !== this.contentLength)) this.#isMalformed = true;
        this.contentLength = value;
        return isNew && !this.#isMalformed && !this.#isSwitch;
      }
      default:
        this.#isMalformed = true;
        return false;
    }
  }

  /** It opens the tunnel that the request asked for. */
  get #isSwitch(): boolean {
    return this.#upgrade !== undefined && this.status >= 200 && this.status < 300;
  }

  #takeStatus(line: Uint8Array, start: number, end: number): void {
    const status = end - start === 3 ? parseContentLength(line, start, end) : -1;
    // First, once, three digits (§8.3.2).
    if (this.#isTrailers || this.status !== 0 || this.#at > 0 || status < 100) {
      this.#isMalformed = true;
      return;
    }
    this.status = status;
    if (this.#isSwitch) {
      const { switchingHead } = this.#upgrade!;
      this.#copy(switchingHead, switchingHead.length);
      return;
    }
    this.#copy(STATUS_LINE, STATUS_LINE.length);
    const rest = bytesOf(`${status} ${REASONS[status] ?? ""}\r\n`);
    this.#copy(rest, rest.length);
  }

  #copy(from: Uint8Array, length: number): void {
    const { bytes } = this;
    let to = this.#at;
    for (let at = 0; at < length; at++) bytes[to++] = from[at]!;
    this.#at = to;
  }
}
