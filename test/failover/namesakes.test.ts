/** Instances of one host under one number, and whose a packet is (keepalived.conf(5): unicast_peer, mcast_dst_ip). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { correspondentOf, isAddressedTo, namesakesOf } from "../../src/failover/namesakes.js";
import { parseIp } from "../../src/failover/wire/ip-address.js";
import { IpHeader } from "../../src/failover/wire/ip-header.js";
import { vrrpInstance } from "./support.js";

const multicast = (name: string, group: string) => vrrpInstance({ name, transport: { kind: "multicast", group } });
const unicast = (name: string, peer: string, sourceAddress?: string) =>
  vrrpInstance({
    name,
    sourceAddress,
    transport: {
      kind: "unicast",
      peers: [{ address: peer, minTtl: undefined, maxTtl: undefined }],
      ttl: 255,
      checkSource: false,
    },
  });

const instances = [
  multicast("usual group", "224.0.0.18"),
  multicast("other group", "224.0.0.99"),
  unicast("peer .1", "198.51.100.1"),
  unicast("peer .2", "198.51.100.2"),
  unicast("peer .1 from .77", "198.51.100.1", "192.0.2.77"),
];

/** Who takes what `source` sends to `destination`. */
function takers(source: string, destination: string): string[] {
  const header = new IpHeader();
  header.source = parseIp(source)!;
  header.destination = parseIp(destination)!;
  return instances
    .filter((own) => isAddressedTo(correspondentOf(own), namesakesOf(own, instances), header))
    .map(({ name }) => name);
}

test("multicast is for those of its group alone", () => {
  assert.deepEqual(takers("198.51.100.9", "224.0.0.18"), ["usual group"]);
  assert.deepEqual(takers("198.51.100.1", "224.0.0.99"), ["other group"]);
});

test("unicast is for whoever has the sender among its peers", () =>
  assert.deepEqual(takers("198.51.100.2", "192.0.2.10"), ["peer .2"]));

test("two with the same peer are told apart by their own source addresses", () => {
  assert.deepEqual(takers("198.51.100.1", "192.0.2.77"), ["peer .1 from .77"]);
  assert.deepEqual(takers("198.51.100.1", "192.0.2.10"), ["peer .1"]);
});

test("unicast of a stranger is left to those by multicast, who refuse it and say so", () =>
  assert.deepEqual(takers("198.51.100.9", "192.0.2.10"), ["usual group", "other group"]));

test("another interface, number or family shares nothing", () => {
  const own = vrrpInstance({});
  for (const other of [{ interface: "eth1" }, { virtualRouterId: 52 }, { family: 6 }] as const)
    assert.deepEqual(namesakesOf(own, [own, vrrpInstance({ name: "VI_2", ...other })]), []);
  assert.equal(namesakesOf(own, [own, vrrpInstance({ name: "VI_2", interface: undefined })]).length, 1);
});
