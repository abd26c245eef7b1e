/** Sockets that listen at one address (SO_REUSEPORT, socket(7)), and which of them gets a new connection. */
import { readFileSync } from "node:fs";
import { AF_INET, AF_INET6, familyOf, portOf } from "./address.js";
import { check } from "./errno.js";
import { allocate, words } from "./memory.js";
import { lastAddress, localName, SOL_SOCKET, setOption, setOptionBytes } from "./socket.js";

const SO_ATTACH_REUSEPORT_CBPF = 51;
const SO_DETACH_REUSEPORT_BPF = 68;
const BPF_RET_K = 0x06;
/** `sk_state` of a socket that listens, as /proc/net/tcp shows it. */
const LISTEN = "0A";
/** Characters of `0100007F:1F90`. */
const IPV4_PLACE = 13;

/**
 * Where an Internet socket listens, as /proc/net/tcp and tcp6 show it.
 * @returns "" for any other socket
 */
export function listeningPlace(fd: number): string {
  check(localName(fd), "getsockname");
  const family = familyOf(lastAddress);
  if (family !== AF_INET && family !== AF_INET6) return "";
  const port = hex(portOf(lastAddress), 4);
  // Addresses stand there as 32-bit words of the machine (proc(5)).
  if (family === AF_INET) return `${hex(lastAddress.readUInt32LE(4), 8)}:${port}`;
  return `${[8, 12, 16, 20].map((offset) => hex(lastAddress.readUInt32LE(offset), 8)).join("")}:${port}`;
}

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0");

/** How many sockets of this network namespace listen at a place that `listeningPlace` gave. */
export function countListeners(place: string): number {
  if (place === "") return 0;
  const table = readFileSync(place.length > IPV4_PLACE ? "/proc/net/tcp6" : "/proc/net/tcp", "latin1");
  return table.match(new RegExp(`^ *\\d+: ${place} [0-9A-F]+:[0-9A-F]+ ${LISTEN} `, "gm"))?.length ?? 0;
}

/**
 * Has the kernel give all new connections of the address at which `fd` listens to the `index`-th socket there; without
 * such a socket it spreads them over all, as it does by itself. Sockets stand in the order in which they began to
 * listen, but the last one takes the place of one that goes.
 * @returns 0 or a negated errno
 */
export function steerConnections(fd: number, index: number): number {
  // struct sock_filter: code (16 bits), two jumps (8 bits each), k. struct sock_fprog: length and address.
  const program = allocate(64);
  words(program)[0] = BPF_RET_K;
  words(program)[1] = index;
  const header = allocate(64);
  header.bytes.fill(0, 0, 16);
  header.bytes.writeUInt16LE(1, 0);
  header.bytes.writeBigUInt64LE(BigInt(program.address), 8);
  return setOptionBytes(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, header.address, 16);
}

/** Ends what `steerConnections` began. */
export const spreadConnections = (fd: number): number => setOption(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0);
