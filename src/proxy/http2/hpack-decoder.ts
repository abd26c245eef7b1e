/** HPACK, the reading side (RFC 7541): a field block becomes fields, one call each. Bounded, and never throws. */
import { ErrorCode } from "./error-code.js";
import { HeaderField } from "./field.js";
import { DEFAULT_TABLE_SIZE, DynamicTable } from "./hpack-table.js";
import { decodeHuffman } from "./huffman.js";

/** Whom fields are given to. `field` is only lent: whoever keeps something of it copies. */
export interface FieldSink {
  onField(field: HeaderField): void;
}

/** Octets of one field block that we decode at all, unless larger lists are allowed. Huffman makes no more than 8/5 of them. */
export const MAX_BLOCK = 32_768;
/** Integers that matter to us are far below; beyond it a peer is up to something (§5.1). */
const MAX_INTEGER = 2 ** 24;
const MAX_INTEGER_OCTETS = 5;

/** Literals are read into it. All that a block can hold fits, with a name from the table. */
let scratch = new HeaderField(new Uint8Array(0), 0, 0);

export class HpackDecoder {
  readonly table: DynamicTable;
  /** Octets of a block at most. */
  readonly largestBlock: number;
  /** The fields of the last block were more than allowed (SETTINGS_MAX_HEADER_LIST_SIZE): the rest was left out. */
  tooLarge = false;
  #at = 0;
  #failed = false;
  /** The most that the peer may make of the table now. */
  #largest: number;
  /** It has agreed to a smaller table than it may have: its next block has to begin with that (RFC 9113 §4.3.1). */
  #mustShrink = false;

  /**
   * @param maxListSize names, values and 32 octets for each field
   * @param tableSize what we allow the peer by SETTINGS_HEADER_TABLE_SIZE
   */
  constructor(
    readonly maxListSize: number,
    readonly tableSize: number = DEFAULT_TABLE_SIZE,
  ) {
    this.table = new DynamicTable(tableSize);
    this.largestBlock = Math.max(MAX_BLOCK, 2 * maxListSize);
    const room = 2 * this.largestBlock + tableSize;
    if (scratch.line.length < room) scratch = new HeaderField(new Uint8Array(room), 0, 0);
    this.#largest = Math.max(tableSize, DEFAULT_TABLE_SIZE);
  }

  /** The peer has our settings: from now on a smaller table than the default holds. */
  onTableSizeKnown(): void {
    this.#mustShrink = this.table.maxSize > this.tableSize;
    this.#largest = this.tableSize;
  }

  /**
   * Decodes the field block bytes[start, end), at most `largestBlock` octets.
   * @returns 0, or COMPRESSION_ERROR: the tables no longer agree, and the connection is of no more use
   */
  decode(bytes: Uint8Array, start: number, end: number, sink: FieldSink): number {
    const { table } = this;
    this.#at = start;
    this.#failed = false;
    this.tooLarge = false;
    let listSize = 0;
    let mayResize = true;
    while (this.#at < end) {
      const first = bytes[this.#at]!;
      let field: HeaderField | undefined;
      if (first >= 0x80) {
        field = table.find(this.#integer(bytes, end, 7));
      } else if (first >= 0x40) {
        field = this.#literal(bytes, end, 6)?.copy();
        if (field !== undefined) table.insert(field);
      } else if (first >= 0x20) {
        const size = this.#integer(bytes, end, 5);
        // Only at the beginning of a block (§4.2), and within what we allow.
        if (this.#failed || !mayResize || size > this.#largest) return ErrorCode.COMPRESSION_ERROR;
        table.resize(size);
        this.#mustShrink = false;
        continue;
      } else field = this.#literal(bytes, end, 4);
      if (this.#failed || this.#mustShrink || field === undefined) return ErrorCode.COMPRESSION_ERROR;
      mayResize = false;
      listSize += field.size;
      if (listSize > this.maxListSize) this.tooLarge = true;
      else sink.onField(field);
    }
    return 0;
  }

  /** A field of which name or value is spelt out; undefined if it is broken. */
  #literal(bytes: Uint8Array, end: number, prefix: number): HeaderField | undefined {
    const index = this.#integer(bytes, end, prefix);
    if (this.#failed) return undefined;
    if (index === 0) {
      scratch.nameLength = this.#string(bytes, end, 0);
    } else {
      const named = this.table.find(index);
      if (named === undefined) return undefined;
      const { line, nameLength } = named;
      for (let at = 0; at < nameLength; at++) scratch.line[at] = line[at]!;
      scratch.nameLength = nameLength;
    }
    if (this.#failed) return undefined;
    scratch.valueLength = this.#string(bytes, end, scratch.valueStart);
    if (this.#failed) return undefined;
    scratch.complete();
    return scratch;
  }

  /** Reads a string to scratch.line from `to`; returns its length. */
  #string(bytes: Uint8Array, end: number, to: number): number {
    const isHuffman = this.#at < end && (bytes[this.#at]! & 0x80) !== 0;
    const length = this.#integer(bytes, end, 7);
    const from = this.#at;
    if (this.#failed || length > end - from) {
      this.#failed = true;
      return 0;
    }
    this.#at = from + length;
    const { line } = scratch;
    if (!isHuffman) {
      for (let offset = 0; offset < length; offset++) line[to + offset] = bytes[from + offset]!;
      return length;
    }
    const behind = decodeHuffman(bytes, from, from + length, line, to);
    if (behind < 0) this.#failed = true;
    return behind - to;
  }

  /** An integer whose first octet has `prefix` bits of it (§5.1). */
  #integer(bytes: Uint8Array, end: number, prefix: number): number {
    if (this.#at >= end) {
      this.#failed = true;
      return 0;
    }
    const most = (1 << prefix) - 1;
    let value = bytes[this.#at++]! & most;
    if (value < most) return value;
    for (let octets = 0; octets < MAX_INTEGER_OCTETS && this.#at < end; octets++) {
      const byte = bytes[this.#at++]!;
      value += (byte & 0x7f) * 2 ** (7 * octets);
      if (value > MAX_INTEGER) break;
      if (byte < 0x80) return value;
    }
    this.#failed = true;
    return 0;
  }
}
