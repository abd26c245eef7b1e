/** The frame that tells a link where an IPv6 address lives now (RFC 4861 §7.2.6, RFC 9568 §6.4.2). */
import { type IpAddress, parseIp, writeAddress } from "./ip-address.js";
import { headerLength, pseudoHeaderSum, writeIpHeader } from "./ip-header.js";
import { internetChecksum, writeUint16 } from "./ipv4.js";

const ETHERNET_HEADER = 14;
/** Type, flags, target, and the option with the target's link-layer address. */
const MESSAGE_LENGTH = 32;
export const NEIGHBOUR_ADVERTISEMENT_LENGTH = ETHERNET_HEADER + headerLength(6) + MESSAGE_LENGTH;

const ALL_NODES = parseIp("ff02::1")!;
const ALL_NODES_ETHERNET = [0x33, 0x33, 0, 0, 0, 1];
const ETHERNET_TYPE_IPV6 = [0x86, 0xdd];
const IPPROTO_ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
const ROUTER = 0x80;
const OVERRIDE = 0x20;
const TARGET_LINK_LAYER_ADDRESS = 2;

/**
 * Writes an unsolicited neighbour advertisement for `address`, from that address to all nodes.
 * @param into     Room for `NEIGHBOUR_ADVERTISEMENT_LENGTH` octets from offset 0.
 * @param hardwareAddress the interface's six octets.
 * @param isRouter this host forwards packets
 */
export function encodeNeighbourAdvertisement(
  into: Uint8Array,
  hardwareAddress: Uint8Array,
  address: IpAddress,
  isRouter: boolean,
): number {
  into.set(ALL_NODES_ETHERNET, 0);
  into.set(hardwareAddress, 6);
  into.set(ETHERNET_TYPE_IPV6, 12);
  const packet = into.subarray(ETHERNET_HEADER, NEIGHBOUR_ADVERTISEMENT_LENGTH);
  writeIpHeader(packet, packet.length, IPPROTO_ICMPV6, 255, address, ALL_NODES, 0);
  const start = headerLength(6);
  packet.fill(0, start);
  packet[start] = NEIGHBOUR_ADVERTISEMENT;
  packet[start + 4] = OVERRIDE | (isRouter ? ROUTER : 0);
  writeAddress(packet, start + 8, address);
  packet[start + 24] = TARGET_LINK_LAYER_ADDRESS;
  packet[start + 25] = 1; // in units of eight octets
  packet.set(hardwareAddress, start + 26);
  const pseudo = pseudoHeaderSum(packet, 6, IPPROTO_ICMPV6, MESSAGE_LENGTH);
  writeUint16(packet, start + 2, internetChecksum(packet, start, MESSAGE_LENGTH, pseudo));
  return NEIGHBOUR_ADVERTISEMENT_LENGTH;
}
