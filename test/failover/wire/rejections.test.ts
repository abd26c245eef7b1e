import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSeconds } from "../../../src/config/units.js";
import { parseIp } from "../../../src/failover/wire/ip-address.js";
import { Advertisement, passwordOctets, REJECTIONS } from "../../../src/failover/wire/packet.js";
import { describeRejection } from "../../../src/failover/wire/rejections.js";
import { advertising } from "../support.js";

const packet = new Uint8Array(40);
packet[0] = 0x45;
packet.set([192, 0, 2, 20], 12);
const own = { ...advertising, authentication: { type: "PASS", password: passwordOctets("secret") } } as const;
const heard = new Advertisement();
heard.header.ttl = 64;
heard.header.destination = parseIp("192.0.2.99")!;
heard.advertInterval = fromSeconds(3);

const say = (reason: (typeof REJECTIONS)[number]): string => describeRejection(reason, packet, 40, heard, own);

test("every refused packet is told of with its sender, and each reason in other words", () => {
  const texts = REJECTIONS.map(say);
  for (const text of texts) assert.match(text, / from 192\.0\.2\.20/);
  assert.equal(new Set(texts).size, REJECTIONS.length);
});

test("where both sides have a value, both are said", () => {
  assert.equal(say("interval"), "advertisement interval mismatch from 192.0.2.20 mine=1 sec rcv'ed=3 sec");
  assert.equal(say("ttl"), "invalid ttl from 192.0.2.20. 64 and expect 255");
  assert.equal(say("auth-type"), "received a 0 auth from 192.0.2.20, expecting 1!");
  assert.equal(
    say("destination"),
    "received an advertisement from 192.0.2.20 to 192.0.2.99, expecting multicast to 224.0.0.18",
  );
});

test("a packet too short for an address is told of without one", () =>
  assert.equal(describeRejection("truncated", packet, 7, heard, own), "received a packet that is cut off (7 octets)"));
