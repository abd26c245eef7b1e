import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  CLOCK_TOLERANCE,
  type Claim,
  encodeHeartbeat,
  HeartbeatReader,
  MAX_HEARTBEAT,
} from "../../../src/failover/wire/heartbeat.js";
import { parseIp } from "../../../src/failover/wire/ip-address.js";

const KEY = Buffer.from("correct horse battery staple");
const NOW = 1_790_000_000_000_000;
const CLAIMS: readonly Claim[] = [
  { virtualRouterId: 51, family: 4, priority: 200, isMaster: true, source: parseIp("192.0.2.11")! },
  { virtualRouterId: 52, family: 6, priority: 1, isMaster: false, source: parseIp("fe80::11")! },
];

function heartbeat(at = NOW, claims = CLAIMS, key: Uint8Array = KEY, sender = 7n): Buffer {
  const packet = Buffer.alloc(MAX_HEARTBEAT);
  return packet.subarray(0, encodeHeartbeat(packet, key, sender, at, claims));
}

const reader = (): HeartbeatReader => new HeartbeatReader(KEY, 1n);

function read(from: HeartbeatReader, packet: Buffer, now = NOW): { verdict: string; claims: Claim[] } {
  const claims: Claim[] = [];
  const verdict = from.read(packet, packet.length, now, (claim) => claims.push(claim));
  return { verdict, claims };
}

describe("a heartbeat", () => {
  test("says how each virtual router stands", () =>
    assert.deepEqual(read(reader(), heartbeat()), { verdict: "ok", claims: CLAIMS }));

  test("counts once: replayed, or older than the last, it says nothing", () => {
    const from = reader();
    read(from, heartbeat(NOW));
    assert.deepEqual(read(from, heartbeat(NOW)), { verdict: "replayed", claims: [] });
    assert.deepEqual(read(from, heartbeat(NOW - 1)), { verdict: "replayed", claims: [] });
    assert.equal(read(from, heartbeat(NOW + 1)).verdict, "ok");
    assert.equal(read(from, heartbeat(NOW, CLAIMS, KEY, 8n)).verdict, "ok", "another sender has its own");
  });

  test("recorded long ago it says nothing, though this router has just started", () => {
    assert.equal(read(reader(), heartbeat(NOW - CLOCK_TOLERANCE)).verdict, "ok");
    assert.deepEqual(read(reader(), heartbeat(NOW - CLOCK_TOLERANCE - 1)), { verdict: "clock", claims: [] });
    assert.deepEqual(read(reader(), heartbeat(NOW + CLOCK_TOLERANCE + 1)), { verdict: "clock", claims: [] });
  });

  test("signed with another key it says nothing", () =>
    assert.deepEqual(read(reader(), heartbeat(NOW, CLAIMS, Buffer.from("another"))), {
      verdict: "forged",
      claims: [],
    }));

  test("our own that comes back says nothing", () =>
    assert.equal(read(new HeartbeatReader(KEY, 7n), heartbeat()).verdict, "replayed"));

  test("with any bit changed, or cut off anywhere, it says nothing; nor does it spoil the true one", () =>
    fc.assert(
      fc.property(fc.nat(heartbeat().length * 8 - 1), fc.nat(heartbeat().length - 1), (bit, length) => {
        const from = reader();
        const changed = heartbeat();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        assert.deepEqual(read(from, changed).claims, []);
        assert.deepEqual(read(from, heartbeat().subarray(0, length)).claims, []);
        assert.equal(read(from, heartbeat()).verdict, "ok");
      }),
    ));

  test("any octets at all say nothing", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: MAX_HEARTBEAT }), (octets) => {
        assert.deepEqual(read(reader(), Buffer.from(octets)).claims, []);
      }),
    ));

  test("tells of 255 virtual routers", () => {
    const many = Array.from({ length: 255 }, (_, index) => ({ ...CLAIMS[0]!, virtualRouterId: index + 1 }));
    assert.deepEqual(read(reader(), heartbeat(NOW, many)).claims, many);
  });
});
