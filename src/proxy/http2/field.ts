/**
 * A header field as HPACK carries it, judged once when it is decoded: an entry of a table keeps the verdict with it, so
 * that a field which comes by index costs neither a look at its name nor one at its bytes (RFC 9113 §8.2).
 */
import { CHARACTER, CR, HTAB, LF, SP, TOKEN, VALUE } from "../http1/characters.js";

/** What a field is to us. */
export const FieldKind = {
  regular: 0,
  method: 1,
  scheme: 2,
  authority: 3,
  path: 4,
  protocol: 5,
  status: 6,
  host: 7,
  contentLength: 8,
  cookie: 9,
  /** `te: trailers` */
  te: 10,
  /** May not be in an HTTP/2 message: a bad name or value, of the connection (§8.2.2), an unknown pseudo-header field. */
  malformed: 11,
} as const;

/** RFC 7541 §4.1: what an entry counts besides its name and value. */
export const ENTRY_OVERHEAD = 32;

const COLON = 0x3a;
const SEPARATOR = 2;

export class HeaderField {
  kind: number = FieldKind.malformed;

  /** @param line `name: value\r\n`, as HTTP/1.1 would have it: ready to be copied there */
  constructor(
    public line: Uint8Array,
    public nameLength: number,
    public valueLength: number,
  ) {}

  static of(name: string, value: string): HeaderField {
    const field = new HeaderField(
      new Uint8Array(Buffer.from(`${name}: ${value}\r\n`, "latin1")),
      name.length,
      value.length,
    );
    field.classify();
    return field;
  }

  get size(): number {
    return this.nameLength + this.valueLength + ENTRY_OVERHEAD;
  }

  get valueStart(): number {
    return this.nameLength + SEPARATOR;
  }

  get valueEnd(): number {
    return this.nameLength + SEPARATOR + this.valueLength;
  }

  get lineLength(): number {
    return this.nameLength + this.valueLength + 4;
  }

  get name(): string {
    return latin1(this.line, 0, this.nameLength);
  }

  get value(): string {
    return latin1(this.line, this.valueStart, this.valueEnd);
  }

  /** One of its own, for a table; the scratch that a literal was read into goes on to the next. */
  copy(): HeaderField {
    const copy = new HeaderField(this.line.slice(0, this.lineLength), this.nameLength, this.valueLength);
    copy.kind = this.kind;
    return copy;
  }

  /** Puts what HTTP/1.1 needs around name and value, which are in place, and judges them. */
  complete(): void {
    const { line, nameLength, valueEnd } = this;
    line[nameLength] = COLON;
    line[nameLength + 1] = SP;
    line[valueEnd] = CR;
    line[valueEnd + 1] = LF;
    this.classify();
  }

  classify(): void {
    this.kind = this.#hasGoodValue() ? this.#kindOfName() : FieldKind.malformed;
  }

  #kindOfName(): number {
    const { line, nameLength } = this;
    if (nameLength === 0) return FieldKind.malformed;
    if (line[0] === COLON) return PSEUDO_KINDS.get(this.name) ?? FieldKind.malformed;
    for (let at = 0; at < nameLength; at++) {
      const byte = line[at]!;
      if ((CHARACTER[byte]! & TOKEN) === 0 || (byte >= 0x41 && byte <= 0x5a)) return FieldKind.malformed;
    }
    if (!isSpecial(line, nameLength)) return FieldKind.regular;
    const kind = SPECIAL_KINDS.get(this.name) ?? FieldKind.regular;
    return kind === FieldKind.te && this.value.toLowerCase() !== "trailers" ? FieldKind.malformed : kind;
  }

  /** No control character, and no whitespace at either end (§8.2.1). */
  #hasGoodValue(): boolean {
    const { line, valueStart, valueEnd } = this;
    for (let at = valueStart; at < valueEnd; at++) if ((CHARACTER[line[at]!]! & VALUE) === 0) return false;
    return valueStart === valueEnd || !(isSpace(line[valueStart]!) || isSpace(line[valueEnd - 1]!));
  }
}

const PSEUDO_KINDS: ReadonlyMap<string, number> = new Map([
  [":method", FieldKind.method],
  [":scheme", FieldKind.scheme],
  [":authority", FieldKind.authority],
  [":path", FieldKind.path],
  [":protocol", FieldKind.protocol],
  [":status", FieldKind.status],
]);

const SPECIAL_KINDS: ReadonlyMap<string, number> = new Map([
  ["host", FieldKind.host],
  ["content-length", FieldKind.contentLength],
  ["cookie", FieldKind.cookie],
  ["te", FieldKind.te],
  ["connection", FieldKind.malformed],
  ["keep-alive", FieldKind.malformed],
  ["proxy-connection", FieldKind.malformed],
  ["transfer-encoding", FieldKind.malformed],
  ["upgrade", FieldKind.malformed],
]);

/** By length and first letter: saves most names from becoming a string. */
const specialShapes = new Set([...SPECIAL_KINDS.keys()].map((name) => name.length * 256 + name.charCodeAt(0)));

const isSpecial = (line: Uint8Array, nameLength: number): boolean => specialShapes.has(nameLength * 256 + line[0]!);

const isSpace = (byte: number): boolean => byte === SP || byte === HTAB;

const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
