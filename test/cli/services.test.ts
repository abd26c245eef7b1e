/** The services as an administrator meets them: in a host of their own, with its own processes and /run. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { type TestContext, test } from "node:test";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { Lab } from "../../src/lab/lab.js";
import { eventually } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";
import { entry } from "./program.js";

const skip = needsRoot;
const BASCULE = [process.execPath, entry];

const PROXY = `
global
    stats socket /run/haproxy.sock mode 600 level admin
    pidfile /run/haproxy.pid
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend www
    bind :8080
    default_backend web
backend web
    server web1 127.0.0.1:8081
`;

const FAILOVER = `
global_defs {
    enable_script_security
    script_user root
}
vrrp_script chk_haproxy {
    script "/usr/bin/killall -0 haproxy"
    interval 1
    rise 1
    fall 1
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 200
    advert_int 1
    virtual_ipaddress {
        192.0.2.10/24
    }
    track_script {
        chk_haproxy
    }
}
`;

const FILES = ["/etc/keepalived/keepalived.conf", "/etc/haproxy/haproxy.cfg"];

async function host(t: TestContext): Promise<Host> {
  const lab = await Lab.create({ name: "cli" });
  t.after(() => lab.destroy());
  const box = await lab.host("box", { interfaces: { eth0: { network: "lan", address: "192.0.2.1/24" } } });
  box.writeFile(FILES[0]!, FAILOVER);
  box.writeFile(FILES[1]!, PROXY);
  return box;
}

const bascule = (box: Host, ...words: string[]) => box.run([...BASCULE, ...words]);
const pids = async (box: Host, name: string) =>
  (await box.run(["pidof", name])).stdout.trim().split(" ").filter(Boolean).map(Number);
const pidOf = async (box: Host, name: string): Promise<number> => (await pids(box, name))[0] ?? 0;
const isListening = async (box: Host) => (await box.run(["ss", "-Hltn", "sport = :8080"])).stdout !== "";

/** A supervisor of both parts that are ready. */
async function supervised(box: Host): Promise<HostProcess> {
  const supervisor = box.start([...BASCULE, "run", ...FILES]);
  await supervisor.waitForLine(/all parts are ready/, 10_000);
  return supervisor;
}

test("haproxy -D returns when the proxy serves, under the pid of its pid file", { skip }, async (t) => {
  const box = await host(t);
  const { code, stderr } = await bascule(box, "haproxy", "-D", "-f", FILES[1]!, "-p", "/run/other.pid");
  assert.equal(code, 0, stderr);
  assert.equal(await isListening(box), true);
  const pid = Number(box.readFile("/run/other.pid"));
  assert.deepEqual(await pids(box, "haproxy"), [pid]);
  await box.mustRun(["killall", "-0", "haproxy"]);
  await box.mustRun(["kill", String(pid)]);
  await eventually(() => pids(box, "haproxy"), []);
});

test("haproxy -D that cannot serve fails, says why, and leaves the other one's pid file alone", { skip }, async (t) => {
  const box = await host(t);
  await bascule(box, "haproxy", "-D", "-f", FILES[1]!);
  const before = box.readFile("/run/haproxy.pid");
  const { code, stderr } = await bascule(box, "haproxy", "-D", "-f", FILES[1]!);
  assert.equal(code, 1);
  assert.match(stderr, /8080.*Address already in use/);
  assert.equal(box.readFile("/run/haproxy.pid"), before);
});

test("haproxy -sf takes the listeners over from the old process, which then ends", { skip }, async (t) => {
  const box = await host(t);
  await bascule(box, "haproxy", "-D", "-f", FILES[1]!);
  const old = box.readFile("/run/haproxy.pid").trim();
  const { code, stderr } = await bascule(box, "haproxy", "-D", "-f", FILES[1]!, "-sf", old);
  assert.equal(code, 0, stderr);
  const pid = Number(box.readFile("/run/haproxy.pid"));
  assert.notEqual(pid, Number(old));
  await eventually(() => pids(box, "haproxy"), [pid]);
  assert.equal(await isListening(box), true);
  assert.equal((await box.run(["socat", "-u", "OPEN:/dev/null", "UNIX:/run/haproxy.sock"])).code, 0);
});

test("the keyword daemon does the same; -db overrides it", { skip }, async (t) => {
  const box = await host(t);
  box.writeFile(FILES[1]!, PROXY.replace("global", "global\n    daemon"));
  assert.equal((await bascule(box, "haproxy", "-f", FILES[1]!)).code, 0);
  await box.mustRun(["kill", String(await pidOf(box, "haproxy"))]);
  await eventually(() => pids(box, "haproxy"), []);
  const foreground = box.start([...BASCULE, "haproxy", "-db", "-f", FILES[1]!]);
  await foreground.waitForLine(/Proxy www started/);
  assert.equal(foreground.isRunning, true);
});

test("a plain haproxy exits with 0 on SIGTERM, a master dies of it", { skip }, async (t) => {
  const box = await host(t);
  for (const [flag, expected] of [
    ["-db", { code: 0, signal: null }],
    ["-Ws", { code: 143, signal: null }],
  ] as const) {
    const proxy = box.start(["sh", "-c", `${BASCULE.join(" ")} haproxy ${flag} -f ${FILES[1]}; exit $?`]);
    await proxy.waitForLine(/Proxy web started/);
    await eventually(() => isListening(box), true);
    await eventually(() => box.run(["socat", "-u", "OPEN:/dev/null", "UNIX:/run/haproxy.sock"]).then((r) => r.code), 0);
    await box.mustRun(["killall", "haproxy"]);
    assert.deepEqual(await proxy.exited, expected);
  }
});

test("SIGUSR1 lets a connection finish and takes no new one", { skip }, async (t) => {
  const box = await host(t);
  const slow = 'require("http").createServer((q, s) => setTimeout(() => s.end("ok"), 1000)).listen(8081)';
  box.start([process.execPath, "-e", slow]);
  const proxy = box.start([...BASCULE, "haproxy", "-db", "-f", FILES[1]!]);
  await proxy.waitForLine(/Proxy web started/);
  await eventually(() => isListening(box), true);
  await eventually(() => box.run(["ss", "-Hltn", "sport = :8081"]).then((r) => r.stdout !== ""), true);
  const answer = box.run(["curl", "-s", "http://127.0.0.1:8080/"]);
  await eventually(
    () => box.run(["ss", "-Htn", "state", "established", "dport = :8081"]).then((r) => r.stdout !== ""),
    true,
  );
  await box.mustRun(["killall", "-USR1", "haproxy"]);
  await eventually(() => isListening(box), false);
  assert.equal((await box.run(["curl", "-s", "http://127.0.0.1:8080/"])).code, 7, "refused");
  assert.equal((await answer).stdout, "ok");
  assert.deepEqual(await proxy.exited, { code: 0, signal: null });
});

test("keepalived goes to the background, is found by its name and pid files, and leaves none behind", {
  skip,
}, async (t) => {
  const box = await host(t);
  assert.equal((await bascule(box, "keepalived")).code, 0);
  const pid = await pidOf(box, "keepalived");
  assert.deepEqual(
    ["/run/keepalived.pid", "/run/vrrp.pid"].map((path) => Number(box.readFile(path))),
    [pid, pid],
  );
  const second = await bascule(box, "keepalived", "-n");
  assert.equal(second.code, 1);
  assert.match(second.stderr, /daemon is already running/);
  await box.mustRun(["killall", "keepalived"]);
  await eventually(() => pids(box, "keepalived"), []);
  assert.equal((await box.run(["ls", "/run/keepalived.pid", "/run/vrrp.pid"])).code, 2);
});

test("SIGUSR2 has keepalived's statistics written where keepalived writes them", { skip }, async (t) => {
  const box = await host(t);
  await supervised(box);
  await eventually(() => box.holds("192.0.2.10"), true, { deadlineMs: 8_000 });
  const path = "/tmp/keepalived.stats";
  await box.mustRun(["rm", "-f", path]);
  t.after(() => rmSync(path, { force: true })); // /tmp is the machine's
  await box.mustRun(["killall", "-USR2", "keepalived"]);
  const written = async () => (await box.run(["cat", path])).stdout;
  await eventually(written, (text) => text.startsWith("VRRP Instance: VI_1\n  Advertisements:\n    Received: 0\n"));
  assert.match(await written(), /^ {2}Became master: 1$/m);
  assert.match(await written(), /^ {4}Checksum: 0$/m);
});

test("a stale pid file does not keep keepalived from starting", { skip }, async (t) => {
  const box = await host(t);
  box.writeFile("/run/keepalived.pid", "1\n");
  const { code, stderr } = await bascule(box, "keepalived", "-l");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Remove a zombie pid file \/run\/keepalived\.pid/);
});

for (const words of [
  ["haproxy", "-Ws", "-f", FILES[1]!],
  ["keepalived", "--dont-fork"],
  ["run", FILES[1]!],
])
  test(`${words[0]} tells a service manager first of all that it is ready`, { skip }, async (t) => {
    const box = await host(t);
    const listener = box.start(["socat", "-u", "UNIX-RECV:/run/notify", "STDOUT"]);
    await eventually(() => box.run(["ls", "/run/notify"]).then((result) => result.code), 0);
    const service = box.start([...BASCULE, ...words], { env: { NOTIFY_SOCKET: "/run/notify" } });
    await listener.waitForLine(/./, 10_000);
    assert.equal(listener.lines[0]?.text, "READY=1");
    assert.equal(service.isRunning, true);
  });

test("under a supervisor, haproxy is the proxy's name and nobody else's", { skip }, async (t) => {
  const box = await host(t);
  await supervised(box);
  for (const name of ["haproxy", "keepalived", "bascule"]) {
    const found = await pids(box, name);
    assert.equal(found.length, 1, name);
    assert.equal((await box.mustRun(["pgrep", "-x", name])).trim(), String(found[0]));
  }
  await box.mustRun(["killall", "-0", "haproxy"]);
  const status = (await bascule(box, "ctl", "status")).stdout;
  assert.match(status, new RegExp(`^proxy {5}ready {5}pid ${await pidOf(box, "haproxy")}, `, "m"));
  await bascule(box, "ctl", "stop", "proxy");
  assert.equal((await box.run(["killall", "-0", "haproxy"])).code, 1);
  assert.equal((await box.run(["pidof", "haproxy"])).code, 1);
});

test("the address follows the proxy, and no check process is started for it", { skip }, async (t) => {
  const box = await host(t);
  const supervisor = await supervised(box);
  await supervisor.waitForLine(/chk_haproxy: answered from the state of the proxy/);
  await eventually(() => box.holds("192.0.2.10"), true);
  await box.mustRun(["killall", "haproxy"]); // as `systemctl stop haproxy` would
  await supervisor.waitForLine(/bascule +proxy stopped by a signal from outside/);
  await eventually(() => box.holds("192.0.2.10"), false, { deadlineMs: 2_500 });
  // The kernel knows before the line has come through two pipes.
  await supervisor.waitForLine(/VRRP_Script\(chk_haproxy\) failed \(answered from within\)/);
  assert.equal((await bascule(box, "ctl", "start", "proxy")).code, 0);
  await eventually(() => box.holds("192.0.2.10"), true, { deadlineMs: 8_000 });
});

test("a part that is killed comes back at once, the other goes on", { skip }, async (t) => {
  const box = await host(t);
  const supervisor = await supervised(box);
  const [proxy, failover] = [await pidOf(box, "haproxy"), await pidOf(box, "keepalived")];
  await box.mustRun(["kill", "-9", String(proxy)]);
  await supervisor.waitForLine(/bascule +proxy was killed by SIGKILL: restarting at once/);
  await eventually(() => isListening(box), true, { deadlineMs: 2_000 });
  assert.notEqual(await pidOf(box, "haproxy"), proxy);
  assert.equal(await pidOf(box, "keepalived"), failover);
});

test("SIGTERM stops the fail-over part before the proxy, and all is gone in the end", { skip }, async (t) => {
  const box = await host(t);
  const supervisor = await supervised(box);
  await eventually(() => box.holds("192.0.2.10"), true);
  supervisor.kill("SIGTERM");
  assert.deepEqual(await supervisor.exited, { code: 0, signal: null });
  const order = supervisor.lines.map(({ text }) => text).filter((text) => /stopped with the supervisor/.test(text));
  assert.deepEqual(
    order.map((text) => text.replace(/^.*bascule +/, "")),
    ["failover stopped with the supervisor", "proxy stopped with the supervisor"],
  );
  assert.equal(box.holds("192.0.2.10"), false);
  assert.deepEqual([await pids(box, "haproxy"), await pids(box, "keepalived")], [[], []]);
});

test("parts do not outlive a supervisor that was killed, and give the address back", { skip }, async (t) => {
  const box = await host(t);
  await supervised(box);
  await eventually(() => box.holds("192.0.2.10"), true);
  await box.mustRun(["kill", "-9", String(await pidOf(box, "bascule"))]);
  await eventually(async () => [await pids(box, "haproxy"), await pids(box, "keepalived")], [[], []]);
  assert.equal(box.holds("192.0.2.10"), false);
});

test("a mistake in any file stops the start with all of them shown", { skip }, async (t) => {
  const box = await host(t);
  box.writeFile(FILES[0]!, FAILOVER.replace("priority 200", "priority 300"));
  box.writeFile(FILES[1]!, PROXY.replace("default_backend web", "default_backend nowhere"));
  const { code, stderr } = await bascule(box, "run", ...FILES);
  assert.equal(code, 1);
  assert.match(stderr, /keepalived\.conf:\d+:\d+: error.*300/);
  assert.match(stderr, /haproxy\.cfg:\d+:\d+: error.*nowhere/);
  assert.match(stderr, /^Not started: \d+ errors/m);
});

test("a part whose file broke is not restarted over and over", { skip }, async (t) => {
  const box = await host(t);
  const supervisor = await supervised(box);
  box.writeFile(FILES[1]!, "frontend www\n    bind :8080\n    default_backend nowhere\n");
  await box.mustRun(["kill", "-9", String(await pidOf(box, "haproxy"))]);
  await supervisor.waitForLine(/bascule +proxy cannot run: .*Not restarted/);
  assert.match((await bascule(box, "ctl", "status")).stdout, /^proxy {5}failed /m);
  box.writeFile(FILES[1]!, PROXY);
  assert.equal((await bascule(box, "ctl", "start", "proxy")).code, 0);
});
