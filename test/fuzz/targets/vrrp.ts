/** VRRP packets as a raw socket gives them, IP header in front. */
import assert from "node:assert/strict";
import { AH_LENGTH } from "../../../src/failover/wire/authentication-header.js";
import { addressOctets, parseIp } from "../../../src/failover/wire/ip-address.js";
import {
  IPPROTO_AH,
  IPPROTO_VRRP,
  IpHeader,
  pseudoHeaderSum,
  readIpHeader,
} from "../../../src/failover/wire/ip-header.js";
import { internetChecksum } from "../../../src/failover/wire/ipv4.js";
import {
  Advertisement,
  type AdvertisementSettings,
  checkAdvertisement,
  decodeAdvertisement,
  encodeAdvertisement,
  MAX_PACKET,
  passwordOctets,
  peekVirtualRouterId,
  REJECTIONS,
  sameAddresses,
  VRRP_GROUP_IPV6,
} from "../../../src/failover/wire/packet.js";
import { advertising } from "../../failover/support.js";
import type { Target } from "../target.js";

const listed = (...texts: string[]): Uint8Array[] => texts.map((text) => addressOctets(parseIp(text)!));
const v2: AdvertisementSettings = { ...advertising, addresses: listed("192.0.2.1", "192.0.2.2") };
const password = passwordOctets("secret");
const SETTINGS: readonly AdvertisementSettings[] = [
  v2,
  { ...v2, authentication: { type: "PASS", password } },
  { ...v2, authentication: { type: "AH", password } },
  { ...v2, version: 3 },
  { ...v2, version: 3, plainChecksum: true },
  { ...v2, version: 3, family: 6, group: VRRP_GROUP_IPV6, addresses: listed("fe80::1", "2001:db8::1") },
];

function packetOf(own: AdvertisementSettings): Buffer {
  const bytes = Buffer.alloc(MAX_PACKET);
  const source = parseIp(own.family === 4 ? "192.0.2.9" : "fe80::9")!;
  return bytes.subarray(0, encodeAdvertisement(bytes, own, source, own.group, 100, 7));
}

const CORPUS = SETTINGS.map(packetOf);
/** A damaged packet gets no further than its checksum, unless that is put right. */
function repaired(packet: Buffer): Buffer {
  const copy = Buffer.from(packet);
  const header = new IpHeader();
  if (!readIpHeader(copy, copy.length, header)) return copy;
  const start = header.start + (header.protocol === IPPROTO_AH ? AH_LENGTH : 0);
  const length = header.end - start;
  if (length < 8) return copy;
  const pseudo = header.family === 6 ? pseudoHeaderSum(copy, 6, IPPROTO_VRRP, length) : 0;
  copy.writeUInt16BE(0, start + 6);
  copy.writeUInt16BE(internetChecksum(copy, start, length, pseudo), start + 6);
  return copy;
}

const SIGNED = CORPUS[2]!;
/** Type of service, flags, header checksum: what routers may change on the way (RFC 2402 §3.3.3.1). */
const UNSIGNED = [1, 6, 7, 10, 11];

/** What is covered by the signature of the only packet that was ever signed. */
function signedPart(packet: Buffer): Buffer {
  const copy = Buffer.from(packet.subarray(0, SIGNED.length));
  for (const at of UNSIGNED) copy[at] = 0;
  return copy;
}

function judge(packet: Buffer): void {
  const got = new Advertisement();
  const decoded = decodeAdvertisement(packet, packet.length, got);
  assert.ok(decoded === "ok" || REJECTIONS.includes(decoded));
  const routerId = peekVirtualRouterId(packet, packet.length);
  if (decoded !== "ok") return;
  assert.equal(got.virtualRouterId, routerId, "what is decoded is what was counted");
  assert.ok(got.priority >= 0 && got.priority <= 255 && got.advertInterval >= 0);
  const padded = Buffer.concat([packet, Buffer.alloc(20, 0xff)]);
  const again = new Advertisement();
  assert.equal(decodeAdvertisement(padded, padded.length, again), "ok");
  assert.deepEqual(again, got, "padding behind the packet is nothing");
  for (const own of SETTINGS) {
    const verdict = checkAdvertisement(got, own, packet);
    assert.ok(verdict === "ok" || REJECTIONS.includes(verdict));
    sameAddresses(got, own);
    if (verdict === "ok" && own.authentication?.type === "AH")
      assert.deepEqual(signedPart(packet), signedPart(SIGNED), "nobody without the key makes an advertisement");
  }
}

export const vrrpTarget: Target = {
  name: "vrrp",
  corpus: CORPUS,
  dictionary: [Buffer.of(0x21), Buffer.of(0x31), Buffer.of(0xff), Buffer.of(0, 0), Buffer.of(51), Buffer.of(0x4f)],
  run(input) {
    judge(input);
    judge(repaired(input));
  },
};
