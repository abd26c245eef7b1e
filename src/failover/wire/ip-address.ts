/**
 * Addresses as numbers, since VRRP breaks ties by comparing them (RFC 9568 §6.4.3): IPv4 is a number, IPv6 a bigint,
 * both in host order. 0 and 0n are the unspecified addresses.
 */
import { isIP } from "node:net";
import { ipv6Bytes, ipv6Text } from "../../sys/address.js";
import { formatIpv4, parseIpv4, readIpv4, writeIpv4 } from "./ipv4.js";

export type IpAddress = number | bigint;
export type Family = 4 | 6;

/** Octets of an address. */
export const addressLength = (family: Family): number => (family === 4 ? 4 : 16);

export const familyOf = (address: IpAddress): Family => (typeof address === "number" ? 4 : 6);

/** @returns undefined if the text is neither a dotted quad nor an IPv6 address; a zone (`%eth0`) is not looked at. */
export function parseIp(text: string): IpAddress | undefined {
  if (isIP(text) === 6) return readAddress(ipv6Bytes(text), 0, 6);
  return parseIpv4(text);
}

export function formatIp(address: IpAddress): string {
  if (typeof address === "number") return formatIpv4(address);
  const bytes = new Uint8Array(16);
  writeAddress(bytes, 0, address);
  return ipv6Text(bytes);
}

/** Reads an address in network order. */
export function readAddress(bytes: Uint8Array, offset: number, family: Family): IpAddress {
  if (family === 4) return readIpv4(bytes, offset);
  let address = 0n;
  for (let at = offset; at < offset + 16; at += 4) address = (address << 32n) | BigInt(readIpv4(bytes, at));
  return address;
}

/** Writes 4 or 16 octets in network order. */
export function writeAddress(bytes: Uint8Array, offset: number, address: IpAddress): void {
  if (typeof address === "number") {
    writeIpv4(bytes, offset, address);
    return;
  }
  for (let word = 0; word < 4; word++)
    writeIpv4(bytes, offset + 4 * word, Number((address >> BigInt(96 - 32 * word)) & 0xffffffffn));
}

/** The octets of an address that a packet lists. */
export function addressOctets(address: IpAddress): Uint8Array {
  const octets = new Uint8Array(addressLength(familyOf(address)));
  writeAddress(octets, 0, address);
  return octets;
}

/** Groups of routers: 224.0.0.0/4, ff00::/8. */
export const isMulticast = (address: IpAddress): boolean =>
  typeof address === "number" ? address >>> 28 === 0xe : address >> 120n === 0xffn;

/** fe80::/10. */
export const isLinkLocal = (address: IpAddress): boolean => typeof address === "bigint" && address >> 118n === 0x3fan;
