import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { Host } from "../../src/lab/host.js";
import { Lab } from "../../src/lab/lab.js";
import { runSyslog } from "../../src/lab/programs.js";
import { eventually } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";

const skip = needsRoot;

async function pair(t: TestContext): Promise<{ lab: Lab; a: Host; b: Host }> {
  const lab = await Lab.create({ name: "test" });
  t.after(() => lab.destroy());
  const a = await lab.host("a", { interfaces: { eth0: { network: "lan", address: "192.0.2.1/24" } } });
  const b = await lab.host("b", { interfaces: { ens160: { network: "lan", address: "192.0.2.2/24" } } });
  return { lab, a, b };
}

const reaches = async (from: Host, address: string): Promise<boolean> => {
  const script = `require("net").connect({ host: "${address}", port: 9, timeout: 300 })
    .on("error", (e) => process.exit(e.code === "ECONNREFUSED" ? 0 : 1)).on("timeout", () => process.exit(1))`;
  return (await from.run([process.execPath, "-e", script])).code === 0;
};

/** Processes anywhere on the machine whose command line holds `text`. */
const processesWith = (text: string): string[] =>
  readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").includes(text);
    } catch {
      return false;
    }
  });

const outerInterfaces = () => readFileSync("/proc/net/dev", "latin1").match(/^\s*\S+(?=:)/gm);
const outerMounts = () => readFileSync("/proc/self/mounts", "latin1");

test("hosts of one network reach each other, under the interface names asked for", { skip }, async (t) => {
  const { a, b } = await pair(t);
  assert.equal(await reaches(a, "192.0.2.2"), true);
  assert.deepEqual(
    (await b.addresses("ens160")).filter((each) => each.scope === "global"),
    [
      {
        interface: "ens160",
        address: "192.0.2.2",
        prefixLength: 24,
        scope: "global",
        label: "ens160",
        broadcast: "192.0.2.255",
      },
    ],
  );
});

test("hosts of different networks reach each other through a router alone", { skip }, async (t) => {
  const lab = await Lab.create({ name: "test" });
  t.after(() => lab.destroy());
  const near = await lab.host("near", {
    interfaces: { eth0: { network: "near", address: "192.0.2.2/24", gateway: "192.0.2.1" } },
  });
  await lab.host("far", {
    interfaces: { eth0: { network: "far", address: "198.51.100.2/24", gateway: "198.51.100.1" } },
  });
  assert.equal(await reaches(near, "198.51.100.2"), false);
  await lab.host("router", {
    interfaces: {
      eth0: { network: "near", address: "192.0.2.1/24" },
      eth1: { network: "far", address: "198.51.100.1/24" },
    },
    sysctls: { "net.ipv4.ip_forward": 1 },
  });
  // Not at once: the first try left the gateway's neighbour entry waiting for its next ARP probe.
  await eventually(() => reaches(near, "198.51.100.2"), true);
});

test("a host has its own name, processes, files and sysctls", { skip }, async (t) => {
  const { a, b } = await pair(t);
  assert.equal(await a.mustRun(["hostname"]), "a\n");

  const mark = `${process.pid}.25`;
  a.start(["sleep", mark]);
  await eventually(() => processesWith(mark).length > 0, true);
  assert.equal((await a.run(["pidof", "sleep"])).stdout.trim().split(" ").length, 2); // the init is one
  assert.equal((await b.run(["pidof", "sleep"])).stdout.trim().split(" ").length, 1);

  a.writeFile("/etc/haproxy/haproxy.cfg", "of a\n");
  assert.equal(await a.mustRun(["cat", "/etc/haproxy/haproxy.cfg"]), "of a\n");
  assert.equal((await b.run(["cat", "/etc/haproxy/haproxy.cfg"])).code, 1);
  await a.mustRun(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind; echo > /run/mark; echo > /dev/log"]);
  assert.equal(await b.mustRun(["cat", "/proc/sys/net/ipv4/ip_nonlocal_bind"]), "0\n");
  assert.equal((await b.run(["ls", "/run/mark"])).code, 2);
  assert.equal(existsSync("/run/mark"), false);
  assert.throws(() => a.writeFile("/root/x", ""), /not private/);
});

test("killing a host takes all its processes and its addresses at once", { skip }, async (t) => {
  const { lab, a, b } = await pair(t);
  const mark = `${process.pid}.75`;
  a.start(["sh", "-c", `setsid sleep ${mark} & sleep ${mark}`]);
  await eventually(() => processesWith(mark).length, 2);
  assert.deepEqual(lab.holders("192.0.2.1"), ["a"]);
  assert.equal(await reaches(b, "192.0.2.1"), true);

  const before = performance.now();
  await a.kill();
  assert.ok(performance.now() - before < 1_000, "kill returns fast");
  assert.deepEqual(processesWith(mark), []);
  assert.deepEqual(lab.holders("192.0.2.1"), []);
  assert.equal(await reaches(b, "192.0.2.1"), false);
});

test("a killed host boots again with its interfaces and files", { skip }, async (t) => {
  const { a, b } = await pair(t);
  a.writeFile("/etc/keepalived/keepalived.conf", "kept\n");
  await a.kill();
  await assert.rejects(async () => a.run(["true"]), /a is not running/);
  await a.boot();
  assert.equal(a.readFile("/etc/keepalived/keepalived.conf"), "kept\n");
  assert.equal(await reaches(b, "192.0.2.1"), true);
});

test("an unplugged interface loses its carrier and gets it back", { skip }, async (t) => {
  const { a, b } = await pair(t);
  const carrier = () => a.mustRun(["cat", "/sys/class/net/eth0/carrier"]);
  await a.unplug("eth0");
  await eventually(carrier, "0\n");
  assert.equal(await reaches(b, "192.0.2.1"), false);
  assert.equal(a.holds("192.0.2.1"), true);
  await a.plug("eth0");
  await eventually(carrier, "1\n");
  await eventually(() => reaches(b, "192.0.2.1"), true);
});

test("hosts that are split reach others but not each other, until healed", { skip }, async (t) => {
  const { lab, a, b } = await pair(t);
  const c = await lab.host("c", { interfaces: { eth0: { network: "lan", address: "192.0.2.3/24" } } });
  await lab.split(a, b);
  assert.equal(await reaches(a, "192.0.2.2"), false);
  assert.deepEqual([await reaches(c, "192.0.2.1"), await reaches(c, "192.0.2.2")], [true, true]);
  await lab.heal(a, b);
  await eventually(() => reaches(a, "192.0.2.2"), true);
});

test("a program's output comes line by line with times, and its end with the reason", { skip }, async (t) => {
  const { a } = await pair(t);
  const program = a.start(["sh", "-c", 'trap "echo bye; exit 3" TERM; echo ready >&2; while :; do sleep 0.05; done']);
  const ready = await program.waitForLine(/ready/);
  assert.equal(ready.stream, "stderr");
  program.kill("SIGTERM");
  assert.deepEqual(await program.exited, { code: 3, signal: null });
  assert.ok((await program.waitForLine(/bye/)).at >= ready.at);
  await assert.rejects(program.waitForLine(/never/), /no line like \/never\/ before it ended \(3\)/);

  const stubborn = a.start(["sh", "-c", 'trap "" TERM; echo up; while :; do sleep 1; done']);
  await stubborn.waitForLine(/up/);
  await assert.rejects(stubborn.waitForLine(/never/, 50), /within 50 ms/);
  assert.equal((await stubborn.stop(100)).signal, "SIGKILL");
});

test("a host's syslog shows what its programs logged, and no other host's", { skip }, async (t) => {
  const { a, b } = await pair(t);
  const [syslog, other] = await Promise.all([runSyslog(a), runSyslog(b)]);
  await a.mustRun(["logger", "-t", "tag", "-p", "local0.info", "for a"]);
  await b.mustRun(["logger", "-t", "tag", "for b"]);
  // local0 is facility 16 and info severity 6: 16 × 8 + 6 (RFC 3164 §4.1.1).
  await syslog.waitForLine(/^<134>.* tag: for a$/);
  await other.waitForLine(/for b$/);
  assert.doesNotMatch(syslog.output, /for b/);
  assert.deepEqual(await syslog.stop(), { code: null, signal: "SIGTERM" });
});

test("a command that hangs is killed at its timeout", { skip }, async (t) => {
  const { a } = await pair(t);
  const mark = `${process.pid}.5`;
  await assert.rejects(a.run(["sleep", mark], { timeoutMs: 200 }), /still running after 200 ms/);
  await eventually(() => processesWith(mark), []);
});

test("a command is given its input, directory and environment, and nothing of the test run's", { skip }, async (t) => {
  const { a } = await pair(t);
  assert.equal(await a.mustRun(["cat"], { input: "echoed" }), "echoed");
  assert.equal(await a.mustRun(["pwd"]), "/\n");
  a.writeFile("/etc/haproxy/here", "");
  assert.equal(await a.mustRun(["sh", "-c", "pwd -P; ls here"], { cwd: "/etc/haproxy" }), "/etc/haproxy\nhere\n");
  process.env.BASCULE_TEST_LEAK = "1";
  assert.equal(await a.mustRun(["sh", "-c", "echo $BASCULE_TEST_LEAK$GIVEN"], { env: { GIVEN: "2" } }), "2\n");
  await assert.rejects(a.mustRun(["sh", "-c", "echo why >&2; exit 4"]), /exit 4: why/);
});

test("destroying a lab leaves nothing behind, and another lab alone", { skip }, async (t) => {
  const other = await pair(t);
  const interfaces = outerInterfaces();
  const mounts = outerMounts();
  const { lab, a } = await pair(t);
  const mark = `${process.pid}.125`;
  a.start(["sleep", mark]);
  await eventually(() => processesWith(mark).length > 0, true);
  await lab.destroy();
  await lab.destroy();
  assert.deepEqual(processesWith(mark), []);
  assert.deepEqual(outerInterfaces(), interfaces);
  assert.equal(outerMounts(), mounts);
  assert.equal(await reaches(other.a, "192.0.2.2"), true);
});

test("the kernel takes a lab down when its maker is killed without a chance to clean up", { skip }, async () => {
  const mark = `${process.pid}.875`;
  const module = new URL("../../src/lab/lab.js", import.meta.url).href;
  const maker = spawn(process.execPath, [
    "--input-type=module",
    "--eval",
    `import { Lab } from ${JSON.stringify(module)};
     const host = await (await Lab.create()).host("h", { interfaces: {} });
     host.start(["sleep", "${mark}"]);
     setInterval(() => {}, 1000);`,
  ]);
  await eventually(() => processesWith(mark).length > 0, true);
  maker.kill("SIGKILL");
  await once(maker, "exit");
  await eventually(() => processesWith(mark), []);
  assert.deepEqual(Lab.sweep(), []);
});

test("a sweep kills what a dead maker left, and spares the labs of the living", { skip }, async (t) => {
  const { a } = await pair(t);
  const maker = spawn("true");
  await once(maker, "exit");
  const left = spawn("sleep", ["60"], { env: { ...process.env, BASCULE_LAB_BOX: `bascule-left/over/${maker.pid}` } });
  const ended = once(left, "exit");
  await eventually(() => Lab.sweep(), ["bascule-left/over"]);
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  assert.equal(a.isAlive, true);
});
