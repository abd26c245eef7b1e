import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeArp, encodeArpRequest, encodeGratuitousArp } from "../../../src/failover/wire/arp.js";
import { parseIpv4 } from "../../../src/failover/wire/ipv4.js";

test("a gratuitous ARP is a broadcast request for the address by its holder (RFC 5227 §1.1)", () => {
  const frame = new Uint8Array(64);
  const hardwareAddress = Uint8Array.from([0x02, 0, 0, 0, 0, 0x0a]);
  const length = encodeGratuitousArp(frame, hardwareAddress, parseIpv4("192.0.2.1")!);
  assert.equal(
    Buffer.from(frame.subarray(0, length)).toString("hex"),
    [
      "ffffffffffff 02000000000a 0806", // to everybody, from us, ARP
      "0001 0800 06 04 0001", // Ethernet, IPv4, lengths, request
      "02000000000a c0000201", // sender: us, the virtual address
      "ffffffffffff c0000201", // target: all ones, the virtual address
    ]
      .join("")
      .replaceAll(" ", ""),
  );
});

test("a question names its sender, and nobody's hardware address as the target's (RFC 826)", () => {
  const frame = new Uint8Array(64).fill(0xee);
  const hardwareAddress = Uint8Array.from([0x02, 0, 0, 0, 0, 0x0a]);
  const length = encodeArpRequest(frame, hardwareAddress, parseIpv4("192.0.2.1")!, parseIpv4("192.0.2.254")!);
  assert.equal(
    Buffer.from(frame.subarray(0, length)).toString("hex"),
    [
      "ffffffffffff 02000000000a 0806",
      "0001 0800 06 04 0001",
      "02000000000a c0000201", // sender
      "000000000000 c00002fe", // target
    ]
      .join("")
      .replaceAll(" ", ""),
  );
});

const reply = Buffer.from("00010800060400020200000000fec00002fe02000000000ac0000201", "hex");

test("whoever answers claims its address; who asks in nobody's name claims none (RFC 5227 §2.1.1)", () => {
  const claimed = { address: parseIpv4("192.0.2.254"), mac: "02:00:00:00:00:fe", to: parseIpv4("192.0.2.1") };
  assert.deepEqual(decodeArp(reply, reply.length), claimed);
  assert.deepEqual(decodeArp(Buffer.concat([reply, Buffer.alloc(18)]), 46), claimed, "padding is no part of it");
  const probe = Buffer.from(reply).fill(0, 14, 18);
  assert.equal(decodeArp(probe, probe.length), undefined);
});

test("what is no ARP for IPv4 over Ethernet is nothing", () => {
  assert.equal(decodeArp(reply, 27), undefined);
  for (const [offset, octet] of [
    [1, 6],
    [2, 0x86],
    [4, 8],
    [5, 16],
  ] as const) {
    const other = Buffer.from(reply);
    other[offset] = octet;
    assert.equal(decodeArp(other, other.length), undefined, `octet ${offset}`);
  }
});
