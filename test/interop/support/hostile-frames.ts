/**
 * Ethernet frames with VRRP advertisements that a router must discard (RFC 3768 §7.1). All claim priority 255 for the
 * virtual router of the article "caddy-pair", so that whoever takes one for good gives up the virtual IP.
 */
import fc from "fast-check";
import { addressOctets } from "../../../src/failover/wire/ip-address.js";
import { internetChecksum, parseIpv4 } from "../../../src/failover/wire/ipv4.js";
import { encodeAdvertisement, MAX_PACKET, passwordOctets, type Rejection } from "../../../src/failover/wire/packet.js";
import { advertising } from "../../failover/support.js";

const SENDER = "192.168.0.200";
const GROUP = "224.0.0.18";
const VIRTUAL_ROUTER = 50;
const IP_HEADER = 20;
/** Offsets in the packet. */
const TTL = 8;
const VERSION_AND_TYPE = 20;
const COUNT = 23;
const AUTHENTICATION_TYPE = 24;
const INTERVAL = 25;
const CHECKSUM = 26;

/** What such a router would accept: the same but for nothing. */
export const acceptable = (): Buffer => frame(packet());

/** `each` frames for each reason to discard one. @param victim the address of a router, for the unicast ones */
export function malformed(each: number, victim: string): Map<Rejection, Buffer[]> {
  const times = (make: (index: number) => Buffer) => Array.from({ length: each }, (_, index) => frame(make(index)));
  return new Map<Rejection, Buffer[]>([
    ["auth-password", times((index) => packet({ password: `guess${index}` }))],
    ["auth-type", times(() => edited((octets) => octets.writeUInt8(0, AUTHENTICATION_TYPE)))],
    ["ttl", times((index) => edited((octets) => octets.writeUInt8(index, TTL)))],
    ["checksum", times((index) => damaged(CHECKSUM, index + 1))],
    // Too short for VRRP's header, but long enough to name the virtual router.
    ["truncated", times((index) => cut(IP_HEADER + 2 + (index % 6)))],
    ["length", times((index) => edited((octets) => octets.writeUInt8(2 + index, COUNT)))],
    [
      "version",
      times((index) =>
        index % 2 === 0 ? packet({ version: 3 }) : edited((octets) => octets.writeUInt8(0x11, VERSION_AND_TYPE)),
      ),
    ],
    ["type", times((index) => edited((octets) => octets.writeUInt8(0x20 + 2 + (index % 14), VERSION_AND_TYPE)))],
    ["interval", times((index) => edited((octets) => octets.writeUInt8(2 + index, INTERVAL)))],
    ["destination", times(() => packet({ destination: victim }))],
  ]);
}

/** Noise behind a sound IP header and the virtual router's number. */
export function noise(count: number): Buffer[] {
  const payloads = fc.sample(fc.uint8Array({ minLength: 2, maxLength: 200 }), { seed: 112, numRuns: count });
  return payloads.map((payload) => {
    payload[1] = VIRTUAL_ROUTER;
    return frame(sealed(Buffer.concat([packet().subarray(0, IP_HEADER), payload])));
  });
}

/** Frames whose IP header is unsound: their place is the kernel's, and no router hears of them. */
export function notEvenIp(count: number): Buffer[] {
  const headers = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 60 }), { seed: 4, numRuns: count });
  return headers.map((header) => {
    header[0] = 0x45;
    return frame(Buffer.from(header));
  });
}

function packet({ password = "password", destination = GROUP, version = 2 as 2 | 3 } = {}): Buffer {
  const octets = Buffer.alloc(MAX_PACKET);
  const settings = {
    ...advertising,
    version,
    virtualRouterId: VIRTUAL_ROUTER,
    authentication: { type: "PASS", password: passwordOctets(password) },
    addresses: [addressOctets(parseIpv4("192.168.0.40")!)],
  } as const;
  const length = encodeAdvertisement(octets, settings, parseIpv4(SENDER)!, parseIpv4(destination)!, 255, 1);
  return octets.subarray(0, length);
}

/** Changed, with both checksums put right again. */
function edited(edit: (octets: Buffer) => void): Buffer {
  const octets = packet();
  edit(octets);
  octets.writeUInt16BE(0, CHECKSUM);
  octets.writeUInt16BE(internetChecksum(octets, IP_HEADER, octets.length - IP_HEADER), CHECKSUM);
  return sealed(octets);
}

function damaged(offset: number, by: number): Buffer {
  const octets = packet();
  octets.writeUInt8(octets.readUInt8(offset) ^ by, offset);
  return octets;
}

const cut = (length: number): Buffer => sealed(packet().subarray(0, length));

/** The IP header's own length and checksum made to fit. */
function sealed(octets: Buffer): Buffer {
  octets.writeUInt16BE(octets.length, 2);
  octets.writeUInt16BE(0, 10);
  octets.writeUInt16BE(internetChecksum(octets, 0, IP_HEADER), 10);
  return octets;
}

/** To the group's Ethernet address (RFC 1112 §6.4), so that every host on the wire takes it. */
function frame(ipPacket: Buffer): Buffer {
  return Buffer.concat([Buffer.from("01005e000012" + "020000000066" + "0800", "hex"), ipPacket]);
}
