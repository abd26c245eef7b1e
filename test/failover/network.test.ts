import assert from "node:assert/strict";
import { test } from "node:test";
import { HostNetwork } from "../../src/failover/network.js";
import type { InterfaceAddress } from "../../src/sys/netlink.js";
import { link } from "./support.js";

const address = (index: number, text: string, prefixLength = 24): InterfaceAddress => ({
  index,
  family: text.includes(":") ? 10 : 2,
  address: text,
  prefixLength,
  scope: 0,
  label: undefined,
  broadcast: undefined,
  peer: undefined,
  flags: 0,
});

function network(): HostNetwork {
  const known = new HostNetwork();
  known.load([link(2, "eth0"), link(3, "eth1", { running: false })], [address(2, "fe80::1"), address(2, "192.0.2.10")]);
  return known;
}

test("an interface is up if it is switched on and can pass traffic", () => {
  const known = network();
  assert.equal(known.condition("eth0"), "up");
  assert.equal(known.condition("eth1"), "down");
  assert.equal(known.condition("eth2"), "missing");
  assert.equal(known.apply({ kind: "link", action: "new", link: link(3, "eth1") }), true);
  assert.equal(known.condition("eth1"), "up");
  assert.equal(known.apply({ kind: "link", action: "new", link: link(3, "eth1") }), false, "nothing new");
  known.apply({ kind: "link", action: "delete", link: link(2, "eth0") });
  assert.equal(known.condition("eth0"), "missing");
});

test("a renamed interface is found by its new name alone", () => {
  const known = network();
  known.apply({ kind: "link", action: "new", link: link(2, "lan0") });
  assert.equal(known.condition("eth0"), "missing");
  assert.equal(known.hasAddress("lan0", "192.0.2.10"), true);
});

test("the source is the first IPv4 address that is not a virtual one", () => {
  const known = network();
  const isVirtual = (text: string): boolean => text === "192.0.2.1";
  known.load([link(2, "eth0")], [address(2, "fe80::1"), address(2, "192.0.2.1", 32), address(2, "192.0.2.10")]);
  assert.equal(known.firstAddress("eth0", 4, isVirtual), "192.0.2.10");
  known.apply({ kind: "address", action: "delete", address: address(2, "192.0.2.10") });
  assert.equal(known.firstAddress("eth0", 4, isVirtual), undefined);
});

test("addresses with another prefix length are other addresses", () => {
  const known = network();
  assert.equal(known.hasAddress("eth0", "192.0.2.10", 32), false);
  assert.equal(known.apply({ kind: "address", action: "delete", address: address(2, "192.0.2.10", 32) }), false);
  assert.equal(known.hasAddress("eth0", "192.0.2.10", 24), true);
});
