import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AF_INET, AF_INET6 } from "../../src/sys/address.js";
import { EADDRNOTAVAIL, EEXIST, ENODEV, ENOENT, ESRCH } from "../../src/sys/errno.js";
import { errnoNumbers } from "../../src/sys/libc.js";
import { FOREVER, IFA_F_DEPRECATED, IFA_F_NODAD, Netlink, SCOPE } from "../../src/sys/netlink.js";
import { enterOwnNetwork, ip, ipJson } from "../support/own-network.js";
import { needsRoot } from "../support/root.js";

interface IpAddress {
  ifname: string;
  addr_info: { local: string; prefixlen: number; scope: string; label?: string; broadcast?: string }[];
}

const ENETUNREACH = errnoNumbers.ENETUNREACH!;

/** What ip(8) shows of one address: the witness in these tests is never our own decoder. */
const shown = (dev: string, address: string) =>
  ipJson<IpAddress[]>("address", "show", "dev", dev)
    .flatMap((link) => link.addr_info ?? [])
    .find(({ local }) => local === address);

let netlink: Netlink;
let index: number;

before(() => {
  if (needsRoot) return;
  enterOwnNetwork();
  ip("link", "set", "lo", "up");
  ip("link", "add", "eth0", "mtu", "1400", "address", "02:00:00:00:00:0a", "type", "veth", "peer", "name", "wire0");
  netlink = new Netlink();
  index = netlink.linkByName("eth0")!.index;
});

after(() => netlink?.close());

test("links are what ip(8) says they are", { skip: needsRoot }, () => {
  const expected = ipJson<{ ifindex: number; ifname: string; mtu: number; address: string }[]>("link");
  assert.deepEqual(
    netlink.links().map(({ index: ifindex, name: ifname, mtu, mac: address }) => ({ ifindex, ifname, mtu, address })),
    expected.map(({ ifindex, ifname, mtu, address }) => ({ ifindex, ifname, mtu, address })),
  );
  assert.deepEqual(netlink.linkByIndex(index), netlink.linkByName("eth0"));
  assert.equal(netlink.linkByName("eth0")?.kind, "veth");
  assert.equal(netlink.linkByName("eth0")?.mac, "02:00:00:00:00:0a");
});

test("an interface that is not there is undefined, whatever it is called", { skip: needsRoot }, () => {
  for (const name of ["eth9", "", "a-name-longer-than-15-bytes"]) assert.equal(netlink.linkByName(name), undefined);
  for (const number of [0, -1, 9_999]) assert.equal(netlink.linkByIndex(number), undefined);
});

test("a link is switched on and off, and has its carrier when both ends are on", { skip: needsRoot }, () => {
  const peer = netlink.linkByName("wire0")!.index;
  assert.equal(netlink.setLink(index, true), 0);
  assert.equal(netlink.linkByIndex(index)?.up, true);
  assert.equal(netlink.linkByIndex(index)?.carrier, false);
  assert.equal(netlink.setLink(peer, true), 0);
  assert.equal(netlink.linkByIndex(index)?.carrier, true);
  assert.equal(netlink.setLink(peer, false), 0);
  assert.equal(netlink.linkByIndex(index)?.carrier, false);
  assert.equal(netlink.setLink(peer, true), 0);
  assert.equal(netlink.setLink(9_999, true), -ENODEV);
});

test("an IPv4 address is added with label, scope and broadcast, and deleted", { skip: needsRoot }, () => {
  const address = "192.0.2.10";
  const settings = { index, address, prefixLength: 24, scope: SCOPE.link, label: "eth0:vip", broadcast: "192.0.2.255" };
  assert.equal(netlink.addAddress(settings), 0);
  const { local, prefixlen, scope, label, broadcast } = shown("eth0", address)!;
  assert.deepEqual(
    { local, prefixlen, scope, label, broadcast },
    { local: address, prefixlen: 24, scope: "link", label: "eth0:vip", broadcast: "192.0.2.255" },
  );
  const seen = netlink.addresses(index, AF_INET).find((each) => each.address === address);
  assert.equal(seen?.label, "eth0:vip");
  assert.equal(seen?.broadcast, "192.0.2.255");
  assert.equal(netlink.deleteAddress(settings), 0);
  assert.equal(shown("eth0", address), undefined);
});

test("an address that is there already, or not there, is told apart from other failures", { skip: needsRoot }, () => {
  const settings = { index, address: "192.0.2.11", prefixLength: 32 };
  assert.equal(netlink.addAddress(settings), 0);
  assert.equal(netlink.addAddress(settings), -EEXIST);
  assert.equal(netlink.deleteAddress({ ...settings, prefixLength: 24 }), -EADDRNOTAVAIL);
  assert.equal(netlink.deleteAddress(settings), 0);
  assert.equal(netlink.deleteAddress(settings), -EADDRNOTAVAIL);
  assert.equal(netlink.addAddress({ ...settings, index: 9_999 }), -ENODEV);
});

test("the kernel's explanation of a refusal is kept until the next request", { skip: needsRoot }, () => {
  const route = { destination: "203.0.113.0", prefixLength: 24, gateway: "198.51.100.1" };
  assert.equal(netlink.addRoute(route), -ENETUNREACH);
  assert.equal(netlink.explanation, "Nexthop has invalid gateway");
  netlink.links();
  assert.equal(netlink.explanation, undefined);
});

test("an IPv6 address can serve at once, and keep out of source address selection", { skip: needsRoot }, () => {
  const settings = {
    index,
    address: "2001:db8::10",
    prefixLength: 128,
    flags: IFA_F_NODAD,
    lifetime: { preferred: 0, valid: FOREVER },
  };
  assert.equal(netlink.addAddress(settings), 0);
  const seen = netlink.addresses(index, AF_INET6).find((each) => each.address === settings.address);
  assert.equal(seen!.flags & (IFA_F_NODAD | IFA_F_DEPRECATED), IFA_F_NODAD | IFA_F_DEPRECATED);
  assert.equal(netlink.deleteAddress(settings), 0);
});

test("a dump of more addresses than one datagram holds is complete", { skip: needsRoot }, () => {
  const count = 2_000; // some 160 KB of messages
  const address = (i: number) => `198.18.${i >> 8}.${i & 255}`;
  for (let i = 0; i < count; i++) assert.equal(netlink.addAddress({ index, address: address(i), prefixLength: 32 }), 0);
  const seen = new Set(netlink.addresses(index).map((each) => each.address));
  for (let i = 0; i < count; i++) assert.ok(seen.has(address(i)), address(i));
  for (let i = 0; i < count; i++)
    assert.equal(netlink.deleteAddress({ index, address: address(i), prefixLength: 32 }), 0);
  assert.equal(netlink.addresses(index, AF_INET).length, 0);
});

test("`ip route add local 0.0.0.0/0 dev lo table 100` and its end", { skip: needsRoot }, () => {
  for (const destination of ["0.0.0.0", "::"]) {
    const family = destination === "::" ? AF_INET6 : AF_INET;
    const route = { destination, prefixLength: 0, oif: 1, table: 100, type: "local" } as const;
    assert.deepEqual(netlink.routes(family, 100), []);
    assert.equal(netlink.addRoute(route), 0);
    assert.equal(netlink.addRoute(route), -EEXIST);
    assert.match(ip(family === AF_INET ? "-4" : "-6", "route", "show", "table", "100"), /^local default dev lo /);
    assert.deepEqual(
      netlink.routes(family, 100).map(({ type, prefixLength, oif }) => ({ type, prefixLength, oif })),
      [{ type: "local", prefixLength: 0, oif: 1 }],
    );
    assert.equal(netlink.deleteRoute(route), 0);
    assert.equal(netlink.deleteRoute(route), -ESRCH);
  }
});

test("a route through a gateway, with source and metric", { skip: needsRoot }, () => {
  ip("address", "add", "192.0.2.5/24", "dev", "eth0");
  const own = { gateway: "192.0.2.1", oif: index, preferredSource: "192.0.2.5", metric: 50 };
  const route = { destination: "203.0.113.0", prefixLength: 24, ...own };
  assert.equal(netlink.addRoute(route), 0);
  assert.match(
    ip("route", "show", "203.0.113.0/24"),
    /^203.0.113.0\/24 via 192.0.2.1 dev eth0 .*src 192.0.2.5 metric 50/,
  );
  const { gateway, oif, preferredSource, metric } = netlink
    .routes(AF_INET)
    .find((r) => r.destination === "203.0.113.0")!;
  assert.deepEqual({ gateway, oif, preferredSource, metric }, own);
  assert.equal(netlink.deleteRoute(route), 0);
  ip("address", "del", "192.0.2.5/24", "dev", "eth0");
});

test("`ip rule add fwmark 1 lookup 100` and its end", { skip: needsRoot }, () => {
  for (const family of [AF_INET, AF_INET6]) {
    const rule = { family, priority: 77, mark: 1, table: 100 };
    assert.equal(netlink.addRule(rule), 0);
    assert.equal(netlink.addRule(rule), -EEXIST);
    assert.match(ip(family === AF_INET ? "-4" : "-6", "rule"), /^77:\s+from all fwmark 0x1 lookup 100/m);
    const seen = netlink.rules(family).find(({ priority }) => priority === 77);
    assert.deepEqual([seen?.mark, seen?.mask, seen?.table], [1, 0xffffffff, 100]);
    assert.equal(netlink.deleteRule(rule), 0);
    assert.equal(netlink.deleteRule(rule), -ENOENT);
  }
});

test("a rule made with ip(8) shows all that it selects by", { skip: needsRoot }, () => {
  ip("rule", "add", "not", "from", "10.0.0.0/8", "iif", "eth0", "lookup", "5000", "priority", "88");
  const rule = netlink.rules(AF_INET).find(({ priority }) => priority === 88)!;
  assert.deepEqual(
    [rule.inverted, rule.source, rule.inputInterface, rule.table, rule.mark],
    [true, "10.0.0.0/8", "eth0", 5000, undefined],
  );
});
