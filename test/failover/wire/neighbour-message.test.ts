/** Neighbour Discovery (RFC 4861 §4.3, §4.4), octet by octet; checksums added up by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIp } from "../../../src/failover/wire/ip-address.js";
import { encodeNeighbourAdvertisement } from "../../../src/failover/wire/neighbour-advertisement.js";
import { decodeNeighbourAdvertisement, NEIGHBOUR_FRAME_LENGTH } from "../../../src/failover/wire/neighbour-message.js";
import { encodeNeighbourSolicitation } from "../../../src/failover/wire/neighbour-solicitation.js";

const MAC = Uint8Array.from([0x02, 0, 0, 0, 0, 0x0a]);
const VIP = parseIp("2001:db8::100") as bigint;
const ETHERNET = 14;

test("a solicitation goes to the target's group and tells where its source lives", () => {
  const frame = new Uint8Array(NEIGHBOUR_FRAME_LENGTH).fill(0xee);
  const length = encodeNeighbourSolicitation(frame, MAC, VIP, parseIp("fe80::1") as bigint);
  const hex = Buffer.from(frame.subarray(0, length)).toString("hex");
  // Checksum: 2eb9 (source) + 1fe04 (destination) + 5a (length, protocol) + 1888c (message) = 3b5a3; ~(b5a3 + 3) = 4a59.
  assert.equal(
    hex,
    [
      "3333ff000001 02000000000a 86dd", // to the group of those that end in 00:0001
      "6c000000 0020 3a ff", // 32 octets of ICMPv6, hop limit 255
      "20010db8000000000000000000000100",
      "ff0200000000000000000001ff000001",
      "87 00 4a59 00000000",
      "fe800000000000000000000000000001",
      "01 01 02000000000a", // the source's link-layer address
    ]
      .join("")
      .replaceAll(" ", ""),
  );
});

test("an advertisement is understood as it was written", () => {
  const frame = new Uint8Array(NEIGHBOUR_FRAME_LENGTH);
  encodeNeighbourAdvertisement(frame, MAC, VIP, false);
  const packet = frame.subarray(ETHERNET);
  const claimed = { address: VIP, mac: "02:00:00:00:00:0a", to: parseIp("ff02::1") };
  assert.deepEqual(decodeNeighbourAdvertisement(packet, packet.length), claimed);
});

test("what is cut, damaged, forwarded or something else is nothing", () => {
  const frame = new Uint8Array(NEIGHBOUR_FRAME_LENGTH);
  encodeNeighbourAdvertisement(frame, MAC, VIP, false);
  const packet = frame.subarray(ETHERNET);
  assert.equal(decodeNeighbourAdvertisement(packet, packet.length - 1), undefined, "cut");
  for (const [offset, octet, what] of [
    [6, 17, "UDP"],
    [7, 254, "forwarded"],
    [40, 135, "a solicitation"],
    [42, 0xff, "a wrong checksum"],
    [64, 1, "another option"],
  ] as const) {
    const other = Buffer.from(packet);
    other[offset] = octet;
    assert.equal(decodeNeighbourAdvertisement(other, other.length), undefined, what);
  }
});
