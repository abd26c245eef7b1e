/** What a correct configuration means: values, defaults, what overrules what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { VrrpInstance, VrrpScript } from "../../../src/config/keepalived/model.js";
import { instanceWith, read, readFiles } from "./support.js";

/** The instance of a text that must be free of errors. */
function instance(text: string): VrrpInstance {
  const { configuration, diagnostics } = read(text);
  assert.deepEqual(
    diagnostics.all.filter(({ severity }) => severity === "error"),
    [],
  );
  return configuration.instances[0]!;
}

function script(lines: string): VrrpScript {
  const { configuration, diagnostics } = read(
    `vrrp_script x {\n${lines}\n}\n${instanceWith("track_script {\n x\n }")}`,
  );
  assert.ok(!diagnostics.hasErrors);
  return configuration.scripts[0]!;
}

test("an instance without more than it needs has keepalived's defaults", () => {
  const {
    span: _,
    addresses: __,
    ...rest
  } = instance(`vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 7
  }`);
  assert.deepEqual(rest, {
    name: "VI_1",
    state: "BACKUP",
    interface: "eth0",
    virtualRouterId: 7,
    version: 2,
    priority: 100,
    advertInterval: 1_000_000,
    authentication: undefined,
    excludedAddresses: [],
    sourceAddress: undefined,
    family: 4,
    vrf: undefined,
    routes: [],
    rules: [],
    promoteSecondaries: false,
    transport: { kind: "multicast", group: "224.0.0.18" },
    checksum: { v3AsV2: false, oldUnicast: "auto" },
    virtualMac: undefined,
    addressInterfaces: [],
    ipvlan: undefined,
    accept: true,
    strict: false,
    skipAddressCheck: false,
    downTimerAdverts: 3,
    higherPrioritySendAdvert: false,
    lowerPriorityNoAdvert: false,
    ownerIgnoreAdverts: false,
    timerExpiredBackup: undefined,
    track: { scripts: [], interfaces: [], files: [], processes: [], proxy: undefined },
    trackPrimary: true,
    notify: {
      master: undefined,
      backup: undefined,
      fault: undefined,
      stop: undefined,
      deleted: undefined,
      masterReceivedLowerPriority: undefined,
      any: undefined,
    },
    notifyPriorityChanges: false,
    smtpAlert: false,
    receiveBuffer: undefined,
    lastResort: false,
    addressLifetime: "auto",
    trackSourceAddress: false,
    preempt: true,
    preemptDelay: 0,
    garp: {
      masterDelay: 5_000_000,
      masterRepeat: 5,
      masterRefresh: 60_000_000, // keepalived: never
      masterRefreshRepeat: 1,
      lowerPriorityDelay: 5_000_000,
      lowerPriorityRepeat: 5,
      extraInterfaces: { interval: 0, all: false },
    },
    lvsSyncDaemonInterface: undefined,
  });
});

test("a script without more than its command has keepalived's defaults", () => {
  const { span: _, ...rest } = script('script "/usr/bin/pidof haproxy"');
  assert.deepEqual(rest, {
    name: "x",
    argv: ["/usr/bin/pidof", "haproxy"],
    interval: 1_000_000,
    timeout: 1_000_000,
    weight: 0,
    reverse: false,
    rise: 1,
    fall: 1,
    user: undefined,
    initFail: false,
  });
});

test("a script takes every setting, and fractions of a second", () => {
  const { span: _, ...rest } = script(`script /bin/check a "b c"
    interval 0.2
    timeout 1.5
    weight -20
    rise 2
    fall 3
    user nobody nogroup
    init_fail`);
  assert.deepEqual(rest, {
    name: "x",
    argv: ["/bin/check", "a", "b c"],
    interval: 200_000,
    timeout: 1_500_000,
    weight: -20,
    reverse: false,
    rise: 2,
    fall: 3,
    user: { user: "nobody", group: "nogroup", supplementaryGroups: false },
    initFail: true,
  });
});

test("a script's timeout is its interval unless it is set", () =>
  assert.equal(script("script /bin/true\ninterval 7").timeout, 7_000_000));

for (const [line, address] of [
  ["192.0.2.1", { address: "192.0.2.1", prefixLength: 32, scope: 0, broadcast: undefined }],
  ["192.0.2.1/24", { address: "192.0.2.1", prefixLength: 24, scope: 0, broadcast: undefined }],
  ["192.0.2.1/24 dev eth1", { device: "eth1" }],
  ["192.0.2.1/24 label eth0:1 scope link", { label: "eth0:1", scope: 253 }],
  ["192.0.2.1/24 scope 77", { scope: 77 }],
  ["192.0.2.129/25 brd 192.0.2.200", { broadcast: "192.0.2.200" }],
  ["192.0.2.129/25 brd +", { broadcast: "192.0.2.255" }],
  ["10.1.2.3/8 brd +", { broadcast: "10.255.255.255" }],
  ["10.1.2.3/8 brd -", { broadcast: "10.0.0.0" }],
  ["192.0.2.1/30 brd +", { broadcast: "192.0.2.3" }],
  ["200.1.2.3/1 brd +", { broadcast: "255.255.255.255" }],
] as const)
  for (const block of ["virtual_ipaddress", "virtual_ipaddress_excluded"] as const)
    test(`${block} { ${line} }`, () => {
      const { addresses, excludedAddresses } = instance(
        `vrrp_instance a {\n interface eth0\n virtual_router_id 1\n ${block} {\n ${line}\n }\n}`,
      );
      const [found, ...others] = block === "virtual_ipaddress" ? addresses : excludedAddresses;
      assert.equal(others.length, 0);
      for (const [field, value] of Object.entries(address)) assert.equal(found?.[field as keyof typeof found], value);
    });

test("nopreempt counts beside state BACKUP and is cleared beside state MASTER, as keepalived does", () => {
  assert.equal(instance(instanceWith("state BACKUP\nnopreempt")).preempt, false);
  assert.equal(instance(instanceWith("nopreempt")).preempt, false);
  assert.equal(instance(instanceWith("state MASTER\nnopreempt")).preempt, true);
});

test("preempt_delay is honoured beside state MASTER, where keepalived drops it", () =>
  assert.equal(instance(instanceWith("state MASTER\npreempt_delay 30")).preemptDelay, 30_000_000));

test("state MASTER without a priority owns the addresses, and priority 255 is a MASTER", () => {
  const bare = "vrrp_instance a {\n interface eth0\n virtual_router_id 1\n";
  assert.equal(instance(`${bare} state MASTER\n}`).priority, 255);
  assert.equal(instance(`${bare} priority 255\n}`).state, "MASTER");
});

test("global_defs gives the instances their gratuitous ARP wherever it stands, also in two parts", () => {
  const { garp } = instance(`
    global_defs {
      vrrp_garp_master_delay 2
    }
    ${instanceWith("garp_master_refresh 9\n garp_lower_prio_repeat 0")}
    global_defs {
      vrrp_garp_master_repeat 3
      vrrp_garp_master_refresh 60
      vrrp_garp_master_refresh_repeat 2
    }`);
  assert.deepEqual(garp, {
    masterDelay: 2_000_000,
    masterRepeat: 3,
    masterRefresh: 9_000_000,
    masterRefreshRepeat: 2,
    lowerPriorityDelay: 2_000_000,
    lowerPriorityRepeat: 0,
    extraInterfaces: { interval: 0, all: false },
  });
});

test("a tracker's weight counts before the script's own", () => {
  const text = (tracker: string) =>
    `vrrp_script x {\n script /bin/true\n weight 5\n}\n${instanceWith(`track_script {\n ${tracker}\n }`)}`;
  assert.deepEqual(instance(text("x")).track.scripts, [{ script: "x", weight: 5, reverse: false }]);
  assert.deepEqual(instance(text("x weight -9")).track.scripts, [{ script: "x", weight: -9, reverse: false }]);
  assert.deepEqual(instance(text("x weight 0")).track.scripts, [{ script: "x", weight: 0, reverse: false }]);
});

test("a script may be defined behind the instance that tracks it, and in another file", () => {
  const { configuration, marks } = readFiles([
    { path: "a.conf", text: instanceWith("track_script {\n x\n }") },
    { path: "b.conf", text: "vrrp_script x {\n script /bin/true\n user nobody\n}\n" },
  ]);
  assert.deepEqual(marks, []);
  assert.deepEqual(configuration.instances[0]!.track.scripts, [{ script: "x", weight: 0, reverse: false }]);
});

test("global settings reach the model, and a script_user makes scripts safe enough to say nothing", () => {
  const { configuration, marks } = read(`
    global_defs {
      router_id lb1
      script_user keepalived_script
    }
    vrrp_script x {
      script /bin/true
    }
    ${instanceWith("track_script {\n x\n }")}`);
  assert.deepEqual(marks, []);
  const { routerId, enableScriptSecurity, scriptUser } = configuration.global;
  assert.deepEqual(
    { routerId, enableScriptSecurity, scriptUser },
    {
      routerId: "lb1",
      enableScriptSecurity: false,
      scriptUser: { user: "keepalived_script", group: undefined, supplementaryGroups: false },
    },
  );
});

for (const [written, counted] of [
  ["12345678", "12345678"],
  ["123456789", "12345678"],
  // é is two bytes: the eighth byte is its first half, so the whole letter stays for the sender to cut.
  ["1234567é", "1234567é"],
  ["é", "é"],
] as const)
  test(`auth_pass ${written} counts as ${counted}`, () => {
    const { authentication } = instance(instanceWith(`authentication {\n auth_type PASS\n auth_pass ${written}\n }`));
    assert.deepEqual(authentication, { type: "PASS", password: counted });
  });

for (const [what, text] of [
  ["on the keyword's line", "vrrp_instance a {\n interface eth0\n virtual_router_id 1\n}"],
  ["glued to it", "vrrp_instance a{\n interface eth0\n virtual_router_id 1}"],
  ["on the next line", "vrrp_instance a\n{\n interface eth0\n virtual_router_id 1\n}"],
  ["behind blank lines and comments", "vrrp_instance a\n\n! here\n{ interface eth0\n virtual_router_id 1\n}"],
] as const)
  test(`a block may open ${what}`, () => assert.equal(instance(text).virtualRouterId, 1));

test("two instances share a virtual_router_id on different interfaces", () => {
  const text = instanceWith("");
  const other = text.replace("VI_1", "VI_2").replace("eth0", "eth1");
  assert.deepEqual(read(text + other).marks, []);
});
