import assert from "node:assert/strict";
import { test } from "node:test";
import { Advertisement, type AdvertisementSettings, passwordOctets, REJECTIONS } from "../../src/failover/packet.js";
import { describeRejection } from "../../src/failover/rejections.js";

const packet = new Uint8Array(40);
packet.set([192, 0, 2, 20], 12);
const own: AdvertisementSettings = {
  virtualRouterId: 51,
  advertInterval: 1,
  password: passwordOctets("secret"),
  addresses: [],
  unicast: false,
};
const heard = new Advertisement();
heard.ttl = 64;
heard.advertInterval = 3;

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
  assert.equal(say("destination"), "received a unicast advertisement from 192.0.2.20, but is configured for multicast");
});

test("a packet too short for an address is told of without one", () =>
  assert.equal(describeRejection("truncated", packet, 7, heard, own), "received a packet that is cut off (7 octets)"));
