/** ARP over Ethernet (RFC 826): gratuitous ARPs, requests, and what others claim. */
import { readIpv4, readUint16, writeIpv4 } from "./ipv4.js";
import { formatMac } from "./mac.js";

/** Ethernet header and ARP packet; the network card pads it to 60. */
export const ARP_FRAME_LENGTH = 42;

// Ethernet type ARP, hardware Ethernet, protocol IPv4, address lengths 6 and 4, operation request.
const ARP_REQUEST_FOR_IPV4 = [0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01];

/**
 * Writes a gratuitous ARP as keepalived sends it (RFC 5227 §1.1; RFC 3768 §6.4.2): a broadcast *request* whose sender and
 * target address are both the virtual one, target hardware address all ones. Requests are what every stack learns from.
 * @param into   Room for `ARP_FRAME_LENGTH` octets from `offset` 0.
 * @param hardwareAddress the interface's six octets.
 */
export function encodeGratuitousArp(into: Uint8Array, hardwareAddress: Uint8Array, address: number): number {
  return encodeArpRequest(into, hardwareAddress, address, address, 0xff);
}

/**
 * Writes a broadcast that asks who has `target`. Whoever has it learns where `sender` lives before it answers (RFC 826);
 * a `sender` of 0 teaches nobody anything (RFC 5227 §2.1.1).
 */
export function encodeArpRequest(
  into: Uint8Array,
  hardwareAddress: Uint8Array,
  sender: number,
  target: number,
  targetHardware = 0,
): number {
  into.fill(0xff, 0, 6);
  into.set(hardwareAddress, 6);
  into.set(ARP_REQUEST_FOR_IPV4, 12);
  into.set(hardwareAddress, 22);
  writeIpv4(into, 28, sender);
  into.fill(targetHardware, 32, 38);
  writeIpv4(into, 38, target);
  return ARP_FRAME_LENGTH;
}

/** Who says that it has an address, and to whom: 0 where it says so to everybody. */
export interface Claimed {
  address: number | bigint;
  /** `02:00:00:00:00:01` */
  mac: string;
  to: number | bigint;
}

/** @param packet from the ARP header on. @returns undefined if it is no ARP for IPv4 over Ethernet, or claims nothing. */
export function decodeArp(packet: Uint8Array, length: number): Claimed | undefined {
  if (length < 28 || readUint16(packet, 0) !== 1 || readUint16(packet, 2) !== 0x0800) return undefined;
  if (packet[4] !== 6 || packet[5] !== 4) return undefined;
  const address = readIpv4(packet, 14);
  return address === 0 ? undefined : { address, mac: formatMac(packet, 8), to: readIpv4(packet, 24) };
}
