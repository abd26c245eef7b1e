/**
 * What rules look at: a client, and as much of what it has sent as is there. Worked out when a rule asks and once for
 * all rules; one object a thread, filled anew for each decision.
 */
import type { Channel } from "../../reactor/channel.js";
import type { ClientAddress } from "../client-address.js";
import { RequestHead } from "../http1/head.js";
import { type MessageHead, NEED_MORE } from "../http1/message-head.js";
import { type ClientHelloResult, parseClientHello } from "../tls/client-hello.js";

/** Whose connection it is. */
export interface Client {
  readonly address: ClientAddress;
  localAddress(): ClientAddress;
  /** Undefined: it has only been accepted. */
  readonly client?: Channel;
}

const NOTHING = new Uint8Array(0);

export class Evidence {
  client!: Client;
  /** Bytes that have come: `bytes[start, end)`. */
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** No further bytes are waited for. */
  isFinal = true;
  #hello: ClientHelloResult | undefined;
  /** Of a request that others have read, or this one's own. */
  #head: RequestHead | undefined;
  #headLength = NEED_MORE;
  readonly #ownHead = new RequestHead();
  #path: string | undefined;

  /** A client that has just been accepted: nothing is known but its addresses. */
  ofClient(client: Client): this {
    return this.ofBytes(client, NOTHING, 0, 0, true);
  }

  /** The first bytes of a connection. */
  ofBytes(client: Client, bytes: Uint8Array, start: number, end: number, isFinal: boolean): this {
    this.client = client;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.isFinal = isFinal;
    this.#hello = undefined;
    this.#head = undefined;
    this.#path = undefined;
    return this;
  }

  /** A request whose head has been read. @param end where what is there of it ends */
  ofRequest(client: Client, bytes: Uint8Array, start: number, end: number, head: RequestHead): this {
    this.ofBytes(client, bytes, start, end, true);
    this.#head = head;
    this.#headLength = head.length;
    return this;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** What the bytes say as the beginning of TLS. */
  hello(): ClientHelloResult {
    if (this.length === 0) return "incomplete";
    this.#hello ??= parseClientHello(this.bytes.subarray(this.start, this.end));
    return this.#hello;
  }

  /** The request's head; undefined: there is none, or (`mayBecomeRequest`) not yet. */
  head(): RequestHead | undefined {
    if (this.#head === undefined) {
      this.#head = this.#ownHead;
      this.#head.reset();
      this.#headLength = this.length === 0 ? NEED_MORE : this.#head.parse(this.bytes, this.start, this.end);
    }
    return this.#headLength > 0 ? this.#head : undefined;
  }

  /** When `head` gave nothing: more bytes could make a request of it. */
  get mayBecomeRequest(): boolean {
    return this.#headLength === NEED_MORE;
  }

  text(from: number, to: number): string {
    const { buffer, byteOffset } = this.bytes;
    return Buffer.from(buffer, byteOffset + from, to - from).toString("latin1");
  }

  /** The path of the request's target; `""` for `*` and for CONNECT. */
  path(head: RequestHead): string {
    this.#path ??= pathOf(this.text(head.targetStart, head.targetEnd));
    return this.#path;
  }

  /** Index of the field called `name` (lower case) from `from` on; -1: none. */
  findField(head: MessageHead, name: string, from: number): number {
    for (let index = from; index < head.fieldCount; index++) {
      const start = head.fields[4 * index]!;
      if (head.fields[4 * index + 1]! - start !== name.length) continue;
      if (this.#isName(start, name)) return index;
    }
    return -1;
  }

  #isName(start: number, name: string): boolean {
    for (let at = 0; at < name.length; at++) {
      const byte = this.bytes[start + at]!;
      const lower = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
      if (lower !== name.charCodeAt(at)) return false;
    }
    return true;
  }
}

/** Origin-form, or absolute-form (RFC 9112 §3.2), without the query. */
function pathOf(target: string): string {
  const path = target.startsWith("/") ? target : (/^[^/?#]*:\/\/[^/?#]*(\/[^?#]*)?/.exec(target)?.[1] ?? "");
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}
