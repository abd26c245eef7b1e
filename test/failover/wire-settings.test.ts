import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSeconds } from "../../src/config/units.js";
import { VRRP_GROUP_IPV6 } from "../../src/failover/wire/packet.js";
import { advertisementSettings, instanceSettings } from "../../src/failover/wire-settings.js";
import { vrrpInstance } from "./support.js";

const unicast = {
  kind: "unicast",
  peers: [{ address: "10.0.0.3", minTtl: 254, maxTtl: undefined }],
  ttl: 64,
  checkSource: true,
} as const;

test("an advertisement carries the addresses in their order, without the excluded ones", () => {
  const [excluded] = vrrpInstance({ addresses: [{ address: "10.0.0.9" }] }).addresses;
  const own = vrrpInstance({
    addresses: [{ address: "10.0.0.2" }, { address: "10.0.0.1" }],
    excludedAddresses: [excluded!],
    advertInterval: fromSeconds(3),
  });
  const settings = advertisementSettings(own);
  assert.deepEqual(settings.addresses.map(String), ["10,0,0,2", "10,0,0,1"]);
  assert.equal(settings.advertInterval, 3_000_000);
  assert.deepEqual(settings.peers, []);
  assert.equal(advertisementSettings(vrrpInstance({ transport: unicast })).peers.length, 1);
});

test("state MASTER cancels nopreempt, as keepalived has it, and keeps preempt_delay", () => {
  const written = { preempt: false, preemptDelay: fromSeconds(30) };
  assert.equal(instanceSettings(vrrpInstance({ ...written, state: "MASTER" })).preempt, true);
  assert.equal(instanceSettings(vrrpInstance({ ...written, state: "MASTER" })).preemptDelay, 30_000_000);
  assert.equal(instanceSettings(vrrpInstance({ ...written, state: "BACKUP" })).preempt, false);
  assert.equal(instanceSettings(vrrpInstance({ ...written, priority: 255 })).preempt, true);
});

test("unicast says whom to send to, how far, and who may speak", () => {
  const { peers, ttl, checkSource } = advertisementSettings(vrrpInstance({ transport: unicast }));
  assert.deepEqual([peers, ttl, checkSource], [[{ address: 0x0a000003, minTtl: 254, maxTtl: 255 }], 64, true]);
});

test("over IPv6 addresses have 16 octets", () => {
  const transport = { kind: "multicast", group: "ff02::12" } as const;
  const own = vrrpInstance({ family: 6, version: 3, transport, addresses: [{ address: "fe80::1", family: 6 }] });
  const { family, group, addresses } = advertisementSettings(own);
  assert.deepEqual([family, group, addresses[0]!.length], [6, VRRP_GROUP_IPV6, 16]);
});

test("VRRPv3 has no authentication", () => {
  const authentication = { type: "PASS", password: "secret" } as const;
  assert.equal(advertisementSettings(vrrpInstance({ version: 3, authentication })).authentication, undefined);
  assert.equal(advertisementSettings(vrrpInstance({ authentication })).authentication?.type, "PASS");
});
