/** HPACK's static table and the decoder's dynamic table (RFC 7541 §2.3, appendix A). */
import { ENTRY_OVERHEAD, HeaderField } from "./field.js";

/** What both sides begin with (§6.5.2 of RFC 9113), and the most that our encoder uses. */
export const DEFAULT_TABLE_SIZE = 4096;

export const STATIC_FIELDS: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** Entries 1 to 61; 0 stands for none. */
export const STATIC_TABLE: readonly HeaderField[] = [
  HeaderField.of("", ""),
  ...STATIC_FIELDS.map(([name, value]) => HeaderField.of(name, value)),
];
export const STATIC_COUNT = STATIC_FIELDS.length;

/** Entries in a ring, the newest first in HPACK's counting. */
export class DynamicTable {
  readonly #entries: (HeaderField | undefined)[] = [];
  /** Where the next entry goes. */
  #next = 0;
  count = 0;
  size = 0;
  maxSize = DEFAULT_TABLE_SIZE;
  /** More entries cannot be, for each counts for some octets even if it is empty. */
  readonly #places: number;

  /** @param largest octets to which it may be resized */
  constructor(largest: number = DEFAULT_TABLE_SIZE) {
    this.#places = Math.ceil(Math.max(largest, DEFAULT_TABLE_SIZE) / ENTRY_OVERHEAD);
  }

  /** The entry of HPACK index `index` (1 and up over both tables), undefined if there is none. */
  find(index: number): HeaderField | undefined {
    if (index <= STATIC_COUNT) return index === 0 ? undefined : STATIC_TABLE[index];
    const age = index - STATIC_COUNT;
    if (age > this.count) return undefined;
    return this.#entries[(this.#next - age + this.#places) % this.#places];
  }

  /** Adds a field, which is the table's own from now on. One that is larger than the table empties it (§4.4). */
  insert(field: HeaderField): void {
    const { size } = field;
    this.#evictTo(this.maxSize - size);
    if (size > this.maxSize) return;
    this.#entries[this.#next] = field;
    this.#next = (this.#next + 1) % this.#places;
    this.count++;
    this.size += size;
  }

  /** @param maxSize at most `largest` */
  resize(maxSize: number): void {
    this.maxSize = maxSize;
    this.#evictTo(maxSize);
  }

  #evictTo(size: number): void {
    while (this.count > 0 && this.size > size) {
      const oldest = (this.#next - this.count + this.#places) % this.#places;
      this.size -= this.#entries[oldest]!.size;
      this.#entries[oldest] = undefined;
      this.count--;
    }
  }
}
