/** `bascule simulate` plays a failure of each thing that is tracked; times worked out from the intervals by pencil. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import { readKeepalived } from "../../../src/config/keepalived/read.js";
import type { NamedConfiguration } from "../../../src/failover/simulation/contradictions.js";
import { playScenarios } from "../../../src/failover/simulation/scenarios.js";

function box(name: string, text: string): NamedConfiguration {
  const diagnostics = new Diagnostics();
  const configuration = readKeepalived([{ path: `${name}.conf`, text }], diagnostics);
  assert.equal(diagnostics.hasErrors, false, JSON.stringify(diagnostics.all.map(({ message }) => message)));
  return { name, configuration };
}

const instance = (priority: number, more = "", number = 1): string => `
vrrp_instance VI_${number} {
    interface eth${number - 1}
    virtual_router_id ${50 + number}
    priority ${priority}
    ${more}
    virtual_ipaddress {
        192.0.2.${99 + number}
    }
}`;

/** Per event: who holds the addresses after it, and once it is over. `first` is lb1's text; lb2 is there with 100. */
function played(first: string, second = instance(100)): Map<string, string> {
  const outcome = (holdings: ReturnType<typeof playScenarios>[number]["holdings"]): string =>
    holdings
      .map(({ holders, after }) => `${holders.join("+")}${after === undefined ? "" : ` ${(after / 1e6).toFixed(1)}s`}`)
      .join(", ");
  return new Map(
    playScenarios([box("lb1", first), box("lb2", second)]).map(({ event, holdings, recovery }) => [
      event,
      recovery === undefined ? outcome(holdings) : `${outcome(holdings)}; ${outcome(recovery)}`,
    ]),
  );
}

const saying = (all: Map<string, string>): string[] => [...all.keys()].filter((event) => event.includes(" says "));

describe("a tracked file is played with the nearest number that makes a difference", () => {
  const file = (more = ""): string => `vrrp_track_file drain {\n file /run/drain\n ${more}\n}\n`;
  const tracking = "track_file {\n drain\n }";

  test("its number times the weight is added: one below the peer's priority", () => {
    const all = played(file() + instance(150, tracking));
    assert.deepEqual(saying(all), ["drain says -51 on lb1"]);
    // lb2 hears 99 and lets its timer run out: three intervals and its skew. Back at 150 lb1 does not heed the
    // advertisement that is under way: its 3.4 s run since the one before.
    assert.equal(all.get("drain says -51 on lb1"), "lb2 3.6s; lb1 2.4s");
    assert.deepEqual(saying(played(file("weight -10") + instance(150, tracking))), ["drain says 6 on lb1"]);
  });

  test("on a backup: one above the master's", () => {
    const all = played(instance(150), file() + instance(100, tracking));
    assert.deepEqual(saying(all), ["drain says 51 on lb2"]);
    assert.match(all.get("drain says 51 on lb2")!, /^lb2 [\d.]+s; lb1 [\d.]+s$/);
  });

  test("with weight 0 any number but 0 is a fault, and with reverse 0 is: lb1 resigns, which costs lb2's skew", () => {
    for (const [weight, event] of [
      ["weight 0", "drain says 1 on lb1"],
      ["weight 0 reverse", "drain says 0 on lb1"],
    ] as const) {
      const all = played(file(weight) + instance(150, tracking));
      assert.deepEqual(saying(all), [event]);
      assert.equal(all.get("all boxes start"), "lb1 3.4s", "at the start it says what is well");
      assert.equal(all.get(event), "lb2 0.6s; lb1 3.4s");
    }
  });

  test("counted from what init_file writes", () => {
    const all = played(instance(150), file("init_file 60") + instance(100, tracking));
    assert.match(all.get("all boxes start")!, /^lb2 /);
    assert.deepEqual(saying(all), ["drain says 49 on lb2"]);
  });

  test("once for each instance that it moves at another number", () => {
    const first = file() + instance(150, tracking) + instance(120, tracking, 2);
    const all = played(first, instance(100) + instance(100, "", 2));
    assert.deepEqual(saying(all), ["drain says -51 on lb1", "drain says -21 on lb1"]);
    assert.match(all.get("drain says -21 on lb1")!, /^lb1, lb2 /);
    assert.match(all.get("drain says -51 on lb1")!, /^lb2 [\d.]+s, lb2 /);
  });

  test("an owner of the addresses is moved by what is a fault, and by nothing less", () => {
    const all = played(file() + instance(255, tracking));
    assert.deepEqual(saying(all), ["drain says -254 on lb1"]);
  });
});

const PROCESS = "vrrp_track_process web {\n process nginx\n}\n";
const SCRIPT = "vrrp_script chk {\n script /bin/true\n interval 1\n}\n";
const GROUP = (tracked: string): string => `vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n ${tracked}\n}\n`;

for (const [what, block, tracked, event] of [
  ["process", PROCESS, "track_process {\n web\n }", "web ends on lb1"],
  ["interface", "", "track_interface {\n eth9\n }", "lb1 loses eth9"],
  ["proxy", "", "track_proxy {\n frontend fe\n }", "the proxy of lb1 fails"],
  ["script", SCRIPT, "track_script {\n chk\n }", "chk fails on lb1"],
  ["file", "vrrp_track_file f {\n file /run/f\n weight 0\n}\n", "track_file {\n f\n }", "f says 1 on lb1"],
] as const) {
  test(`a tracked ${what} that fails is a fault, and both addresses of a group that tracks it move`, () => {
    assert.match(played(block + instance(150, tracked)).get(event) ?? "", /^lb2 [\d.]+s; lb1 [\d.]+s$/);
    const pair = (priority: number): string => instance(priority) + instance(priority, "", 2);
    const all = played(block + GROUP(tracked) + pair(150), GROUP("") + pair(100));
    assert.match(all.get(event) ?? "", /^lb2 [\d.]+s, lb2 [\d.]+s; lb1 [\d.]+s, lb1 [\d.]+s$/);
  });
}

test("what is tracked with reverse is well while it fails, and fails by being there", () => {
  for (const [block, tracked, event] of [
    [SCRIPT, "track_script {\n chk weight 0 reverse\n }", "chk succeeds on lb1"],
    [PROCESS, "track_process {\n web weight 0 reverse\n }", "web runs on lb1"],
    ["", "track_interface {\n eth9 weight 0 reverse\n }", "lb1 gets eth9"],
  ] as const) {
    const all = played(block + instance(150, tracked));
    assert.equal(all.get("all boxes start"), "lb1 3.4s");
    assert.match(all.get(event) ?? [...all.keys()].join(), /^lb2 [\d.]+s; lb1 [\d.]+s$/);
  }
});
