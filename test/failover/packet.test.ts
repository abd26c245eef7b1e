import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatIpv4, internetChecksum, parseIpv4 } from "../../src/failover/ipv4.js";
import {
  Advertisement,
  type AdvertisementSettings,
  checkAdvertisement,
  decodeAdvertisement,
  encodeAdvertisement,
  MAX_PACKET,
  passwordOctets,
  peekVirtualRouterId,
  sameAddresses,
  VRRP_GROUP,
} from "../../src/failover/packet.js";

const address = (text: string): number => parseIpv4(text)!;
const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));

const settings: AdvertisementSettings = {
  virtualRouterId: 50,
  advertInterval: 1,
  password: passwordOctets("password"),
  addresses: [address("192.168.0.40")],
  unicast: false,
};

/**
 * Priority 150 for virtual router 50, password "password". The checksums by pencil (RFC 1071):
 * IP   45c0 0028 0001 0000 ff70 c0a8 0029 e000 0012      sum to 2e63c, folded e63e, inverted 19c1;
 * VRRP 2132 9601 0101 c0a8 0028 7061 7373 776f 7264      sum to 346ab, folded 46ae, inverted b951.
 */
const PACKET = octets(`
  45c0 0028 0001 0000 ff70 19c1 c0a8 0029 e000 0012
  2132 9601 0101 b951 c0a8 0028 7061 7373 776f 7264`);

function encode(own = settings, priority = 150, id = 1): Uint8Array {
  const buffer = new Uint8Array(MAX_PACKET);
  return buffer.slice(0, encodeAdvertisement(buffer, own, address("192.168.0.41"), VRRP_GROUP, priority, id));
}

/** The packet with some octets overwritten and the VRRP checksum put right again. */
function altered(changes: Record<number, number>, repair = true): Uint8Array {
  const packet = encode();
  for (const [offset, octet] of Object.entries(changes)) packet[Number(offset)] = octet;
  if (repair) {
    packet.fill(0, 26, 28);
    const sum = internetChecksum(packet, 20, packet.length - 20);
    packet.set([sum >>> 8, sum & 255], 26);
  }
  return packet;
}

const decode = (packet: Uint8Array, into = new Advertisement()) => decodeAdvertisement(packet, packet.length, into);

function judge(packet: Uint8Array, own = settings): string {
  const advertisement = new Advertisement();
  const decoded = decode(packet, advertisement);
  return decoded === "ok" ? checkAdvertisement(advertisement, own) : decoded;
}

test("an advertisement is laid out as RFC 3768 §5 draws it, in an IPv4 packet with TTL 255", () =>
  assert.equal(Buffer.from(encode()).toString("hex"), Buffer.from(PACKET).toString("hex")));

test("every field of an advertisement is read", () => {
  const got = new Advertisement();
  assert.equal(decode(PACKET, got), "ok");
  assert.equal(formatIpv4(got.source), "192.168.0.41");
  assert.equal(formatIpv4(got.destination), "224.0.0.18");
  assert.deepEqual(
    [got.ttl, got.virtualRouterId, got.priority, got.advertInterval, got.authenticationType, got.addressCount],
    [255, 50, 150, 1, 1, 1],
  );
  assert.equal(formatIpv4(got.addresses[0]!), "192.168.0.40");
  assert.equal(Buffer.from(got.password).toString(), "password");
  assert.equal(peekVirtualRouterId(PACKET, PACKET.length), 50);
});

test("what keepalived 2.2.7 sends is understood, and what we send in its place is the same, octet for octet", () => {
  const captured = octets(`
    45c0 002c 0001 0000 ff70 d03f 0a4d 0002 e000 0012
    2132 8c02 0101 6e37 0a4d 0028 0a4d 0128 7061 7373 776f 7264`);
  const own = { ...settings, addresses: [address("10.77.0.40"), address("10.77.1.40")] };
  const got = new Advertisement();
  assert.equal(decode(captured, got), "ok");
  assert.equal(checkAdvertisement(got, own), "ok");
  assert.equal(sameAddresses(got, own), true);
  assert.equal(got.priority, 140);
  const buffer = new Uint8Array(MAX_PACKET);
  const length = encodeAdvertisement(buffer, own, address("10.77.0.2"), VRRP_GROUP, 140, 1);
  assert.deepEqual(buffer.subarray(0, length), captured);
});

test("a password is padded with zeros, and cut at eight octets", () => {
  assert.deepEqual([...passwordOctets("abc")], [97, 98, 99, 0, 0, 0, 0, 0]);
  assert.deepEqual(passwordOctets("password1"), passwordOctets("password2"));
});

test("without authentication the type is 0 and its eight octets are zero", () => {
  const packet = encode({ ...settings, password: undefined });
  assert.equal(packet[24], 0);
  assert.deepEqual([...packet.subarray(-8)], [0, 0, 0, 0, 0, 0, 0, 0]);
});

test("a packet that keeps every rule is accepted", () => assert.equal(judge(PACKET), "ok"));

for (const [rule, packet, reason] of [
  ["the IP TTL is 255", altered({ 8: 254 }), "ttl"],
  ["the version is 2", altered({ 20: 0x31 }), "version"],
  ["the type is 1, advertisement", altered({ 20: 0x22 }), "type"],
  ["the checksum is right", altered({ 22: 151 }, false), "checksum"],
  ["the packet is as long as its count of addresses says", altered({ 23: 2 }), "length"],
  ["the packet is whole", encode().subarray(0, 39), "truncated"],
  ["the IP header is whole", encode().subarray(0, 19), "truncated"],
  ["the packet is no fragment", altered({ 6: 0x20 }), "truncated"],
  ["the packet is IPv4", altered({ 0: 0x65 }), "truncated"],
  ["the authentication type is the configured one", altered({ 24: 0 }), "auth-type"],
  ["the password is the configured one", altered({ 39: 0x65 }), "auth-password"],
  ["the interval is the configured one", altered({ 25: 2 }), "interval"],
] as const)
  test(`a receiver verifies that ${rule}, and discards the packet otherwise`, () =>
    assert.equal(judge(packet), reason));

test("multicast is discarded where unicast is configured, and the other way round", () => {
  assert.equal(judge(PACKET, { ...settings, unicast: true }), "destination");
  assert.equal(judge(altered({ 16: 192, 17: 168, 18: 0, 19: 42 })), "destination");
});

test("the TTL of unicast says nothing", () =>
  assert.equal(judge(altered({ 8: 60, 16: 192, 17: 168, 18: 0, 19: 42 }), { ...settings, unicast: true }), "ok"));

test("a password where none is configured is discarded", () =>
  assert.equal(judge(PACKET, { ...settings, password: undefined }), "auth-type"));

test("padding behind the packet is ignored, as on an Ethernet frame of 60 octets", () => {
  const padded = new Uint8Array(60);
  padded.set(PACKET);
  assert.equal(judge(padded), "ok");
});

test("a differing list of addresses is seen, and is no reason to discard (RFC 9568 §7.1)", () => {
  const got = new Advertisement();
  const two = { ...settings, addresses: [address("10.0.0.1"), address("10.0.0.2")] };
  assert.equal(decode(encode(two), got), "ok");
  assert.equal(checkAdvertisement(got, settings), "ok");
  assert.equal(sameAddresses(got, settings), false);
  assert.equal(sameAddresses(got, { ...two, addresses: [...two.addresses].reverse() }), true);
  // A buffer that is reused holds the addresses of earlier packets: they do not count.
  assert.equal(decode(encode({ ...settings, addresses: [address("10.0.0.9")] }), got), "ok");
  assert.equal(sameAddresses(got, { ...settings, addresses: [address("10.0.0.2")] }), false);
});

test("no bytes make the decoder throw, and what it rejects leaves no trace", () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1200 }), fc.nat(1200), (bytes, length) => {
      const into = new Advertisement();
      into.priority = 77;
      peekVirtualRouterId(bytes, Math.min(length, bytes.length));
      const decoded = decodeAdvertisement(bytes, Math.min(length, bytes.length), into);
      if (decoded !== "ok") assert.equal(into.priority, 77);
    }),
  ));

test("one octet changed in the VRRP message is never accepted", () =>
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 39 }), fc.integer({ min: 1, max: 255 }), (offset, flip) => {
      assert.notEqual(judge(altered({ [offset]: PACKET[offset]! ^ flip }, false)), "ok");
    }),
  ));

test("what is encoded is decoded", () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 255 }),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(255),
      fc.option(fc.string({ minLength: 1, maxLength: 8 }), { nil: undefined }),
      fc.array(fc.nat(0xffffffff), { maxLength: 255 }),
      (virtualRouterId, advertInterval, priority, password, addresses) => {
        const own: AdvertisementSettings = {
          virtualRouterId,
          advertInterval,
          addresses,
          password: password === undefined ? undefined : passwordOctets(password),
          unicast: false,
        };
        const packet = encode(own, priority);
        const got = new Advertisement();
        assert.equal(decode(packet, got), "ok");
        assert.equal(checkAdvertisement(got, own), "ok");
        assert.deepEqual(
          [got.virtualRouterId, got.advertInterval, got.priority, [...got.addresses.subarray(0, got.addressCount)]],
          [virtualRouterId, advertInterval, priority, addresses],
        );
      },
    ),
  ));
