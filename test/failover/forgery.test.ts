/** With auth_type AH nobody without the key changes a router's state: not by forging, damaging, cutting or replaying. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fromSeconds } from "../../src/config/units.js";
import { parseIp } from "../../src/failover/wire/ip-address.js";
import {
  Advertisement,
  type AdvertisementSettings,
  checkAdvertisement,
  decodeAdvertisement,
  encodeAdvertisement,
  MAX_PACKET,
  passwordOctets,
  type Rejection,
} from "../../src/failover/wire/packet.js";
import { advertising, RecordingInstance } from "./support.js";

const signed = (password: string): AdvertisementSettings => ({
  ...advertising,
  authentication: { type: "AH", password: passwordOctets(password) },
});
const PEER = parseIp("192.0.2.20")!;

function packetOf(own: AdvertisementSettings, priority: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(MAX_PACKET);
  return bytes.slice(0, encodeAdvertisement(bytes, own, PEER, own.group, priority, sequence));
}

/** A router that hears whatever comes, as the engine has it: decoded, checked, and then handed to the state machine. */
class Listener {
  readonly instance = new RecordingInstance({ priority: 100 });
  readonly #heard = new Advertisement();
  #lastSequence = -1;

  hear(packet: Uint8Array): "ok" | Rejection {
    const decoded = decodeAdvertisement(packet, packet.length, this.#heard);
    const verdict = decoded === "ok" ? checkAdvertisement(this.#heard, OWN, packet, this.#lastSequence) : decoded;
    if (verdict !== "ok") return verdict;
    const { header, priority, advertInterval: interval, sequence } = this.#heard;
    this.#lastSequence = sequence;
    this.instance.handle({ kind: "advertisement", source: header.source, priority, interval });
    return "ok";
  }
}

const OWN = signed("secret");
const SEQUENCE = 1_000;
/** What routers on the way may change is not signed: type of service, flags, and the header's checksum (RFC 4302 §3.3.3). */
const UNSIGNED = [1, 6, 7, 10, 11];
const authentic = (priority: number): Uint8Array => packetOf(OWN, priority, SEQUENCE);

const anyPriority = fc.integer({ min: 0, max: 255 });
const anyForgery = fc.oneof(
  fc
    .record({ priority: anyPriority, sequence: fc.nat(0xffffffff), password: fc.string({ maxLength: 8 }) })
    .map(({ priority, sequence, password }) => packetOf(signed(`not ${password}`), priority, sequence)),
  anyPriority.map((priority) => packetOf(advertising, priority, 1)),
  anyPriority.map((priority) =>
    packetOf({ ...advertising, authentication: { type: "PASS", password: passwordOctets("secret") } }, priority, 1),
  ),
  fc.uint8Array({ maxLength: 100 }),
  fc
    .tuple(anyPriority, fc.nat(200))
    .map(([priority, length]) => authentic(priority).slice(0, length % authentic(0).length)),
  fc.tuple(anyPriority, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([priority, at, change]) => {
    const packet = authentic(priority);
    const index = at % packet.length;
    packet[index]! ^= UNSIGNED.includes(index) ? 0 : change;
    return UNSIGNED.includes(index) ? packet.slice(0, index) : packet;
  }),
);

describe("auth_type AH", () => {
  for (const role of ["backup", "master"] as const)
    test(`a ${role} stays as it is, whatever somebody without the key sends`, () =>
      fc.assert(
        fc.property(fc.array(anyForgery, { minLength: 1, maxLength: 20 }), (forgeries) => {
          const listener = new Listener();
          if (role === "master") listener.instance.advance(fromSeconds(6));
          const before = listener.instance.state;
          assert.equal(before.kind, role);
          for (const packet of forgeries) assert.notEqual(listener.hear(packet), "ok");
          assert.equal(listener.instance.state, before);
          // Not because it hears nobody: with the key, a word is enough.
          assert.equal(listener.hear(authentic(200)), "ok");
          assert.notEqual(listener.instance.state, before);
        }),
        { numRuns: 300 },
      ));

  test("what was heard once is not heard again, nor anything before it, were it a resignation", () => {
    const listener = new Listener();
    const past = [0, 200].flatMap((priority) => [1, 2, 3].map((sequence) => packetOf(OWN, priority, sequence)));
    assert.equal(listener.hear(packetOf(OWN, 200, 3)), "ok");
    const before = listener.instance.state;
    for (const packet of past) assert.equal(listener.hear(packet), "replayed");
    assert.equal(listener.instance.state, before);
    assert.equal(listener.hear(packetOf(OWN, 0, 4)), "ok");
  });
});
