/** Sockets below UDP and TCP: raw IPv4 for VRRP (raw(7)) and Ethernet frames for ARP (packet(7)). */
import { AF_INET, ipv4Bytes, type SocketAddress } from "./address.js";
import { allocate, type Memory } from "./memory.js";
import {
  bindToDevice,
  close,
  IP_ADD_MEMBERSHIP,
  IP_HDRINCL,
  IP_MULTICAST_ALL,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IPPROTO_IP,
  IPPROTO_VRRP,
  MSG_DONTWAIT,
  recv,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOL_SOCKET,
  sendTo,
  setOption,
  setOptionBytes,
  socket,
} from "./socket.js";

export const AF_PACKET = 17;
/** Where VRRP routers listen (RFC 9568 §5.1.1.2). */
export const VRRP_GROUP = "224.0.0.18";

const SO_PRIORITY = 12;
/** Ahead of bulk traffic in the interface's queue (TC_PRIO_CONTROL, tc-prio(8)). */
const PRIORITY_CONTROL = 7;
const MSG_TRUNC = 0x20;
const ETHERNET_TYPE_OFFSET = 12;
const ETHERNET_HEADER_SIZE = 14;

export interface VrrpSocketSettings {
  readonly ifindex: number;
  readonly ifname: string;
  /** Whether to join VRRP_GROUP; false for unicast peers. */
  readonly multicast: boolean;
}

/**
 * Opens a non-blocking raw IPv4 socket for protocol 112 on one interface. What is sent carries its own IP header
 * (IP_HDRINCL; the kernel fills in length, checksum and a zero identification), and what is received shows it. Needs
 * CAP_NET_RAW. A deleted interface takes the socket's membership with it: open another when it is back.
 * @returns the descriptor or a negated errno.
 */
export function openVrrpSocket(settings: VrrpSocketSettings): number {
  const fd = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_VRRP);
  if (fd < 0) return fd;
  const result = prepareVrrpSocket(fd, settings);
  if (result >= 0) return fd;
  close(fd);
  return result;
}

function prepareVrrpSocket(fd: number, { ifindex, ifname, multicast }: VrrpSocketSettings): number {
  let result = bindToDevice(fd, ifname);
  if (result < 0) return result;
  result = setOption(fd, IPPROTO_IP, IP_HDRINCL, 1);
  if (result < 0) return result;
  setOption(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY_CONTROL); // a nicety that needs CAP_NET_ADMIN
  if (!multicast) return 0;
  // Other sockets of this host join the group on other interfaces: those are not for this one.
  result = setOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  if (result < 0) return result;
  // The state machine takes what it hears for another router's: its own advertisements must not come back to it.
  result = setOption(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
  if (result < 0) return result;
  const request = multicastRequest(VRRP_GROUP, ifindex);
  result = setOptionBytes(fd, IPPROTO_IP, IP_MULTICAST_IF, request.address, 12);
  return result < 0 ? result : setOptionBytes(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request.address, 12);
}

/** struct ip_mreqn: group, any local address, interface. */
function multicastRequest(group: string, ifindex: number): Memory {
  const memory = allocate(64);
  memory.bytes.fill(0);
  memory.bytes.set(ipv4Bytes(group), 0);
  memory.bytes.writeInt32LE(ifindex, 8);
  return memory;
}

/**
 * Receives one packet, or frame, into `memory`.
 * @returns its length, more than the memory's if it was cut off, or a negated errno: -EAGAIN when there is none.
 */
export const receivePacket = (fd: number, memory: Memory): number =>
  recv(fd, memory.address, memory.bytes.length, MSG_DONTWAIT | MSG_TRUNC);

/** Sends the packet, IP header included, to an address made by `internetAddress(peer, 0)`. */
export const sendPacket = (fd: number, memory: Memory, length: number, to: SocketAddress): number =>
  sendTo(fd, memory.address, length, MSG_DONTWAIT, to);

/**
 * Opens a socket that sends Ethernet frames through any interface; it receives none. Needs CAP_NET_RAW.
 * @returns the descriptor or a negated errno.
 */
export const openArpSocket = (): number => socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

const linkMemory = allocate(64);
linkMemory.bytes.fill(0);
linkMemory.bytes.writeUInt16LE(AF_PACKET, 0);
/** struct sockaddr_ll. With a raw socket the kernel takes the destination from the frame, not from here. */
const linkAddress: SocketAddress = { memory: linkMemory, length: 20, family: AF_PACKET };

/**
 * Sends the `length` bytes at the start of `memory`, a whole Ethernet frame without its check sequence.
 * @returns the bytes sent or a negated errno: -ENETDOWN while the interface is down.
 */
export function sendFrame(fd: number, ifindex: number, memory: Memory, length: number): number {
  const type = length >= ETHERNET_HEADER_SIZE ? memory.bytes.readUInt16BE(ETHERNET_TYPE_OFFSET) : 0;
  linkMemory.bytes.writeUInt16BE(type, 2);
  linkMemory.bytes.writeInt32LE(ifindex, 4);
  return sendTo(fd, memory.address, length, MSG_DONTWAIT, linkAddress);
}
