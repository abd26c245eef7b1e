/** Neighbour Discovery messages in their Ethernet frames (RFC 4861 §4.3, §4.4): both have one target and one option. */

import type { Claimed } from "./arp.js";
import { type IpAddress, readAddress, writeAddress } from "./ip-address.js";
import { headerLength, IpHeader, pseudoHeaderSum, readIpHeader, writeIpHeader } from "./ip-header.js";
import { internetChecksum, writeUint16 } from "./ipv4.js";
import { formatMac } from "./mac.js";

const ETHERNET_HEADER = 14;
/** Type, flags, target, and the option with a link-layer address. */
const MESSAGE_LENGTH = 32;
const WITHOUT_OPTION = 24;
export const NEIGHBOUR_FRAME_LENGTH = ETHERNET_HEADER + headerLength(6) + MESSAGE_LENGTH;

const ETHERNET_TYPE_IPV6 = [0x86, 0xdd];
const IPPROTO_ICMPV6 = 58;
/** Who is on the link can tell by it that no router forwarded the message (RFC 4861 §7.1). */
const HOP_LIMIT = 255;
const NEIGHBOUR_ADVERTISEMENT = 136;
const TARGET_LINK_LAYER_ADDRESS = 2;

export interface NeighbourMessage {
  readonly type: number;
  readonly flags: number;
  readonly source: IpAddress;
  /** A group. */
  readonly destination: bigint;
  readonly target: IpAddress;
  /** What the option's address is: 1 the source's, 2 the target's. */
  readonly option: number;
}

/** @param into room for `NEIGHBOUR_FRAME_LENGTH` octets. @param hardwareAddress the interface's, which the option tells. */
export function writeNeighbourMessage(
  into: Uint8Array,
  hardwareAddress: Uint8Array,
  message: NeighbourMessage,
): number {
  const { type, flags, source, destination, target, option } = message;
  into.set([0x33, 0x33], 0);
  writeUint16(into, 2, Number((destination >> 16n) & 0xffffn));
  writeUint16(into, 4, Number(destination & 0xffffn));
  into.set(hardwareAddress, 6);
  into.set(ETHERNET_TYPE_IPV6, 12);
  const packet = into.subarray(ETHERNET_HEADER, NEIGHBOUR_FRAME_LENGTH);
  writeIpHeader(packet, packet.length, IPPROTO_ICMPV6, HOP_LIMIT, source, destination, 0);
  const start = headerLength(6);
  packet.fill(0, start);
  packet[start] = type;
  packet[start + 4] = flags;
  writeAddress(packet, start + 8, target);
  packet[start + WITHOUT_OPTION] = option;
  packet[start + WITHOUT_OPTION + 1] = 1; // in units of eight octets
  packet.set(hardwareAddress, start + WITHOUT_OPTION + 2);
  const pseudo = pseudoHeaderSum(packet, 6, IPPROTO_ICMPV6, MESSAGE_LENGTH);
  writeUint16(packet, start + 2, internetChecksum(packet, start, MESSAGE_LENGTH, pseudo));
  return NEIGHBOUR_FRAME_LENGTH;
}

const header = new IpHeader();

/**
 * What a neighbour advertisement claims.
 * @param packet from the IP header on. @returns undefined if it is none, is damaged, or tells no link-layer address.
 */
export function decodeNeighbourAdvertisement(packet: Uint8Array, length: number): Claimed | undefined {
  if (!readIpHeader(packet, length, header) || header.family !== 6) return undefined;
  const { protocol, start, end, ttl, destination } = header;
  const size = end - start;
  if (protocol !== IPPROTO_ICMPV6 || ttl !== HOP_LIMIT || size < MESSAGE_LENGTH) return undefined;
  if (packet[start] !== NEIGHBOUR_ADVERTISEMENT || packet[start + WITHOUT_OPTION] !== TARGET_LINK_LAYER_ADDRESS)
    return undefined;
  if (internetChecksum(packet, start, size, pseudoHeaderSum(packet, 6, IPPROTO_ICMPV6, size)) !== 0) return undefined;
  const address = readAddress(packet, start + 8, 6);
  return { address, mac: formatMac(packet, start + WITHOUT_OPTION + 2), to: destination };
}
