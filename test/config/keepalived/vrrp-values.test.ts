/** What the keywords of an instance, a group and their trackers mean, value by value, by keepalived.conf(5). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { noTrackers } from "../../../src/config/keepalived/defaults.js";
import type { KeepalivedConfiguration, VrrpInstance } from "../../../src/config/keepalived/model.js";
import { instanceWith, read } from "./support.js";

const errors = (text: string): string[] =>
  read(text)
    .diagnostics.sorted()
    .filter(({ severity }) => severity === "error")
    .map(({ span, code }) => `${span.line}:${span.column} ${code}`);

function configuration(text: string): KeepalivedConfiguration {
  const result = read(text);
  assert.deepEqual(
    result.diagnostics.all.filter(({ severity }) => severity === "error").map(({ message }) => message),
    [],
  );
  return result.configuration;
}

const instance = (lines: string): VrrpInstance => configuration(instanceWith(lines)).instances[0]!;
const codes = (text: string): string[] =>
  read(text)
    .diagnostics.sorted()
    .map(({ code }) => code);

/** Without where it stands, which is another test's matter. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner) => (key === "span" ? undefined : inner)));

for (const [lines, expected] of [
  ["version 3\n advert_int 0.01", { version: 3, advertInterval: 10_000 }],
  ["version 3\n advert_int 40.95", { version: 3, advertInterval: 40_950_000 }],
  ["advert_int 255", { version: 2, advertInterval: 255_000_000 }],
  ["authentication {\n auth_type AH\n auth_pass abc\n }", { authentication: { type: "AH", password: "abc" } }],
  // keepalived keeps what is no double quote: the same file must give the same bytes on both.
  [
    `authentication {\n auth_type PASS\n auth_pass "a'b\\c"\n }`,
    { authentication: { type: "PASS", password: "a'b\\c" } },
  ],
  ["strict_mode off", { strict: false, accept: true }],
  ["strict_mode", { strict: true, accept: false, lowerPriorityNoAdvert: true, ownerIgnoreAdverts: true }],
  ["no_accept", { accept: false }],
  ["skip_check_adv_addr", { skipAddressCheck: true }],
  [
    "lower_prio_no_advert\n higher_prio_send_advert yes",
    { lowerPriorityNoAdvert: true, higherPrioritySendAdvert: true },
  ],
  ["owner_ignore_adverts on", { ownerIgnoreAdverts: true }],
  ["v3_checksum_as_v2\n old_unicast_checksum never", { checksum: { v3AsV2: true, oldUnicast: "never" } }],
  ["old_unicast_checksum", { checksum: { v3AsV2: false, oldUnicast: "always" } }],
  ["down_timer_adverts 5", { downTimerAdverts: 5 }],
  ["mcast_dst_ip 224.0.0.55", { transport: { kind: "multicast", group: "224.0.0.55" } }],
  ["promote_secondaries\n dont_track_primary", { promoteSecondaries: true, trackPrimary: false }],
  [
    "kernel_rx_buf_size 4096\n smtp_alert\n notify_priority_changes true",
    { receiveBuffer: 4096, smtpAlert: true, notifyPriorityChanges: true },
  ],
  ["garp_extra_if all 100", { garp: { extraInterfaces: { interval: 100_000_000, all: true } } }],
  ["garp_extra_if 0.5", { garp: { extraInterfaces: { interval: 500_000, all: false } } }],
  ["timer_expired_backup 5", { timerExpiredBackup: { priority: 5 } }],
  ["last_resort\n address_lifetime off", { lastResort: true, addressLifetime: "off" }],
  ["address_lifetime 3", { addressLifetime: 3_000_000 }],
  ["use_vmac", { virtualMac: { transmitOnBase: false, netlinkNotify: false } }],
  [
    "use_vmac vrrp.7 02:00:5E:00:01\n vmac_xmit_base\n use_vmac_addr",
    {
      virtualMac: { name: "vrrp.7", mac: "02:00:5e:00:01:33", netlinkNotify: false, transmitOnBase: true },
    },
  ],
  [
    "use_vmac name group netlink_notify_msg group 5",
    { virtualMac: { name: "group", netlinkNotify: true, group: 5, transmitOnBase: false } },
  ],
  [
    "use_ipvlan ipv1 10.0.0.9/24 vepa",
    { ipvlan: { name: "ipv1", address: { address: "10.0.0.9", prefixLength: 24 }, mode: "vepa" } },
  ],
  [
    "unicast_src_ip 192.0.2.1\n unicast_ttl 64\n check_unicast_src\n unicast_peer {\n 192.0.2.2\n }",
    {
      sourceAddress: "192.0.2.1",
      transport: { kind: "unicast", peers: [{ address: "192.0.2.2" }], ttl: 64, checkSource: true },
    },
  ],
  [
    "unicast_peer {\n 192.0.2.2 min_ttl 254 max_ttl 255\n 192.0.2.3\n }",
    {
      transport: {
        kind: "unicast",
        peers: [{ address: "192.0.2.2", minTtl: 254, maxTtl: 255 }, { address: "192.0.2.3" }],
        ttl: 255,
        checkSource: true,
      },
    },
  ],
  [
    "unicast_fault_no_peer\n unicast_src_ip 192.0.2.1",
    { transport: { kind: "unicast", peers: [], ttl: 255, checkSource: false } },
  ],
  [
    "notify_master \"/n m 'a b'\" nobody nogroup",
    {
      notify: {
        master: { argv: ["/n", "m", "a b"], user: { user: "nobody", group: "nogroup", supplementaryGroups: false } },
      },
    },
  ],
  ["notify /n nobody :", { notify: { any: { argv: ["/n"], user: { user: "nobody", supplementaryGroups: true } } } }],
  [
    "notify_deleted\n notify_master_rx_lower_pri /x",
    { notify: { deleted: {}, masterReceivedLowerPriority: { argv: ["/x"] } } },
  ],
  [
    "notify_deleted /d\n notify_stop /s\n notify_fault /f\n notify_backup /b",
    {
      notify: {
        deleted: { command: { argv: ["/d"] } },
        stop: { argv: ["/s"] },
        fault: { argv: ["/f"] },
        backup: { argv: ["/b"] },
      },
    },
  ],
  [
    "track_interface {\n eth1 weight -10 reverse\n }",
    { track: { ...noTrackers, interfaces: [{ interface: "eth1", weight: -10, reverse: true }] } },
  ],
  [
    "track_proxy {\n frontend www\n frontend api\n min_up be 2\n weight -20\n }",
    {
      track: {
        ...noTrackers,
        proxy: { frontends: ["www", "api"], minimumUp: [{ backend: "be", servers: 2 }], weight: -20, reverse: false },
      },
    },
  ],
] as const)
  test(`an instance with ${JSON.stringify(lines)}`, () => {
    const found = plain(instance(lines)) as Record<string, unknown>;
    for (const [field, value] of Object.entries(plain(expected) as object)) {
      if (field === "garp")
        assert.deepEqual((found[field] as VrrpInstance["garp"]).extraInterfaces, value.extraInterfaces);
      else assert.deepEqual(found[field], value, field);
    }
  });

for (const [what, written, seconds] of [
  ["rounds to whole seconds", "advert_int 1.5", 2],
  ["is at least a second", "advert_int 0.2", 1],
  ["rounds to hundredths in version 3", "version 3\n advert_int 0.015", 0.02],
  ["ends at 40.95 in version 3", "version 3\n advert_int 50", 40.95],
] as const)
  test(`advert_int ${what}, with a warning, as keepalived has it`, () => {
    const { configuration, diagnostics } = read(instanceWith(written));
    assert.equal(configuration.instances[0]!.advertInterval, seconds * 1_000_000);
    assert.deepEqual(
      diagnostics.all.map(({ severity, code }) => `${severity} ${code}`),
      ["warning advert-interval"],
    );
  });

const ipv6 = (lines: string, addresses = "fe80::1/64\n2001:DB8::0010") =>
  `vrrp_instance V6 {\n interface eth0\n virtual_router_id 6\n virtual_ipaddress {\n ${addresses}\n }\n ${lines}\n}\n`;

test("IPv6 addresses make a VRRPv3 instance over IPv6; a /128 is deprecated unless it says otherwise", () => {
  const { family, version, transport, addresses } = configuration(ipv6("")).instances[0]!;
  assert.deepEqual([family, version, transport], [6, 3, { kind: "multicast", group: "ff02::12" }]);
  assert.deepEqual(
    addresses.map(({ address, prefixLength, noDad, preferredLifetime }) => [
      address,
      prefixLength,
      noDad,
      preferredLifetime,
    ]),
    [
      ["fe80::1", 64, true, "forever"],
      ["2001:db8::10", 128, true, 0],
    ],
  );
  const [kept] = configuration(ipv6("", "2001:db8::1 preferred_lft forever -nodad")).instances[0]!.addresses;
  assert.deepEqual([kept!.preferredLifetime, kept!.noDad], ["forever", false]);
});

test("version 2 is no version for IPv6", () => {
  const { configuration, diagnostics } = read(ipv6("version 2"));
  assert.equal(configuration.instances[0]!.version, 3);
  assert.deepEqual(
    diagnostics.all.map(({ code }) => code),
    ["ipv6-needs-version-3"],
  );
});

test("VRRPv3 leaves authentication out and says so", () => {
  const { configuration, diagnostics } = read(
    instanceWith("version 3\n authentication {\n auth_type PASS\n auth_pass x\n }"),
  );
  assert.equal(configuration.instances[0]!.authentication, undefined);
  assert.deepEqual(
    diagnostics.all.map(({ code }) => code),
    ["authentication-ignored"],
  );
});

for (const [what, lines, expected] of [
  ["an address of the other family", "virtual_ipaddress {\n 2001:db8::1\n }", ["8:2 other-family"]],
  ["a peer of the other family", "unicast_peer {\n 2001:db8::1\n }", ["8:2 other-family"]],
  ["a source of the other family", "mcast_src_ip 2001:db8::1", ["7:3 other-family"]],
  ["a group that is none", "mcast_dst_ip 10.0.0.1", ["7:16 bad-address"]],
  ["min_ttl above max_ttl", "unicast_peer {\n 192.0.2.2 min_ttl 5 max_ttl 4\n }", ["8:2 ttl-range"]],
  ["VRRP's own MAC address", "use_vmac 00:00:5e:00:01:05", ["7:12 bad-mac"]],
  ["a multicast MAC address", "use_vmac 01:00:5e:00:01:05", ["7:12 bad-mac"]],
  ["a value that is neither on nor off", "smtp_alert maybe", ["7:14 unknown-value"]],
  ["a lifetime in fractions", "address_lifetime 1.5", ["7:20 address-lifetime"]],
  [
    "things to track that nobody defined",
    "track_file {\n f\n }\n track_process {\n p\n }",
    ["8:2 undefined-name", "11:2 undefined-name"],
  ],
  ["strict mode with unicast", "strict_mode\n unicast_peer {\n 192.0.2.2\n }", ["8:2 strict-mode"]],
] as const)
  test(`${what} is an error where it stands`, () => assert.deepEqual(errors(instanceWith(lines)), expected));

test("excluded addresses may be of the other family, and take every option", () => {
  const { excludedAddresses } = instance(
    "virtual_ipaddress_excluded {\n 2001:db8::1/64 home mngtmpaddr noprefixroute autojoin preferred_lft 60 no_track use_vmac dev eth9\n 10.0.0.1 peer 10.0.0.2/30\n }",
  );
  const [one, two] = excludedAddresses;
  assert.deepEqual(plain(one), {
    family: 6,
    address: "2001:db8::1",
    prefixLength: 64,
    device: "eth9",
    virtualMac: true,
    scope: 0,
    home: true,
    noDad: true,
    manageTemporary: true,
    noPrefixRoute: true,
    autoJoin: true,
    preferredLifetime: 60,
    track: false,
  });
  assert.deepEqual([two!.address, two!.peer, two!.prefixLength], ["10.0.0.1", "10.0.0.2", 30]);
});

test("unicast needs no interface: addresses without one go to the default interface", () => {
  const { instances } = configuration(
    "vrrp_instance V {\n virtual_router_id 1\n vrf blue\n unicast_src_ip 10.0.0.1\n unicast_peer {\n 10.0.0.2\n }\n virtual_ipaddress {\n 10.0.0.9\n }\n}\nglobal_defs {\n default_interface ens3\n}\n",
  );
  assert.deepEqual(
    [instances[0]!.interface, instances[0]!.vrf, instances[0]!.addresses[0]!.device],
    [undefined, "blue", "ens3"],
  );
});

test("global settings reach the instances that do not say otherwise, wherever global_defs stands", () => {
  const text = `${instanceWith("")}${instanceWith(
    "lower_prio_no_advert off\n version 2\n notify_priority_changes off\n smtp_alert off",
  )
    .replace("VI_1", "VI_2")
    .replace("51", "52")
    .replace("192.0.2.10", "192.0.2.11")}global_defs {
    vrrp_version 3
    vrrp_lower_prio_no_advert
    vrrp_higher_prio_send_advert
    vrrp_down_timer_adverts 4
    vrrp_mcast_group4 224.0.0.99
    vrrp_min_garp
    vrrp_notify_priority_changes
    smtp_alert
    address_lifetime 9
  }\n`;
  const [one, two] = configuration(text).instances;
  const brief = ({
    version,
    lowerPriorityNoAdvert,
    higherPrioritySendAdvert,
    downTimerAdverts,
    transport,
    garp,
    notifyPriorityChanges,
    smtpAlert,
    addressLifetime,
  }: VrrpInstance) => [
    version,
    lowerPriorityNoAdvert,
    higherPrioritySendAdvert,
    downTimerAdverts,
    transport.kind === "multicast" && transport.group,
    garp.masterRepeat,
    garp.masterDelay,
    notifyPriorityChanges,
    smtpAlert,
    addressLifetime,
  ];
  assert.deepEqual(brief(one!), [3, true, true, 4, "224.0.0.99", 1, 0, true, true, 9_000_000]);
  assert.deepEqual(brief(two!), [2, false, true, 4, "224.0.0.99", 1, 0, false, false, 9_000_000]);
});

const tracked = `track_file f {
  file "/run/f"
  weight 2 reverse
  init_file 5 overwrite
}
vrrp_track_file old {
  file /run/old
  init_file
}
vrrp_track_process p {
  process "/usr/sbin/haproxy -W" -f "a b"
  param_match initial
  weight -7
  quorum 2
  quorum_max 3
  delay 0.5
  terminate_delay 2
  full_command
}
`;

test("files and processes, and how they count", () => {
  const { trackFiles, trackProcesses, instances } = configuration(
    tracked + instanceWith("track_file {\n f\n old weight -3 noreverse\n }\n track_process {\n p weight 4 reverse\n }"),
  );
  assert.deepEqual(plain(trackFiles), [
    { name: "f", path: "/run/f", initial: { value: 5, overwrite: true } },
    { name: "old", path: "/run/old", initial: { value: 0, overwrite: false } },
  ]);
  assert.deepEqual(plain(trackProcesses), [
    {
      name: "p",
      command: "/usr/sbin/haproxy -W",
      parameters: ["-f", "a b"],
      match: "initial",
      quorum: 2,
      quorumMax: 3,
      forkDelay: 500_000,
      terminateDelay: 2_000_000,
      fullCommand: true,
    },
  ]);
  assert.deepEqual(instances[0]!.track.files, [
    { file: "f", weight: 2, reverse: true },
    { file: "old", weight: -3, reverse: false },
  ]);
  assert.deepEqual(instances[0]!.track.processes, [{ process: "p", weight: 4, reverse: true }]);
});

const pair = (second: string, group: string) =>
  `${instanceWith("track_interface {\n eth5 weight 10\n }")}${instanceWith(second).replace("VI_1", "VI_2").replace("51", "52").replace("192.0.2.10", "192.0.2.11")}vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n ${group}\n}\n`;

test("a sync group makes every loss a fault, unless sync_group_tracking_weight is set", () => {
  const plainGroup = read(pair("", "track_interface {\n eth7 weight 5\n }\n notify /g nobody\n smtp_alert"));
  assert.deepEqual(
    plainGroup.diagnostics.all.map(({ code }) => code),
    ["weights-in-group"],
  );
  const { syncGroups, instances } = plainGroup.configuration;
  assert.deepEqual(plain(syncGroups[0]), {
    name: "G",
    members: ["VI_1", "VI_2"],
    track: { scripts: [], interfaces: [{ interface: "eth7", weight: 0, reverse: false }], files: [], processes: [] },
    trackingWeight: false,
    notify: { any: { argv: ["/g"], user: { user: "nobody", supplementaryGroups: false } } },
    notifyPriorityChanges: false,
    smtpAlert: true,
  });
  assert.deepEqual(instances[0]!.track.interfaces, [{ interface: "eth5", weight: 0, reverse: false }]);

  const weighted = configuration(pair("", "sync_group_tracking_weight\n track_interface {\n eth7 weight 5\n }"));
  assert.deepEqual(weighted.syncGroups[0]!.track.interfaces[0]!.weight, 5);
  assert.deepEqual(weighted.instances[0]!.track.interfaces[0]!.weight, 10);
});

test("what cannot be right about a group is said", () => {
  assert.deepEqual(errors(`${pair("", "")}vrrp_sync_group H {\n group {\n VI_2\n VI_3\n }\n}\n`), [
    "28:2 instance-in-two-groups",
    "29:2 undefined-name",
  ]);
  assert.ok(codes(`${instanceWith("")}vrrp_sync_group G {\n group {\n VI_1\n }\n}\n`).includes("small-group"));
  assert.ok(codes(pair("priority 50", "")).includes("priorities-in-group"));
});

test("one virtual_router_id may serve both families, apart peers and apart groups, and nothing else", () => {
  const two = (one: string, other: string) =>
    instanceWith(one) + instanceWith(other).replace("VI_1", "VI_2").replace("192.0.2.10", "192.0.2.11");
  assert.deepEqual(errors(two("", "")), ["11:21 duplicate-virtual-router-id"]);
  assert.deepEqual(errors(two("unicast_peer {\n 10.0.0.1\n }", "unicast_peer {\n 10.0.0.2\n }")), []);
  assert.deepEqual(errors(two("mcast_dst_ip 224.0.0.55", "")), []);
  assert.deepEqual(errors(two("mcast_dst_ip 224.0.0.18", "")), ["11:21 duplicate-virtual-router-id"]);
  const unicast = (source: string) => `unicast_src_ip 10.0.0.${source}\n unicast_peer {\n 10.0.0.9\n }`;
  assert.deepEqual(errors(two(unicast("1"), "")), []);
  assert.deepEqual(errors(two(unicast("1"), unicast("2"))), []);
  assert.deepEqual(errors(two(unicast("1"), unicast("1"))), ["14:21 duplicate-virtual-router-id"]);
  assert.deepEqual(errors(instanceWith("") + ipv6("").replace("virtual_router_id 6", "virtual_router_id 51")), []);
});

test("unicast needs no interface, if it has an address to come from", () => {
  const without = (lines: string) => instanceWith(lines).replace("interface eth0\n", "");
  const peer = "unicast_peer {\n 10.0.0.9\n }";
  const { instances } = configuration(`${without(`unicast_src_ip 10.0.0.1\n ${peer}`)}global_defs {
    default_interface eth7
  }`);
  assert.equal(instances[0]!.interface, undefined);
  assert.equal(instances[0]!.addresses[0]!.device, "eth7");
  assert.deepEqual(errors(without(peer)), ["1:15 missing-source"]);
  assert.deepEqual(errors(without("unicast_src_ip 10.0.0.1")), ["1:15 missing-interface"]);
  assert.deepEqual(errors(without(`unicast_src_ip 10.0.0.1\n use_vmac\n ${peer}`)), ["1:15 missing-interface"]);
});

test("a heartbeat path has peers and a key", () => {
  const { heartbeatPaths } = configuration(
    `heartbeat_path back {\n interface eth1\n source_ip 10.1.0.1\n peer {\n 10.1.0.2\n }\n protocol tcp\n port 999\n key_file /etc/k\n interval 0.1\n}\n`,
  );
  assert.deepEqual(plain(heartbeatPaths), [
    {
      name: "back",
      transport: "tcp",
      interface: "eth1",
      localAddress: "10.1.0.1",
      peers: ["10.1.0.2"],
      port: 999,
      interval: 100_000,
      key: { kind: "file", path: "/etc/k" },
    },
  ]);
  assert.deepEqual(errors("heartbeat_path back {\n}\n"), ["1:16 heartbeat-path", "1:16 heartbeat-path"]);
  assert.deepEqual(codes("heartbeat_path b {\n peer {\n 10.0.0.1\n }\n key short\n}\n"), ["short-key"]);
});
