/**
 * One tunnel, two spellings: HTTP/1.1 asks for it with Upgrade and is answered 101 (RFC 9110 §7.8), HTTP/2 asks with an
 * extended CONNECT and is answered 2xx (RFC 8441). Sessions know the first; servers of HTTP/2 are asked in the second.
 */
import { createHash } from "node:crypto";
import { CHARACTER, TOKEN } from "../http1/characters.js";
import { FieldId, type RequestHead } from "../http1/head.js";
import { Method } from "../http1/names.js";

/** RFC 6455 §1.3: proves that who answers has read the key. */
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY = "sec-websocket-key";
const ACCEPT = "sec-websocket-accept";

export class Upgrade {
  /** The head that stands for a 2xx, but for the server's own fields and the empty line. */
  readonly switchingHead: Uint8Array;

  /** @param key of a WebSocket's client; undefined: none */
  constructor(
    readonly protocol: string,
    key: string | undefined,
  ) {
    const lines = ["HTTP/1.1 101 Switching Protocols", "connection: upgrade", `upgrade: ${protocol}`];
    if (key !== undefined) lines.push(`sec-websocket-accept: ${acceptOf(key)}`);
    this.switchingHead = new Uint8Array(Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1"));
  }

  /**
   * What a request asks to change to, if HTTP/2 can say it: one protocol, and nothing but a head. Everything else goes
   * without its Upgrade, as an intermediary may decide; so does h2c, which is no protocol of the server's application.
   */
  static of(head: RequestHead, bytes: Uint8Array): Upgrade | undefined {
    if (!head.upgrade || head.method !== Method.GET || head.chunked || head.contentLength > 0) return undefined;
    let protocol: string | undefined;
    let key: string | undefined;
    for (let index = 0; index < head.fieldCount; index++) {
      const id = head.fieldIds[index]!;
      if (id === FieldId.UPGRADE) {
        if (protocol !== undefined) return undefined;
        protocol = fieldValue(head, bytes, index);
      } else if (id === FieldId.OTHER && isKey(head, bytes, index)) key = fieldValue(head, bytes, index);
    }
    if (protocol === undefined || !isToken(protocol) || protocol.toLowerCase() === "h2c") return undefined;
    return new Upgrade(protocol, key);
  }
}

/** Whether a field is Sec-WebSocket-Key, which an extended CONNECT does not have (RFC 8441 §5). */
export function isKey(head: RequestHead, bytes: Uint8Array, index: number): boolean {
  return isName(bytes, head.fields[4 * index]!, head.fields[4 * index + 1]!, KEY);
}

/** Whether bytes[start, end) is Sec-WebSocket-Accept, which answers that key. */
export const isAccept = (bytes: Uint8Array, start: number, end: number): boolean => isName(bytes, start, end, ACCEPT);

const isName = (bytes: Uint8Array, start: number, end: number, name: string): boolean =>
  end - start === name.length && latin1(bytes, start, end).toLowerCase() === name;

const acceptOf = (key: string): string => createHash("sha1").update(`${key}${WEBSOCKET_GUID}`).digest("base64");

const fieldValue = ({ fields }: RequestHead, bytes: Uint8Array, index: number): string =>
  latin1(bytes, fields[4 * index + 2]!, fields[4 * index + 3]!);

function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) if ((CHARACTER[text.charCodeAt(at)]! & TOKEN) === 0) return false;
  return text.length > 0;
}

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
