import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeGratuitousArp } from "../../../src/failover/wire/arp.js";
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
