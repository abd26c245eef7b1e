/** Pairs whose files contradict each other, on real interfaces: both sides say what the other does wrong. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { InstanceStatus } from "../../src/failover/failover.js";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { Lab } from "../../src/lab/lab.js";
import { eventually } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";

const MAIN = fileURLToPath(new URL("./failover-main.js", import.meta.url));
const CONFIG = "/etc/keepalived/keepalived.conf";
/** Three intervals, the skew, and the start of Node on a busy machine. */
const PATIENCE = { deadlineMs: 15_000, everyMs: 50 };

async function start(host: Host, priority: number, more: string, addresses = "192.0.2.100"): Promise<HostProcess> {
  const id = /virtual_router_id/.test(more) ? "" : "virtual_router_id 51";
  host.writeFile(
    CONFIG,
    `global_defs {
       metrics 127.0.0.1
     }
     vrrp_instance VI_1 {
       interface eth0
       ${id}
       priority ${priority}
       ${more}
       virtual_ipaddress {
         ${addresses}
       }
     }`,
  );
  const program = host.start([process.execPath, MAIN, CONFIG]);
  await program.waitForLine(/^running/, 10_000);
  return program;
}

async function alarms(program: HostProcess): Promise<readonly string[]> {
  const asked = program.lines.length;
  program.kill("SIGUSR1");
  const find = () => program.lines.slice(asked).find(({ text }) => text.startsWith("status: "));
  const line = await eventually(find, Boolean, PATIENCE);
  return (JSON.parse(line!.text.slice("status: ".length)) as InstanceStatus[])[0]!.alarms.map(({ alarm }) => alarm);
}

/** What Prometheus would be told. */
const raisedIn = async (host: Host): Promise<string[]> =>
  [
    ...(await host.mustRun(["curl", "-sS", "http://127.0.0.1:9165/metrics"])).matchAll(
      /^bascule_vrrp_alarm\{.*alarm="(.*)"\} 1$/gm,
    ),
  ].map(([, alarm]) => alarm!);

/** A pair of which each goes its own way. */
async function pair(
  t: TestContext,
  first: string,
  second: string,
  secondAddresses?: string,
): Promise<{ lab: Lab; hosts: readonly Host[]; a: HostProcess; b: HostProcess }> {
  const lab = await Lab.create({ name: "brain" });
  t.after(() => lab.destroy());
  const make = (name: string, last: number): Promise<Host> =>
    lab.host(name, { interfaces: { eth0: { network: "lan", address: `192.0.2.${last}/24` } } });
  const [a, b] = await Promise.all([make("a", 11), make("b", 12)]);
  const [one, two] = await Promise.all([start(a, 250, first), start(b, 240, second, secondAddresses)]);
  return { lab, hosts: [a, b], a: one, b: two };
}

const password = (word: string, type = "PASS"): string =>
  `authentication {\n auth_type ${type}\n auth_pass ${word}\n }`;

const unicast = (own: number, other: number): string =>
  `unicast_src_ip 192.0.2.${own}\n unicast_peer {\n 192.0.2.${other}\n }`;

const CONTRADICTIONS = [
  {
    what: "different virtual_router_ids",
    first: "virtual_router_id 51",
    second: "virtual_router_id 52",
    alarm: "router-id",
    says: /advertises addresses of ours under virtual_router_id 5[12]/,
  },
  {
    what: "different passwords",
    first: password("one"),
    second: password("two"),
    alarm: "authentication",
    says: /uses another auth_type or auth_pass/,
  },
  {
    what: "a password on one side only",
    first: password("one"),
    second: "",
    alarm: "authentication",
    says: /uses another auth_type or auth_pass/,
  },
  {
    what: "an Authentication Header against a password",
    first: password("one", "AH"),
    second: password("one"),
    alarm: "authentication",
    says: /uses another auth_type or auth_pass/,
  },
  {
    what: "an Authentication Header against none, over unicast",
    first: `${password("one", "AH")}\n${unicast(11, 12)}`,
    second: unicast(12, 11),
    alarm: "authentication",
    says: /uses another auth_type or auth_pass/,
  },
  {
    what: "an Authentication Header against VRRPv3",
    first: password("one", "AH"),
    second: "version 3",
    alarm: "version",
    says: /speaks another version of VRRP/,
  },
  {
    what: "an Authentication Header against a password, with virtual MAC addresses",
    first: `${password("one", "AH")}\nuse_vmac`,
    second: `${password("one")}\nuse_vmac`,
    alarm: "authentication",
    says: /uses another auth_type or auth_pass/,
  },
  {
    what: "different versions",
    first: "version 2",
    second: "version 3",
    alarm: "version",
    says: /speaks another version of VRRP/,
  },
  {
    what: "different intervals of VRRPv2",
    first: "advert_int 1",
    second: "advert_int 2",
    alarm: "interval",
    says: /has another advert_int/,
  },
  {
    what: "multicast here and unicast there",
    first: "",
    second: "unicast_src_ip 192.0.2.12\n unicast_peer {\n 192.0.2.11\n }",
    alarm: "transport",
    says: /goes by multicast where this one goes by unicast/,
  },
] as const;

describe("both sides of a split brain know of it", { skip: needsRoot, concurrency: 6 }, () => {
  for (const { what, first, second, alarm, says } of CONTRADICTIONS)
    test(what, async (t) => {
      const { lab, hosts, a, b } = await pair(t, first, second);
      await eventually(() => lab.holders("192.0.2.100"), ["a", "b"], PATIENCE);
      for (const program of [a, b]) {
        await program.waitForLine(says, PATIENCE.deadlineMs);
        await eventually(() => alarms(program), [alarm, "both-hold"], PATIENCE);
        assert.equal(program.lines.filter(({ text }) => says.test(text)).length, 1, "once in a minute");
        assert.equal(program.lines.filter(({ text }) => /without having heard another router/.test(text)).length, 1);
      }
      for (const host of hosts) assert.deepEqual(await raisedIn(host), [alarm, "both-hold"]);
    });

  test("a router whose peer does not hear it says so", async (t) => {
    // The first sends to where nobody is; the second sends to the first.
    const { lab, a, b } = await pair(t, unicast(11, 99), unicast(12, 11));
    await eventually(() => lab.holders("192.0.2.100"), ["a", "b"], PATIENCE);
    await a.waitForLine(/192\.0\.2\.12 goes on as master with priority 240, so it does not hear/, PATIENCE.deadlineMs);
    assert.deepEqual(await alarms(a), ["one-way", "both-hold"]);
    // It hears no advertisement, and yet the other by its ARP.
    await b.waitForLine(/answers for 192\.0\.2\.100, which is held here/, PATIENCE.deadlineMs);
    await eventually(() => alarms(b), ["both-hold"], PATIENCE);
  });

  test("a list of addresses that differs is told by who hears it, and keeps nobody from yielding", async (t) => {
    const { lab, b } = await pair(t, "", "", "192.0.2.100\n 192.0.2.101");
    await eventually(() => lab.holders("192.0.2.100"), ["a"], PATIENCE);
    await b.waitForLine(/192\.0\.2\.11 advertises other addresses than ours/, PATIENCE.deadlineMs);
    assert.deepEqual(await alarms(b), ["addresses"]);
  });
});
