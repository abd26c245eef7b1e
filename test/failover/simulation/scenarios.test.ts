/** What `bascule simulate` foretells, against what the protocol's intervals say by pencil. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import { readKeepalived } from "../../../src/config/keepalived/read.js";
import { findContradictions, type NamedConfiguration } from "../../../src/failover/simulation/contradictions.js";
import { reportText } from "../../../src/failover/simulation/report.js";
import { playScenarios, type Scenario } from "../../../src/failover/simulation/scenarios.js";
import { findIdleWeights } from "../../../src/failover/simulation/weights.js";
import { articleConfigs } from "../../support/repository.js";

function box(name: string, text: string): NamedConfiguration {
  const diagnostics = new Diagnostics();
  const configuration = readKeepalived([{ path: `${name}.conf`, text }], diagnostics);
  assert.equal(diagnostics.hasErrors, false, JSON.stringify(diagnostics.all.map(({ message }) => message)));
  return { name, configuration };
}

const instance = (priority: number, more = "", address = "192.0.2.100"): string => `
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority ${priority}
    ${more}
    virtual_ipaddress {
        ${address}
    }
}`;

const grouped = (first: number, second: number): string =>
  `vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}${instance(first)}${instance(second, "", "203.0.113.100")
    .replace("VI_1", "VI_2")
    .replace("eth0", "eth1")
    .replace("51", "52")}`;

const scenario = (all: readonly Scenario[], event: string): Scenario => {
  const found = all.find((each) => each.event === event);
  assert.ok(found, `${event} is not among ${all.map((each) => each.event).join(", ")}`);
  return found;
};

/** `lb2 after 3609 ms`, of the only address. */
const outcome = (holding: Scenario["holdings"][number] | undefined): string =>
  `${holding!.holders.join(" and ") || "nobody"} after ${Math.round((holding!.after ?? 0) / 1000)} ms`;

test("the preferred box holds the address after three intervals and its skew; a stop costs the skew, a death all of it", () => {
  const all = playScenarios([box("lb1", instance(150)), box("lb2", instance(100))]);
  assert.equal(outcome(scenario(all, "all boxes start").holdings[0]), "lb1 after 3414 ms");
  assert.equal(outcome(scenario(all, "lb1 is stopped").holdings[0]), "lb2 after 610 ms");
  assert.equal(outcome(scenario(all, "lb1 dies").holdings[0]), "lb2 after 3610 ms");
  assert.equal(outcome(scenario(all, "lb1 dies").recovery![0]), "lb1 after 3414 ms");
});

test("with nopreempt the address stays where it went", () => {
  const all = playScenarios([box("lb1", instance(150, "nopreempt")), box("lb2", instance(100))]);
  const { recovery } = scenario(all, "lb1 dies");
  assert.deepEqual(recovery![0], { address: "192.0.2.100", holders: ["lb2"], after: undefined });
});

test("a script is noticed after fall runs, and with a weight too small it changes nothing", () => {
  const script = "vrrp_script chk {\n script /bin/true\n interval 2\n fall 3\n WEIGHT\n}";
  const boxes = (weight: string) => [
    box("lb1", script.replace("WEIGHT", weight) + instance(150, "track_script {\n chk\n }")),
    box("lb2", instance(100)),
  ];
  // 3 × 2 s, and then a resignation: the skew of lb2.
  const fails = "chk fails on lb1";
  assert.equal(outcome(scenario(playScenarios(boxes("")), fails).holdings[0]), "lb2 after 6610 ms");
  assert.equal(outcome(scenario(playScenarios(boxes("weight -20")), fails).holdings[0]), "lb1 after 0 ms");
});

test("a script of weight 0 that fails everywhere leaves nobody", () => {
  const text = (priority: number) =>
    `vrrp_script chk {\n script /bin/true\n interval 1\n}${instance(priority, "track_script {\n chk\n }")}`;
  const all = playScenarios([box("lb1", text(150)), box("lb2", text(100))]);
  assert.equal(outcome(scenario(all, "chk fails everywhere").holdings[0]), "nobody after 1000 ms");
});

test("a published pair, verbatim: the delay of 30 s before it comes back shows", () => {
  const file = (name: string): string =>
    readFileSync(join(articleConfigs, "kubernetes-api", name, "keepalived.conf"), "utf8");
  const all = playScenarios([box("lb1", file("lb1")), box("lb2", file("lb2"))]);
  const text = reportText(all);
  assert.match(text, /^lb1 dies\n {2}192\.168\.0\.10, 192\.168\.1\.10: lb2 holds it after 3\.61 s\n/m);
  assert.match(text, /when that is over: 192\.168\.0\.10, 192\.168\.1\.10: lb1 holds it after 3[0-9]\.\d+ s/);
  assert.match(
    text,
    /^chk_haproxy fails everywhere\n {2}192\.168\.0\.10, 192\.168\.1\.10: NOBODY holds it, from 1\.00 s on$/m,
  );
});

for (const [what, mine, theirs, code] of [
  ["equal priorities", instance(100), instance(100), "equal-priorities"],
  ["another router's number for one address", instance(150), instance(100).replace("51", "52"), "router-id-mismatch"],
  [
    "another password",
    instance(150, "authentication {\n auth_type PASS\n auth_pass a\n }"),
    instance(100, "authentication {\n auth_type PASS\n auth_pass b\n }"),
    "authentication-mismatch",
  ],
  ["another version", instance(150, "version 3"), instance(100), "version-mismatch"],
  ["another interval", instance(150, "advert_int 2"), instance(100), "interval-mismatch"],
  [
    "another interval of VRRPv3",
    instance(150, "version 3\nadvert_int 0.1"),
    instance(100, "version 3"),
    "interval-differs",
  ],
  ["another multicast group", instance(150), instance(100, "mcast_dst_ip 224.0.0.77"), "multicast-group-mismatch"],
  ["other addresses", instance(150), instance(100, "", "192.0.2.101"), "addresses-differ"],
  [
    "unicast against multicast",
    instance(150, "unicast_src_ip 192.0.2.1\n unicast_peer {\n 192.0.2.2\n }"),
    instance(100),
    "transport-mismatch",
  ],
  [
    "a peer that is not listed",
    instance(150, "unicast_src_ip 192.0.2.1\n unicast_peer {\n 192.0.2.2\n }"),
    instance(100, "unicast_src_ip 192.0.2.2\n unicast_peer {\n 192.0.2.3\n }"),
    "peer-missing",
  ],
] as const)
  test(`${what} is told where the second file says it`, () => {
    const diagnostics = new Diagnostics();
    findContradictions([box("lb1", mine), box("lb2", theirs)], diagnostics);
    assert.deepEqual(
      diagnostics.all.map((each) => each.code),
      [code],
    );
    assert.equal(diagnostics.all[0]!.span.file.path, "lb2.conf");
  });

test("an instance that no other file has is told of: nobody would take over", () => {
  const diagnostics = new Diagnostics();
  const other = instance(100, "", "192.0.2.101").replace("51", "52");
  findContradictions([box("lb1", instance(150)), box("lb2", other)], diagnostics);
  assert.deepEqual(
    diagnostics.all.map((each) => [each.code, each.span.file.path]),
    [
      ["no-counterpart", "lb1.conf"],
      ["no-counterpart", "lb2.conf"],
    ],
  );
});

test("a sync group that prefers one box for one member and another for the next is told of", () => {
  const diagnostics = new Diagnostics();
  findContradictions([box("lb1", grouped(150, 100)), box("lb2", grouped(100, 150))], diagnostics);
  assert.deepEqual(
    diagnostics.all.map((each) => each.code),
    ["group-divided"],
  );
});

describe("a weight that is too small to change anything", () => {
  const script = (name: string, weight: number): string =>
    `vrrp_script ${name} {\n script /bin/true\n weight ${weight}\n}\n`;
  const warnings = (text: string, other = instance(100)): string[] => {
    const diagnostics = new Diagnostics();
    findIdleWeights([box("lb1", text), box("lb2", other)], diagnostics);
    return diagnostics.all.map(({ message }) => message);
  };
  const one = (weight: number): string => script("chk", weight) + instance(150, "track_script {\n chk\n }");

  test("is told of, with both priorities", () => {
    assert.deepEqual(warnings(one(-20)), [
      "(VI_1) with chk failing its priority is 130, and lb2 has 100: lb1 keeps the addresses",
    ]);
    assert.equal(warnings(one(-50)).length, 1, "an equal priority preempts nobody");
    assert.deepEqual(warnings(one(-51)), []);
  });

  test("counts with the others: two of them may be enough", () => {
    const two = (weight: number): string =>
      script("a", weight) + script("b", weight) + instance(150, "track_script {\n a\n b\n }");
    assert.match(warnings(two(-20))[0]!, /^\(VI_1\) with a and b failing its priority is 110/);
    assert.deepEqual(warnings(two(-30)), []);
  });

  test("is no matter on a box that is not preferred, nor where a failure is a fault", () => {
    assert.deepEqual(warnings(instance(150), one(-1).replace("150", "100")), []);
    assert.deepEqual(warnings(one(0)), []);
  });
});

test("where the boxes do not hear each other both hold the address, until they do", () => {
  const all = playScenarios([box("lb1", instance(150)), box("lb2", instance(100))]);
  const cut = scenario(all, "the boxes do not hear each other");
  assert.equal(outcome(cut.holdings[0]), "lb1 and lb2 after 3610 ms");
  assert.deepEqual(cut.recovery![0]!.holders, ["lb1"]);
  assert.ok(cut.recovery![0]!.after! < 1_000_000, "within one interval");
});

test("what changes nothing is told in one list", () => {
  const text = reportText(playScenarios([box("lb1", instance(150)), box("lb2", instance(100))]));
  assert.match(text, /^nothing moves when\n {2}lb2 is stopped\n {2}lb2 dies\n {2}lb2 loses eth0\n/m);
});

test("where advertisements are refused, both hold the address: the simulation shows it", () => {
  const password = (text: string) => `authentication {\n auth_type PASS\n auth_pass ${text}\n }`;
  const all = playScenarios([box("lb1", instance(150, password("a"))), box("lb2", instance(100, password("b")))]);
  assert.deepEqual(all[0]!.holdings[0]!.holders, ["lb1", "lb2"]);
});

test("a sync group moves with the interface that only one of its members needs", () => {
  const all = playScenarios([box("lb1", grouped(150, 150)), box("lb2", grouped(100, 100))]);
  const { holdings } = scenario(all, "lb1 loses eth1");
  assert.deepEqual(
    holdings.map(({ holders }) => holders),
    [["lb2"], ["lb2"]],
  );
});
