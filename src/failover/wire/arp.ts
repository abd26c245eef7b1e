/** The frame that tells a link where an address lives now (RFC 5227 §1.1; RFC 3768 §6.4.2). */
import { writeIpv4 } from "./ipv4.js";

/** Ethernet header and ARP packet; the network card pads it to 60. */
export const GRATUITOUS_ARP_LENGTH = 42;

// Ethernet type ARP, hardware Ethernet, protocol IPv4, address lengths 6 and 4, operation request.
const ARP_REQUEST_FOR_IPV4 = [0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01];

/**
 * Writes a gratuitous ARP as keepalived sends it: a broadcast *request* whose sender and target address are both
 * the virtual one, target hardware address all ones. Requests are what every stack learns from.
 * @param into   Room for `GRATUITOUS_ARP_LENGTH` octets from `offset` 0.
 * @param hardwareAddress the interface's six octets.
 */
export function encodeGratuitousArp(into: Uint8Array, hardwareAddress: Uint8Array, address: number): number {
  into.fill(0xff, 0, 6);
  into.set(hardwareAddress, 6);
  into.set(ARP_REQUEST_FOR_IPV4, 12);
  into.set(hardwareAddress, 22);
  writeIpv4(into, 28, address);
  into.fill(0xff, 32, 38);
  writeIpv4(into, 38, address);
  return GRATUITOUS_ARP_LENGTH;
}
