/** Bytes ↔ VRRPv2 advertisement, inside its IPv4 packet (RFC 3768 §5). */
import { internetChecksum, readIpv4, writeIpv4 } from "./ipv4.js";

export const IPPROTO_VRRP = 112;
/** 224.0.0.18, the group that VRRP routers listen to. */
export const VRRP_GROUP = 0xe0000012;
/** A receiver on the link can tell by it that no router forwarded the packet (RFC 3768 §5.2.3). */
export const VRRP_TTL = 255;
/** Internetwork control (DSCP CS6): what keepalived sends and networks expect of routing protocols. */
const TYPE_OF_SERVICE = 0xc0;
const VERSION = 2;
const TYPE_ADVERTISEMENT = 1;
export const AUTH_NONE = 0;
export const AUTH_PASS = 1;

const IP_HEADER = 20;
const VRRP_HEADER = 8;
const AUTHENTICATION_DATA = 8;
export const MAX_ADDRESSES = 255;
/** The longest packet that `encodeAdvertisement` writes. */
export const MAX_PACKET = IP_HEADER + VRRP_HEADER + 4 * MAX_ADDRESSES + AUTHENTICATION_DATA;

/** Why a packet is discarded (RFC 3768 §7.1). */
export type Rejection =
  | "truncated"
  | "version"
  | "type"
  | "length"
  | "checksum"
  | "ttl"
  | "auth-type"
  | "auth-password"
  | "interval"
  | "destination";

export const REJECTIONS: readonly Rejection[] = [
  "truncated",
  "version",
  "type",
  "length",
  "checksum",
  "ttl",
  "auth-type",
  "auth-password",
  "interval",
  "destination",
];

/** One advertisement with the parts of its IPv4 header that matter. Reused: whoever keeps a field copies it. */
export class Advertisement {
  source = 0;
  destination = 0;
  ttl = 0;
  virtualRouterId = 0;
  /** 0: the master resigns. 255: it owns the addresses. */
  priority = 0;
  /** Whole seconds, 1–255. */
  advertInterval = 0;
  authenticationType = AUTH_NONE;
  readonly password = new Uint8Array(AUTHENTICATION_DATA);
  addressCount = 0;
  readonly addresses = new Uint32Array(MAX_ADDRESSES);
}

/** What one instance sends, and expects of its peers. */
export interface AdvertisementSettings {
  readonly virtualRouterId: number;
  /** Whole seconds, 1–255. */
  readonly advertInterval: number;
  /** Eight octets, padded with zeros; undefined: no authentication. */
  readonly password: Uint8Array | undefined;
  readonly addresses: readonly number[];
  /** Unicast peers may be routers away, so that their TTL says nothing. */
  readonly unicast: boolean;
}

/** A PASS password as it stands in a packet: eight octets, cut or padded with zeros (RFC 2338 §5.3.6.1). */
export function passwordOctets(password: string): Uint8Array {
  const octets = new Uint8Array(AUTHENTICATION_DATA);
  octets.set(new TextEncoder().encode(password).subarray(0, AUTHENTICATION_DATA));
  return octets;
}

/**
 * Writes a whole IPv4 packet with one advertisement.
 * @param into           Room for `MAX_PACKET` octets.
 * @param priority       0–255; 0 resigns.
 * @param identification The IP header's, 16 bits.
 * @returns its length in octets.
 */
export function encodeAdvertisement(
  into: Uint8Array,
  settings: AdvertisementSettings,
  source: number,
  destination: number,
  priority: number,
  identification: number,
): number {
  const count = settings.addresses.length;
  const length = IP_HEADER + VRRP_HEADER + 4 * count + AUTHENTICATION_DATA;
  into.fill(0, 0, length);
  writeIpHeader(into, length, source, destination, identification);
  into[20] = (VERSION << 4) | TYPE_ADVERTISEMENT;
  into[21] = settings.virtualRouterId;
  into[22] = priority;
  into[23] = count;
  into[24] = settings.password === undefined ? AUTH_NONE : AUTH_PASS;
  into[25] = settings.advertInterval;
  for (let index = 0; index < count; index++) writeIpv4(into, 28 + 4 * index, settings.addresses[index]!);
  if (settings.password !== undefined) into.set(settings.password, 28 + 4 * count);
  writeUint16(into, 26, internetChecksum(into, IP_HEADER, length - IP_HEADER));
  return length;
}

function writeIpHeader(into: Uint8Array, length: number, source: number, destination: number, id: number): void {
  into[0] = 0x45;
  into[1] = TYPE_OF_SERVICE;
  writeUint16(into, 2, length);
  writeUint16(into, 4, id);
  into[8] = VRRP_TTL;
  into[9] = IPPROTO_VRRP;
  writeIpv4(into, 12, source);
  writeIpv4(into, 16, destination);
  writeUint16(into, 10, internetChecksum(into, 0, IP_HEADER));
}

/**
 * The virtual router that a packet is for, read before anything is checked, so that even a malformed packet is
 * counted for its instance.
 * @returns 0 (never a valid identifier) if the packet is too short to say.
 */
export function peekVirtualRouterId(packet: Uint8Array, length: number): number {
  const at = headerLength(packet, length) + 1;
  return at > IP_HEADER && at < length ? packet[at]! : 0;
}

/**
 * Decodes one advertisement into `into` (RFC 3768 §5, §7.1). Allocates nothing, never throws.
 * @param packet Bytes from the first octet of the IPv4 header.
 * @param length Octets received; padding behind the IP total length is ignored.
 * @param into   Overwritten only on "ok".
 * @returns "ok", or why the receiver must discard it whatever its own settings are.
 */
export function decodeAdvertisement(packet: Uint8Array, length: number, into: Advertisement): "ok" | Rejection {
  const start = headerLength(packet, length);
  if (start === 0) return "truncated";
  const total = readUint16(packet, 2);
  if (total > length || total < start + VRRP_HEADER || isFragment(packet)) return "truncated";
  if (packet[start]! >> 4 !== VERSION) return "version";
  if ((packet[start]! & 15) !== TYPE_ADVERTISEMENT) return "type";
  const count = packet[start + 3]!;
  if (total - start !== VRRP_HEADER + 4 * count + AUTHENTICATION_DATA) return "length";
  if (internetChecksum(packet, start, total - start) !== 0) return "checksum";

  into.source = readIpv4(packet, 12);
  into.destination = readIpv4(packet, 16);
  into.ttl = packet[8]!;
  into.virtualRouterId = packet[start + 1]!;
  into.priority = packet[start + 2]!;
  into.addressCount = count;
  into.authenticationType = packet[start + 4]!;
  into.advertInterval = packet[start + 5]!;
  for (let index = 0; index < count; index++) into.addresses[index] = readIpv4(packet, start + 8 + 4 * index);
  const password = total - AUTHENTICATION_DATA;
  for (let index = 0; index < AUTHENTICATION_DATA; index++) into.password[index] = packet[password + index]!;
  return "ok";
}

/**
 * Judges a decoded advertisement by an instance's own settings (RFC 3768 §7.1). The list of addresses is not
 * judged: RFC 9568 §7.1 forbids to drop a packet for it, since two masters are worse (see `sameAddresses`).
 */
export function checkAdvertisement(received: Advertisement, own: AdvertisementSettings): "ok" | Rejection {
  const multicast = received.destination >>> 28 === 0xe;
  if (multicast === own.unicast) return "destination";
  if (multicast && received.ttl !== VRRP_TTL) return "ttl";
  if (received.authenticationType !== (own.password === undefined ? AUTH_NONE : AUTH_PASS)) return "auth-type";
  if (own.password !== undefined && !sameOctets(received.password, own.password)) return "auth-password";
  // VRRPv2 has nobody learn the interval: routers that disagree would not agree on when the master is dead.
  if (received.advertInterval !== own.advertInterval) return "interval";
  return "ok";
}

/** Whether the sender advertises the same addresses, in any order. */
export function sameAddresses(received: Advertisement, own: AdvertisementSettings): boolean {
  if (received.addressCount !== own.addresses.length) return false;
  return own.addresses.every((address) => {
    const index = received.addresses.indexOf(address);
    return index >= 0 && index < received.addressCount;
  });
}

/** Octets of the IPv4 header, or 0 if there is no whole one. */
function headerLength(packet: Uint8Array, length: number): number {
  if (length < IP_HEADER || packet[0]! >> 4 !== 4) return 0;
  const octets = (packet[0]! & 15) * 4;
  return octets < IP_HEADER || octets > length ? 0 : octets;
}

/** More fragments, or an offset: the kernel's raw sockets hand over whole packets, a packet socket does not. */
function isFragment(packet: Uint8Array): boolean {
  return (readUint16(packet, 6) & 0x3fff) !== 0;
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  for (let index = 0; index < AUTHENTICATION_DATA; index++) if (a[index] !== b[index]) return false;
  return true;
}

function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

function writeUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}
