/** What an OCSP response says (RFC 6960 §4.2.1), as far as whoever staples it must know. Pure; signatures are the client's to check. */

export interface OcspResponse {
  /** Of the certificate: hexadecimal, upper case, without leading zeros. */
  readonly serialNumber: string;
  readonly status: "good" | "revoked" | "unknown";
  /** Milliseconds of the wall clock. */
  readonly thisUpdate: number;
  /** Undefined: newer information is there at any time. */
  readonly nextUpdate: number | undefined;
}

const Tag = {
  integer: 0x02,
  octetString: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  generalizedTime: 0x18,
  context0: 0xa0,
} as const;

const SUCCESSFUL = 0;
const STATUSES = { 128: "good", 161: "revoked", 130: "unknown" } as const;

/** @returns what it says, or undefined if that is no successful response about one certificate. Never throws. */
export function parseOcspResponse(bytes: Uint8Array): OcspResponse | undefined {
  const response = new Der(bytes).enter(Tag.sequence);
  if (response.take(Tag.enumerated)[0] !== SUCCESSFUL) return undefined;
  const responseBytes = response.enter(Tag.context0).enter(Tag.sequence);
  responseBytes.skip(); // its type: id-pkix-ocsp-basic is the only one there is
  const data = new Der(responseBytes.take(Tag.octetString)).enter(Tag.sequence).enter(Tag.sequence);
  if (data.next === Tag.context0) data.skip(); // version
  data.skip(); // responder
  data.skip(); // produced at
  const single = data.enter(Tag.sequence).enter(Tag.sequence);
  const certificate = single.enter(Tag.sequence);
  certificate.skip(); // hash algorithm
  certificate.skip(); // hash of the issuer's name
  certificate.skip(); // hash of the issuer's key
  const serialNumber = Buffer.from(certificate.take(Tag.integer)).toString("hex").toUpperCase().replace(/^0+/, "");
  const status = STATUSES[single.next as keyof typeof STATUSES];
  single.skip();
  const thisUpdate = parseTime(single.take(Tag.generalizedTime));
  const nextUpdate =
    single.next === Tag.context0 ? parseTime(single.enter(Tag.context0).take(Tag.generalizedTime)) : undefined;
  const isWhole = status !== undefined && serialNumber !== "" && !Number.isNaN(thisUpdate) && !Number.isNaN(nextUpdate);
  return isWhole ? { serialNumber, status, thisUpdate, nextUpdate } : undefined;
}

/** `20260102030405Z`; NaN for what is none. */
function parseTime(bytes: Uint8Array): number {
  const [, ...fields] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(Buffer.from(bytes).toString("latin1")) ?? [];
  const [year, month, day, hour, minute, second] = fields.map(Number);
  return second === undefined ? Number.NaN : Date.UTC(year!, month! - 1, day, hour, minute, second);
}

/** Reads one element after another (X.690, DER). Where something else stands than expected, it is empty from there on. */
class Der {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** The tag of the next element; undefined at the end. */
  get next(): number | undefined {
    return this.bytes[this.#at];
  }

  enter(tag: number): Der {
    return new Der(this.take(tag));
  }

  skip(): void {
    this.take(this.next ?? 0);
  }

  /** The content of the next element. */
  take(tag: number): Uint8Array {
    const isExpected = this.next === tag;
    let at = this.#at + 2;
    let length = this.bytes[this.#at + 1] ?? 0;
    if (length >= 0x80) {
      const size = length & 0x7f;
      length = size > 3 ? this.bytes.length : 0;
      for (let index = 0; index < size && size <= 3; index++) length = length * 256 + (this.bytes[at++] ?? 0);
    }
    const end = at + length;
    if (!isExpected || end > this.bytes.length) {
      this.#at = this.bytes.length;
      return EMPTY;
    }
    this.#at = end;
    return this.bytes.subarray(at, end);
  }
}

const EMPTY = new Uint8Array(0);
