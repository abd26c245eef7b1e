/**
 * HPACK, the writing side (RFC 7541). A field enters the dynamic table when it is seen for the second time: what never
 * comes again (a request id, an etag) pushes nothing out. What is secret never enters it (§7.1).
 */
import { ENTRY_OVERHEAD } from "./field.js";
import { DEFAULT_TABLE_SIZE, STATIC_COUNT, STATIC_FIELDS } from "./hpack-table.js";
import { encodeHuffman, huffmanLength } from "./huffman.js";

/** More than a field can take beyond its HTTP/1.1 line: two lengths and an index. */
export const FIELD_ROOM = 16;

/** As many entries as a table can have. Both arrays below are paid by every connection. */
const RING = DEFAULT_TABLE_SIZE / ENTRY_OVERHEAD;
const SLOTS = 128;
const STATIC_SLOTS = 256;
const FNV_BASIS = -2128831035;
const FNV_PRIME = 16_777_619;
/** Of fields larger than a quarter of the table there is not enough room for several. */
const LARGEST_SHARE = 4;

class Entry {
  constructor(
    /** Name and value in a row. */
    readonly bytes: Uint8Array,
    readonly nameLength: number,
    readonly hash: number,
  ) {}

  get size(): number {
    return this.bytes.length + ENTRY_OVERHEAD;
  }
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const staticNames: readonly Uint8Array[] = STATIC_FIELDS.map(([name]) => bytesOf(name));
/** Index of the first static entry of a name, found by the name's hash; 0: none. */
const staticSlots = new Uint8Array(STATIC_SLOTS);
for (let index = 1; index <= STATIC_COUNT; index++) {
  const name = staticNames[index - 1]!;
  // Entries of one name stand in a row.
  if (index > 1 && STATIC_FIELDS[index - 2]![0] === STATIC_FIELDS[index - 1]![0]) continue;
  let slot = hashOf(name, 0, name.length, FNV_BASIS) & (STATIC_SLOTS - 1);
  while (staticSlots[slot] !== 0) slot = (slot + 1) & (STATIC_SLOTS - 1);
  staticSlots[slot] = index;
}

/** Names whose values are secrets, or differ with every message. */
const NEVER_INDEXED = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"].map(hashOfName));
const NOT_INDEXED = new Set(["content-length", "etag", "content-range", ":path", "age"].map(hashOfName));

function hashOfName(name: string): number {
  return hashOf(bytesOf(name), 0, name.length, FNV_BASIS);
}

/** Of a table without entries, which is what a connection of few requests has: nobody writes to it. */
const NO_ENTRIES = new Int32Array(SLOTS);

export class HpackEncoder {
  readonly #entries: (Entry | undefined)[] = [];
  /** Entries ever inserted; the newest has this number. */
  #inserted = 0;
  #count = 0;
  #size = 0;
  #maxSize = DEFAULT_TABLE_SIZE;
  /** The smallest and the last size set since the last block; -1: none. */
  #smallestPending = -1;
  /** By the hash of name and value: the number of an entry. A later one may take the place of an earlier one. */
  #byHash = NO_ENTRIES;
  /** By the same: hashes that were seen once. */
  readonly #seen = new Int32Array(SLOTS);

  /** What the peer's SETTINGS_HEADER_TABLE_SIZE allows, of which we use no more than the default. */
  limit(size: number): void {
    const maxSize = Math.min(size, DEFAULT_TABLE_SIZE);
    if (maxSize === this.#maxSize && this.#smallestPending < 0) return;
    this.#maxSize = maxSize;
    this.#smallestPending = this.#smallestPending < 0 ? maxSize : Math.min(this.#smallestPending, maxSize);
    this.#evictTo(maxSize);
  }

  /** Begins a block at out[at]: size updates that are due (§4.2). Returns the offset behind; takes up to 8 octets. */
  begin(out: Uint8Array, at: number): number {
    if (this.#smallestPending < 0) return at;
    let to = at;
    if (this.#smallestPending < this.#maxSize) to = writeInteger(out, to, 0x20, 5, this.#smallestPending);
    to = writeInteger(out, to, 0x20, 5, this.#maxSize);
    this.#smallestPending = -1;
    return to;
  }

  /** A field of the static table, by its index. */
  indexed(out: Uint8Array, at: number, index: number): number {
    out[at] = 0x80 | index;
    return at + 1;
  }

  /**
   * Writes a field to out[at], where there is room for it and FIELD_ROOM octets more. The name is lower-cased.
   * @returns the offset behind
   */
  field(
    out: Uint8Array,
    at: number,
    bytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): number {
    const nameHash = hashOf(bytes, nameStart, nameEnd, FNV_BASIS);
    if (NEVER_INDEXED.has(nameHash))
      return this.#literal(out, at, 0x10, bytes, nameStart, nameEnd, valueStart, valueEnd, nameHash);
    if (NOT_INDEXED.has(nameHash))
      return this.#literal(out, at, 0, bytes, nameStart, nameEnd, valueStart, valueEnd, nameHash);
    const hash = hashOfValue(bytes, valueStart, valueEnd, nameHash);
    const slot = hash & (SLOTS - 1);
    const number = this.#byHash[slot]!;
    if (number > this.#inserted - this.#count) {
      const entry = this.#entries[number % RING]!;
      if (entry.hash === hash && isEntry(entry, bytes, nameStart, nameEnd, valueStart, valueEnd))
        return writeInteger(out, at, 0x80, 7, STATIC_COUNT + 1 + this.#inserted - number);
    }
    const size = nameEnd - nameStart + valueEnd - valueStart + ENTRY_OVERHEAD;
    if (this.#seen[slot] !== hash || size * LARGEST_SHARE > this.#maxSize) {
      this.#seen[slot] = hash;
      return this.#literal(out, at, 0, bytes, nameStart, nameEnd, valueStart, valueEnd, nameHash);
    }
    const to = this.#literal(out, at, 0x40, bytes, nameStart, nameEnd, valueStart, valueEnd, nameHash);
    this.#insert(bytes, nameStart, nameEnd, valueStart, valueEnd, hash);
    return to;
  }

  /** @param form 0x40 with indexing, 0 without, 0x10 never */
  #literal(
    out: Uint8Array,
    at: number,
    form: number,
    bytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    nameHash: number,
  ): number {
    const isIndexing = form === 0x40;
    const index = staticIndex(bytes, nameStart, nameEnd, nameHash);
    let to = writeInteger(out, at, form, isIndexing ? 6 : 4, index);
    if (index === 0) {
      to = writeInteger(out, to, 0, 7, nameEnd - nameStart);
      for (let from = nameStart; from < nameEnd; from++) out[to++] = lower(bytes[from]!);
    }
    // Worth its while where the octets are kept; where not, copying is cheaper for both sides.
    return isIndexing
      ? writeCompressed(out, to, bytes, valueStart, valueEnd)
      : writePlain(out, to, bytes, valueStart, valueEnd);
  }

  #insert(
    bytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    hash: number,
  ): void {
    const nameLength = nameEnd - nameStart;
    const own = new Uint8Array(nameLength + valueEnd - valueStart);
    for (let at = 0; at < nameLength; at++) own[at] = lower(bytes[nameStart + at]!);
    for (let at = nameLength; at < own.length; at++) own[at] = bytes[valueStart + at - nameLength]!;
    const entry = new Entry(own, nameLength, hash);
    this.#evictTo(this.#maxSize - entry.size);
    this.#inserted++;
    this.#entries[this.#inserted % RING] = entry;
    this.#count++;
    this.#size += entry.size;
    if (this.#byHash === NO_ENTRIES) this.#byHash = new Int32Array(SLOTS);
    this.#byHash[hash & (SLOTS - 1)] = this.#inserted;
  }

  #evictTo(size: number): void {
    while (this.#count > 0 && this.#size > size) {
      const oldest = (this.#inserted - this.#count + 1) % RING;
      this.#size -= this.#entries[oldest]!.size;
      this.#entries[oldest] = undefined;
      this.#count--;
    }
  }
}

/** An integer whose first octet has `prefix` bits of it, the others being `form` (§5.1). */
export function writeInteger(out: Uint8Array, at: number, form: number, prefix: number, value: number): number {
  const most = (1 << prefix) - 1;
  let to = at;
  if (value < most) {
    out[to++] = form | value;
    return to;
  }
  out[to++] = form | most;
  let rest = value - most;
  while (rest >= 0x80) {
    out[to++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[to++] = rest;
  return to;
}

function writePlain(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  let to = writeInteger(out, at, 0, 7, end - start);
  for (let from = start; from < end; from++) out[to++] = bytes[from]!;
  return to;
}

function writeCompressed(out: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  const length = huffmanLength(bytes, start, end);
  if (length >= end - start) return writePlain(out, at, bytes, start, end);
  return encodeHuffman(bytes, start, end, out, writeInteger(out, at, 0x80, 7, length));
}

/** Of a name, as it is in lower case. */
function hashOf(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ lower(bytes[at]!), FNV_PRIME);
  return hash ^ (hash >>> 15);
}

function hashOfValue(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, FNV_PRIME);
  return (hash ^ (hash >>> 15)) | 0;
}

function staticIndex(bytes: Uint8Array, start: number, end: number, hash: number): number {
  let slot = hash & (STATIC_SLOTS - 1);
  for (;;) {
    const index = staticSlots[slot]!;
    if (index === 0) return 0;
    const name = staticNames[index - 1]!;
    if (name.length === end - start && isLowered(name, bytes, start)) return index;
    slot = (slot + 1) & (STATIC_SLOTS - 1);
  }
}

function isLowered(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let at = 0; at < name.length; at++) if (name[at] !== lower(bytes[start + at]!)) return false;
  return true;
}

function isEntry(
  entry: Entry,
  bytes: Uint8Array,
  nameStart: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
): boolean {
  const { bytes: own, nameLength } = entry;
  if (nameLength !== nameEnd - nameStart || own.length - nameLength !== valueEnd - valueStart) return false;
  for (let at = 0; at < nameLength; at++) if (own[at] !== lower(bytes[nameStart + at]!)) return false;
  const shift = valueStart - nameLength;
  for (let at = nameLength; at < own.length; at++) if (own[at] !== bytes[shift + at]) return false;
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
