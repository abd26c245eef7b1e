/** Heads of HTTP/1.1, as sessions send them, become HEADERS frames (RFC 9113 §8.3). */
import { EPIPE } from "../../sys/errno.js";
import { COLON, CR, HTAB, LF, SP } from "../http1/characters.js";
import { FieldId, RequestHead, ResponseHead } from "../http1/head.js";
import { MOST_FIELDS } from "../http1/message-head.js";
import { fieldNames, Method } from "../http1/names.js";
import { isAccept, isKey, Upgrade } from "./extended-connect.js";
import { FRAME_HEADER } from "./frames.js";
import type { Http2Stream } from "./stream.js";

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const STATUS = bytesOf(":status");
const METHOD = bytesOf(":method");
const PATH = bytesOf(":path");
const AUTHORITY = bytesOf(":authority");
const PROTOCOL = bytesOf(":protocol");
const CONNECT = bytesOf("CONNECT");
const WEBSOCKET_200 = 8;
/** Indexes of the static table. */
const INDEX_OF_STATUS: Readonly<Record<number, number>> = {
  200: 8,
  204: 9,
  206: 10,
  304: 11,
  400: 12,
  404: 13,
  500: 14,
};
const INDEX_GET = 2;
const INDEX_POST = 3;
const INDEX_ROOT = 4;
const INDEX_HTTP = 6;
const INDEX_HTTPS = 7;

/** A name and a value in a row, where one of them is not in the message's bytes. */
let pair = new Uint8Array(32_768);

/** What stands in HTTP/1.1 for the connection alone, or is said otherwise in HTTP/2 (§8.2.2). */
function isLeftOut(id: number): boolean {
  return (
    id === FieldId.CONNECTION ||
    id === FieldId.KEEP_ALIVE ||
    id === FieldId.PROXY_CONNECTION ||
    id === FieldId.TRANSFER_ENCODING ||
    id === FieldId.UPGRADE
  );
}

export class HeadEncoder {
  /** Another head follows. */
  isInterim = false;
  isTunnel = false;
  isBodyless = false;
  isChunked = false;
  contentLength = -1;
  // How many fields there may be has been judged where they came from.
  readonly #request = new RequestHead(MOST_FIELDS);
  readonly #response = new ResponseHead(MOST_FIELDS);

  /**
   * Sends the head that bytes[at, to) begin with.
   * @returns its length; 0: it has to wait for the peer's SETTINGS, or nothing can come of it any more; -1: it is no head
   */
  send(stream: Http2Stream, bytes: Uint8Array, at: number, to: number): number {
    return stream.isServer ? this.#sendResponse(stream, bytes, at, to) : this.#sendRequest(stream, bytes, at, to);
  }

  /** Sends trailers, which end the message. @param section field lines and the empty line */
  sendTrailers(stream: Http2Stream, section: Uint8Array): void {
    const { output, encoder } = stream.connection;
    const out = output.buffer.bytes;
    const start = output.buffer.end + FRAME_HEADER;
    let to = encoder.begin(out, start);
    let at = 0;
    while (at < section.length && section[at] !== CR) {
      const nameEnd = section.indexOf(COLON, at);
      const lineEnd = section.indexOf(LF, at);
      if (nameEnd < 0 || lineEnd < nameEnd) break;
      let valueStart = nameEnd + 1;
      let valueEnd = lineEnd - 1;
      while (valueStart < valueEnd && isSpace(section[valueStart]!)) valueStart++;
      while (valueEnd > valueStart && isSpace(section[valueEnd - 1]!)) valueEnd--;
      const id = fieldNames.find(section, at, nameEnd);
      // RFC 9110 §6.5.1: what frames or routes has no place in trailers.
      const isAllowed = !isLeftOut(id) && id !== FieldId.CONTENT_LENGTH && id !== FieldId.HOST && id !== FieldId.TE;
      if (isAllowed) to = encoder.field(out, to, section, at, nameEnd, valueStart, valueEnd);
      at = lineEnd + 1;
    }
    stream.sendHeaders(to - start, true);
  }

  #sendResponse(stream: Http2Stream, bytes: Uint8Array, at: number, to: number): number {
    const head = this.#response;
    head.reset();
    const length = head.parse(bytes, at, to, stream.requestMethod);
    if (length <= 0) return -1;
    const isUpgraded = stream.isExtended && head.status === 101;
    if (head.status === 101 && !isUpgraded) return -1;
    this.isInterim = head.status < 200 && !isUpgraded;
    this.isTunnel = isUpgraded || (stream.requestMethod === Method.CONNECT && head.status >= 200 && head.status < 300);
    this.isBodyless = !this.isTunnel && !this.isInterim && (head.bodyless || head.contentLength === 0);
    this.isChunked = head.chunked;
    this.contentLength = head.contentLength;
    const { output, encoder } = stream.connection;
    const out = output.buffer.bytes;
    const start = output.buffer.end + FRAME_HEADER;
    let end = encoder.begin(out, start);
    if (isUpgraded) end = encoder.indexed(out, end, WEBSOCKET_200);
    else {
      const index = INDEX_OF_STATUS[head.status];
      end = index === undefined ? this.#text(stream, end, STATUS, `${head.status}`) : encoder.indexed(out, end, index);
    }
    const { fields, fieldIds, fieldCount } = head;
    for (let index = 0; index < fieldCount; index++) {
      const id = fieldIds[index]!;
      if (isLeftOut(id) || (id === FieldId.CONTENT_LENGTH && (this.isTunnel || head.lengthOverridden))) continue;
      const place = 4 * index;
      if (isUpgraded && isAccept(bytes, fields[place]!, fields[place + 1]!)) continue;
      end = encoder.field(out, end, bytes, fields[place]!, fields[place + 1]!, fields[place + 2]!, fields[place + 3]!);
    }
    stream.sendHeaders(end - start, this.isBodyless);
    return length;
  }

  #sendRequest(stream: Http2Stream, bytes: Uint8Array, at: number, to: number): number {
    const head = this.#request;
    head.reset();
    const length = head.parse(bytes, at, to);
    if (length <= 0) return -1;
    if (head.hasOtherCoding) {
      stream.fail(EPIPE); // HTTP/2 has no transfer codings to tell the server of (§8.2.2)
      return 0;
    }
    const upgrade = head.upgrade ? Upgrade.of(head, bytes) : undefined;
    if (upgrade !== undefined && !mayConnect(stream)) return 0;
    const isConnect = head.method === Method.CONNECT;
    stream.requestMethod = head.method;
    stream.upgrade = upgrade;
    this.isInterim = false;
    this.isTunnel = isConnect || upgrade !== undefined;
    this.isChunked = head.chunked;
    this.contentLength = head.contentLength;
    this.isBodyless = !this.isTunnel && !head.chunked && head.contentLength <= 0;
    const { output, encoder } = stream.connection;
    const out = output.buffer.bytes;
    const start = output.buffer.end + FRAME_HEADER;
    let end = encoder.begin(out, start);
    if (upgrade !== undefined) {
      end = this.#range(stream, end, METHOD, CONNECT, 0, CONNECT.length);
      end = this.#text(stream, end, PROTOCOL, upgrade.protocol);
    } else if (head.method === Method.GET) end = encoder.indexed(out, end, INDEX_GET);
    else if (head.method === Method.POST) end = encoder.indexed(out, end, INDEX_POST);
    else end = this.#range(stream, end, METHOD, bytes, head.methodStart, head.methodEnd);
    const host = 4 * head.hostIndex;
    if (!isConnect) {
      end = encoder.indexed(out, end, stream.isSecure ? INDEX_HTTPS : INDEX_HTTP);
      end = this.#path(stream, end, bytes, head.targetStart, head.targetEnd);
    }
    if (isConnect) end = this.#range(stream, end, AUTHORITY, bytes, head.targetStart, head.targetEnd);
    else if (head.hostIndex >= 0 && head.fields[host + 3]! > head.fields[host + 2]!)
      end = this.#range(stream, end, AUTHORITY, bytes, head.fields[host + 2]!, head.fields[host + 3]!);
    const { fields, fieldIds, fieldCount } = head;
    for (let index = 0; index < fieldCount; index++) {
      const id = fieldIds[index]!;
      if (isLeftOut(id) || id === FieldId.HOST || (upgrade !== undefined && isKey(head, bytes, index))) continue;
      const place = 4 * index;
      // §8.2.2: nothing but trailers may be asked for.
      if (id === FieldId.TE && !isTrailers(bytes, fields[place + 2]!, fields[place + 3]!)) continue;
      end = encoder.field(out, end, bytes, fields[place]!, fields[place + 1]!, fields[place + 2]!, fields[place + 3]!);
    }
    stream.sendHeaders(end - start, this.isBodyless);
    return length;
  }

  /** Of an absolute-form target what is behind the authority; `/` if that is nothing. */
  #path(stream: Http2Stream, end: number, bytes: Uint8Array, targetStart: number, targetEnd: number): number {
    const { output, encoder } = stream.connection;
    let start = targetStart;
    if (bytes[start] !== SLASH && bytes[start] !== ASTERISK) {
      start = bytes.indexOf(COLON, start) + 3;
      while (start < targetEnd && bytes[start] !== SLASH && bytes[start] !== QUESTION) start++;
      if (bytes[start] === QUESTION && start < targetEnd) {
        const path = `/${Buffer.from(bytes.buffer, bytes.byteOffset + start, targetEnd - start).toString("latin1")}`;
        return this.#text(stream, end, PATH, path);
      }
    }
    const isRoot = start === targetEnd || (targetEnd - start === 1 && bytes[start] === SLASH);
    return isRoot
      ? encoder.indexed(output.buffer.bytes, end, INDEX_ROOT)
      : this.#range(stream, end, PATH, bytes, start, targetEnd);
  }

  #text(stream: Http2Stream, at: number, name: Uint8Array, value: string): number {
    const bytes = bytesOf(value);
    return this.#range(stream, at, name, bytes, 0, bytes.length);
  }

  /** A field whose name is ours and whose value is bytes[start, end). */
  #range(stream: Http2Stream, at: number, name: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
    if (pair.length < name.length + end - start) pair = new Uint8Array(2 * (name.length + end - start));
    for (let index = 0; index < name.length; index++) pair[index] = name[index]!;
    let to = name.length;
    for (let from = start; from < end; from++) pair[to++] = bytes[from]!;
    const { output, encoder } = stream.connection;
    return encoder.field(output.buffer.bytes, at, pair, 0, name.length, name.length, to);
  }
}

/**
 * RFC 8441 §3: nothing but the server's SETTINGS tells whether it knows the extended CONNECT. If it does not, the stream
 * is over: without its Upgrade the request would mean something else.
 */
function mayConnect(stream: Http2Stream): boolean {
  const { peer } = stream.connection;
  stream.waitsForSettings = !peer.isKnown;
  if (peer.isKnown && !peer.connectProtocol) stream.fail(EPIPE);
  return peer.isKnown && peer.connectProtocol;
}

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const QUESTION = 0x3f;
const TRAILERS = bytesOf("trailers");

const isSpace = (byte: number): boolean => byte === SP || byte === HTAB;

function isTrailers(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== TRAILERS.length) return false;
  for (let index = 0; index < TRAILERS.length; index++)
    if ((bytes[start + index]! | 0x20) !== TRAILERS[index]) return false;
  return true;
}
