import assert from "node:assert/strict";
import { test } from "node:test";
import { Supervisor } from "../../src/supervisor/supervisor.js";
import { Lives, SimulatedClock, settle } from "./simulation.js";

function pair() {
  const clock = new SimulatedClock();
  const [proxy, failover] = [new Lives(clock, 100), new Lives(clock, 200)];
  const log: string[] = [];
  let ready = 0;
  const supervisor = new Supervisor({
    parts: { proxy: proxy.launch, failover: failover.launch },
    clock,
    log: (line) => log.push(line),
    onReady: () => {
      ready += 1;
    },
  });
  return { clock, proxy, failover, log, supervisor, ready: () => ready };
}

async function running() {
  const all = pair();
  void all.supervisor.start();
  all.proxy.last.say({ kind: "ready" });
  await settle();
  all.failover.last.say({ kind: "ready" });
  return all;
}

test("the fail-over part starts when the proxy serves", async () => {
  const { proxy, failover, supervisor, ready } = pair();
  void supervisor.start();
  await settle();
  assert.equal(failover.all.length, 0);
  proxy.last.say({ kind: "ready" });
  await settle();
  assert.equal(failover.all.length, 1);
  assert.equal(ready(), 0);
  failover.last.say({ kind: "ready" });
  assert.equal(ready(), 1);
});

test("it does not wait for ever: 5 s, or until the proxy's start has failed", async () => {
  const slow = pair();
  void slow.supervisor.start();
  slow.clock.advance(4_999);
  await settle();
  assert.equal(slow.failover.all.length, 0);
  slow.clock.advance(1);
  await settle();
  assert.equal(slow.failover.all.length, 1);

  const broken = pair();
  void broken.supervisor.start();
  broken.proxy.last.exit(1);
  await settle();
  assert.equal(broken.failover.all.length, 1);
});

test("the fail-over part is told at once when the proxy dies, and when it serves again", async () => {
  const { clock, proxy, failover } = await running();
  failover.last.heard.length = 0;
  proxy.last.die("SIGKILL");
  assert.deepEqual(failover.last.heard, [{ kind: "proxy", ready: false }]);
  clock.advance(0);
  assert.equal(proxy.all.length, 2, "restarted at once");
  assert.equal(failover.last.heard.length, 1, "a proxy that starts does not serve yet");
  proxy.last.say({ kind: "ready" });
  assert.deepEqual(failover.last.heard.at(-1), { kind: "proxy", ready: true });
});

test("a fail-over part that is restarted learns the proxy's state", async () => {
  const { clock, proxy, failover } = await running();
  proxy.last.say({ kind: "stopping" });
  failover.last.die("SIGKILL");
  clock.advance(0);
  failover.last.say({ kind: "ready" });
  assert.deepEqual(failover.last.heard.at(-1), { kind: "proxy", ready: false });
});

test("masters are handed on to a process that takes a crashed one's place at once, and to no other", async () => {
  const { clock, failover, supervisor } = await running();
  const atBirth: (readonly string[])[] = [];
  const crash = (): void => {
    failover.last.die("SIGKILL");
    atBirth.push(supervisor.inheritance);
    clock.advance(0);
  };
  failover.last.say({ kind: "masters", instances: ["VI_1"] });
  crash();
  assert.deepEqual(supervisor.inheritance, [], "given once");
  crash(); // before it could say that it is master
  failover.last.say({ kind: "masters", instances: ["VI_1"] });
  crash();
  crash();
  assert.deepEqual(atBirth, [["VI_1"], ["VI_1"], ["VI_1"], []], "after a pause, an election decides");
});

test("who says that it is no longer master hands nothing on", async () => {
  const { clock, failover, supervisor } = await running();
  failover.last.say({ kind: "masters", instances: ["VI_1"] });
  failover.last.die("SIGKILL");
  clock.advance(0);
  failover.last.say({ kind: "masters", instances: [] });
  failover.last.die("SIGKILL");
  assert.deepEqual(supervisor.inheritance, []);
});

test("a stop ends the fail-over part first, so that the address has moved before the listeners go away", async () => {
  const { proxy, failover, supervisor } = await running();
  let stopped = false;
  const stop = supervisor.stop("SIGTERM").then(() => {
    stopped = true;
  });
  await settle();
  assert.deepEqual([failover.last.signals, proxy.last.signals], [["SIGTERM"], []]);
  failover.last.exit(0);
  await settle();
  assert.deepEqual(proxy.last.signals, ["SIGTERM"]);
  assert.equal(stopped, false);
  proxy.last.exit(0);
  await stop;
});

test("a soft stop lets the proxy finish; a second signal does not wait for that", async () => {
  const { proxy, failover, supervisor } = await running();
  const soft = supervisor.stop("SIGUSR1");
  failover.last.exit(0);
  await settle();
  assert.deepEqual([failover.last.signals, proxy.last.signals], [["SIGTERM"], ["SIGUSR1"]]);
  const hard = supervisor.stop("SIGTERM");
  await settle();
  assert.deepEqual(proxy.last.signals, ["SIGUSR1", "SIGTERM"]);
  proxy.last.exit(0);
  await Promise.all([soft, hard]);
});

test("a stop while the proxy still starts does not start the fail-over part on the way", async () => {
  const { clock, proxy, failover, supervisor } = pair();
  void supervisor.start();
  const stop = supervisor.stop("SIGTERM");
  await settle();
  proxy.last.exit(0);
  await stop;
  clock.advance(10_000);
  await settle();
  assert.equal(failover.all.length, 0);
});

test("a crash during a stop is not answered by a restart", async () => {
  const { clock, proxy, failover, supervisor } = await running();
  const stop = supervisor.stop("SIGTERM");
  failover.last.die("SIGSEGV");
  await settle();
  proxy.last.die("SIGSEGV");
  await stop;
  clock.advance(60_000);
  assert.deepEqual([proxy.all.length, failover.all.length], [1, 1]);
});

test("an operator stops, starts and restarts one part; the other goes on", async () => {
  const { proxy, failover, supervisor } = await running();
  const stopping = supervisor.command("stop", "proxy");
  proxy.last.exit(0);
  assert.equal((await stopping).ok, true);
  assert.match(supervisor.describe(supervisor.parts[0]!), /^proxy {5}stopped {3}by `ctl stop`$/m);

  const starting = supervisor.command("start", "proxy");
  proxy.last.say({ kind: "ready" });
  assert.deepEqual(await starting, { ok: true, text: "proxy     ready     pid 101, for 0 s, 0 restarts" });

  const restarting = supervisor.command("restart", "proxy");
  proxy.last.exit(0);
  await settle();
  proxy.last.say({ kind: "ready" });
  assert.equal((await restarting).ok, true);
  assert.deepEqual([proxy.all.length, failover.all.length], [3, 1]);
});

test("a command that did not succeed says so", async () => {
  const { proxy, supervisor } = await running();
  const restarting = supervisor.command("restart", "proxy");
  proxy.last.exit(0);
  await settle();
  proxy.last.say({ kind: "unusable", reason: "cannot bind" });
  proxy.last.exit(1);
  assert.deepEqual(await restarting, { ok: false, text: "proxy     failed    cannot bind" });

  const clock = new SimulatedClock();
  const alone = new Supervisor({ parts: { failover: new Lives(clock, 1).launch }, clock, log: () => {} });
  assert.equal((await alone.command("stop", "proxy")).ok, false);
});

test("the status tells where each instance stands, with its alarms, as the fail-over part says when it is asked", async () => {
  const { failover, supervisor } = await running();
  const status = supervisor.status();
  assert.deepEqual(failover.last.heard.at(-1), { kind: "report" });
  const alarms = ["another router uses another auth_type or auth_pass (for 12 s, seen 13 times)"];
  const standing = { state: "MASTER", priority: 150 };
  failover.last.say({
    kind: "standing",
    instances: [
      { name: "VI_1", ...standing, alarms },
      { name: "VI_2", ...standing, alarms: [] },
    ],
  });
  assert.deepEqual((await status).split("\n").slice(3), [
    "VI_1      MASTER, priority 150",
    "          ALARM: another router uses another auth_type or auth_pass (for 12 s, seen 13 times)",
    "VI_2      MASTER, priority 150",
  ]);
});

test("a fail-over part that does not answer, or dies over it, holds the status up for no more than a second", async () => {
  const { clock, failover, supervisor } = await running();
  const silent = supervisor.status();
  clock.advance(1_000);
  assert.match(await silent, /^the fail-over part does not say where its instances stand$/m);
  const dying = supervisor.status();
  failover.last.die("SIGKILL");
  assert.match(await dying, /^failover {2}waiting/m);
});
