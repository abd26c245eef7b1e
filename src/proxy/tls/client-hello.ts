/** The first message of a TLS client (RFC 8446 §4.1.2), as far as it says which certificate and protocol are wanted. Pure. */

export interface ClientHello {
  /** As the field says: major × 65,536 + minor, 3.3 for TLS 1.2 and later (RFC 8446 §4.1.2). */
  readonly version: number;
  /** Lower case, without a final dot; undefined: the client named none. */
  readonly serverName: string | undefined;
  /** In the client's order (RFC 7301). */
  readonly protocols: readonly string[];
}

/** `incomplete`: more bytes decide; `malformed`: no TLS, or nothing that can be read. */
export type ClientHelloResult = ClientHello | "incomplete" | "malformed";

const RECORD_HANDSHAKE = 22;
const RECORD_HEADER = 5;
const MAX_RECORD = 16_384;
const CLIENT_HELLO = 1;
const MESSAGE_HEADER = 4;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;
const NAME_TYPE_HOST = 0;

/**
 * Reads a ClientHello from the first bytes of a connection, in however many records it comes. Never throws.
 * @param bytes what has come so far, from the first byte on
 */
export function parseClientHello(bytes: Uint8Array, length = bytes.length): ClientHelloResult {
  const message = joinRecords(bytes, length);
  if (typeof message === "string") return message;
  const reader = new Reader(message, MESSAGE_HEADER, message.length);
  const version = reader.number(1) * 65_536 + reader.number(1);
  reader.skip(32); // random
  reader.skip(reader.number(1)); // session id
  reader.skip(reader.number(2)); // cipher suites
  reader.skip(reader.number(1)); // compression methods
  if (reader.failed) return "malformed";
  if (reader.left === 0) return { version, serverName: undefined, protocols: [] };
  const extensions = reader.vector(2);
  const hello = { version, ...readExtensions(extensions) };
  return reader.failed || extensions.failed || reader.left > 0 ? "malformed" : hello;
}

/** The handshake message in the records' payloads, once it is whole. */
function joinRecords(bytes: Uint8Array, length: number): Uint8Array | "incomplete" | "malformed" {
  const joined = new Uint8Array(length);
  let filled = 0;
  for (let at = 0; ; ) {
    if (at < length && bytes[at] !== RECORD_HANDSHAKE) return "malformed";
    if (at + 1 < length && bytes[at + 1] !== 3) return "malformed";
    if (at + RECORD_HEADER > length) return "incomplete";
    const size = (bytes[at + 3]! << 8) | bytes[at + 4]!;
    if (size === 0 || size > MAX_RECORD) return "malformed";
    const start = at + RECORD_HEADER;
    const payload = bytes.subarray(start, Math.min(start + size, length));
    joined.set(payload, filled);
    filled += payload.length;
    if (filled > 0 && joined[0] !== CLIENT_HELLO) return "malformed";
    if (filled >= MESSAGE_HEADER) {
      const end = MESSAGE_HEADER + ((joined[1]! << 16) | (joined[2]! << 8) | joined[3]!);
      if (filled >= end) return joined.subarray(0, end);
    }
    if (start + size > length) return "incomplete";
    at = start + size;
  }
}

function readExtensions(reader: Reader): Omit<ClientHello, "version"> {
  let serverName: string | undefined;
  let protocols: readonly string[] = [];
  while (reader.left > 0 && !reader.failed) {
    const type = reader.number(2);
    const body = reader.vector(2);
    if (type === EXTENSION_SERVER_NAME) serverName ??= readServerName(body);
    else if (type === EXTENSION_ALPN) protocols = readProtocols(body);
    if (body.failed) reader.fail();
  }
  return { serverName, protocols };
}

function readServerName(body: Reader): string | undefined {
  const list = body.vector(2);
  while (list.left > 0 && !list.failed) {
    const type = list.number(1);
    const name = list.vector(2).text();
    if (type === NAME_TYPE_HOST) return list.failed || name === "" ? undefined : normaliseName(name);
  }
  return undefined;
}

function readProtocols(body: Reader): string[] {
  const list = body.vector(2);
  const protocols: string[] = [];
  while (list.left > 0 && !list.failed) protocols.push(list.vector(1).text());
  return protocols;
}

/** Names are compared without regard to case (RFC 6066 §3). */
export const normaliseName = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** Reads numbers and vectors; past the end it reads zeros and remembers that it failed. */
class Reader {
  failed = false;

  constructor(
    readonly bytes: Uint8Array,
    private at: number,
    private readonly end: number,
  ) {}

  get left(): number {
    return this.end - this.at;
  }

  fail(): void {
    this.failed = true;
    this.at = this.end;
  }

  skip(count: number): void {
    if (count > this.left) this.fail();
    else this.at += count;
  }

  /** A big-endian number of `size` bytes. */
  number(size: number): number {
    if (size > this.left) {
      this.fail();
      return 0;
    }
    let value = 0;
    for (let index = 0; index < size; index++) value = value * 256 + this.bytes[this.at++]!;
    return value;
  }

  /** A vector with a length of `size` bytes in front (RFC 8446 §3.4). */
  vector(size: number): Reader {
    const length = this.number(size);
    const start = this.at;
    this.skip(length);
    const inner = new Reader(this.bytes, start, this.failed ? start : start + length);
    inner.failed = this.failed;
    return inner;
  }

  text(): string {
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.at, this.left).toString("latin1");
  }
}
