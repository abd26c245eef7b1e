/** Sockets that hear what others on the links say of addresses (packet(7)). They send nothing, and need CAP_NET_RAW. */
import {
  attachFilter,
  type Instruction,
  IS_EQUAL,
  LOAD_HALF,
  LOAD_OCTET,
  LOAD_WORD,
  MAX_INSTRUCTIONS,
  RETURN,
  WHOLE,
} from "./packet-filter.js";
import { AF_PACKET, linkAddress } from "./packet-socket.js";
import { bind, close, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, socket } from "./socket.js";

const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
const ALL_INTERFACES = 0;
// In an ARP packet for IPv4 over Ethernet.
const OPERATION = 6;
const SENDER = 14;
const REPLY = 2;
// In an IPv6 packet.
const NEXT_HEADER = 6;
const ICMPV6_TYPE = 40;
const IPPROTO_ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;

/**
 * Hears ARP replies, and whatever else comes in the name of one of `addresses`; packets begin with the ARP header.
 * @returns a descriptor or a negated errno.
 */
export const openArpListener = (addresses: readonly number[]): number => listener(ETH_P_ARP, claimsOf(addresses));

/** Hears neighbour advertisements; packets begin with the IPv6 header. @returns a descriptor or a negated errno. */
export const openNeighbourListener = (): number =>
  listener(ETH_P_IPV6, [
    [LOAD_OCTET, 0, 0, NEXT_HEADER],
    [IS_EQUAL, 0, 3, IPPROTO_ICMPV6],
    [LOAD_OCTET, 0, 0, ICMPV6_TYPE],
    [IS_EQUAL, 0, 1, NEIGHBOUR_ADVERTISEMENT],
    [RETURN, 0, 0, WHOLE],
    [RETURN, 0, 0, 0],
  ]);

function claimsOf(addresses: readonly number[]): Instruction[] {
  const program: Instruction[] = [
    [LOAD_HALF, 0, 0, OPERATION],
    [IS_EQUAL, 0, 1, REPLY],
    [RETURN, 0, 0, WHOLE],
    [LOAD_WORD, 0, 0, SENDER],
    ...addresses.flatMap((address): Instruction[] => [
      [IS_EQUAL, 0, 1, address],
      [RETURN, 0, 0, WHOLE],
    ]),
    [RETURN, 0, 0, 0],
  ];
  return program.length <= MAX_INSTRUCTIONS ? program : [[RETURN, 0, 0, WHOLE]];
}

function listener(etherType: number, filter: readonly Instruction[]): number {
  // No protocol yet: nothing arrives before the filter is there.
  const fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  const attached = attachFilter(fd, filter);
  const result = attached < 0 ? attached : bind(fd, linkAddress(ALL_INTERFACES, etherType));
  if (result >= 0) return fd;
  close(fd);
  return result;
}
