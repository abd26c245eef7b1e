/**
 * The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): a header in front of a connection's bytes
 * in which a proxy says whose connection it forwards. Pure: bytes and addresses, no sockets.
 */
import { isIPv4, isIPv6 } from "node:net";
import { ipv4Bytes, ipv6Bytes, ipv6Text } from "../sys/address.js";
import { crc32c } from "./crc32c.js";

/** One end of the connection that is forwarded. */
export interface ProxiedEnd {
  /** Numeric, IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

/** Client, and where it connected to. Both ends are of one family. */
export interface ProxiedConnection {
  readonly source: ProxiedEnd;
  readonly destination: ProxiedEnd;
}

export type ProxyVersion = 1 | 2;

export type DecodedHeader =
  /** So far it is a header: more bytes are needed. */
  | { readonly kind: "incomplete" }
  | {
      readonly kind: "complete";
      readonly version: ProxyVersion;
      /** Bytes of the header; what follows is the client's. */
      readonly length: number;
      /** Undefined: the real addresses hold (LOCAL, UNKNOWN, or no stream over IPv4 or IPv6). */
      readonly proxied: ProxiedConnection | undefined;
    }
  /** `foreign`: something else than a header was sent. `invalid`: a header that breaks the rules. */
  | { readonly kind: "refused"; readonly reason: "foreign" | "invalid" };

/** Version 2 could announce 64 KiB; HAProxy, too, takes no more than a buffer. */
export const LONGEST_HEADER = 16_384;
/** With the CR and the LF at its end (§2.1). */
const LONGEST_V1 = 107;

const V1_PREFIX = Uint8Array.from("PROXY ", (character) => character.charCodeAt(0));
const SIGNATURE = Uint8Array.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
/** Signature, version and command, family and transport, length of the rest. */
const V2_FIXED = 16;

const Command = { local: 0, proxy: 1 } as const;
const Family = { unspecified: 0, ipv4: 1, ipv6: 2, unix: 3 } as const;
const Transport = { unspecified: 0, stream: 1, datagram: 2 } as const;

/** What family's addresses take, by its number (§2.2). */
const ADDRESS_BLOCK = [0, 12, 36, 216] as const;

/** Types of version 2's TLVs that have a form to be checked (§2.2.x). */
const Tlv = { crc32c: 0x03, uniqueId: 0x05, ssl: 0x20 } as const;
const LONGEST_UNIQUE_ID = 128;
/** PP2_TYPE_SSL: one byte of flags and four of the verification's result, then TLVs again. */
const SSL_FIXED = 5;

const INCOMPLETE: DecodedHeader = { kind: "incomplete" };
const FOREIGN: DecodedHeader = { kind: "refused", reason: "foreign" };
const INVALID: DecodedHeader = { kind: "refused", reason: "invalid" };

/**
 * Decodes the header at the start of `bytes`, of which `length` have come so far. Refuses as soon as no further byte
 * could make a header of them. Never throws.
 */
export function decodeProxyHeader(bytes: Uint8Array, length = bytes.length): DecodedHeader {
  if (length === 0) return INCOMPLETE;
  if (bytes[0] === V1_PREFIX[0]) {
    if (!startsWith(bytes, length, V1_PREFIX)) return FOREIGN;
    return decodeV1(bytes, length);
  }
  if (!startsWith(bytes, length, SIGNATURE)) return FOREIGN;
  return length < V2_FIXED ? INCOMPLETE : decodeV2(bytes, length);
}

/** As far as `length` goes. */
function startsWith(bytes: Uint8Array, length: number, prefix: Uint8Array): boolean {
  const end = Math.min(length, prefix.length);
  for (let at = 0; at < end; at++) if (bytes[at] !== prefix[at]) return false;
  return true;
}

// Version 1 ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function decodeV1(bytes: Uint8Array, length: number): DecodedHeader {
  const searched = Math.min(length, LONGEST_V1);
  const lineFeed = bytes.subarray(0, searched).indexOf(0x0a);
  if (lineFeed < 0) return searched === LONGEST_V1 ? INVALID : INCOMPLETE;
  if (bytes[lineFeed - 1] !== 0x0d) return INVALID;
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, lineFeed - 1).toString("latin1");
  const header = { kind: "complete", version: 1, length: lineFeed + 1 } as const;
  // Whatever follows UNKNOWN is to be ignored.
  if (/^PROXY UNKNOWN( |$)/.test(line)) return { ...header, proxied: undefined };
  const fields = /^PROXY TCP([46]) ([\d.:a-fA-F]+) ([\d.:a-fA-F]+) (\d{1,5}) (\d{1,5})$/.exec(line);
  if (fields === null) return INVALID;
  const isAddress = fields[1] === "4" ? isIPv4 : isIPv6;
  const source = endOf(fields[2]!, fields[4]!, isAddress);
  const destination = endOf(fields[3]!, fields[5]!, isAddress);
  return source === undefined || destination === undefined ? INVALID : { ...header, proxied: { source, destination } };
}

/** Ports are written without leading zeros (§2.1). */
function endOf(address: string, port: string, isAddress: (text: string) => boolean): ProxiedEnd | undefined {
  const isPort = Number(port) <= 65_535 && (port === "0" || !port.startsWith("0"));
  return isPort && isAddress(address) ? { address, port: Number(port) } : undefined;
}

// Version 2 ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function decodeV2(bytes: Uint8Array, length: number): DecodedHeader {
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 15;
  const family = bytes[13]! >> 4;
  const transport = bytes[13]! & 15;
  const end = V2_FIXED + uint16(bytes, 14);
  if (version !== 2 || command > Command.proxy || end > LONGEST_HEADER) return INVALID;
  // LOCAL's addresses are to be ignored, even their family.
  const isLocal = command === Command.local;
  if (!isLocal && (family > Family.unix || transport > Transport.datagram)) return INVALID;
  const addressesEnd = V2_FIXED + (isLocal ? 0 : ADDRESS_BLOCK[family]!);
  if (addressesEnd > end) return INVALID;
  if (length < end) return INCOMPLETE;
  if (!isLocal && !areTlvsValid(bytes, addressesEnd, end)) return INVALID;
  const isKnown = !isLocal && transport === Transport.stream && (family === Family.ipv4 || family === Family.ipv6);
  const proxied = isKnown ? decodeAddresses(bytes, family === Family.ipv4) : undefined;
  return { kind: "complete", version: 2, length: end, proxied };
}

function decodeAddresses(bytes: Uint8Array, isIpv4: boolean): ProxiedConnection {
  const size = isIpv4 ? 4 : 16;
  const text = (at: number): string => (isIpv4 ? bytes.subarray(at, at + 4).join(".") : ipv6Text(bytes, at));
  const ports = V2_FIXED + 2 * size;
  return {
    source: { address: text(V2_FIXED), port: uint16(bytes, ports) },
    destination: { address: text(V2_FIXED + size), port: uint16(bytes, ports + 2) },
  };
}

/** They fill [start, end) to the byte, those with a form have it, and a checksum is right. */
function areTlvsValid(bytes: Uint8Array, start: number, end: number): boolean {
  return everyTlv(bytes, start, end, (type, from, to) => {
    switch (type) {
      case Tlv.crc32c:
        // Over the whole header, with zeros in the checksum's own place (§2.2.3).
        return to - from === 4 && crc32c(bytes, 0, end, from) === uint32(bytes, from);
      case Tlv.uniqueId:
        return to - from <= LONGEST_UNIQUE_ID;
      case Tlv.ssl:
        return to - from >= SSL_FIXED && everyTlv(bytes, from + SSL_FIXED, to, () => true);
      default:
        // Types that are not known are to be skipped.
        return true;
    }
  });
}

function everyTlv(
  bytes: Uint8Array,
  start: number,
  end: number,
  isValid: (type: number, from: number, to: number) => boolean,
): boolean {
  let at = start;
  while (at < end) {
    if (at + TLV_FIXED > end) return false;
    const from = at + TLV_FIXED;
    const to = from + uint16(bytes, at + 1);
    if (to > end || !isValid(bytes[at]!, from, to)) return false;
    at = to;
  }
  return true;
}

/** Type and length. */
const TLV_FIXED = 3;

const uint16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
const uint32 = (bytes: Uint8Array, at: number): number => ((uint16(bytes, at) << 16) | uint16(bytes, at + 2)) >>> 0;

// Encoding ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One type-length-value of version 2. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface V2Options {
  readonly tlvs?: readonly ProxyTlv[];
  /** Adds a checksum over the header. */
  readonly crc32c?: boolean;
}

/**
 * A version 1 header.
 * @param proxied undefined: UNKNOWN. Ends of two families go as IPv6, the IPv4 one mapped into it.
 */
export function encodeV1(proxied: ProxiedConnection | undefined): Buffer {
  if (proxied === undefined) return Buffer.from("PROXY UNKNOWN\r\n", "latin1");
  const { source, destination } = proxied;
  const both4 = isIPv4(source.address) && isIPv4(destination.address);
  const text = ({ address }: ProxiedEnd): string => (both4 || isIPv6(address) ? address : `::ffff:${address}`);
  const addresses = `${text(source)} ${text(destination)} ${source.port} ${destination.port}`;
  return Buffer.from(`PROXY TCP${both4 ? 4 : 6} ${addresses}\r\n`, "latin1");
}

/**
 * A version 2 header.
 * @param proxied undefined: LOCAL, a connection of the proxy's own
 * @throws RangeError if the TLVs are longer than a header may be
 */
export function encodeV2(proxied: ProxiedConnection | undefined, options: V2Options = {}): Buffer {
  const tlvs = (options.tlvs ?? []).map(encodeTlv);
  const checksum = options.crc32c === true ? [encodeTlv({ type: Tlv.crc32c, value: new Uint8Array(4) })] : [];
  const addresses = proxied === undefined ? EMPTY : encodeAddresses(proxied);
  const header = Buffer.concat([SIGNATURE, new Uint8Array(4), addresses, ...tlvs, ...checksum]);
  if (header.length > LONGEST_HEADER) throw new RangeError("the TLVs make the PROXY header too long");
  header[12] = (2 << 4) | (proxied === undefined ? Command.local : Command.proxy);
  header[13] = FAMILY_OF_LENGTH[addresses.length]!;
  header.writeUInt16BE(header.length - V2_FIXED, 14);
  if (options.crc32c === true) header.writeUInt32BE(crc32c(header, 0, header.length), header.length - 4);
  return header;
}

const EMPTY = new Uint8Array(0);
const FAMILY_OF_LENGTH: Readonly<Record<number, number>> = {
  0: Family.unspecified,
  12: (Family.ipv4 << 4) | Transport.stream,
  36: (Family.ipv6 << 4) | Transport.stream,
};

function encodeAddresses({ source, destination }: ProxiedConnection): Uint8Array {
  const both4 = isIPv4(source.address) && isIPv4(destination.address);
  const bytesOf = ({ address }: ProxiedEnd): Uint8Array =>
    both4 ? ipv4Bytes(address) : ipv6Bytes(isIPv6(address) ? address : `::ffff:${address}`);
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(source.port, 0);
  ports.writeUInt16BE(destination.port, 2);
  return Buffer.concat([bytesOf(source), bytesOf(destination), ports]);
}

/** Type, length and value. */
export function encodeTlv({ type, value }: ProxyTlv): Buffer {
  const fixed = Buffer.alloc(TLV_FIXED);
  fixed[0] = type;
  fixed.writeUInt16BE(value.length, 1);
  return Buffer.concat([fixed, value]);
}
