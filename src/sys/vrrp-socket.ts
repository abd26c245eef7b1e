/**
 * The raw sockets that VRRP travels by (raw(7), packet(7), ipv6(7)). Functions return a descriptor or a negated errno,
 * and need CAP_NET_RAW. A deleted interface takes a socket's membership with it: open another when it is back.
 */
import { AF_INET, AF_INET6, ipv4Bytes, ipv6Bytes, type SocketAddress } from "./address.js";
import { allocate, type Memory } from "./memory.js";
import {
  attachFilter,
  type Instruction,
  IS_EQUAL,
  LOAD_HEADER_LENGTH,
  LOAD_OCTET,
  LOAD_OCTET_BEHIND_INDEX,
  RETURN,
  WHOLE,
} from "./packet-filter.js";
import { AF_PACKET, linkAddress } from "./packet-socket.js";
import {
  bind,
  bindToDevice,
  close,
  IP_ADD_MEMBERSHIP,
  IP_HDRINCL,
  IP_MULTICAST_ALL,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IPPROTO_AH,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_VRRP,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
  setOption,
  setOptionBytes,
  socket,
} from "./socket.js";

const SO_PRIORITY = 12;
/** Ahead of bulk traffic in the interface's queue (TC_PRIO_CONTROL, tc-prio(8)). */
const PRIORITY_CONTROL = 7;
const IPPROTO_RAW = 255;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_LOOP = 19;
const IPV6_ADD_MEMBERSHIP = 20;
const ETH_P_IP = 0x0800;
const ETH_P_IPV6 = 0x86dd;
const ETHERNET_ADDRESS_SIZE = 6;
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_MR_MULTICAST = 0;
/** Where the IP header names the protocol behind it: IPv4, IPv6. */
const PROTOCOL = 9;
const NEXT_HEADER = 6;
const FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

export interface VrrpSocketSettings {
  /** 0, with an empty name: any interface (unicast). */
  readonly ifindex: number;
  readonly ifname: string;
  /** The multicast group to join; none with unicast peers. */
  readonly group?: string;
  /** The group that a unicast socket listens to as well, if the interface lets it: whoever goes by multicast is noticed. */
  readonly overheard?: string;
  /** IPv4: 112, or 51 where an Authentication Header comes first. */
  readonly protocol?: number;
}

/**
 * An IPv4 socket on one interface. What is sent carries its own IP header (IP_HDRINCL; the kernel fills in length,
 * checksum and a zero identification), and what is received shows it.
 */
export function openVrrpSocket(settings: VrrpSocketSettings): number {
  const { ifindex, ifname, group, overheard, protocol = IPPROTO_VRRP } = settings;
  const fd = socket(AF_INET, SOCK_RAW | FLAGS, protocol);
  const request = group === undefined ? undefined : multicastRequest(group, ifindex);
  return prepared(fd, [
    // A host may have other traffic with an Authentication Header, and all of it would be copied here.
    () => (protocol === IPPROTO_AH ? attachFilter(fd, signedVrrp) : 0),
    () => (ifindex === 0 ? 0 : bindToDevice(fd, ifname)),
    () => setOption(fd, IPPROTO_IP, IP_HDRINCL, 1),
    () => hurry(fd),
    // Groups that other sockets of this host have joined are not for this one.
    () => (ifindex === 0 ? setOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) : 0),
    () => (overheard === undefined || ifindex === 0 ? 0 : overhear(fd, multicastRequest(overheard, ifindex))),
    ...(request === undefined
      ? []
      : [
          // Other sockets of this host join the group on other interfaces: those are not for this one.
          () => setOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0),
          // The state machine takes what it hears for another router's: its own must not come back to it.
          () => setOption(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0),
          () => setOptionBytes(fd, IPPROTO_IP, IP_MULTICAST_IF, request.address, 12),
          () => setOptionBytes(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request.address, 12),
        ]),
  ]);
}

/**
 * A socket that sends whole IPv6 packets by one interface and receives nothing; it holds the membership in the group
 * (its MLD report tells the switches) for the receiver.
 */
export function openVrrpSender6({ ifindex, ifname, group }: VrrpSocketSettings): number {
  const fd = socket(AF_INET6, SOCK_RAW | FLAGS, IPPROTO_RAW);
  const request = group === undefined ? undefined : multicastRequest6(group, ifindex);
  return prepared(fd, [
    () => (ifindex === 0 ? 0 : bindToDevice(fd, ifname)),
    () => hurry(fd),
    () => setOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0),
    () => setOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, ifindex),
    ...(request === undefined
      ? []
      : [() => setOptionBytes(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, request.address, 20)]),
  ]);
}

/**
 * A socket that receives every VRRP packet over IPv6 of one interface from its IP header on: the hop limit and the
 * destination are judged too, and the raw sockets of IPv6 hide both.
 */
export function openVrrpReceiver6({ ifindex }: VrrpSocketSettings): number {
  // No protocol yet: nothing arrives before the filter is there.
  const fd = socket(AF_PACKET, SOCK_DGRAM | FLAGS, 0);
  return prepared(fd, [
    () => attachFilter(fd, protocolIs(NEXT_HEADER, IPPROTO_VRRP)),
    () => bind(fd, linkAddress(ifindex, ETH_P_IPV6)),
  ]);
}

/**
 * A socket below IP, for a virtual router's own interface: sends to `multicastLinkAddress`, and receives whole packets.
 * It lets the group's frames through without IGMP or MLD, whose reports of a backup would leave from the virtual MAC
 * address and lead the switches astray; `openVrrpMember` on the interface below reports instead.
 */
export function openVrrpLinkSocket({ ifindex, group }: VrrpSocketSettings): number {
  const fd = socket(AF_PACKET, SOCK_DGRAM | FLAGS, 0);
  const is6 = group?.includes(":") === true;
  return prepared(fd, [
    () => attachFilter(fd, is6 ? protocolIs(NEXT_HEADER, IPPROTO_VRRP) : anyVrrp),
    () => bind(fd, linkAddress(ifindex, is6 ? ETH_P_IPV6 : ETH_P_IP)),
    () => hurry(fd),
    () => (group === undefined ? 0 : admit(fd, ifindex, group)),
  ]);
}

/** A socket that is a member of the group on that interface, so that switches send it there, and nothing else. */
export function openVrrpMember({ ifindex, group = "" }: VrrpSocketSettings): number {
  const is6 = group.includes(":");
  const fd = socket(is6 ? AF_INET6 : AF_INET, SOCK_DGRAM | FLAGS, 0);
  return prepared(fd, [
    is6
      ? () => setOptionBytes(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, multicastRequest6(group, ifindex).address, 20)
      : () => setOptionBytes(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, multicastRequest(group, ifindex).address, 12),
  ]);
}

/** Where `sendPacket` on a link socket sends to, for a group (RFC 1112 §6.4, RFC 2464 §7). */
export function multicastLinkAddress(ifindex: number, group: string): SocketAddress {
  const to = linkAddress(ifindex, group.includes(":") ? ETH_P_IPV6 : ETH_P_IP);
  to.memory.bytes[11] = ETHERNET_ADDRESS_SIZE;
  to.memory.bytes.set(multicastMac(group), 12);
  return to;
}

function multicastMac(group: string): Uint8Array {
  if (group.includes(":")) return Uint8Array.of(0x33, 0x33, ...ipv6Bytes(group).subarray(12));
  const [, second, third, fourth] = ipv4Bytes(group);
  return Uint8Array.of(0x01, 0x00, 0x5e, second! & 0x7f, third!, fourth!);
}

/** struct packet_mreq: lets frames to the group's MAC address in, without a word to the network. */
function admit(fd: number, ifindex: number, group: string): number {
  const memory = allocate(64);
  memory.bytes.fill(0);
  memory.bytes.writeInt32LE(ifindex, 0);
  memory.bytes.writeUInt16LE(PACKET_MR_MULTICAST, 4);
  memory.bytes.writeUInt16LE(ETHERNET_ADDRESS_SIZE, 6);
  memory.bytes.set(multicastMac(group), 8);
  return setOptionBytes(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, memory.address, 16);
}

function prepared(fd: number, steps: readonly (() => number)[]): number {
  if (fd < 0) return fd;
  for (const step of steps) {
    const result = step();
    if (result >= 0) continue;
    close(fd);
    return result;
  }
  return fd;
}

/** A nicety as well: a tunnel has no multicast. */
function overhear(fd: number, request: Memory): number {
  setOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  setOptionBytes(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request.address, 12);
  return 0;
}

/** A nicety that needs CAP_NET_ADMIN: without it nothing is lost. */
function hurry(fd: number): number {
  setOption(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL);
  return 0;
}

/** struct ip_mreqn: group, any local address, interface. */
function multicastRequest(group: string, ifindex: number): Memory {
  const memory = allocate(64);
  memory.bytes.fill(0);
  memory.bytes.set(ipv4Bytes(group), 0);
  memory.bytes.writeInt32LE(ifindex, 8);
  return memory;
}

/** struct ipv6_mreq: group, interface. */
function multicastRequest6(group: string, ifindex: number): Memory {
  const memory = allocate(64);
  memory.bytes.fill(0);
  memory.bytes.set(ipv6Bytes(group), 0);
  memory.bytes.writeInt32LE(ifindex, 16);
  return memory;
}

/** The octet of the IP header that names what follows it is `protocol`. */
const protocolIs = (offset: number, protocol: number): Instruction[] => [
  [LOAD_OCTET, 0, 0, offset],
  [IS_EQUAL, 0, 1, protocol],
  [RETURN, 0, 0, WHOLE],
  [RETURN, 0, 0, 0],
];

/** IPv4: an Authentication Header, which names in its first octet what is behind it. */
const signedVrrp: readonly Instruction[] = [
  [LOAD_HEADER_LENGTH, 0, 0, 0],
  [LOAD_OCTET_BEHIND_INDEX, 0, 0, 0],
  [IS_EQUAL, 0, 1, IPPROTO_VRRP],
  [RETURN, 0, 0, WHOLE],
  [RETURN, 0, 0, 0],
];

/** IPv4: VRRP, with an Authentication Header before it or without. */
const anyVrrp: readonly Instruction[] = [
  [LOAD_OCTET, 0, 0, PROTOCOL],
  [IS_EQUAL, 4, 0, IPPROTO_VRRP],
  [IS_EQUAL, 0, 4, IPPROTO_AH],
  ...signedVrrp,
];
