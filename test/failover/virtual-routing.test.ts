/** Routes and rules in the kernel's own tables, as ip-route(8) and ip-rule(8) show them. */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Route, Rule } from "../../src/config/keepalived/model.js";
import { HostNetwork } from "../../src/failover/network.js";
import { VirtualRouting } from "../../src/failover/virtual-routing.js";
import { AF_INET } from "../../src/sys/address.js";
import { Netlink } from "../../src/sys/netlink.js";
import { enterOwnNetwork, ip } from "../support/own-network.js";
import { needsRoot } from "../support/root.js";
import { span } from "./support.js";

const plainRoute: Route = {
  family: 4,
  type: "unicast",
  destination: { address: "10.1.0.0", prefixLength: 16 },
  from: undefined,
  source: undefined,
  via: undefined,
  device: undefined,
  nextHops: [],
  table: undefined,
  vrf: undefined,
  scope: undefined,
  tos: 0,
  protocol: undefined,
  metric: undefined,
  onLink: false,
  preference: undefined,
  expires: undefined,
  realms: undefined,
  ttlPropagate: undefined,
  metrics: { locked: [] },
  placement: "prepend",
  track: true,
  span,
};

const plainRule: Rule = {
  family: 4,
  invert: false,
  from: undefined,
  to: undefined,
  tos: undefined,
  fwmark: undefined,
  incomingInterface: undefined,
  outgoingInterface: undefined,
  userIds: undefined,
  ipProtocol: undefined,
  sourcePorts: undefined,
  destinationPorts: undefined,
  tunnelId: undefined,
  preference: 100,
  protocol: undefined,
  action: { kind: "table", table: 100 },
  suppressPrefixLength: undefined,
  suppressInterfaceGroup: undefined,
  realms: undefined,
  track: true,
  span,
};

const via = (address: string) => ({ family: 4, address }) as const;

describe("virtual routes and rules", { skip: needsRoot }, () => {
  let netlink: Netlink;
  const network = new HostNetwork();
  const complaints: string[] = [];
  const lines = (...words: string[]): string[] =>
    ip(...words)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  const make = (routes: Partial<Route>[], rules: Partial<Rule>[] = []): VirtualRouting =>
    new VirtualRouting(
      {
        name: "VI_1",
        routes: routes.map((route) => ({ ...plainRoute, ...route })),
        rules: rules.map((rule) => ({ ...plainRule, ...rule })),
      },
      netlink,
      network,
      (_, text) => complaints.push(text),
    );

  before(() => {
    enterOwnNetwork();
    ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1");
    for (const name of ["lo", "veth0", "veth1"]) ip("link", "set", name, "up");
    ip("address", "add", "192.0.2.1/24", "dev", "veth0");
    ip("-6", "address", "add", "2001:db8::1/64", "dev", "veth0", "nodad");
    netlink = new Netlink();
    network.load(netlink.links(), netlink.addresses());
  });

  for (const [what, route, shown] of [
    ["a gateway", { via: via("192.0.2.254") }, "10.1.0.0/16 via 192.0.2.254 dev veth0 proto keepalived"],
    ["a device", { device: "veth0" }, "10.1.0.0/16 dev veth0 proto keepalived scope link"],
    [
      "a source and a metric",
      { via: via("192.0.2.254"), source: "192.0.2.1", metric: 7 },
      "10.1.0.0/16 via 192.0.2.254 dev veth0 proto keepalived src 192.0.2.1 metric 7",
    ],
    [
      "metrics of its own",
      { device: "veth0", metrics: { mtu: 1400, advmss: 1300, congestionControl: "reno", locked: ["mtu"] } },
      "10.1.0.0/16 dev veth0 proto keepalived scope link mtu lock 1400 advmss 1300 congctl reno",
    ],
    ["no way at all", { type: "blackhole" }, "blackhole 10.1.0.0/16 proto keepalived"],
    [
      "several ways",
      {
        nextHops: [
          { via: via("192.0.2.254"), device: "veth0", weight: 3, onLink: false, realms: undefined },
          { via: via("192.0.2.253"), device: "veth0", weight: 1, onLink: false, realms: undefined },
        ],
      },
      "10.1.0.0/16 proto keepalived",
    ],
  ] as const)
    test(`a route with ${what} comes, once, and goes`, () => {
      const routing = make([route]);
      routing.add();
      routing.add();
      assert.equal(lines("route", "show", "10.1.0.0/16")[0], shown);
      routing.remove();
      routing.remove();
      assert.deepEqual(lines("route", "show", "10.1.0.0/16"), []);
      assert.deepEqual(complaints.splice(0), []);
    });

  test("a route of several ways has their weights", () => {
    const hop = { device: "veth0", onLink: false, realms: undefined };
    const routing = make([
      {
        nextHops: [
          { ...hop, via: via("192.0.2.254"), weight: 3 },
          { ...hop, via: via("192.0.2.253"), weight: 1 },
        ],
      },
    ]);
    routing.add();
    const [, ...ways] = lines("route", "show", "10.1.0.0/16");
    assert.deepEqual(ways, [
      "nexthop via 192.0.2.254 dev veth0 weight 3",
      "nexthop via 192.0.2.253 dev veth0 weight 1",
    ]);
    routing.remove();
  });

  test("an IPv6 route goes into the table that it names", () => {
    const routing = make([
      {
        family: 6,
        destination: { address: "2001:db8:1::", prefixLength: 48 },
        via: { family: 6, address: "2001:db8::fe" },
        table: 1000,
        preference: "high",
      },
    ]);
    routing.add();
    assert.match(
      lines("-6", "route", "show", "table", "1000")[0]!,
      /^2001:db8:1::\/48 via 2001:db8::fe dev veth0 proto keepalived metric 1024 pref high$/,
    );
    routing.remove();
    assert.deepEqual(complaints.splice(0), []);
  });

  for (const [what, rule, shown] of [
    [
      "where packets come from",
      { from: { address: "10.0.0.0", prefixLength: 8 } },
      "from 10.0.0.0/8 lookup 100 proto keepalived",
    ],
    [
      "a mark and an interface",
      { fwmark: { mark: 0x10, mask: 0xf0 }, incomingInterface: "veth0" },
      "from all fwmark 0x10/0xf0 iif veth0 lookup 100 proto keepalived",
    ],
    [
      "protocol and ports",
      { ipProtocol: 6, destinationPorts: { first: 80, last: 90 }, to: { address: "192.0.2.9", prefixLength: 32 } },
      "from all to 192.0.2.9 ipproto tcp dport 80-90 lookup 100 proto keepalived",
    ],
    [
      "what it refuses",
      { action: { kind: "prohibit" }, invert: true, tos: 0x10 },
      "not from all tos 0x10 prohibit proto keepalived",
    ],
    ["users", { userIds: { first: 1, last: 5 } }, "from all uidrange 1-5 lookup 100 proto keepalived"],
  ] as const)
    test(`a rule by ${what} comes and goes`, () => {
      const routing = make([], [rule]);
      routing.add();
      routing.add();
      const ours = lines("rule", "show").filter((line) => line.startsWith("100:"));
      assert.deepEqual(
        ours.map((line) => line.replace(/^100:\s+/, "")),
        [shown],
      );
      routing.remove();
      assert.deepEqual(
        lines("rule", "show").filter((line) => line.startsWith("100:")),
        [],
      );
      assert.deepEqual(complaints.splice(0), []);
    });

  test("what is lost is known by its destination, or its preference, unless it is not tracked", () => {
    const routing = make([{ device: "veth0" }], [{ from: { address: "10.0.0.0", prefixLength: 8 } }]);
    routing.add();
    const route = netlink.routes(AF_INET).find(({ destination }) => destination === "10.1.0.0")!;
    const rule = netlink.rules(AF_INET).find(({ priority }) => priority === 100)!;
    assert.equal(routing.findRoute(route), "ip route 10.1.0.0/16 dev veth0");
    assert.equal(routing.findRule(rule), "ip rule from 10.0.0.0/8 preference 100");
    assert.equal(routing.findRoute({ ...route, prefixLength: 24 }), undefined);
    assert.equal(make([{ device: "veth0", track: false }]).findRoute(route), undefined);
    routing.remove();
  });

  test("a route by an interface that is not there is a warning, and the rest is set", () => {
    const routing = make([
      { device: "nowhere" },
      { device: "veth0", destination: { address: "10.2.0.0", prefixLength: 16 } },
    ]);
    routing.add();
    assert.match(
      complaints.splice(0).join("\n"),
      /^\(VI_1\) cannot add route 10\.1\.0\.0\/16 dev nowhere: No such device$/,
    );
    assert.equal(lines("route", "show", "10.2.0.0/16").length, 1);
    routing.remove();
  });
});
