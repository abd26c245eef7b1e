/** Sockets below UDP and TCP: Ethernet frames (packet(7)), and IP packets with their header. */
import type { SocketAddress } from "./address.js";
import { allocate, type Memory } from "./memory.js";
import { MSG_DONTWAIT, recv, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, sendTo, socket } from "./socket.js";

export const AF_PACKET = 17;
const MSG_TRUNC = 0x20;
const ETHERNET_TYPE_OFFSET = 12;
const ETHERNET_HEADER_SIZE = 14;

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

/** struct sockaddr_ll. An interface of 0 is all of them. */
export function linkAddress(ifindex: number, etherType: number): SocketAddress {
  const memory = allocate(64);
  memory.bytes.fill(0);
  memory.bytes.writeUInt16LE(AF_PACKET, 0);
  memory.bytes.writeUInt16BE(etherType, 2);
  memory.bytes.writeInt32LE(ifindex, 4);
  return { memory, length: 20, family: AF_PACKET };
}

/** With a raw socket the kernel takes the destination from the frame, not from here. */
const frameAddress = linkAddress(0, 0);

/**
 * Sends the `length` bytes at the start of `memory`, a whole Ethernet frame without its check sequence.
 * @returns the bytes sent or a negated errno: -ENETDOWN while the interface is down.
 */
export function sendFrame(fd: number, ifindex: number, memory: Memory, length: number): number {
  const type = length >= ETHERNET_HEADER_SIZE ? memory.bytes.readUInt16BE(ETHERNET_TYPE_OFFSET) : 0;
  frameAddress.memory.bytes.writeUInt16BE(type, 2);
  frameAddress.memory.bytes.writeInt32LE(ifindex, 4);
  return sendTo(fd, memory.address, length, MSG_DONTWAIT, frameAddress);
}
