/** Lines of routes, rules and static addresses, by keepalived.conf(5), ip-route(8) and ip-rule(8). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Route, Rule } from "../../../src/config/keepalived/model.js";
import { nothingPlanned } from "../../../src/config/keepalived/planned.js";
import { noSources } from "../../../src/config/keepalived/read.js";
import { instanceWith, read } from "./support.js";

/** A host whose iproute2 knows a table, a protocol, a realm and a group by name. */
const tables: Readonly<Record<string, string>> = {
  "/etc/iproute2/rt_tables": "# reserved\n255\tlocal\n100 blue # ours\n0x10 hex\n",
  "/usr/share/iproute2/rt_realms": "7 cosmos\n",
};
const options = {
  planned: nothingPlanned,
  sources: {
    ...noSources,
    disk: {
      ...noSources.disk,
      read: (path: string) => (path in tables ? { text: tables[path]! } : { problem: "is not there" }),
    },
  },
};

/** What is written, less what is not: undefined and the defaults that every line has. */
function brief<T extends object>(value: T, defaults: Partial<T>): Partial<T> {
  const entries = Object.entries(value).filter(
    ([key, inner]) =>
      key !== "span" && inner !== undefined && JSON.stringify(inner) !== JSON.stringify(defaults[key as keyof T]),
  );
  return Object.fromEntries(entries) as Partial<T>;
}

const routeDefaults: Partial<Route> = {
  family: 4,
  type: "unicast",
  nextHops: [],
  tos: 0,
  onLink: false,
  metrics: { locked: [] },
  placement: "prepend",
  track: true,
  protocol: 18,
};

function route(line: string) {
  const { configuration, marks } = read(instanceWith(`virtual_routes {\n${line}\n }`), options);
  const [found] = configuration.instances[0]!.routes;
  return { route: found && brief(found, routeDefaults), marks };
}

const net = (address: string, prefixLength: number) => ({ address, prefixLength });

for (const [line, expected] of [
  ["10.0.0.0/8 dev eth1", { destination: net("10.0.0.0", 8), device: "eth1" }],
  [
    "to 10.1.2.3/8 via 192.0.2.1 dev eth1",
    { destination: net("10.0.0.0", 8), via: { family: 4, address: "192.0.2.1" }, device: "eth1" },
  ],
  [
    "default via 192.0.2.1 dev eth1",
    { destination: net("0.0.0.0", 0), via: { family: 4, address: "192.0.2.1" }, device: "eth1" },
  ],
  [
    "0.0.0.0/0 gw 192.0.2.1 table 100 no_track",
    { destination: net("0.0.0.0", 0), via: { family: 4, address: "192.0.2.1" }, table: 100, track: false },
  ],
  [
    "src 192.0.2.10 to 10.0.0.0/8 dev eth1 metric 5 scope link",
    { source: "192.0.2.10", destination: net("10.0.0.0", 8), device: "eth1", metric: 5, scope: 253 },
  ],
  [
    "2001:db8::/32 via fe80::1 dev eth1 pref high expires 60",
    {
      family: 6,
      destination: net("2001:db8::", 32),
      via: { family: 6, address: "fe80::1" },
      device: "eth1",
      preference: "high",
      expires: 60,
    },
  ],
  ["inet6 default dev eth1", { family: 6, destination: net("::", 0), device: "eth1" }],
  ["blackhole 10.0.0.0/8 no_track", { type: "blackhole", destination: net("10.0.0.0", 8), track: false }],
  [
    "10.0.0.0/8 dev eth1 table blue realms cosmos",
    { destination: net("10.0.0.0", 8), device: "eth1", table: 100, realms: { to: 7 } },
  ],
  [
    "10.0.0.0/8 dev eth1 table hex realms 1/2",
    { destination: net("10.0.0.0", 8), device: "eth1", table: 16, realms: { from: 1, to: 2 } },
  ],
  [
    "10.0.0.0/8 dev eth1 tos 0x10 protocol static no_track",
    { destination: net("10.0.0.0", 8), device: "eth1", tos: 16, protocol: 4, track: false },
  ],
  [
    "10.0.0.0/8 dev eth1 onlink append",
    { destination: net("10.0.0.0", 8), device: "eth1", onLink: true, placement: "append" },
  ],
  [
    "10.0.0.0/8 dev eth1 add ttl-propagate enabled vrf red",
    { destination: net("10.0.0.0", 8), device: "eth1", placement: "add", ttlPropagate: true, vrf: "red" },
  ],
  [
    "10.0.0.0/8 dev eth1 mtu lock 1400 rtt 1s rttvar 10ms rto_min 5ms ssthresh lock 9 hoplimit 9 quickack 1 features ecn congctl lock cubic",
    {
      destination: net("10.0.0.0", 8),
      device: "eth1",
      metrics: {
        mtu: 1400,
        rtt: 8000,
        rttvar: 40,
        rtoMin: 5,
        ssthresh: 9,
        hoplimit: 9,
        quickack: 1,
        features: 1,
        congestionControl: "cubic",
        locked: ["mtu", "ssthresh", "congctl"],
      },
    },
  ],
  [
    "10.0.0.0/8 nexthop via 192.0.2.1 dev eth1 weight 1 nexthop via 192.0.2.2 dev eth2 onlink weight 2",
    {
      destination: net("10.0.0.0", 8),
      nextHops: [
        { via: { family: 4, address: "192.0.2.1" }, device: "eth1", weight: 1, onLink: false },
        { via: { family: 4, address: "192.0.2.2" }, device: "eth2", weight: 2, onLink: true },
      ],
    },
  ],
  [
    "10.0.0.0/8 via 192.0.2.1 or 192.0.2.2 dev eth1",
    {
      destination: net("10.0.0.0", 8),
      device: "eth1",
      nextHops: [
        { via: { family: 4, address: "192.0.2.1" }, weight: 1, onLink: false },
        { via: { family: 4, address: "192.0.2.2" }, weight: 1, onLink: false },
      ],
    },
  ],
] as const)
  test(`the route ${line}`, () => {
    const found = route(line);
    assert.deepEqual(found.marks, []);
    assert.deepEqual(JSON.parse(JSON.stringify(found.route)), expected);
  });

for (const [line, mark] of [
  ["dev eth1", "8:1 error[missing-value]"],
  ["10.0.0.0/33 dev eth1", "8:1 error[prefix-range]"],
  ["10.0.0.0/8 dev eth1 via fe80::1 src 2001:db8::1", "8:33 error[other-family]"],
  ["10.0.0.0/8 devv eth1", "8:12 error[unknown-option]"],
  ["10.0.0.0/8 dev eth1 table blu", "8:27 error[unknown-value]"],
  ["10.0.0.0/8 dev eth1 dev eth2", "8:21 error[extra-argument]"],
  ["10.0.0.0/8 dev eth1 track_group g", "8:21 error[unknown-option]"],
  ["10.0.0.0/8 dev", "8:12 error[missing-value]"],
  ["10.0.0.0/8 nexthop via 10.0.0.1 weight 300", "8:40 error[weight-range]"],
] as const)
  test(`the route ${line} is refused where the mistake is`, () => {
    const found = route(line);
    assert.equal(found.marks[0], mark);
    assert.equal(found.route, undefined);
  });

test("a route that cannot be watched is not, and a warning says so", () =>
  assert.deepEqual(route("10.0.0.0/8 via 192.0.2.1"), {
    route: { destination: net("10.0.0.0", 8), via: { family: 4, address: "192.0.2.1" }, track: false },
    marks: ["8:1 warning[untracked-route]"],
  }));

const ruleDefaults: Partial<Rule> = { family: 4, invert: false, track: true, protocol: 18 };

function rule(line: string) {
  const { configuration, marks } = read(instanceWith(`virtual_rules {\n${line}\n }`), options);
  const [found] = configuration.instances[0]!.rules;
  return { rule: found && brief(found, ruleDefaults), marks };
}

for (const [line, expected] of [
  [
    "from 10.0.0.0/8 table blue preference 5",
    { from: net("10.0.0.0", 8), action: { kind: "table", table: 100 }, preference: 5 },
  ],
  [
    "not to 10.0.0.0/8 lookup 7 priority 5 no_track",
    { invert: true, to: net("10.0.0.0", 8), action: { kind: "table", table: 7 }, preference: 5, track: false },
  ],
  [
    "inet6 from all table main order 5",
    { family: 6, from: net("::", 0), action: { kind: "table", table: 254 }, preference: 5 },
  ],
  [
    "to 2001:db8::/32 l3mdev preference 5",
    { family: 6, to: net("2001:db8::", 32), action: { kind: "l3mdev" }, preference: 5 },
  ],
  [
    "iif eth1 oif eth2 fwmark 0x10/0xff blackhole preference 5",
    {
      incomingInterface: "eth1",
      outgoingInterface: "eth2",
      fwmark: { mark: 16, mask: 255 },
      action: { kind: "blackhole" },
      preference: 5,
    },
  ],
  ["tos 16 goto 40 preference 39", { tos: 16, action: { kind: "goto", preference: 40 }, preference: 39 }],
  [
    "uidrange 10-20 ipproto UDP sport 10-20 dport 53 tunnel-id 7 table 5 suppress_prefixlength 0 sup_group 3 realms 1/2 preference 5",
    {
      userIds: { first: 10, last: 20 },
      ipProtocol: 17,
      sourcePorts: { first: 10, last: 20 },
      destinationPorts: { first: 53, last: 53 },
      tunnelId: 7,
      action: { kind: "table", table: 5 },
      suppressPrefixLength: 0,
      suppressInterfaceGroup: 3,
      realms: { from: 1, to: 2 },
      preference: 5,
    },
  ],
] as const)
  test(`the rule ${line}`, () => {
    const found = rule(line);
    assert.deepEqual(found.marks, []);
    assert.deepEqual(JSON.parse(JSON.stringify(found.rule)), expected);
  });

for (const [line, mark] of [
  ["from 10.0.0.0/8 preference 5", "8:1 error[missing-action]"],
  ["from 10.0.0.0/8 to fe80::/10 table 5 preference 5", "8:17 error[other-family]"],
  ["from 10.0.0.0/8 table 5 blackhole preference 5", "8:25 error[extra-argument]"],
  ["goto 5 preference 6", "8:1 error[goto-backwards]"],
  ["blackhole realms 1 preference 6", "8:1 error[extra-argument]"],
  ["fro 10.0.0.0/8 table 5 preference 5", "8:1 error[unknown-option]"],
  ["sport 20-10 table 5 preference 5", "8:7 error[bad-range]"],
  ["table 5", "8:1 warning[rule-without-preference]"],
] as const)
  test(`the rule ${line} is remarked on where the mistake is`, () => assert.equal(rule(line).marks[0], mark));

test("static addresses, routes and rules, the group that misses them, and what stands beside them", () => {
  const { configuration, marks } = read(
    `${instanceWith("")}track_group g {
 group {
  VI_1
 }
}
static_ipaddress {
 10.0.0.1/24 dev eth1 scope link track_group g
 2001:db8::1/64
}
static_routes {
 10.9.0.0/16 dev eth1 track_group g
}
static_rules {
 from 10.0.0.0/8 iif eth1 table 5 preference 9 track_group g
}
garp_group {
 garp_interval 0.002
 gna_interval 1
 interfaces {
  eth0
  eth1
 }
}
garp_group {
 garp_interval 1
 interface eth2
}
interface_up_down_delays {
 eth0 1.5
 eth1 0 2
}
`,
    options,
  );
  assert.deepEqual(marks, []);
  const { statics, trackGroups, announcementSpacing, linkDelays } = configuration;
  assert.deepEqual(
    statics.addresses.map(({ address, device, scope, noDad, trackGroup }) => [
      address,
      device,
      scope,
      noDad,
      trackGroup,
    ]),
    [
      ["10.0.0.1", "eth1", 253, false, "g"],
      ["2001:db8::1", "eth0", 0, false, undefined],
    ],
  );
  assert.equal(statics.routes[0]!.trackGroup, "g");
  assert.equal(statics.rules[0]!.trackGroup, "g");
  assert.deepEqual(
    trackGroups.map(({ name, instances }) => [name, instances]),
    [["g", ["VI_1"]]],
  );
  assert.deepEqual(announcementSpacing, [
    { interfaces: ["eth0", "eth1"], garpInterval: 2000, gnaInterval: 1_000_000 },
    { interfaces: ["eth2"], garpInterval: 1_000_000, gnaInterval: 0 },
  ]);
  assert.deepEqual(linkDelays, [
    { interface: "eth0", down: 1_500_000, up: 1_500_000 },
    { interface: "eth1", down: 0, up: 2_000_000 },
  ]);
});
