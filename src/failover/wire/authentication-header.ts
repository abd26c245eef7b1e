/**
 * The IP Authentication Header around VRRPv2 (RFC 2402, RFC 2338 §5.3.6.2), as keepalived's `auth_type AH` has it:
 * HMAC-MD5-96 with the eight octets of the password as key, and the sender's address as SPI.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { IPPROTO_VRRP, type IpHeader } from "./ip-header.js";
import { readIpv4, writeIpv4 } from "./ipv4.js";

export const AH_LENGTH = 24;
/** Its length in 32-bit words less 2. */
const PAYLOAD_LENGTH = 4;
const SEQUENCE_OFFSET = 8;
const DIGEST_OFFSET = 12;
const DIGEST_LENGTH = 12;

/**
 * Writes the header between an IPv4 header, which is complete, and the message behind it.
 * @param start  where the header begins; @param end where the message ends
 * @param zeroTtl unicast, where routers count the TTL down
 */
export function writeAuthenticationHeader(
  packet: Uint8Array,
  start: number,
  end: number,
  key: Uint8Array,
  sequence: number,
  zeroTtl: boolean,
): void {
  packet.fill(0, start, start + AH_LENGTH);
  packet[start] = IPPROTO_VRRP;
  packet[start + 1] = PAYLOAD_LENGTH;
  packet.copyWithin(start + 4, 12, 16);
  writeIpv4(packet, start + SEQUENCE_OFFSET, sequence);
  packet.set(digestOf(packet, start, end, key, zeroTtl), start + DIGEST_OFFSET);
}

/** Whether there is a whole header in front of a VRRP message. */
export function hasAuthenticationHeader(packet: Uint8Array, { start, end }: IpHeader): boolean {
  return end - start >= AH_LENGTH && packet[start] === IPPROTO_VRRP && packet[start + 1] === PAYLOAD_LENGTH;
}

/** Whether digest and SPI are the sender's, who then knows the key. */
export function isAuthentic(packet: Uint8Array, { start, end }: IpHeader, key: Uint8Array, zeroTtl: boolean): boolean {
  const digest = packet.subarray(start + DIGEST_OFFSET, start + AH_LENGTH);
  if (!timingSafeEqual(digest, digestOf(packet, start, end, key, zeroTtl))) return false;
  return readIpv4(packet, start + 4) === readIpv4(packet, 12);
}

export const sequenceOf = (packet: Uint8Array, { start }: IpHeader): number =>
  readIpv4(packet, start + SEQUENCE_OFFSET);

/** Over the packet with what routers may change, and the digest itself, as zeros. */
function digestOf(packet: Uint8Array, start: number, end: number, key: Uint8Array, zeroTtl: boolean): Uint8Array {
  const covered = Uint8Array.from(packet.subarray(0, end)); // a copy: a Buffer's slice would not be one
  covered[1] = 0; // type of service
  covered.fill(0, 6, 8); // flags and offset
  if (zeroTtl) covered[8] = 0;
  covered.fill(0, 10, 12); // checksum
  covered.fill(0, start + DIGEST_OFFSET, start + AH_LENGTH);
  return createHmac("md5", key).update(covered).digest().subarray(0, DIGEST_LENGTH);
}
