/** Methods and field names as small integers, recognised in place without making a string. */
export const Method = {
  OTHER: 0,
  GET: 1,
  HEAD: 2,
  POST: 3,
  PUT: 4,
  DELETE: 5,
  OPTIONS: 6,
  CONNECT: 7,
  TRACE: 8,
  PATCH: 9,
} as const;

/** The fields that a proxy acts on; every other one is OTHER. */
export const FieldId = {
  OTHER: 0,
  HOST: 1,
  CONTENT_LENGTH: 2,
  TRANSFER_ENCODING: 3,
  CONNECTION: 4,
  KEEP_ALIVE: 5,
  PROXY_CONNECTION: 6,
  UPGRADE: 7,
  EXPECT: 8,
  TE: 9,
  TRAILER: 10,
  COOKIE: 11,
  SET_COOKIE: 12,
  AUTHORIZATION: 13,
  PROXY_AUTHORIZATION: 14,
  X_FORWARDED_FOR: 15,
  DATE: 16,
} as const;

/** Names found by length and first letter, which the tables below keep unambiguous. */
class NameTable {
  private readonly names: readonly Uint8Array[];
  private readonly slots = new Uint8Array(SLOTS);
  /** 0x20 makes letters lower-case before they are compared; 0 compares bytes as they are. */
  private readonly fold: number;

  constructor(ids: Readonly<Record<string, number>>, spell: (key: string) => string, fold: number) {
    const names: Uint8Array[] = [new Uint8Array(0)];
    this.fold = fold;
    for (const [key, id] of Object.entries(ids)) {
      if (id === 0) continue;
      const name = Uint8Array.from(Buffer.from(spell(key), "latin1"));
      const slot = slotOf(name.length, name[0]! | fold);
      if (this.slots[slot] !== 0) throw new Error(`${key} shares its slot with another name`);
      this.slots[slot] = id;
      names[id] = name;
    }
    this.names = names;
  }

  /** The id of the token in bytes[start, end), 0 if it has none. The caller has checked that it is a token. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const fold = this.fold;
    const id = this.slots[slotOf(end - start, bytes[start]! | fold)]!;
    if (id === 0) return 0;
    const name = this.names[id]!;
    if (name.length !== end - start) return 0;
    // Folding keeps "-" and maps no other token character onto a letter.
    for (let i = 0; i < name.length; i += 1) if ((bytes[start + i]! | fold) !== name[i]) return 0;
    return id;
  }
}

const SLOTS = 1024;
const slotOf = (length: number, first: number): number => ((length << 5) | (first & 31)) & (SLOTS - 1);

/** Methods are case-sensitive (RFC 9110 §9.1). */
export const methods = new NameTable(Method, (key) => key, 0);
/** Field names are not (RFC 9110 §5.1). */
export const fieldNames = new NameTable(FieldId, (key) => key.toLowerCase().replaceAll("_", "-"), 0x20);
