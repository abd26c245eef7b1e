/** Prometheus's text format 0.0.4, and what of the fail-over stands in it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import { readKeepalived } from "../../../src/config/keepalived/read.js";
import { ALARMS } from "../../../src/failover/alarms.js";
import { InstanceCounters, shareCounters } from "../../../src/failover/counters.js";
import { expositionText } from "../../../src/failover/metrics/exposition.js";
import { failoverFamilies } from "../../../src/failover/metrics/families.js";

test("a family has its help, its type and its samples; labels and help are escaped", () => {
  const labels = { path: 'C:\\DIR"\n' };
  assert.equal(
    expositionText([
      { name: "a_total", type: "counter", help: "One\\two\nthree", samples: [{ labels, value: 3 }] },
      { name: "b", type: "gauge", help: "Plain.", samples: [{ labels: {}, value: 0.5 }] },
      { name: "c", type: "gauge", help: "Nobody.", samples: [] },
    ]),
    [
      "# HELP a_total One\\\\two\\nthree",
      "# TYPE a_total counter",
      'a_total{path="C:\\\\DIR\\"\\n"} 3',
      "# HELP b Plain.",
      "# TYPE b gauge",
      "b 0.5",
      "",
    ].join("\n"),
  );
});

const file = `
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 150
  virtual_ipaddress {
    192.0.2.100
  }
}`;

function lines(prepare: (counters: InstanceCounters) => void): string[] {
  const counters = new InstanceCounters(shareCounters(1), 0);
  prepare(counters);
  const snapshot = {
    configuration: readKeepalived([{ path: "keepalived.conf", text: file }], new Diagnostics()),
    status: [counters.status("VI_1")],
    transitions: new Map([["VI_1", 1_795_246_599_208]]),
    scripts: new Map([
      ["chk", "down"],
      ["young", "pending"],
    ] as const),
    files: new Map(),
    processes: new Map(),
    groups: new Map([["G", "MASTER"]] as const),
  };
  return expositionText(failoverFamilies(snapshot)).split("\n");
}

const own = 'instance="VI_1",interface="eth0",vrid="51"';

test("states, counters, alarms, scripts and groups are told, those that are 0 too", () => {
  const text = lines((counters) => {
    counters.setState("MASTER");
    counters.setPriority(130);
    counters.count("lost", 2);
    counters.countRejection("checksum");
    counters.raise("both-hold");
  });
  for (const line of [
    `bascule_vrrp_state{${own},state="master"} 1`,
    `bascule_vrrp_state{${own},state="backup"} 0`,
    `bascule_vrrp_priority{${own}} 130`,
    `bascule_vrrp_configured_priority{${own}} 150`,
    `bascule_vrrp_last_transition_seconds{${own}} 1795246599.208`,
    `bascule_vrrp_alarm{${own},alarm="both-hold"} 1`,
    `bascule_vrrp_alarm{${own},alarm="version"} 0`,
    `bascule_vrrp_removed_by_others_total{${own}} 2`,
    `bascule_vrrp_late_timers_total{${own}} 0`,
    `bascule_vrrp_advertisements_rejected_total{${own},reason="checksum"} 1`,
    `bascule_vrrp_advertisements_rejected_total{${own},reason="ttl"} 0`,
    'bascule_vrrp_group_state{group="G",state="master"} 1',
    'bascule_vrrp_script_up{script="chk"} 0',
  ])
    assert.ok(text.includes(line), line);
  assert.ok(!text.some((line) => line.includes("young")), "nobody knows yet");
});

test("every alarm has its sample, every family its help and type, and no sample comes twice", () => {
  const text = lines(() => {});
  const samples = text.filter((line) => line !== "" && !line.startsWith("#"));
  assert.equal(samples.filter((line) => line.startsWith("bascule_vrrp_alarm{")).length, ALARMS.length);
  const names = samples.map((line) => line.replace(/ \S+$/, ""));
  assert.equal(new Set(names).size, names.length);
  for (const name of new Set(names.map((each) => each.replace(/\{.*/, ""))))
    for (const kind of ["HELP", "TYPE"])
      assert.ok(
        text.some((line) => line.startsWith(`# ${kind} ${name} `)),
        name,
      );
});
