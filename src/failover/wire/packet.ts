/** Octets ↔ VRRP advertisement of version 2 (RFC 3768 §5) and 3 (RFC 9568 §5), inside its IP packet. */
import { type Microseconds, microseconds } from "../../config/units.js";
import {
  AH_LENGTH,
  hasAuthenticationHeader,
  isAuthentic,
  sequenceOf,
  writeAuthenticationHeader,
} from "./authentication-header.js";
import { addressLength, type Family, type IpAddress, isMulticast, parseIp } from "./ip-address.js";
import {
  headerLength,
  IPPROTO_AH,
  IPPROTO_VRRP,
  IpHeader,
  identificationOf,
  pseudoHeaderSum,
  readIpHeader,
  writeIpHeader,
} from "./ip-header.js";
import { internetChecksum, readUint16, writeUint16 } from "./ipv4.js";

/** The groups that VRRP routers listen to (RFC 9568 §5.1.1.2, §5.1.2.2). */
export const VRRP_GROUP = 0xe0000012;
export const VRRP_GROUP_IPV6 = parseIp("ff02::12")!;
/** A receiver on the link can tell by it that no router forwarded the packet (RFC 9568 §5.1.1.3). */
export const VRRP_TTL = 255;
const TYPE_ADVERTISEMENT = 1;
export const AUTH_NONE = 0;
export const AUTH_PASS = 1;
export const AUTH_AH = 2;

const VRRP_HEADER = 8;
const AUTHENTICATION_DATA = 8;
const CENTISECOND = 10_000;
export const MAX_ADDRESSES = 255;
/** The longest packet that `encodeAdvertisement` writes. */
export const MAX_PACKET = headerLength(6) + VRRP_HEADER + addressLength(6) * MAX_ADDRESSES;

/** Why a packet is discarded (RFC 3768 §7.1, RFC 9568 §7.1). */
export const REJECTIONS = [
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
  "replayed",
  "source",
] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** One advertisement with the parts of its IP header that matter. Reused: whoever keeps a field copies it. */
export class Advertisement {
  readonly header = new IpHeader();
  version = 0;
  virtualRouterId = 0;
  /** 0: the master resigns. 255: it owns the addresses. */
  priority = 0;
  /** Version 2: whole seconds, 1–255. Version 3: hundredths of a second, up to 40.95 s. */
  advertInterval = microseconds(0);
  authenticationType = AUTH_NONE;
  readonly password = new Uint8Array(AUTHENTICATION_DATA);
  /** The sequence number of its Authentication Header; -1: it has none. */
  sequence = -1;
  addressCount = 0;
  /** One after the other, of 4 or 16 octets each. */
  readonly addresses = new Uint8Array(MAX_ADDRESSES * addressLength(6));
  /** Unicast whose checksum is that of a packet to the multicast group, as keepalived ≤ 1.3.6 sends it. */
  hasOldChecksum = false;
}

/** Eight octets each, padded with zeros. */
export type Authentication =
  | { readonly type: "PASS"; readonly password: Uint8Array }
  | { readonly type: "AH"; readonly password: Uint8Array };

export interface Peer {
  readonly address: IpAddress;
  readonly minTtl: number;
  readonly maxTtl: number;
}

/** What one instance sends, and expects of its peers. */
export interface AdvertisementSettings {
  readonly virtualRouterId: number;
  readonly version: 2 | 3;
  /** That of the packets: the advertised addresses are of the same. */
  readonly family: Family;
  readonly advertInterval: Microseconds;
  /** undefined: none; there is none in version 3. */
  readonly authentication: Authentication | undefined;
  /** Octets of each, in the order of the file. */
  readonly addresses: readonly Uint8Array[];
  readonly unicast: boolean;
  /** Where multicast advertisements go to. */
  readonly group: IpAddress;
  /** Unicast: routers to send to one by one. They may be routers away, so that their TTL says nothing. */
  readonly peers: readonly Peer[];
  /** Unicast: nobody but the peers may speak. */
  readonly checkSource: boolean;
  /** TTL or hop limit of what is sent. */
  readonly ttl: number;
  /**
   * What the checksum of version 3 over IPv4 covers: the pseudo-header too (RFC 5798, and keepalived unless told
   * otherwise), or the message alone (RFC 9568). Either is accepted.
   */
  readonly plainChecksum: boolean;
  /**
   * Unicast of version 3 over IPv4: whether the pseudo-header names the multicast group in place of the peer, as
   * keepalived ≤ 1.3.6 has it. "auto": not sent until it is received; "never": not accepted either.
   */
  readonly oldUnicastChecksum: "auto" | "always" | "never";
}

/** A password as it stands in a packet: eight octets, cut or padded with zeros (RFC 2338 §5.3.6.1). */
export function passwordOctets(password: string): Uint8Array {
  const octets = new Uint8Array(AUTHENTICATION_DATA);
  octets.set(new TextEncoder().encode(password).subarray(0, AUTHENTICATION_DATA));
  return octets;
}

/**
 * Writes a whole IP packet with one advertisement.
 * @param into     Room for `MAX_PACKET` octets.
 * @param priority 0–255; 0 resigns.
 * @param serial   Counts the packets from 1: the sequence number of an Authentication Header, and what makes the IPv4
 *                 identification.
 * @returns its length in octets.
 */
export function encodeAdvertisement(
  into: Uint8Array,
  own: AdvertisementSettings,
  source: IpAddress,
  destination: IpAddress,
  priority: number,
  serial: number,
): number {
  const { authentication, family, version } = own;
  const isSigned = authentication?.type === "AH";
  const start = headerLength(family) + (isSigned ? AH_LENGTH : 0);
  const authenticationAt = start + VRRP_HEADER + addressLength(family) * own.addresses.length;
  const length = authenticationAt + (version === 2 ? AUTHENTICATION_DATA : 0);
  const protocol = isSigned ? IPPROTO_AH : IPPROTO_VRRP;
  writeIpHeader(into, length, protocol, own.ttl, source, destination, identificationOf(serial));
  into.fill(0, start, length);
  into[start] = (version << 4) | TYPE_ADVERTISEMENT;
  into[start + 1] = own.virtualRouterId;
  into[start + 2] = priority;
  into[start + 3] = own.addresses.length;
  if (version === 2) {
    into[start + 4] = authenticationType(own);
    into[start + 5] = Math.round(own.advertInterval / 1_000_000);
    if (authentication?.type === "PASS") into.set(authentication.password, authenticationAt);
  } else writeUint16(into, start + 4, Math.round(own.advertInterval / CENTISECOND));
  let at = start + VRRP_HEADER;
  for (const address of own.addresses) {
    into.set(address, at);
    at += address.length;
  }
  const isPlain = version === 2 || (family === 4 && own.plainChecksum);
  const isOld = own.unicast && family === 4 && own.oldUnicastChecksum === "always";
  const pseudo = isPlain
    ? 0
    : (isOld ? oldPseudoHeaderSum : pseudoHeaderSum)(into, family, IPPROTO_VRRP, length - start);
  writeUint16(into, start + 6, internetChecksum(into, start, length - start, pseudo));
  if (isSigned) {
    writeAuthenticationHeader(into, headerLength(family), length, authentication.password, serial, own.unicast);
  }
  return length;
}

/** The same as if the packet went to the multicast group. */
const oldPseudoHeaderSum: typeof pseudoHeaderSum = (packet, family, protocol, length) =>
  pseudoHeaderSum(packet, family, protocol, length) -
  (readUint16(packet, 16) + readUint16(packet, 18)) +
  ((VRRP_GROUP >>> 16) + (VRRP_GROUP & 0xffff));

const authenticationType = ({ authentication }: AdvertisementSettings): number =>
  authentication === undefined ? AUTH_NONE : authentication.type === "AH" ? AUTH_AH : AUTH_PASS;

const peeked = new IpHeader();

/**
 * The virtual router that a packet is for, read before anything is checked, so that even a malformed packet is
 * counted for its instance.
 * @returns 0 (never a valid identifier) if the packet is too short to say.
 */
export function peekVirtualRouterId(packet: Uint8Array, length: number): number {
  // What was cut off can still say whom it was for.
  if (!readIpHeader(packet, length, peeked)) {
    const version = length === 0 ? 0 : packet[0]! >> 4;
    if (version !== 4 && version !== 6) return 0;
    peeked.start = version === 4 ? Math.max(headerLength(4), (packet[0]! & 15) * 4) : headerLength(6);
    peeked.protocol = IPPROTO_VRRP;
  }
  const at = peeked.start + (peeked.protocol === IPPROTO_AH ? AH_LENGTH : 0) + 1;
  return at < length ? packet[at]! : 0;
}

const found = new IpHeader();

/**
 * Decodes one advertisement into `into` (RFC 3768 §5, RFC 9568 §5). Allocates nothing, never throws.
 * @param packet Octets from the first of the IP header.
 * @param length Octets received; padding behind the IP packet's end is ignored.
 * @param into   Overwritten only on "ok".
 * @returns "ok", or why the receiver must discard it whatever its own settings are.
 */
export function decodeAdvertisement(packet: Uint8Array, length: number, into: Advertisement): "ok" | Rejection {
  if (!readIpHeader(packet, length, found)) return "truncated";
  const isSigned = found.protocol === IPPROTO_AH;
  if (isSigned && !hasAuthenticationHeader(packet, found)) return "truncated";
  const { family, end } = found;
  const start = found.start + (isSigned ? AH_LENGTH : 0);
  const total = end - start;
  if (total < VRRP_HEADER) return "truncated";
  const version = packet[start]! >> 4;
  if ((version !== 2 && version !== 3) || (version === 2 && family === 6)) return "version";
  if ((packet[start]! & 15) !== TYPE_ADVERTISEMENT) return "type";
  const count = packet[start + 3]!;
  const addresses = count * addressLength(family);
  if (total !== VRRP_HEADER + addresses + (version === 2 ? AUTHENTICATION_DATA : 0)) return "length";
  const checksum = checksumForm(packet, family, version, start, total);
  if (checksum === "wrong") return "checksum";

  Object.assign(into.header, found);
  into.version = version;
  into.hasOldChecksum = checksum === "old-unicast";
  into.virtualRouterId = packet[start + 1]!;
  into.priority = packet[start + 2]!;
  into.addressCount = count;
  into.sequence = isSigned ? sequenceOf(packet, found) : -1;
  for (let index = 0; index < addresses; index++) into.addresses[index] = packet[start + VRRP_HEADER + index]!;
  if (version === 3) {
    into.authenticationType = AUTH_NONE;
    into.advertInterval = microseconds((readUint16(packet, start + 4) & 0xfff) * CENTISECOND);
    return "ok";
  }
  into.authenticationType = packet[start + 4]!;
  into.advertInterval = microseconds(packet[start + 5]! * 1_000_000);
  const password = end - AUTHENTICATION_DATA;
  for (let index = 0; index < AUTHENTICATION_DATA; index++) into.password[index] = packet[password + index]!;
  return "ok";
}

/** What the checksum covers beside the message: version 2 nothing, IPv6 the pseudo-header, version 3 over IPv4 either. */
function checksumForm(
  packet: Uint8Array,
  family: Family,
  version: number,
  start: number,
  length: number,
): "message" | "pseudo-header" | "old-unicast" | "wrong" {
  if (family === 4 && internetChecksum(packet, start, length) === 0) return "message";
  if (version === 2) return "wrong";
  if (internetChecksum(packet, start, length, pseudoHeaderSum(packet, family, IPPROTO_VRRP, length)) === 0)
    return "pseudo-header";
  const old = family === 4 ? oldPseudoHeaderSum(packet, family, IPPROTO_VRRP, length) : 0;
  return family === 4 && internetChecksum(packet, start, length, old) === 0 ? "old-unicast" : "wrong";
}

/**
 * Judges a decoded advertisement by an instance's own settings (RFC 3768 §7.1, RFC 9568 §7.1). The list of addresses
 * is not judged: RFC 9568 §7.1 forbids to drop a packet for it, since two masters are worse (see `sameAddresses`).
 * @param packet       the octets that it was decoded from
 * @param lastSequence the sequence number that was accepted last; what is not above it is a replay (RFC 2402 §3.4.3)
 */
export function checkAdvertisement(
  received: Advertisement,
  own: AdvertisementSettings,
  packet: Uint8Array,
  lastSequence = -1,
): "ok" | Rejection {
  const { header } = received;
  const multicast = isMulticast(header.destination);
  if (multicast === own.unicast || (multicast && header.destination !== own.group)) return "destination";
  if (multicast && header.ttl !== VRRP_TTL) return "ttl";
  if (received.version !== own.version) return "version";
  if (received.hasOldChecksum && own.oldUnicastChecksum === "never") return "checksum";
  if (own.unicast) {
    const peer = own.peers.find(({ address }) => address === header.source);
    if (peer === undefined && own.checkSource) return "source";
    if (peer !== undefined && (header.ttl < peer.minTtl || header.ttl > peer.maxTtl)) return "ttl";
  }
  const authentication = checkAuthentication(received, own, packet, lastSequence);
  if (authentication !== "ok") return authentication;
  // No master can advertise all the time, nor without an address (RFC 9568, errata 8299 and 8301).
  if (received.advertInterval === 0) return "interval";
  // VRRPv2 has nobody learn the interval: routers that disagree would not agree on when the master is dead.
  if (own.version === 2 && received.advertInterval !== own.advertInterval) return "interval";
  return "ok";
}

function checkAuthentication(
  received: Advertisement,
  own: AdvertisementSettings,
  packet: Uint8Array,
  lastSequence: number,
): "ok" | Rejection {
  const { authentication } = own;
  const isSigned = received.sequence >= 0;
  if (received.authenticationType !== authenticationType(own) || isSigned !== (authentication?.type === "AH"))
    return "auth-type";
  if (authentication?.type === "PASS" && !sameOctets(received.password, authentication.password))
    return "auth-password";
  if (authentication?.type !== "AH") return "ok";
  if (!isAuthentic(packet, received.header, authentication.password, own.unicast)) return "auth-password";
  return received.sequence > lastSequence ? "ok" : "replayed";
}

/** Whether the sender advertises the same addresses, in any order. */
export function sameAddresses(received: Advertisement, own: AdvertisementSettings): boolean {
  if (received.addressCount !== own.addresses.length) return false;
  return own.addresses.every((address) => listsAddress(received, address));
}

/** Whether the sender advertises at least one of our addresses. */
export const sharesAddress = (received: Advertisement, own: AdvertisementSettings): boolean =>
  received.header.family === own.family && own.addresses.some((address) => listsAddress(received, address));

function listsAddress({ addresses, addressCount }: Advertisement, wanted: Uint8Array): boolean {
  for (let at = 0; at < addressCount * wanted.length; at += wanted.length)
    if (sameOctets(addresses, wanted, at)) return true;
  return false;
}

function sameOctets(bytes: Uint8Array, wanted: Uint8Array, at = 0): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}
