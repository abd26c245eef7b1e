/** `heartbeat_path`: a pair that cannot hear each other's advertisements, with a second network between them. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fromSeconds, microseconds } from "../../src/config/units.js";
import type { InstanceStatus } from "../../src/failover/failover.js";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { Lab } from "../../src/lab/lab.js";
import { eventually, throughout } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";
import { ipv4, RecordingInstance } from "./support.js";

const MAIN = fileURLToPath(new URL("./failover-main.js", import.meta.url));
const CONFIG = "/etc/keepalived/keepalived.conf";
const VIP = "192.0.2.100";
const PATIENCE = { deadlineMs: 15_000 };

/** A password of its own: no advertisement of the other is accepted, as if the network were cut. */
const configuration = (password: string, priority: number, peer: string, key: string, protocol: string): string => `
  heartbeat_path back {
    protocol ${protocol}
    interface eth1
    peer {
      ${peer}
    }
    key "${key}"
  }
  vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority ${priority}
    authentication {
      auth_type PASS
      auth_pass ${password}
    }
    virtual_ipaddress {
      ${VIP}
    }
  }`;

async function start(host: Host): Promise<HostProcess> {
  const program = host.start([process.execPath, MAIN, CONFIG]);
  await program.waitForLine(/^running/, 10_000);
  return program;
}

async function pair(
  t: TestContext,
  { key = "correct horse battery staple", protocol = "udp" } = {},
): Promise<{ lab: Lab; a: Host; b: Host }> {
  const lab = await Lab.create({ name: "heartbeat" });
  t.after(() => lab.destroy());
  const make = (name: string, last: number): Promise<Host> =>
    lab.host(name, {
      interfaces: {
        eth0: { network: "lan", address: `192.0.2.${last}/24` },
        eth1: { network: "back", address: `203.0.113.${last}/24` },
      },
    });
  const [a, b] = await Promise.all([make("a", 11), make("b", 12)]);
  a.writeFile(CONFIG, configuration("one", 250, "203.0.113.12", "correct horse battery staple", protocol));
  b.writeFile(CONFIG, configuration("two", 240, "203.0.113.11", key, protocol));
  return { lab, a, b };
}

describe("a heartbeat path", { skip: needsRoot, concurrency: 4 }, () => {
  test("while advertisements do not pass, one holds the addresses; the other takes over when it dies", async (t) => {
    const { lab, a, b } = await pair(t);
    const first = await start(a);
    await eventually(() => lab.holders(VIP), ["a"], PATIENCE);
    const second = await start(b);
    await throughout(6_000, () => lab.holders(VIP), ["a"]);
    await second.waitForLine(/192\.0\.2\.11 is master, as its heartbeats say, and none of its advertisements/);
    second.kill("SIGUSR1");
    const line = await second.waitForLine(/^status: /);
    assert.ok((JSON.parse(line.text.slice(8)) as InstanceStatus[])[0]!.alarms.some(({ alarm }) => alarm === "path"));
    first.kill("SIGKILL");
    await eventually(() => lab.holders(VIP), ["b"], PATIENCE);
    // The better one comes back: it takes over, and the other hears of it where it can.
    await start(a);
    await eventually(() => lab.holders(VIP), ["a"], PATIENCE);
    await throughout(2_000, () => lab.holders(VIP), ["a"]);
  });

  for (const protocol of ["udp", "tcp"])
    test(`two that hold the addresses settle as soon as heartbeats pass (${protocol})`, async (t) => {
      const { lab, a, b } = await pair(t, { protocol });
      await a.unplug("eth1");
      await Promise.all([start(a), start(b)]);
      await eventually(() => lab.holders(VIP), ["a", "b"], PATIENCE);
      await a.plug("eth1");
      // An interval of one second, and what the test needs to see it.
      await eventually(() => lab.holders(VIP), ["a"], { deadlineMs: 2_000 });
      await throughout(3_500, () => lab.holders(VIP), ["a"]);
    });

  test("with another key nothing is believed, and the log says so", async (t) => {
    const { lab, a, b } = await pair(t, { key: "another horse battery staple" });
    const [first] = await Promise.all([start(a), start(b)]);
    await eventually(() => lab.holders(VIP), ["a", "b"], PATIENCE);
    await first!.waitForLine(/heartbeat_path back: received a heartbeat with a wrong signature/);
  });
});

const heartbeat = (priority: number, until: number, source = "192.0.2.20") =>
  ({ kind: "heartbeat", priority, source: ipv4(source), until: microseconds(until) }) as const;

describe("a heartbeat of a master", () => {
  test("keeps a backup of no higher priority from taking over for as long as it is believed", () => {
    const backup = new RecordingInstance({ priority: 100 }).advance(fromSeconds(3));
    backup.handle(heartbeat(100, 5_500_000)).advance(microseconds(2_499_999));
    assert.equal(backup.state.kind, "backup");
    assert.equal(backup.advance(microseconds(1)).state.kind, "master");
  });

  test("does not keep back one of higher priority, unless it does not preempt", () => {
    for (const [preempt, kind] of [
      [true, "master"],
      [false, "backup"],
    ] as const) {
      const backup = new RecordingInstance({ priority: 100, preempt }).advance(fromSeconds(3));
      assert.equal(backup.handle(heartbeat(90, 5_500_000)).advance(fromSeconds(1)).state.kind, kind);
    }
  });

  test("never shortens what an advertisement has promised", () => {
    const backup = new RecordingInstance({ priority: 100 }).hear(200);
    backup.handle(heartbeat(200, 1_000_000)).advance(fromSeconds(3));
    assert.equal(backup.state.kind, "backup");
  });

  test("makes a lesser master yield, and not a better one", () => {
    const master = () => new RecordingInstance({ priority: 100 }).advance(fromSeconds(4));
    assert.equal(master().handle(heartbeat(101, 9_000_000)).holdsAddresses, false);
    assert.equal(master().handle(heartbeat(100, 9_000_000)).holdsAddresses, false, "the higher address wins");
    assert.equal(master().handle(heartbeat(99, 9_000_000)).holdsAddresses, true);
  });
});
