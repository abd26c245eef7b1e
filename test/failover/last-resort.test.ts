/** `last_resort`: what a pair does whose scripts fail, on a virtual clock. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Diagnostics } from "../../src/config/diagnostics.js";
import { readKeepalived } from "../../src/config/keepalived/read.js";
import { fromSeconds, microseconds } from "../../src/config/units.js";
import { SimulatedCluster } from "../../src/failover/simulation/cluster.js";
import { assess, type FaultReason } from "../../src/failover/tracking.js";
import { RecordingInstance, vrrpInstance } from "./support.js";

const VIP = "192.0.2.100";
const SCRIPT_FAILED: FaultReason = { kind: "script-failed", script: "chk" };
const PRIORITY = { lb1: 200, lb2: 100 };

function cluster(more = "last_resort", partner = ""): SimulatedCluster {
  const boxes = Object.entries(PRIORITY).map(([name, priority]) => {
    const text = `
      vrrp_script chk {
        script /bin/true
        interval 1
        fall 1
        rise 1
      }
      vrrp_instance VI_1 {
        interface eth0
        virtual_router_id 51
        priority ${priority}
        ${more}
        track_script {
          chk
        }
        virtual_ipaddress {
          ${VIP}
        }
      }
      ${partner}`;
    const diagnostics = new Diagnostics();
    const configuration = readKeepalived([{ path: `${name}.conf`, text }], diagnostics);
    assert.equal(diagnostics.hasErrors, false, JSON.stringify(diagnostics.all.map(({ message }) => message)));
    return { name, configuration };
  });
  return new SimulatedCluster(boxes);
}

const holders = (all: SimulatedCluster): string[] => all.holders(VIP).map(({ name }) => name);

/** Asserts it at each step of 10 ms. */
function throughout(all: SimulatedCluster, seconds: number, expected: readonly string[]): void {
  for (let step = 0; step < seconds * 100; step++) {
    all.run(microseconds(10_000));
    assert.deepEqual(holders(all), expected, `at ${all.now / 1e6} s`);
  }
}

describe("with last_resort", () => {
  test("the one whose script fails gives way to one that is well, as fast as without", () => {
    const all = cluster();
    all.run(fromSeconds(5));
    assert.deepEqual(holders(all), ["lb1"]);
    all.boxes[0]!.setScript("chk", false);
    // A run of the script each second, then lb2's skew: 156/256 s.
    const took = all.runUntil(() => holders(all).join() === "lb2", fromSeconds(3));
    assert.ok(took !== undefined && took <= 1_000_000 + 609_375 + 1_000, `${took} µs`);
    throughout(all, 10, ["lb2"]);
    all.boxes[0]!.setScript("chk", true);
    all.run(fromSeconds(6));
    throughout(all, 5, ["lb1"]);
  });

  test("when nobody is well the holder keeps the addresses without a moment's absence", () => {
    const all = cluster();
    all.run(fromSeconds(5));
    for (const box of all.boxes) box.setScript("chk", false);
    throughout(all, 30, ["lb1"]);
  });

  test("also when the standby was ill first; whoever is well again first takes over, nopreempt or not", () => {
    for (const more of ["last_resort", "last_resort\nnopreempt\nstate BACKUP", "last_resort\npreempt_delay 300"]) {
      const all = cluster(more);
      all.run(fromSeconds(5));
      all.boxes[1]!.setScript("chk", false);
      all.run(fromSeconds(3));
      all.boxes[0]!.setScript("chk", false);
      throughout(all, 20, ["lb1"]);
      all.boxes[1]!.setScript("chk", true);
      all.run(fromSeconds(5));
      assert.deepEqual(holders(all), ["lb2"], more);
    }
  });

  test("when the ill holder dies, the other ill one takes over", () => {
    const all = cluster();
    all.run(fromSeconds(5));
    for (const box of all.boxes) box.setScript("chk", false);
    all.run(fromSeconds(5));
    all.boxes[0]!.die();
    all.run(fromSeconds(5));
    assert.deepEqual(holders(all), ["lb2"]);
  });

  test("the members of a sync group go together, though one of them tracks the script", () => {
    const partner = `vrrp_instance VI_2 {
        interface eth1
        virtual_router_id 52
        priority 150
        last_resort
        virtual_ipaddress {
          198.51.100.100
        }
      }
      vrrp_sync_group VG {
        group {
          VI_1
          VI_2
        }
      }`;
    const all = cluster("last_resort", partner);
    const both = (): string[][] => [VIP, "198.51.100.100"].map((vip) => all.holders(vip).map(({ name }) => name));
    all.run(fromSeconds(6));
    assert.deepEqual(both(), [["lb1"], ["lb1"]]);
    all.boxes[0]!.setScript("chk", false);
    all.run(fromSeconds(3));
    assert.deepEqual(both(), [["lb2"], ["lb2"]]);
    all.boxes[1]!.setScript("chk", false);
    all.run(fromSeconds(20));
    assert.deepEqual(both(), [["lb2"], ["lb2"]]);
  });

  test("a lost interface is a fault nevertheless: nothing could be held there", () => {
    const all = cluster();
    all.run(fromSeconds(5));
    for (const box of all.boxes) box.setLink("eth0", false);
    all.run(fromSeconds(1));
    assert.deepEqual(holders(all), []);
  });
});

test("without last_resort nobody holds the addresses while all are ill", () => {
  const all = cluster("");
  all.run(fromSeconds(5));
  for (const box of all.boxes) box.setScript("chk", false);
  all.run(fromSeconds(10));
  assert.deepEqual(holders(all), []);
});

test("a master that falls ill resigns, stays silent for whoever is well, and holds the addresses meanwhile", () => {
  const instance = new RecordingInstance({ priority: 100, lastResort: true }).advance(fromSeconds(4));
  instance.take();
  instance.assess(1, [], [SCRIPT_FAILED]);
  assert.deepEqual(instance.take(), ["send 0"]);
  assert.match(instance.logs.at(-2)!, /\(VI_1\) goes on as a last resort.*due to script chk/);
  instance.advance(microseconds(1_499_999));
  assert.deepEqual(instance.take(), []);
  assert.equal(instance.advance(microseconds(1)).holdsAddresses, true);
  assert.deepEqual(instance.take(), ["send 1"]);
  instance.hear(2);
  assert.deepEqual(instance.take(), ["remove", "BACKUP"]);
});

test("what is endured: failed scripts, files, processes and the proxy; not what is still pending, nor the network", () => {
  const own = vrrpInstance({
    lastResort: true,
    track: {
      scripts: [{ script: "chk", weight: 0, reverse: false }],
      processes: [{ process: "p", weight: 0, reverse: false }],
    },
  });
  const world = {
    script: () => "down" as const,
    file: () => 0,
    process: () => false,
    proxy: () => true,
    link: () => "up" as const,
    sourcePresent: true,
  };
  assert.deepEqual(assess(own, world), {
    priority: 1,
    faults: [],
    endured: [SCRIPT_FAILED, { kind: "process", process: "p" }],
  });
  for (const worse of [
    { ...world, script: () => "pending" as const },
    { ...world, link: () => "down" as const },
    { ...world, sourcePresent: false },
  ]) {
    const { priority, faults, endured } = assess(own, worse);
    assert.deepEqual([priority, faults.length >= 2, endured], [100, true, []]);
  }
});
