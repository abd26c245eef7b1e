/** The IP header around a VRRP message, of both versions (RFC 791 §3.1, RFC 8200 §3). */
import { addressLength, type Family, familyOf, type IpAddress, readAddress, writeAddress } from "./ip-address.js";
import { internetChecksum, readUint16, writeUint16 } from "./ipv4.js";

export const IPPROTO_AH = 51;
export const IPPROTO_VRRP = 112;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
/** Internetwork control (DSCP CS6): what keepalived sends and networks expect of routing protocols. */
const TRAFFIC_CLASS = 0xc0;

export const headerLength = (family: Family): number => (family === 4 ? IPV4_HEADER : IPV6_HEADER);

/** What of a received header matters. Reused: whoever keeps a field copies it. */
export class IpHeader {
  family: Family = 4;
  source: IpAddress = 0;
  destination: IpAddress = 0;
  /** TTL or hop limit. */
  ttl = 0;
  protocol = 0;
  /** Where the payload begins, in octets from the first of the header. */
  start = 0;
  /** Where it ends; padding behind is not part of the packet. */
  end = 0;
}

/**
 * @param packet Octets from the first of the IP header; `length` of them have been received.
 * @returns whether there is a whole header and the whole packet that it tells of, and that is no fragment.
 */
export function readIpHeader(packet: Uint8Array, length: number, into: IpHeader): boolean {
  const version = length === 0 ? 0 : packet[0]! >> 4;
  if (version === 4) return readIpv4Header(packet, length, into);
  return version === 6 && readIpv6Header(packet, length, into);
}

function readIpv4Header(packet: Uint8Array, length: number, into: IpHeader): boolean {
  const start = (packet[0]! & 15) * 4;
  if (length < IPV4_HEADER || start < IPV4_HEADER || start > length) return false;
  const end = readUint16(packet, 2);
  // More fragments, or an offset: the kernel's raw sockets hand over whole packets, a packet socket does not.
  const isFragment = (readUint16(packet, 6) & 0x3fff) !== 0;
  if (end > length || end < start || isFragment) return false;
  into.family = 4;
  into.ttl = packet[8]!;
  into.protocol = packet[9]!;
  into.source = readAddress(packet, 12, 4);
  into.destination = readAddress(packet, 16, 4);
  into.start = start;
  into.end = end;
  return true;
}

/** Extension headers have no place before VRRP: their packet is one of another protocol. */
function readIpv6Header(packet: Uint8Array, length: number, into: IpHeader): boolean {
  if (length < IPV6_HEADER) return false;
  const end = IPV6_HEADER + readUint16(packet, 4);
  if (end > length) return false;
  into.family = 6;
  into.protocol = packet[6]!;
  into.ttl = packet[7]!;
  into.source = readAddress(packet, 8, 6);
  into.destination = readAddress(packet, 24, 6);
  into.start = IPV6_HEADER;
  into.end = end;
  return true;
}

/**
 * Writes the header of a packet of `length` octets in all.
 * @param identification IPv4 only, see `identificationOf`.
 */
export function writeIpHeader(
  into: Uint8Array,
  length: number,
  protocol: number,
  ttl: number,
  source: IpAddress,
  destination: IpAddress,
  identification: number,
): void {
  into.fill(0, 0, headerLength(familyOf(source)));
  if (typeof source === "number") {
    into[0] = 0x45;
    into[1] = TRAFFIC_CLASS;
    writeUint16(into, 2, length);
    writeUint16(into, 4, identification);
    into[8] = ttl;
    into[9] = protocol;
    writeAddress(into, 12, source);
    writeAddress(into, 16, destination);
    writeUint16(into, 10, internetChecksum(into, 0, IPV4_HEADER));
    return;
  }
  into[0] = 0x60 | (TRAFFIC_CLASS >> 4);
  into[1] = (TRAFFIC_CLASS & 15) << 4;
  writeUint16(into, 4, length - IPV6_HEADER);
  into[6] = protocol;
  into[7] = ttl;
  writeAddress(into, 8, source);
  writeAddress(into, 24, destination);
}

/** Gives a packet that is sent again another identification (IPv4; nothing else of the header changes). */
export function renumber(packet: Uint8Array, identification: number): void {
  if (packet[0] !== 0x45) return;
  writeUint16(packet, 4, identification);
  writeUint16(packet, 10, 0);
  writeUint16(packet, 10, internetChecksum(packet, 0, IPV4_HEADER));
}

/** 1 to 65,535: the kernel would put its own number in place of 0. @param serial counts the packets from 1 */
export const identificationOf = (serial: number): number => ((serial + 0xfffe) % 0xffff) + 1;

/**
 * The sum of the pseudo-header that a checksum covers besides its message (RFC 8200 §8.1; RFC 5798 §5.2.8 for IPv4),
 * not folded, to be given to `internetChecksum`.
 * @param packet Octets from the first of the IP header.
 * @param length Octets of the message.
 */
export function pseudoHeaderSum(packet: Uint8Array, family: Family, protocol: number, length: number): number {
  const from = family === 4 ? 12 : 8;
  let sum = protocol + length;
  for (let at = from; at < from + 2 * addressLength(family); at += 2) sum += readUint16(packet, at);
  return sum;
}
