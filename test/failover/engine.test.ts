/** The engine on real interfaces: hosts of the lab, each with its own kernel tables. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { InstanceStatus } from "../../src/failover/failover.js";
import { addressOctets } from "../../src/failover/wire/ip-address.js";
import { encodeAdvertisement, MAX_PACKET, passwordOctets, VRRP_GROUP } from "../../src/failover/wire/packet.js";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess, OutputLine } from "../../src/lab/host-process.js";
import { Lab } from "../../src/lab/lab.js";
import { eventually, throughout } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";
import { advertising, ipv4 } from "./support.js";

const MAIN = fileURLToPath(new URL("./failover-main.js", import.meta.url));
const SENDER = fileURLToPath(new URL("./send-packets-main.js", import.meta.url));
const CONFIG = "/etc/keepalived/keepalived.conf";
const ANSWERS = "/run/answers";
/** Start to master: three intervals, the skew, and the start of Node on a busy machine. */
const TAKES_OVER = { deadlineMs: 10_000 };

/** An instance of the highest priorities, so that skews are short. */
const configuration = (priority: number, more = "", password = "secret"): string => `
vrrp_script chk {
    script "killall -0 haproxy"
    interval 1
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority ${priority}
    authentication {
        auth_type PASS
        auth_pass ${password}
    }
    virtual_ipaddress {
        192.0.2.100
        198.51.100.1/24 brd 198.51.100.255 label eth0:vip
    }
    ${more}
}`;

/** An instance more, in one group with VI_1. */
const SECOND_OF_GROUP = `
vrrp_instance VI_2 {
    interface eth1
    virtual_router_id 52
    priority 250
    virtual_ipaddress {
        203.0.113.100
    }
}
vrrp_sync_group G {
    group {
        VI_1
        VI_2
    }
}`;

interface Node {
  readonly host: Host;
  readonly program: HostProcess;
}

async function hosts(t: TestContext): Promise<{ lab: Lab; a: Host; b: Host }> {
  const lab = await Lab.create({ name: "failover" });
  t.after(() => lab.destroy());
  const make = (name: string, last: number): Promise<Host> =>
    lab.host(name, {
      interfaces: {
        eth0: { network: "lan", address: `192.0.2.${last}/24` },
        eth1: { network: "other", address: `203.0.113.${last}/24` },
      },
    });
  const [a, b] = await Promise.all([make("a", 11), make("b", 12)]);
  return { lab, a, b };
}

async function start(host: Host, text: string): Promise<Node> {
  host.writeFile(CONFIG, text);
  const program = host.start([process.execPath, MAIN, CONFIG, ANSWERS]);
  await program.waitForLine(/^running/, 10_000);
  return { host, program };
}

/** The two nodes of a pair; the first is master when this resolves. */
async function pair(t: TestContext, more = "", backupMore = more): Promise<{ lab: Lab; first: Node; second: Node }> {
  const { lab, a, b } = await hosts(t);
  for (const host of [a, b]) host.writeFile(ANSWERS, "up");
  const first = await start(a, configuration(250, more));
  const second = await start(b, configuration(240, backupMore));
  await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
  return { lab, first, second };
}

async function status({ program }: Node): Promise<InstanceStatus> {
  const asked = program.lines.length;
  program.kill("SIGUSR1");
  const line = await eventually(
    () => program.lines.slice(asked).find(({ text }) => text.startsWith("status: ")),
    Boolean,
  );
  return (JSON.parse(line!.text.slice("status: ".length)) as InstanceStatus[])[0]!;
}

/** nsenter(1), which runs programs inside a host, stops along with its program: it must go on too, to see it end. */
function thaw(program: HostProcess): void {
  const stat = readFileSync(`/proc/${program.pid}/status`, "utf8");
  const nsenter = Number(/^PPid:\t(\d+)/m.exec(stat)?.[1]);
  program.kill("SIGCONT");
  process.kill(nsenter, "SIGCONT");
}

/** What host b might send with the right password. */
function advertisement(): Buffer {
  const packet = Buffer.alloc(MAX_PACKET);
  const settings = {
    ...advertising,
    authentication: { type: "PASS", password: passwordOctets("secret") },
    addresses: [ipv4("192.0.2.100"), ipv4("198.51.100.1")].map(addressOctets),
  } as const;
  return packet.subarray(0, encodeAdvertisement(packet, settings, ipv4("192.0.2.12"), VRRP_GROUP, 100, 1));
}

/** A copy with one octet changed; the kernel puts the IP header's own checksum right. */
function altered(packet: Buffer, offset: number, octet: number): Buffer {
  const copy = Buffer.from(packet);
  copy[offset] = octet;
  return copy;
}

const virtual = async (host: Host): Promise<string[]> =>
  (await host.addresses("eth0"))
    .filter(({ address }) => address === "192.0.2.100" || address === "198.51.100.1")
    .map((each) => `${each.address}/${each.prefixLength} ${each.scope} ${each.label} ${each.broadcast ?? "-"}`);

describe("the fail-over engine", { skip: needsRoot, concurrency: 4 }, () => {
  test("the higher priority holds the addresses as they are written, and nobody else does", async (t) => {
    const { lab, first, second } = await pair(t);
    assert.deepEqual(await virtual(first.host), [
      "192.0.2.100/32 global eth0 -",
      "198.51.100.1/24 global eth0:vip 198.51.100.255",
    ]);
    // Were we silent, the second would hold them too by now: three intervals and its skew.
    await throughout(4_000, () => lab.holders("192.0.2.100"), ["a"]);
    assert.deepEqual(await virtual(second.host), []);
    assert.ok((await status(second)).counters.advertisementsReceived >= 3);
  });

  test("a clean stop leaves no address behind, and the other takes over after its skew", async (t) => {
    const { lab, first, second } = await pair(t);
    const stopped = performance.now();
    await first.program.stop();
    await eventually(() => lab.holders("198.51.100.1"), ["b"], { everyMs: 5 });
    assert.ok(performance.now() - stopped < 3_000, "no master-down interval was waited for");
    assert.deepEqual(await virtual(first.host), []);
    assert.equal((await status(second)).counters.priorityZeroReceived, 1);
    await start(first.host, configuration(250));
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
  });

  test("when the box dies the other takes over after three intervals and its skew", async (t) => {
    const { lab, first } = await pair(t);
    const at = await first.host.kill();
    await eventually(() => lab.holders("192.0.2.100"), ["b"], { deadlineMs: 4_000, everyMs: 5 });
    const took = performance.timeOrigin + performance.now() - at;
    assert.ok(took <= 3_062 + 300, `took ${took} ms`); // 3 × 1 s + 16/256 s, and 0.3 s for this test
  });

  test("what a killed run left on the interface is removed at the next start", async (t) => {
    const { a } = await hosts(t);
    await a.mustRun(["ip", "addr", "add", "192.0.2.100/32", "dev", "eth0"]);
    await start(a, configuration(250));
    assert.deepEqual(await virtual(a), []);
  });

  test("an address that another tool deletes is back at once, and nobody takes over", async (t) => {
    const { lab, first } = await pair(t);
    await first.host.mustRun(["ip", "addr", "del", "192.0.2.100/32", "dev", "eth0"]);
    await eventually(() => lab.holders("192.0.2.100"), ["a"], { deadlineMs: 1_000, everyMs: 5 });
    await first.program.waitForLine(/\(VI_1\) ip address 192\.0\.2\.100\/32 dev eth0, no longer exist/);
    assert.equal((await status(first)).state, "MASTER");
  });

  test("an address, route or rule that another tool deletes is back within 100 ms, counted, and the remedy said once", async (t) => {
    const { a } = await hosts(t);
    a.writeFile("/run/systemd/netif/state", "OPER_STATE=routable\n");
    const objects = [
      ["address", "192.0.2.100/32", "dev", "eth0"],
      ["route", "198.18.0.0/24", "via", "192.0.2.12", "dev", "eth0"],
      ["rule", "from", "198.18.0.0/24", "table", "100", "preference", "77"],
    ] as const;
    const virtual = [objects[1], objects[2]].map(([kind, ...words]) => `virtual_${kind}s {\n ${words.join(" ")}\n }`);
    const node = await start(a, configuration(255, virtual.join("\n")));
    await eventually(() => a.holds("192.0.2.100"), true, TAKES_OVER);
    const monitor = a.start(["ip", "-tshort", "monitor", "address", "route", "rule"]);
    const touch = async (): Promise<boolean> => {
      await a.mustRun(["ip", "address", "replace", "198.51.100.200/32", "dev", "lo"]);
      return monitor.lines.length > 0;
    };
    await eventually(touch, true);
    const since = (index: number): readonly OutputLine[] => monitor.lines.slice(index);
    let removals = 0;
    for (const [kind, ...words] of objects) {
      const what = kind === "address" ? "192.0.2.100" : "198.18.0.0/24";
      // A busy machine may be late by itself; who is always late fails all tries.
      const gaps: number[] = [];
      while (gaps.length < 3 && !gaps.some((gap) => gap < 100)) {
        const before = monitor.lines.length;
        await a.mustRun(["ip", kind, "del", ...words]);
        removals++;
        const both = await eventually(
          () => {
            const told = since(before).filter(({ text }) => text.includes(what));
            const gone = told.findIndex(({ text }) => text.includes("Deleted"));
            return [told[gone], told.slice(gone + 1).find(({ text }) => !text.includes("Deleted"))];
          },
          ([gone, back]) => gone !== undefined && back !== undefined,
        );
        const [gone, back] = both.map((line) => Date.parse(/\[(.*?)\]/.exec(line!.text)![1]!));
        gaps.push(back! - gone!);
      }
      assert.ok(gaps.at(-1)! < 100, `${kind}: back after ${gaps.join(", ")} ms`);
    }
    const { state, counters, alarms } = await status(node);
    assert.deepEqual(
      [state, counters.lost, counters.becameMaster, alarms.map(({ alarm }) => alarm)],
      ["MASTER", removals, 1, ["removed"]],
    );
    assert.equal(node.program.lines.filter(({ text }) => text.includes("KeepConfiguration=yes")).length, 1);
    await monitor.stop();
  });

  test("a failing script gives the addresses away, and a succeeding one takes them back", async (t) => {
    const { lab, first } = await pair(t, "track_script {\n chk\n }", "");
    first.host.writeFile(ANSWERS, "down");
    await eventually(() => lab.holders("192.0.2.100"), ["b"], { deadlineMs: 2_500 });
    await first.program.waitForLine(/\(VI_1\): entering FAULT state due to script chk/);
    first.host.writeFile(ANSWERS, "up");
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
  });

  test("with last_resort the addresses stay while both are ill, and go to the first that is well", async (t) => {
    const { lab, first, second } = await pair(t, "last_resort\n track_script {\n chk\n }");
    for (const { host } of [second, first]) host.writeFile(ANSWERS, "down");
    await first.program.waitForLine(/\(VI_1\) goes on as a last resort.*due to script chk/);
    await throughout(5_000, () => lab.holders("192.0.2.100"), ["a"]);
    second.host.writeFile(ANSWERS, "up");
    await eventually(() => lab.holders("192.0.2.100"), ["b"], TAKES_OVER);
  });

  test("a tracked interface without carrier is a fault while it lasts", async (t) => {
    const { lab, first } = await pair(t, "track_interface {\n eth1\n }", "");
    await first.host.unplug("eth1");
    await eventually(() => lab.holders("192.0.2.100"), ["b"], { deadlineMs: 2_000 });
    await first.host.plug("eth1");
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
    await first.program.waitForLine(/Netlink reports eth1 up/);
  });

  test("with interface_up_down_delays a link may bounce, and is down when it stays so", async (t) => {
    const delays = "interface_up_down_delays {\n eth1 0.5 0";
    const { lab, first } = await pair(t, `track_interface {\n eth1\n }\n}\n${delays}`);
    const bounce = (is: "up" | "down") => first.host.mustRun(["ip", "link", "set", "eth1", is]);
    await bounce("down");
    await bounce("up");
    await throughout(700, () => lab.holders("192.0.2.100"), ["a"]);
    await bounce("down");
    await eventually(() => lab.holders("192.0.2.100"), ["b"], { deadlineMs: 3_000 });
  });

  test("unicast peers fail over, and a missing source address is a fault", async (t) => {
    const unicast = (own: number, other: number): string =>
      `unicast_src_ip 192.0.2.${own}\n track_src_ip\n unicast_peer {\n 192.0.2.${other}\n }`;
    const { lab, first } = await pair(t, unicast(11, 12), unicast(12, 11));
    await first.host.mustRun(["ip", "addr", "del", "192.0.2.11/24", "dev", "eth0"]);
    await eventually(() => lab.holders("192.0.2.100"), ["b"], { deadlineMs: 2_000 });
    await first.program.waitForLine(/entering FAULT state \(src address 192\.0\.2\.11 not configured\)/);
    await first.host.mustRun(["ip", "addr", "add", "192.0.2.11/24", "dev", "eth0"]);
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
  });

  test("a backup that was frozen lets the master show itself first", async (t) => {
    const { lab, second } = await pair(t);
    second.program.kill("SIGSTOP");
    await throughout(4_000, () => lab.holders("192.0.2.100"), ["a"]);
    thaw(second.program);
    await second.program.waitForLine(/timer expired \d+ ms late: the process did not run/);
    await throughout(3_500, () => lab.holders("192.0.2.100"), ["a"]);
    const { counters } = await status(second);
    assert.deepEqual([counters.frozen, counters.becameMaster], [1, 0]);
  });

  test("what is killed drops its addresses before the backup takes over", async (t) => {
    const { lab, first } = await pair(t);
    first.program.kill("SIGKILL");
    const holders = await eventually(
      () => lab.holders("192.0.2.100"),
      (names) => !names.includes("a"),
      {
        deadlineMs: 3_000,
        everyMs: 5,
      },
    );
    assert.deepEqual(holders, [], "b has not taken over yet");
    await eventually(() => lab.holders("192.0.2.100"), ["b"], { deadlineMs: 4_000 });
    assert.deepEqual(await virtual(first.host), []);
  });

  test("a master that is frozen loses its addresses in time, and gives way when it thaws", async (t) => {
    const { lab, first, second } = await pair(t, "nopreempt");
    const [link] = JSON.parse(await first.host.mustRun(["ip", "-json", "link", "show", "eth0"])) as {
      address: string;
    }[];
    // All that is sent as master, or in the name of the address.
    const said = `ether src ${link!.address} and (vrrp or (arp and arp[14:4] = ${ipv4("192.0.2.100")}))`;
    const sniffer = second.host.start(["tcpdump", "-lni", "eth0", said]);
    await sniffer.waitForLine(/VRRPv2, Advertisement/);
    first.program.kill("SIGSTOP");
    await eventually(() => lab.holders("192.0.2.100"), [], { deadlineMs: 3_000, everyMs: 5 });
    await eventually(() => lab.holders("192.0.2.100"), ["b"], { deadlineMs: 4_000 });
    const before = sniffer.lines.length;
    thaw(first.program);
    await first.program.waitForLine(/another router may be master by now/);
    await throughout(1_500, () => lab.holders("192.0.2.100"), ["b"]);
    assert.equal((await status(first)).state, "BACKUP");
    assert.deepEqual(sniffer.lines.slice(before), []);
    await sniffer.stop();
  });

  test("when the engine's thread dies another goes on, and the addresses stay", async (t) => {
    const { lab, first } = await pair(t);
    first.program.kill("SIGUSR2");
    await first.program.waitForLine(/VRRP thread died: Respawning/);
    await throughout(2_000, () => lab.holders("192.0.2.100"), ["a"], 5);
    const { state, counters } = await status(first);
    assert.deepEqual([state, counters.becameMaster], ["MASTER", 1]);
    await first.program.stop();
    assert.deepEqual(await virtual(first.host), []);
  });

  test("with no_accept the addresses are held and resolved, and what is sent to them is dropped; nothing stays", async (t) => {
    const { a, b } = await hosts(t);
    const node = await start(a, configuration(250, "no_accept"));
    await eventually(() => a.holds("192.0.2.100"), true, TAKES_OVER);
    // Nobody listens there: who takes the packet refuses it at once, who drops it lets the other wait (124).
    const connect = async (): Promise<number | null> =>
      (await b.run(["timeout", "1", "bash", "-c", "echo > /dev/tcp/192.0.2.100/9"], { timeoutMs: 5_000 })).code;
    // First the resolution, in as many tries as a busy host takes to send one: a 124 before it would say nothing.
    const resolved = async (): Promise<boolean> => {
      await connect();
      return /lladdr/.test(await b.mustRun(["ip", "neigh", "show", "192.0.2.100"]));
    };
    await eventually(resolved, true, TAKES_OVER);
    assert.equal(await connect(), 124);
    await node.program.stop();
    assert.doesNotMatch(await a.mustRun(["nft", "list", "ruleset"]), /keepalived/);
    const accepting = await start(a, configuration(250));
    await eventually(() => a.holds("192.0.2.100"), true, TAKES_OVER);
    assert.equal(await connect(), 1);
    await accepting.program.stop();
  });

  test("static addresses, routes and rules are there from start to stop, whoever is master", async (t) => {
    const { a } = await hosts(t);
    const statics = `
      static_ipaddress {
        192.0.2.200/24 dev eth0
      }
      static_routes {
        198.18.0.0/24 via 192.0.2.12 dev eth0
      }
      static_rules {
        from 198.18.0.0/24 table 100 preference 77
      }`;
    const present = async (): Promise<boolean[]> => [
      a.holds("192.0.2.200"),
      (await a.mustRun(["ip", "route", "show", "198.18.0.0/24"])).includes("via 192.0.2.12"),
      (await a.mustRun(["ip", "rule", "show", "preference", "77"])).includes("lookup 100"),
    ];
    const node = await start(a, `${statics}${configuration(100)}`);
    assert.deepEqual(await present(), [true, true, true]);
    node.host.writeFile(CONFIG, `${statics.replace(/static_rules \{[^}]*\}/, "")}${configuration(100)}`);
    node.program.kill("SIGHUP");
    await node.program.waitForLine(/^reloaded/);
    assert.deepEqual(await present(), [true, true, false]);
    await node.program.stop();
    assert.deepEqual(await present(), [false, false, false]);
  });

  test("a reload adds and removes addresses, and those that stay are never away; no advertisement is missed", async (t) => {
    const { lab, first, second } = await pair(t);
    const before = await status(first);
    // A script of weight 0 that has not run yet, and a group with a new instance in it.
    const changed = configuration(250, "track_script {\n chk\n }").replace(/198\.51\.100\.1\/24.*/, "192.0.2.101");
    first.host.writeFile(CONFIG, `${changed}${SECOND_OF_GROUP}`);
    first.program.kill("SIGHUP");
    const gone = eventually(() => lab.holders("198.51.100.1"), [], { deadlineMs: 3_000 });
    await throughout(2_000, () => lab.holders("192.0.2.100"), ["a"], 5);
    await gone;
    assert.deepEqual(await lab.holders("192.0.2.101"), ["a"]);
    assert.deepEqual(
      await lab.holders("203.0.113.100"),
      ["a"],
      "who is new in a group that is master is master with it",
    );
    const after = await status(first);
    assert.deepEqual([after.state, after.counters.becameMaster], ["MASTER", 1]);
    assert.ok(after.counters.advertisementsSent > before.counters.advertisementsSent, "it counts on");
    assert.equal((await status(second)).counters.becameMaster, 0);
    assert.deepEqual(
      first.program.lines.filter(({ text }) => text === "state: VI_1 MASTER").length,
      1,
      "that it is still master is no news",
    );
    await first.program.stop();
    assert.deepEqual(await lab.holders("192.0.2.101"), []);
  });

  test("a reload changes the priority at once, and an instance that is gone resigns", async (t) => {
    const { lab, first, second } = await pair(t);
    first.host.writeFile(CONFIG, configuration(100));
    first.program.kill("SIGHUP");
    await first.program.waitForLine(/^reloaded/);
    await eventually(() => lab.holders("192.0.2.100"), ["b"], TAKES_OVER);
    second.host.writeFile(CONFIG, configuration(240).replace("virtual_router_id 51", "virtual_router_id 52"));
    second.program.kill("SIGHUP");
    await eventually(
      () => lab.holders("192.0.2.100"),
      (names) => names.includes("a"),
      { deadlineMs: 1_500 },
    );
  });

  test("packets that break a rule are refused, each counted by its reason", async (t) => {
    const { a, b } = await hosts(t);
    const node = await start(a, configuration(250));
    const good = advertisement();
    const packets = [
      altered(good, 26, 0xff), // checksum
      altered(good, 20, 0x41), // VRRPv4
      altered(good, 8, 64), // TTL
      good.subarray(0, 26), // half a VRRP header
      good.subarray(0, 36), // shorter than its count of addresses says
    ];
    await b.mustRun([process.execPath, SENDER, "eth0", ...packets.map((packet) => packet.toString("hex"))]);
    await eventually(async () => (await status(node)).rejected.length, 1);
    const { rejected, counters } = await status(node);
    assert.deepEqual(
      [rejected.checksum, rejected.version, rejected.ttl, rejected.truncated, rejected.length],
      [1, 1, 1, 1, 1],
    );
    assert.equal(counters.advertisementsReceived, 0);
    await b.mustRun([process.execPath, SENDER, "eth0", good.toString("hex")]);
    await eventually(async () => (await status(node)).counters.advertisementsReceived, 1);
  });

  test("taking over announces every address five times, and is advertised before", async (t) => {
    const { first } = await pair(t);
    const { counters } = await status(first);
    assert.equal(counters.gratuitousArpsSent, 10);
    assert.equal(counters.becameMaster, 1);
    assert.ok(counters.advertisementsSent >= 1);
  });

  test("lvs_sync_daemon_interface is a warning, and the instance runs", async (t) => {
    const { lab, a } = await hosts(t);
    const { program } = await start(a, configuration(250, "lvs_sync_daemon_interface eth0"));
    await program.waitForLine(/^warning: \(VI_1\) lvs_sync_daemon_interface: /);
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
  });

  test("advertisements with another password are refused, counted, and complained of once", async (t) => {
    const { lab, a, b } = await hosts(t);
    const first = await start(a, configuration(250));
    await start(b, configuration(240, "", "other"));
    await eventually(() => lab.holders("192.0.2.100"), ["a", "b"], TAKES_OVER);
    await eventually(async () => (await status(first)).rejected["auth-password"] >= 2, true);
    const complaints = first.program.lines.filter(({ text }) => text.includes("received an invalid passwd"));
    assert.equal(complaints.length, 1);
    assert.equal((await status(first)).counters.advertisementsReceived, 0);
  });
});
