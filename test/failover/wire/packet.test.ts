import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fromSeconds, microseconds } from "../../../src/config/units.js";
import { addressOctets, formatIp, type IpAddress, parseIp } from "../../../src/failover/wire/ip-address.js";
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
  sameAddresses,
  VRRP_GROUP,
  VRRP_GROUP_IPV6,
} from "../../../src/failover/wire/packet.js";
import { advertising } from "../support.js";

const address = (text: string): IpAddress => parseIp(text)!;
const listed = (...texts: string[]): Uint8Array[] => texts.map((text) => addressOctets(address(text)));
const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ""), "hex"));

const settings: AdvertisementSettings = {
  ...advertising,
  virtualRouterId: 50,
  authentication: { type: "PASS", password: passwordOctets("password") },
  addresses: listed("192.168.0.40"),
};
const peer = { address: address("192.168.0.41"), minTtl: 0, maxTtl: 255 };

/**
 * Priority 150 for virtual router 50, password "password". The checksums by pencil (RFC 1071):
 * IP   45c0 0028 0001 0000 ff70 c0a8 0029 e000 0012      sum to 2e63c, folded e63e, inverted 19c1;
 * VRRP 2132 9601 0101 c0a8 0028 7061 7373 776f 7264      sum to 346ab, folded 46ae, inverted b951.
 */
const PACKET = octets(`
  45c0 0028 0001 0000 ff70 19c1 c0a8 0029 e000 0012
  2132 9601 0101 b951 c0a8 0028 7061 7373 776f 7264`);

function encode(own = settings, priority = 150, serial = 1, source = "192.168.0.41"): Uint8Array {
  const buffer = new Uint8Array(MAX_PACKET);
  return buffer.slice(0, encodeAdvertisement(buffer, own, address(source), own.group, priority, serial));
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
  return decoded === "ok" ? checkAdvertisement(advertisement, own, packet) : decoded;
}

test("an advertisement is laid out as RFC 3768 §5 draws it, in an IPv4 packet with TTL 255", () =>
  assert.equal(Buffer.from(encode()).toString("hex"), Buffer.from(PACKET).toString("hex")));

test("every field of an advertisement is read", () => {
  const got = new Advertisement();
  assert.equal(decode(PACKET, got), "ok");
  assert.equal(formatIp(got.header.source), "192.168.0.41");
  assert.equal(formatIp(got.header.destination), "224.0.0.18");
  assert.deepEqual(
    [got.header.ttl, got.virtualRouterId, got.priority, got.advertInterval, got.authenticationType, got.addressCount],
    [255, 50, 150, 1_000_000, 1, 1],
  );
  assert.deepEqual([...got.addresses.subarray(0, 4)], [192, 168, 0, 40]);
  assert.equal(Buffer.from(got.password).toString(), "password");
  assert.equal(peekVirtualRouterId(PACKET, PACKET.length), 50);
});

test("what keepalived 2.2.7 sends is understood, and what we send in its place is the same, octet for octet", () => {
  const captured = octets(`
    45c0 002c 0001 0000 ff70 d03f 0a4d 0002 e000 0012
    2132 8c02 0101 6e37 0a4d 0028 0a4d 0128 7061 7373 776f 7264`);
  const own = { ...settings, addresses: listed("10.77.0.40", "10.77.1.40") };
  const got = new Advertisement();
  assert.equal(decode(captured, got), "ok");
  assert.equal(checkAdvertisement(got, own, captured), "ok");
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
  const packet = encode({ ...settings, authentication: undefined });
  assert.equal(packet[24], 0);
  assert.deepEqual([...packet.subarray(-8)], [0, 0, 0, 0, 0, 0, 0, 0]);
});

test("a packet that keeps every rule is accepted", () => assert.equal(judge(PACKET), "ok"));

for (const [rule, packet, reason] of [
  ["the IP TTL is 255", altered({ 8: 254 }), "ttl"],
  ["the version is 2 or 3", altered({ 20: 0x41 }), "version"],
  ["the type is 1, advertisement", altered({ 20: 0x22 }), "type"],
  ["the checksum is right", altered({ 22: 151 }, false), "checksum"],
  ["the packet is as long as its count of addresses says", altered({ 23: 2 }), "length"],
  ["the packet is whole", encode().subarray(0, 39), "truncated"],
  ["the IP header is whole", encode().subarray(0, 19), "truncated"],
  ["the packet is no fragment", altered({ 6: 0x20 }), "truncated"],
  ["the packet is IP", altered({ 0: 0x55 }), "truncated"],
  ["the authentication type is the configured one", altered({ 24: 0 }), "auth-type"],
  ["the password is the configured one", altered({ 39: 0x65 }), "auth-password"],
  ["the interval is the configured one", altered({ 25: 2 }), "interval"],
  ["the version is the configured one", encode({ ...settings, version: 3 }), "version"],
] as const)
  test(`a receiver verifies that ${rule}, and discards the packet otherwise`, () =>
    assert.equal(judge(packet), reason));

test("multicast is discarded where unicast is configured, and the other way round", () => {
  assert.equal(judge(PACKET, { ...settings, unicast: true, peers: [peer] }), "destination");
  assert.equal(judge(altered({ 16: 192, 17: 168, 18: 0, 19: 42 })), "destination");
});

test("the TTL of unicast says nothing", () =>
  assert.equal(
    judge(altered({ 8: 60, 16: 192, 17: 168, 18: 0, 19: 42 }), { ...settings, unicast: true, peers: [peer] }),
    "ok",
  ));

test("a password where none is configured is discarded", () =>
  assert.equal(judge(PACKET, { ...settings, authentication: undefined }), "auth-type"));

test("padding behind the packet is ignored, as on an Ethernet frame of 60 octets", () => {
  const padded = new Uint8Array(60);
  padded.set(PACKET);
  assert.equal(judge(padded), "ok");
});

test("a differing list of addresses is seen, and is no reason to discard (RFC 9568 §7.1)", () => {
  const got = new Advertisement();
  const two = { ...settings, addresses: listed("10.0.0.1", "10.0.0.2") };
  assert.equal(decode(encode(two), got), "ok");
  assert.equal(checkAdvertisement(got, settings, encode(two)), "ok");
  assert.equal(sameAddresses(got, settings), false);
  assert.equal(sameAddresses(got, { ...two, addresses: [...two.addresses].reverse() }), true);
  // A buffer that is reused holds the addresses of earlier packets: they do not count.
  assert.equal(decode(encode({ ...settings, addresses: listed("10.0.0.9") }), got), "ok");
  assert.equal(sameAddresses(got, { ...settings, addresses: listed("10.0.0.2") }), false);
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

/** Priority 150 for virtual router 50 each 100 ms, and what differs. */
const v3: AdvertisementSettings = {
  ...settings,
  version: 3,
  authentication: undefined,
  advertInterval: fromSeconds(0.1),
};
const ipv6: AdvertisementSettings = {
  ...v3,
  family: 6,
  group: VRRP_GROUP_IPV6,
  addresses: listed("fe80::40", "2001:db8::40"),
};

describe("version 3 (RFC 9568 §5)", () => {
  test("it has hundredths of a second in place of authentication, and by default a checksum as RFC 5798 has it", () => {
    // Pseudo-header c0a8 0029 e000 0012 0070 000c and message 3132 9601 000a c0a8 0028: 3296c, folded 296f, inverted d690.
    assert.equal(
      Buffer.from(encode(v3)).toString("hex"),
      "45c0002000010000ff7019c9c0a80029e000001231329601000ad690c0a80028",
    );
    assert.equal(judge(encode(v3), v3), "ok");
  });

  test("with v3_checksum_as_v2 the checksum covers the message alone; either form is accepted", () => {
    const plain = { ...v3, plainChecksum: true };
    assert.notDeepEqual(encode(plain), encode(v3));
    assert.equal(judge(encode(plain), v3), "ok");
    assert.equal(judge(encode(v3), plain), "ok");
  });

  test("unicast may have the checksum of a packet to the group, as keepalived up to 1.3.6 has it", () => {
    const unicast = { ...v3, unicast: true, peers: [peer], group: peer.address };
    const old = { ...unicast, oldUnicastChecksum: "always" } as const;
    const packet = encode(old);
    // The same sum as in a packet to 224.0.0.18, whose checksum stands above.
    assert.equal(Buffer.from(packet.subarray(26, 28)).toString("hex"), "d690");
    const got = new Advertisement();
    assert.equal(decode(packet, got), "ok");
    assert.equal(got.hasOldChecksum, true);
    assert.equal(checkAdvertisement(got, unicast, packet), "ok");
    assert.equal(judge(packet, { ...unicast, oldUnicastChecksum: "never" }), "checksum");
    assert.equal(judge(encode(unicast), old), "ok");
  });

  test("another interval is no reason to discard: it is learnt; 0 is", () => {
    assert.equal(judge(encode({ ...v3, advertInterval: fromSeconds(1) }), v3), "ok");
    assert.equal(judge(encode({ ...v3, advertInterval: microseconds(0) }), v3), "interval");
  });

  test("over IPv6 it goes to ff02::12 with hop limit 255, and lists addresses of 16 octets", () => {
    const packet = encode(ipv6, 150, 1, "fe80::1");
    const got = new Advertisement();
    assert.equal(packet.length, 40 + 8 + 32);
    assert.equal(decode(packet, got), "ok");
    assert.equal(checkAdvertisement(got, ipv6, packet), "ok");
    assert.deepEqual(
      [formatIp(got.header.source), formatIp(got.header.destination), got.header.ttl, got.advertInterval],
      ["fe80::1", "ff02::12", 255, 100_000],
    );
    assert.equal(sameAddresses(got, ipv6), true);
    assert.equal(sameAddresses(got, { ...ipv6, addresses: listed("fe80::40", "2001:db8::41") }), false);
    assert.equal(peekVirtualRouterId(packet, packet.length), 50);
  });

  test("over IPv6 every octet of the message, and the addresses of the header, are under the checksum", () => {
    const packet = encode(ipv6, 150, 1, "fe80::1");
    for (let at = 8; at < packet.length; at++) {
      const changed = packet.slice();
      changed[at]! ^= 0x04;
      assert.notEqual(judge(changed, ipv6), "ok", `octet ${at}`);
    }
  });
});

describe("unicast peers", () => {
  const unicast = { ...settings, unicast: true, peers: [{ ...peer, minTtl: 250, maxTtl: 254 }] };
  const packet = (ttl: number, last = 41): Uint8Array => altered({ 8: ttl, 15: last, 16: 192, 17: 168, 18: 0, 19: 42 });

  test("min_ttl and max_ttl hold for the peer that they stand behind", () => {
    assert.equal(judge(packet(255), unicast), "ttl");
    assert.equal(judge(packet(249), unicast), "ttl");
    assert.equal(judge(packet(252), unicast), "ok");
  });

  test("check_unicast_src refuses whoever is no peer", () => {
    assert.equal(judge(packet(252, 77), unicast), "ok");
    assert.equal(judge(packet(252, 77), { ...unicast, checkSource: true }), "source");
  });
});

describe("an Authentication Header (RFC 2402)", () => {
  const signed: AdvertisementSettings = {
    ...settings,
    authentication: { type: "AH", password: passwordOctets("password") },
  };
  const judgeAfter = (packet: Uint8Array, lastSequence: number, own = signed): string => {
    const got = new Advertisement();
    const decoded = decode(packet, got);
    return decoded === "ok" ? checkAdvertisement(got, own, packet, lastSequence) : decoded;
  };

  test("stands between the IP header and the message, whose authentication type is 2", () => {
    const packet = encode(signed, 150, 7);
    assert.equal(packet.length, PACKET.length + 24);
    assert.deepEqual([packet[9], packet[20], packet[44]! >> 4, packet[48]], [51, 112, 2, 2]);
    assert.deepEqual([...packet.subarray(24, 32)], [192, 168, 0, 41, 0, 0, 0, 7]);
    assert.equal(peekVirtualRouterId(packet, packet.length), 50);
    assert.equal(judgeAfter(packet, 6), "ok");
  });

  test("whatever kind of array the packet is in, verifying leaves it as it was", () => {
    const packet = Buffer.from(encode(signed, 150, 7));
    const before = Buffer.from(packet);
    assert.equal(judgeAfter(packet, 6), "ok");
    assert.deepEqual(packet, before);
  });

  test("what keepalived 2.2.7 signs is accepted", () => {
    const captured = octets(`
      45c0 0040 0001 0000 ff33 18b6 c000 0201 e000 0012 7004 0000 c000 0201 0000 0001 7054 1b79 02a0 8f2e dcbd 9de3
      2133 9601 0201 8465 c000 0264 0000 0000 0000 0000`);
    const authentication = { type: "AH", password: passwordOctets("secret") } as const;
    const own = { ...advertising, authentication, addresses: listed("192.0.2.100") };
    assert.equal(judgeAfter(captured, 0, own), "ok");
    const buffer = new Uint8Array(MAX_PACKET);
    const length = encodeAdvertisement(buffer, own, address("192.0.2.1"), VRRP_GROUP, 150, 1);
    assert.deepEqual(buffer.subarray(0, length), captured);
  });

  test("another key, and any changed octet but those that routers may change, is refused", () => {
    const packet = encode(signed, 150, 7);
    const stranger = { ...signed, authentication: { type: "AH", password: passwordOctets("other") } } as const;
    assert.equal(judgeAfter(packet, 6, stranger), "auth-password");
    for (let at = 12; at < packet.length; at++) {
      const changed = packet.slice();
      changed[at]! ^= 0x40;
      assert.notEqual(judgeAfter(changed, 6), "ok", `octet ${at}`);
    }
  });

  test("what was recorded cannot be played again", () => {
    assert.equal(judgeAfter(encode(signed, 150, 7), 7), "replayed");
    assert.equal(judgeAfter(encode(signed, 150, 7), 8), "replayed");
  });

  test("with it where none is configured, or without it where one is, a packet is refused", () => {
    assert.equal(judge(encode(signed), settings), "auth-type");
    assert.equal(judgeAfter(PACKET, 0), "auth-type");
  });
});

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
          ...settings,
          virtualRouterId,
          advertInterval: fromSeconds(advertInterval),
          addresses: addresses.map(addressOctets),
          authentication: password === undefined ? undefined : { type: "PASS", password: passwordOctets(password) },
        };
        const packet = encode(own, priority);
        const got = new Advertisement();
        assert.equal(decode(packet, got), "ok");
        assert.equal(checkAdvertisement(got, own, packet), "ok");
        assert.deepEqual(
          [got.virtualRouterId, got.advertInterval, got.priority, [...got.addresses.subarray(0, 4 * got.addressCount)]],
          [
            virtualRouterId,
            fromSeconds(advertInterval),
            priority,
            addresses.flatMap((each) => [...addressOctets(each)]),
          ],
        );
      },
    ),
  ));
