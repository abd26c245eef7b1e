/** Socket addresses as the kernel lays them out (ip(7), ipv6(7), unix(7)). */
import { isIP } from "node:net";
import { allocate, type Memory } from "./memory.js";

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** sockaddr_storage: room for any address. */
export const SOCKADDR_SIZE = 128;

/** The four bytes of a dotted quad. The text must be an IPv4 address (`isIP(text) === 4`). */
export function ipv4Bytes(text: string): Uint8Array {
  if (isIP(text) !== 4) throw new TypeError(`${text} is not an IPv4 address`);
  return Uint8Array.from(text.split(".").map(Number));
}

/** An IPv4 address as a 32-bit number, most significant byte first: `10.0.0.1` is 0x0a000001. */
export function ipv4Number(text: string): number {
  const [a, b, c, d] = ipv4Bytes(text);
  return ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0;
}

export const ipv4Text = (n: number): string => `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;

/** The sixteen bytes of an IPv6 address, embedded IPv4 included. A zone (`%eth0`) is not part of them. */
export function ipv6Bytes(text: string): Uint8Array {
  const bare = text.replace(/%.*$/, "");
  if (isIP(bare) !== 6) throw new TypeError(`${text} is not an IPv6 address`);
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(bare);
  let groups = bare;
  if (dotted !== null) {
    const n = ipv4Number(dotted[2]!);
    groups = `${dotted[1]}${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}`;
  }
  const [head, tail] = groups.split("::");
  const before = head === "" ? [] : head!.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const all = [...before, ...new Array<string>(8 - before.length - after.length).fill("0"), ...after];
  const bytes = new Uint8Array(16);
  all.forEach((group, index) => {
    const value = Number.parseInt(group, 16);
    bytes[2 * index] = value >> 8;
    bytes[2 * index + 1] = value & 255;
  });
  return bytes;
}

/** RFC 5952 text of sixteen bytes at `offset`. */
export function ipv6Text(bytes: Uint8Array, offset = 0): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[offset + i]! << 8) | bytes[offset + i + 1]!);
  let start = -1;
  let longest = 1; // a single zero group is not shortened (RFC 5952 §4.2.2)
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > longest) {
      longest = end - i;
      start = i;
    }
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + longest).join(":")}`;
}

/**
 * Writes an Internet address at the start of `memory`.
 * @returns the length to give to the kernel: 16 for IPv4, 28 for IPv6.
 */
export function encodeInternet(memory: Memory, address: string, port: number): number {
  const { bytes } = memory;
  bytes.fill(0, 0, 28);
  if (isIP(address) === 4) {
    bytes.writeUInt16LE(AF_INET, 0);
    bytes.writeUInt16BE(port, 2);
    bytes.set(ipv4Bytes(address), 4);
    return 16;
  }
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(ipv6Bytes(address), 8);
  return 28;
}

/** Writes a Unix socket's address; a path that starts with NUL is abstract. Returns the length, 0 if it is too long. */
export function encodeUnix(memory: Memory, path: string): number {
  const length = Buffer.byteLength(path);
  if (length > 107) return 0;
  memory.bytes.fill(0, 0, 110);
  memory.bytes.writeUInt16LE(AF_UNIX, 0);
  memory.bytes.write(path, 2);
  return 2 + length + (path.startsWith("\0") ? 0 : 1);
}

/** An address made once and used for many calls. */
export interface SocketAddress {
  readonly memory: Memory;
  readonly length: number;
  readonly family: number;
}

/** @param scope the interface's index, which a link-local IPv6 address cannot do without */
export function internetAddress(address: string, port: number, scope = 0): SocketAddress {
  const memory = allocate(SOCKADDR_SIZE);
  const length = encodeInternet(memory, address, port);
  if (length === 28) memory.bytes.writeUInt32LE(scope, 24);
  return { memory, length, family: length === 16 ? AF_INET : AF_INET6 };
}

export function unixAddress(path: string): SocketAddress {
  const memory = allocate(SOCKADDR_SIZE);
  const length = encodeUnix(memory, path);
  if (length === 0) throw new RangeError(`${path}: a Unix socket's path has at most 107 bytes`);
  return { memory, length, family: AF_UNIX };
}

/** A name in the abstract space as HAProxy's `abns@` makes it: filled up with NUL, which is part of the name. */
export function abstractAddress(name: string): SocketAddress {
  if (Buffer.byteLength(name) > 107) throw new RangeError(`${name}: an abstract socket's name has at most 107 bytes`);
  const memory = allocate(SOCKADDR_SIZE);
  memory.bytes.fill(0);
  memory.bytes.writeUInt16LE(AF_UNIX, 0);
  memory.bytes.write(name, 3);
  return { memory, length: SOCKADDR_UN_SIZE, family: AF_UNIX };
}

/** sockaddr_un: the family and 108 bytes of path or name. */
const SOCKADDR_UN_SIZE = 110;

export const familyOf = (bytes: Buffer): number => bytes.readUInt16LE(0);
export const portOf = (bytes: Buffer): number => bytes.readUInt16BE(2);

/** The text of an Internet address that the kernel wrote; an IPv4 one in IPv6 clothes is shown as IPv4. */
export function addressText(bytes: Buffer): string {
  const family = familyOf(bytes);
  if (family === AF_INET) return ipv4Text(bytes.readUInt32BE(4));
  if (family !== AF_INET6) return "unix";
  if (isMapped(bytes)) return ipv4Text(bytes.readUInt32BE(20));
  return ipv6Text(bytes, 8);
}

/** `::ffff:a.b.c.d` inside a sockaddr_in6. */
export function isMapped(bytes: Buffer): boolean {
  for (let i = 8; i < 18; i++) if (bytes[i] !== 0) return false;
  return bytes[18] === 0xff && bytes[19] === 0xff;
}
