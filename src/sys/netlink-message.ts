/**
 * Netlink messages as bytes: headers, attributes, acknowledgements (netlink(7)). No I/O. Numbers are in the byte order
 * of the host, which is little-endian on every architecture that Node is built for but s390x, where Bascule does not run.
 */

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;
const HEADER_SIZE = 16;
/** The two upper bits of an attribute's type are flags (NLA_F_NESTED, NLA_F_NET_BYTEORDER). */
const NLA_TYPE_MASK = 0x3fff;

const align = (length: number): number => (length + 3) & ~3;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** What follows the header: a view, valid until the datagram's memory is used again. */
  readonly body: Buffer;
}

/** The messages of one datagram. What is cut off or claims a length that cannot be ends the list; nothing throws. */
export function splitMessages(datagram: Buffer): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  let offset = 0;
  while (offset + HEADER_SIZE <= datagram.length) {
    const length = datagram.readUInt32LE(offset);
    if (length < HEADER_SIZE || length > datagram.length - offset) break;
    messages.push({
      type: datagram.readUInt16LE(offset + 4),
      flags: datagram.readUInt16LE(offset + 6),
      sequence: datagram.readUInt32LE(offset + 8),
      body: datagram.subarray(offset + HEADER_SIZE, offset + length),
    });
    offset += Math.ceil(length / 4) * 4; // not align(): a length near 2³² would turn negative
  }
  return messages;
}

/** Attributes by type, as views of their values; of two of one type the later one counts. Nothing throws. */
export class Attributes {
  readonly #values = new Map<number, Buffer>();

  constructor(bytes: Buffer) {
    let offset = 0;
    while (offset + 4 <= bytes.length) {
      const length = bytes.readUInt16LE(offset);
      if (length < 4 || length > bytes.length - offset) break;
      this.#values.set(bytes.readUInt16LE(offset + 2) & NLA_TYPE_MASK, bytes.subarray(offset + 4, offset + length));
      offset += align(length);
    }
  }

  /** The value, if it has at least `size` bytes. */
  bytes(type: number, size = 0): Buffer | undefined {
    const value = this.#values.get(type);
    return value !== undefined && value.length >= size ? value : undefined;
  }

  u32(type: number): number | undefined {
    return this.bytes(type, 4)?.readUInt32LE(0);
  }

  u8(type: number): number | undefined {
    return this.bytes(type, 1)?.readUInt8(0);
  }

  /** Text up to its NUL. */
  text(type: number): string | undefined {
    const value = this.#values.get(type);
    if (value === undefined) return undefined;
    const end = value.indexOf(0);
    return value.toString("utf8", 0, end < 0 ? value.length : end);
  }
}

/** How the kernel ended a request. */
export interface Outcome {
  /** 0 or a negated errno. */
  readonly result: number;
  /** The kernel's own explanation (extended acknowledgement), where it gives one. */
  readonly explanation: string | undefined;
}

/** Reads NLMSG_ERROR, which is also the acknowledgement of success, or NLMSG_DONE, which ends a dump. */
export function decodeOutcome(message: NetlinkMessage): Outcome {
  const { body, flags } = message;
  const result = body.length >= 4 ? Math.min(0, body.readInt32LE(0)) : 0;
  if ((flags & NLM_F_ACK_TLVS) === 0) return { result, explanation: undefined };
  let offset = 4;
  if (message.type === NLMSG_ERROR) {
    // The request comes back behind the errno: its header alone if capped, else all of it.
    const echoed = (flags & NLM_F_CAPPED) === 0 && body.length >= 8 ? body.readUInt32LE(4) : HEADER_SIZE;
    offset += Math.ceil(Math.max(echoed, HEADER_SIZE) / 4) * 4;
  }
  return { result, explanation: new Attributes(body.subarray(offset)).text(NLMSGERR_ATTR_MSG) };
}

/** Builds one message at a time in memory that is used again for the next. */
export class MessageWriter {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  begin(type: number, flags: number, sequence: number): this {
    this.#offset = 0;
    return this.u32(0).u16(type).u16(flags).u32(sequence).u32(0);
  }

  u8(value: number): this {
    this.#offset = this.#bytes.writeUInt8(value, this.#offset);
    return this;
  }

  u16(value: number): this {
    this.#offset = this.#bytes.writeUInt16LE(value, this.#offset);
    return this;
  }

  u32(value: number): this {
    this.#offset = this.#bytes.writeUInt32LE(value >>> 0, this.#offset);
    return this;
  }

  attribute(type: number, value: Uint8Array): this {
    this.u16(4 + value.length).u16(type);
    this.#bytes.set(value, this.#offset); // throws a RangeError when it does not fit
    const end = align(this.#offset + value.length);
    this.#bytes.fill(0, this.#offset + value.length, end);
    this.#offset = end;
    return this;
  }

  attributeU32(type: number, value: number): this {
    return this.u16(8).u16(type).u32(value);
  }

  /** An attribute whose value is attributes, written by `fill`. */
  nested(type: number, fill: (writer: this) => void): this {
    const start = this.#offset;
    this.u16(0).u16(type);
    fill(this);
    this.#bytes.writeUInt16LE(this.#offset - start, start);
    return this;
  }

  /** A structure that begins with its own length in 16 bits, written by `fill` from there on. */
  measured(fill: (writer: this) => void): this {
    const start = this.#offset;
    fill(this.u16(0));
    this.#bytes.writeUInt16LE(this.#offset - start, start);
    return this;
  }

  attributeText(type: number, text: string): this {
    return this.attribute(type, Buffer.from(`${text}\0`));
  }

  /** Completes the header; returns the message's length. */
  finish(): number {
    this.#bytes.writeUInt32LE(this.#offset, 0);
    return this.#offset;
  }
}
