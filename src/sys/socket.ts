/**
 * Sockets (socket(2), tcp(7), ip(7)). Functions return what the kernel returns: a count or descriptor, or the
 * negated errno. Descriptors are plain numbers that all threads share.
 */
import type { SocketAddress } from "./address.js";
import { SOCKADDR_SIZE } from "./address.js";
import { isFfiChecked } from "./ffi-check/enabled.js";
import { adopt as adoptHandle } from "./ffi-check/handles.js";
import { declare } from "./libc.js";
import { allocate, words } from "./memory.js";

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_PEEK = 2;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_RCVBUF = 8;
export const SO_KEEPALIVE = 9;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const SO_ACCEPTCONN = 30;
export const SO_DOMAIN = 39;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;

export const IPPROTO_IP = 0;
export const IPPROTO_TCP = 6;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_AH = 51;
export const IPPROTO_VRRP = 112;
export const TCP_NODELAY = 1;
export const TCP_MAXSEG = 2;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const TCP_KEEPCNT = 6;
export const TCP_DEFER_ACCEPT = 9;
export const TCP_USER_TIMEOUT = 18;
export const TCP_REPAIR = 19;
export const TCP_FASTOPEN = 23;
export const IP_TTL = 2;
export const IP_HDRINCL = 3;
export const IP_FREEBIND = 15;
export const IP_TRANSPARENT = 19;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const IP_MULTICAST_ALL = 49;
export const IPV6_UNICAST_HOPS = 16;
export const IPV6_V6ONLY = 26;
export const IPV6_TRANSPARENT = 75;
export const IPV6_FREEBIND = 78;

/** (family, type, protocol) → descriptor */
export const socket = declare("socket", ["int", "int", "int"]);
export const close = declare("close", ["int"]);
/** (fd, backlog) */
export const listen = declare("listen", ["int", "int"]);
/** (fd, SHUT_WR | SHUT_RDWR) */
export const shutdown = declare("shutdown", ["int", "int"]);
/** (fd, address, length, MSG_*) → bytes read; 0 is the end of the stream */
export const recv = declare("recv", ["int", "uintptr_t", "size_t", "int"]);
/** (fd, address, length, MSG_*) → bytes taken */
export const send = declare("send", ["int", "uintptr_t", "size_t", "int"]);
/** (fd, address, length) for files, pipes and eventfd */
export const write = declare("write", ["int", "uintptr_t", "size_t"]);
export const read = declare("read", ["int", "uintptr_t", "size_t"]);

const nativeAccept4 = declare("accept4", ["int", "uintptr_t", "uintptr_t", "int"]);
const nativeBind = declare("bind", ["int", "uintptr_t", "uint32_t"]);
const nativeConnect = declare("connect", ["int", "uintptr_t", "uint32_t"]);
const nativeSendTo = declare("sendto", ["int", "uintptr_t", "size_t", "int", "uintptr_t", "uint32_t"]);
const nativeRecvFrom = declare("recvfrom", ["int", "uintptr_t", "size_t", "int", "uintptr_t", "uintptr_t"]);
const nativeSetsockopt = declare("setsockopt", ["int", "int", "int", "uintptr_t", "uint32_t"]);
const nativeGetsockopt = declare("getsockopt", ["int", "int", "int", "uintptr_t", "uintptr_t"]);
const nativeGetsockname = declare("getsockname", ["int", "uintptr_t", "uintptr_t"]);
const nativeGetpeername = declare("getpeername", ["int", "uintptr_t", "uintptr_t"]);

const nativeFcntl = declare("fcntl", ["int", "int", "int"]);

const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;

const scratch = allocate(SOCKADDR_SIZE);
const scratchWords = words(scratch);
const lengthMemory = allocate(64);
const lengthWord = words(lengthMemory);

/** The address that the last accept, peerName, localName or receiveFrom wrote; the next call overwrites it. */
export const lastAddress: Buffer = scratch.bytes;

/** Accepts one connection, non-blocking and close-on-exec; its peer's address is in `lastAddress`. */
export function accept(fd: number): number {
  lengthWord[0] = SOCKADDR_SIZE;
  return nativeAccept4(fd, scratch.address, lengthMemory.address, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

export const bind = (fd: number, to: SocketAddress): number => nativeBind(fd, to.memory.address, to.length);
export const connect = (fd: number, to: SocketAddress): number => nativeConnect(fd, to.memory.address, to.length);

export function sendTo(fd: number, address: number, length: number, flags: number, to: SocketAddress): number {
  return nativeSendTo(fd, address, length, flags, to.memory.address, to.length);
}

/** Receives one datagram; its sender's address is in `lastAddress`. */
export function receiveFrom(fd: number, address: number, length: number, flags: number): number {
  lengthWord[0] = SOCKADDR_SIZE;
  return nativeRecvFrom(fd, address, length, flags, scratch.address, lengthMemory.address);
}

export function setOption(fd: number, level: number, option: number, value: number): number {
  scratchWords[0] = value;
  return nativeSetsockopt(fd, level, option, scratch.address, 4);
}

/** An option whose value is a structure. */
export function setOptionBytes(fd: number, level: number, option: number, address: number, length: number): number {
  return nativeSetsockopt(fd, level, option, address, length);
}

/** The value of an integer option. Throws nothing: a negative number is an errno. */
export function getOption(fd: number, level: number, option: number): number {
  lengthWord[0] = 4;
  const result = nativeGetsockopt(fd, level, option, scratch.address, lengthMemory.address);
  return result < 0 ? result : scratchWords[0]!;
}

export function localName(fd: number): number {
  lengthWord[0] = SOCKADDR_SIZE;
  return nativeGetsockname(fd, scratch.address, lengthMemory.address);
}

export function peerName(fd: number): number {
  lengthWord[0] = SOCKADDR_SIZE;
  return nativeGetpeername(fd, scratch.address, lengthMemory.address);
}

/** Closing sends RST at once instead of FIN: for peers that must not be waited for. */
export function resetOnClose(fd: number): void {
  scratchWords[0] = 1;
  scratchWords[1] = 0;
  nativeSetsockopt(fd, SOL_SOCKET, SO_LINGER, scratch.address, 8);
}

/**
 * The peer is not told that the connection ends: it keeps believing in it. A socket under repair, which needs
 * CAP_NET_ADMIN, is closed without a segment; without that, an RST goes no further than the first router.
 */
export function vanishOnClose(fd: number): void {
  if (setOption(fd, IPPROTO_TCP, TCP_REPAIR, 1) === 0) return;
  setOption(fd, IPPROTO_IP, IP_TTL, 1);
  setOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 1);
  resetOnClose(fd);
}

/** Makes a descriptor that was inherited like those made here: non-blocking, and closed in programs that are run. */
export function adopt(fd: number): number {
  const flags = nativeFcntl(fd, F_GETFL, 0);
  if (flags < 0) return flags;
  const result = nativeFcntl(fd, F_SETFL, flags | SOCK_NONBLOCK);
  return result < 0 ? result : nativeFcntl(fd, F_SETFD, FD_CLOEXEC);
}

/** The descriptor stays open to the end of the process, which the check for leaks then does not take for one. */
export function keepForLife(fd: number): void {
  if (isFfiChecked) adoptHandle(fd);
}

/** Binds to one interface; needs CAP_NET_RAW. */
export function bindToDevice(fd: number, name: string): number {
  const length = scratch.bytes.write(`${name}\0`, 0, "latin1");
  return nativeSetsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, scratch.address, length);
}
