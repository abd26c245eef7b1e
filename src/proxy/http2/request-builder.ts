/**
 * The fields of an HTTP/2 request become the head of an HTTP/1.1 one, which is what sessions read (RFC 9113 §8.3.1).
 * Whatever the one could say and the other would read differently is malformed here.
 */
import { randomBytes } from "node:crypto";
import { CHARACTER, TARGET, TOKEN } from "../http1/characters.js";
import { equalFolded, isHost, parseContentLength } from "../http1/field-values.js";
import { Method, methods } from "../http1/names.js";
import { FieldKind, type HeaderField } from "./field.js";
import type { FieldSink } from "./hpack-decoder.js";

/** How the body of a message reads in HTTP/1.1. */
export const Body = { none: 0, length: 1, chunked: 2, tunnel: 3 } as const;

const MALFORMED = -1;
const SLASH = 0x2f;
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const VERSION_AND_HOST = bytesOf(" HTTP/1.1\r\nhost: ");
const VERSION = bytesOf(" HTTP/1.1\r\n");
const CRLF = bytesOf("\r\n");
const COOKIE = bytesOf("cookie: ");
const CHUNKED = bytesOf("transfer-encoding: chunked\r\n");
const GET = bytesOf("GET");
const UPGRADE = bytesOf("connection: upgrade\r\nupgrade: ");
const WEBSOCKET_KEY = bytesOf("sec-websocket-key: ");

/** One a thread: a head is built in one go. */
export class RequestBuilder implements FieldSink {
  /** A `Method`. */
  method: number = Method.OTHER;
  /** A `Body`. */
  body: number = Body.none;
  /** As declared; -1: not. */
  contentLength = -1;
  /** An extended CONNECT (RFC 8441), which an upgrade stands for. */
  isExtended = false;
  /** The head, in `bytes` from 0 to the end that `finish` gives. */
  readonly bytes: Uint8Array;

  #at = 0;
  #isMalformed = false;
  #isTrailers = false;
  #hasLine = false;
  /** Pseudo-header fields, in a row, and where each is: two offsets for each FieldKind; -1: not there. */
  readonly #pseudo: Uint8Array;
  readonly #places = new Int32Array(2 * PSEUDO_KINDS);
  #pseudoEnd = 0;
  readonly #cookie: Uint8Array;
  #cookieEnd = 0;
  #hasHost = false;

  /** @param maxListSize of the decoder that gives the fields: they then fit */
  constructor(readonly maxListSize: number) {
    this.bytes = new Uint8Array(maxListSize + 1024);
    this.#pseudo = new Uint8Array(maxListSize);
    this.#cookie = new Uint8Array(2 * maxListSize);
  }

  begin(isTrailers: boolean): void {
    this.method = Method.OTHER;
    this.body = Body.none;
    this.contentLength = -1;
    this.isExtended = false;
    this.#at = 0;
    this.#isMalformed = false;
    this.#isTrailers = isTrailers;
    this.#hasLine = false;
    this.#places.fill(-1);
    this.#pseudoEnd = 0;
    this.#cookieEnd = 0;
    this.#hasHost = false;
  }

  onField(field: HeaderField): void {
    if (this.#isMalformed) return;
    const { kind } = field;
    if (kind !== FieldKind.regular && !this.#isSpecialTaken(field)) return;
    if (!this.#hasLine && !this.#isTrailers) this.#writeLine();
    this.#copyLine(field);
  }

  /**
   * Ends the head, or the trailers.
   * @returns its length; -1: the request is malformed
   */
  finish(endStream: boolean): number {
    if (this.#isTrailers) return this.#isMalformed ? MALFORMED : this.#at;
    if (!this.#hasLine && !this.#isMalformed) this.#writeLine();
    if (this.#isMalformed) return MALFORMED;
    if (this.#cookieEnd > 0) {
      this.#write(COOKIE);
      this.#copy(this.#cookie, 0, this.#cookieEnd);
      this.#write(CRLF);
    }
    if (this.method === Method.CONNECT || this.isExtended) {
      // Neither has a body to frame (RFC 9110 §9.3.6); a length would make the next reader look for one.
      if (this.contentLength >= 0) return MALFORMED;
      this.body = Body.tunnel;
    } else if (endStream) {
      if (this.contentLength > 0) return MALFORMED;
    } else if (this.contentLength >= 0) this.body = Body.length;
    else {
      this.body = Body.chunked;
      this.#write(CHUNKED);
    }
    this.#write(CRLF);
    return this.#at;
  }

  /** `GET https://example.org/path HTTP/2.0`, as HAProxy logs it. Until the next head. */
  requestLine(): string {
    const authority = this.#text(FieldKind.authority);
    const target = this.#has(FieldKind.path)
      ? `${this.#text(FieldKind.scheme)}://${authority}${this.#text(FieldKind.path)}`
      : authority;
    return `${this.#text(FieldKind.method)} ${this.#has(FieldKind.authority) ? target : this.#text(FieldKind.path)} HTTP/2.0`;
  }

  /** Takes a field that is not like any other. True if its line is to be copied nonetheless. */
  #isSpecialTaken(field: HeaderField): boolean {
    const { kind, line, valueStart, valueEnd } = field;
    switch (kind) {
      case FieldKind.method:
      case FieldKind.scheme:
      case FieldKind.authority:
      case FieldKind.path:
      case FieldKind.protocol:
        this.#addPseudo(kind, line, valueStart, valueEnd);
        return false;
      case FieldKind.host:
        return this.#isHostTaken(field);
      case FieldKind.contentLength: {
        const value = parseContentLength(line, valueStart, valueEnd);
        const isNew = this.contentLength < 0;
        if (value < 0 || this.#isTrailers || (!isNew && value !== this.contentLength)) this.#isMalformed = true;
        this.contentLength = value;
        return isNew && !this.#isMalformed;
      }
      case FieldKind.cookie:
        if (!this.#isTrailers) this.#addCookie(line, valueStart, valueEnd);
        return false;
      case FieldKind.te:
        return !this.#isTrailers;
      default:
        this.#isMalformed = true;
        return false;
    }
  }

  #addPseudo(kind: number, line: Uint8Array, valueStart: number, valueEnd: number): void {
    // Before all others, once each, and not in trailers (§8.3).
    if (this.#isTrailers || this.#hasLine || this.#has(kind)) {
      this.#isMalformed = true;
      return;
    }
    const start = this.#pseudoEnd;
    const pseudo = this.#pseudo;
    let to = start;
    for (let at = valueStart; at < valueEnd; at++) pseudo[to++] = line[at]!;
    this.#pseudoEnd = to;
    this.#places[2 * kind] = start;
    this.#places[2 * kind + 1] = to;
  }

  /** §8.3.1: what the request line's authority says, Host may say again, but nothing else. */
  #isHostTaken({ line, valueStart, valueEnd }: HeaderField): boolean {
    if (this.#isTrailers || this.#hasHost || !isHost(line, valueStart, valueEnd)) {
      this.#isMalformed = true;
      return false;
    }
    this.#hasHost = true;
    if (!this.#has(FieldKind.authority)) return true;
    const start = this.#start(FieldKind.authority);
    const length = this.#end(FieldKind.authority) - start;
    if (length !== valueEnd - valueStart) this.#isMalformed = true;
    else {
      for (let at = 0; at < length; at++) pair[at] = this.#pseudo[start + at]!;
      for (let at = 0; at < length; at++) pair[length + at] = line[valueStart + at]!;
      this.#isMalformed = length * 2 > pair.length || !equalFolded(pair, 0, length, length, 2 * length);
    }
    return false;
  }

  /** Several cookie fields are one in HTTP/1.1 (§8.2.3). */
  #addCookie(line: Uint8Array, valueStart: number, valueEnd: number): void {
    if (this.#cookieEnd > 0) {
      this.#cookie[this.#cookieEnd++] = 0x3b;
      this.#cookie[this.#cookieEnd++] = 0x20;
    }
    for (let at = valueStart; at < valueEnd; at++) this.#cookie[this.#cookieEnd++] = line[at]!;
  }

  #writeLine(): void {
    this.#hasLine = true;
    if (!this.#isRequest()) {
      this.#isMalformed = true;
      return;
    }
    const isConnect = this.method === Method.CONNECT && !this.isExtended;
    if (this.isExtended) this.#write(GET);
    else this.#writePseudo(FieldKind.method);
    this.bytes[this.#at++] = 0x20;
    this.#writePseudo(isConnect ? FieldKind.authority : FieldKind.path);
    if (this.#has(FieldKind.authority)) {
      this.#write(VERSION_AND_HOST);
      this.#writePseudo(FieldKind.authority);
      this.#write(CRLF);
    } else this.#write(VERSION);
    if (!this.isExtended) return;
    this.#write(UPGRADE);
    this.#writePseudo(FieldKind.protocol);
    this.#write(CRLF);
    // RFC 8441 §5 has no key; HTTP/1.1 servers ask for one, and prove with it what this client need not be proved.
    this.#write(WEBSOCKET_KEY);
    this.#write(bytesOf(randomBytes(16).toString("base64")));
    this.#write(CRLF);
    this.method = Method.GET;
  }

  /** The pseudo-header fields make a request (§8.3.1, §8.5; RFC 8441 §4). */
  #isRequest(): boolean {
    if (!this.#isAll(FieldKind.method, TOKEN)) return false;
    this.method = methods.find(this.#pseudo, this.#start(FieldKind.method), this.#end(FieldKind.method));
    if (this.#has(FieldKind.authority)) {
      const start = this.#start(FieldKind.authority);
      const end = this.#end(FieldKind.authority);
      if (start === end || !isHost(this.#pseudo, start, end)) return false;
    }
    this.isExtended = this.method === Method.CONNECT && this.#has(FieldKind.protocol);
    if (this.#has(FieldKind.protocol) && !(this.isExtended && this.#isAll(FieldKind.protocol, TOKEN))) return false;
    if (this.method === Method.CONNECT && !this.isExtended)
      return this.#has(FieldKind.authority) && !this.#has(FieldKind.scheme) && !this.#has(FieldKind.path);
    if (!this.#isAll(FieldKind.scheme, TOKEN) || !this.#isAll(FieldKind.path, TARGET)) return false;
    const start = this.#start(FieldKind.path);
    return this.#pseudo[start] === SLASH || (this.method === Method.OPTIONS && this.#end(FieldKind.path) - start === 1);
  }

  /** Whether a pseudo-header field is there and consists of characters of this kind, at least one. */
  #isAll(kind: number, characters: number): boolean {
    const end = this.#end(kind);
    const start = this.#start(kind);
    for (let at = start; at < end; at++) if ((CHARACTER[this.#pseudo[at]!]! & characters) === 0) return false;
    return start >= 0 && end > start;
  }

  #has(kind: number): boolean {
    return this.#places[2 * kind]! >= 0;
  }

  #start(kind: number): number {
    return this.#places[2 * kind]!;
  }

  #end(kind: number): number {
    return this.#places[2 * kind + 1]!;
  }

  #text(kind: number): string {
    return Buffer.from(
      this.#pseudo.buffer,
      Math.max(0, this.#start(kind)),
      this.#end(kind) - this.#start(kind),
    ).toString("latin1");
  }

  #writePseudo(kind: number): void {
    this.#copy(this.#pseudo, this.#start(kind), this.#end(kind));
  }

  #write(text: Uint8Array): void {
    this.#copy(text, 0, text.length);
  }

  #copyLine(field: HeaderField): void {
    if (!this.#isMalformed) this.#copy(field.line, 0, field.lineLength);
  }

  #copy(from: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    let to = this.#at;
    for (let at = start; at < end; at++) bytes[to++] = from[at]!;
    this.#at = to;
  }
}

const PSEUDO_KINDS = FieldKind.status;
const pair = new Uint8Array(1024);
