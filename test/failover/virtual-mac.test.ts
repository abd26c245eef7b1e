/** `use_vmac`: the interface that a virtual router has for itself, what it is called, and what neighbours see of it. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Diagnostics } from "../../src/config/diagnostics.js";
import { readKeepalived } from "../../src/config/keepalived/read.js";
import { nameVirtualInterfaces } from "../../src/failover/virtual-mac.js";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { Lab } from "../../src/lab/lab.js";
import type { Link } from "../../src/sys/netlink.js";
import { eventually, throughout } from "../support/eventually.js";
import { needsRoot, needsRootAnd } from "../support/root.js";
import { link } from "./support.js";

const MAIN = fileURLToPath(new URL("./failover-main.js", import.meta.url));
const CONFIG = "/etc/keepalived/keepalived.conf";
/** Start to master on a busy machine. */
const TAKES_OVER = { deadlineMs: 10_000 };
const VIRTUAL_MAC = "00:00:5e:00:01:33";

const configuration = (priority: number, name = "VI_1", words = "use_vmac", device = "eth0", last = 100): string => `
vrrp_instance ${name} {
    interface ${device}
    virtual_router_id 51
    priority ${priority}
    version 3
    advert_int 0.1
    ${words}
    virtual_ipaddress {
        192.0.2.${last}/24
    }
}`;

describe("the name of a virtual interface", () => {
  const ours = { kind: "macvlan", parent: 2, mac: VIRTUAL_MAC };

  function names(text: string, links: readonly Link[]): (string | undefined)[] {
    const diagnostics = new Diagnostics();
    const read = readKeepalived([{ path: "test.conf", text }], diagnostics);
    assert.equal(diagnostics.hasErrors, false);
    const named = nameVirtualInterfaces(read, [link(2, "eth0"), link(3, "eth1"), ...links], () => {});
    return named.instances.map(({ virtualMac }) => virtualMac?.name);
  }

  test("is vrrp, a dot, and the virtual router's number", () => {
    assert.deepEqual(names(configuration(100), []), ["vrrp.51"]);
    assert.deepEqual(names(`global_defs {\n vmac_prefix v\n}\n${configuration(100)}`, []), ["v.51"]);
    assert.deepEqual(names(configuration(100).replace("192.0.2.100/24", "fe80::100/64"), []), ["vrrp6.51"]);
    assert.deepEqual(names(configuration(100, "VI_1", ""), []), [undefined]);
  });

  test("gets a number when it is taken, by another interface or by another instance", () => {
    assert.deepEqual(names(configuration(100), [link(4, "vrrp.51")]), ["vrrp1.51"]);
    const two = configuration(100) + configuration(100, "VI_2", "use_vmac", "eth1", 101);
    assert.deepEqual(names(two, [link(4, "vrrp1.51")]), ["vrrp.51", "vrrp2.51"]);
    assert.deepEqual(names(configuration(100, "VI_1", "use_vmac own"), [link(4, "own")]), ["vrrp.51"]);
  });

  test("stays, of one that a crash or a reload has left", () => {
    assert.deepEqual(names(configuration(100), [link(4, "vrrp.51"), link(5, "vrrp1.51", ours)]), ["vrrp1.51"]);
    assert.deepEqual(names(configuration(100, "VI_1", "use_vmac own"), [link(5, "own", ours)]), ["own"]);
    const elsewhere = link(5, "vrrp.51", { ...ours, parent: 3 });
    assert.deepEqual(names(configuration(100), [elsewhere]), ["vrrp1.51"]);
  });
});

describe("the interfaces of addresses elsewhere", () => {
  function homes(words: string, lines: string, links: readonly string[] = []): string[] {
    const text = `global_defs {\n vmac_addr_prefix va\n}\n${configuration(100, "VI_1", words).replace(/ {8}192.*\n/, lines)}`;
    const read = readKeepalived([{ path: "test.conf", text }], new Diagnostics());
    const present = ["eth0", "eth1", ...links].map((name, at) => ({ index: at + 2, name }) as Link);
    const { addresses, excludedAddresses, addressInterfaces } = nameVirtualInterfaces(read, present, () => {})
      .instances[0]!;
    const held = [...addresses, ...excludedAddresses].map(({ address, device }) => `${address} ${device ?? "own"}`);
    return [...held, ...addressInterfaces.map(({ name, base, mac }) => `${name} ${base} ${mac}`)];
  }

  test("use_vmac_addr makes one for each interface, and leaves alone what is at home", () =>
    assert.deepEqual(
      homes("use_vmac_addr", "192.0.2.1\n 192.0.2.2 dev eth0\n 192.0.2.3 dev eth1\n 192.0.2.4 dev eth1\n"),
      ["192.0.2.1 own", "192.0.2.2 eth0", "192.0.2.3 va.51", "192.0.2.4 va.51", `va.51 eth1 ${VIRTUAL_MAC}`],
    ));

  test("use_vmac on a line makes one for that address, with the MAC address of its family", () => {
    const words = "virtual_ipaddress_excluded {\n 2001:db8::1 use_vmac\n }";
    assert.deepEqual(homes(words, "192.0.2.1 use_vmac\n 192.0.2.2\n", ["va.51"]), [
      "192.0.2.1 va1.51",
      "192.0.2.2 own",
      "2001:db8::1 va6.51",
      `va1.51 eth0 ${VIRTUAL_MAC}`,
      "va6.51 eth0 00:00:5e:00:02:33",
    ]);
    assert.deepEqual(homes("use_vmac v 02:00:00:00:00", "192.0.2.1\n 192.0.2.2 dev eth1 use_vmac\n"), [
      "192.0.2.1 own",
      "192.0.2.2 va.51",
      "va.51 eth1 02:00:00:00:00:33",
    ]);
  });
});

async function makeHost(lab: Lab, name: string, last: number): Promise<Host> {
  const host = await lab.host(name, {
    interfaces: {
      eth0: { network: "lan", address: `192.0.2.${last}/24` },
      eth1: { network: "other", address: `203.0.113.${last}/24` },
    },
  });
  return host;
}

async function makeLab(t: TestContext): Promise<Lab> {
  const lab = await Lab.create({ name: "virtual-mac" });
  t.after(() => lab.destroy());
  return lab;
}

async function start(host: Host, text: string): Promise<HostProcess> {
  host.writeFile(CONFIG, text);
  const program = host.start([process.execPath, MAIN, CONFIG]);
  await program.waitForLine(/^running/, 10_000);
  return program;
}

interface SeenLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly link?: string;
  readonly address: string;
  readonly group: string;
  readonly linkinfo: { readonly info_data: { readonly mode: string } };
}

const virtualLinks = async (host: Host): Promise<SeenLink[]> =>
  JSON.parse(
    (await host.mustRun(["ip", "-json", "-details", "link", "show", "type", "macvlan"])) || "[]",
  ) as SeenLink[];

const neighbour = async (host: Host): Promise<string | undefined> =>
  /lladdr (\S+)/.exec(await host.mustRun(["ip", "neigh", "show", "192.0.2.100"]))?.[1];

describe("a virtual MAC address", { skip: needsRoot, concurrency: 3 }, () => {
  test("is there from start to stop, and the addresses while master", async (t) => {
    const lab = await makeLab(t);
    const host = await makeHost(lab, "a", 11);
    const program = await start(host, configuration(200, "VI_1", "use_vmac group 7"));
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
    const [link] = await virtualLinks(host);
    assert.deepEqual(
      [link?.ifname, link?.link, link?.address, link?.group, link?.linkinfo.info_data.mode],
      ["vrrp.51", "eth0", VIRTUAL_MAC, "7", "private"],
    );
    assert.deepEqual(
      (await host.addresses("vrrp.51")).map(({ address }) => address),
      ["192.0.2.100"],
    );
    await program.stop();
    assert.deepEqual(await virtualLinks(host), []);
    assert.match(program.output, /\(VI_1\): Success creating VMAC interface vrrp\.51/);
    assert.match(program.output, /\(VI_1\) Success removing VMAC interface vrrp\.51/);
  });

  test("is on other interfaces too, for the addresses there and for the other family", async (t) => {
    const lab = await makeLab(t);
    const host = await makeHost(lab, "a", 11);
    const words = `use_vmac_addr
    virtual_ipaddress_excluded {
        203.0.113.100/24 dev eth1
        2001:db8::100/64
    }`;
    const program = await start(host, configuration(200, "VI_1", words));
    await eventually(() => lab.holders("203.0.113.100"), ["a"], TAKES_OVER);
    const links = (await virtualLinks(host)).map(({ ifname, link, address }) => [ifname, link, address]);
    assert.deepEqual(links, [
      ["vrrp.51", "eth1", VIRTUAL_MAC],
      ["vrrp6.51", "eth0", "00:00:5e:00:02:33"],
    ]);
    const held = async (device: string) =>
      (await host.addresses(device)).filter(({ scope }) => scope !== "link").map(({ address }) => address);
    assert.deepEqual(await held("eth0"), ["192.0.2.11", "192.0.2.100"]);
    assert.deepEqual([await held("vrrp.51"), await held("vrrp6.51")], [["203.0.113.100"], ["2001:db8::100"]]);
    await host.mustRun(["ip", "link", "delete", "vrrp.51"]);
    await eventually(() => held("vrrp.51"), ["203.0.113.100"], TAKES_OVER);
    await program.stop();
    assert.deepEqual(await virtualLinks(host), []);
  });

  test("a reload keeps it, one that drops use_vmac removes it", async (t) => {
    const lab = await makeLab(t);
    const host = await makeHost(lab, "a", 11);
    const program = await start(host, configuration(200));
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
    const before = await virtualLinks(host);
    const reload = async (text: string, how: RegExp): Promise<void> => {
      host.writeFile(CONFIG, text);
      const seen = program.lines.length;
      program.kill("SIGHUP");
      await eventually(() => program.lines.slice(seen).some((line) => how.test(line.text)), true, TAKES_OVER);
    };
    const held = throughout(1_000, () => lab.holders("192.0.2.100"), ["a"], 5);
    await reload(configuration(210), /^reloaded/);
    await held;
    assert.deepEqual(await virtualLinks(host), before);
    await reload(configuration(210, "VI_1", ""), /^reloaded/);
    assert.deepEqual(await virtualLinks(host), []);
    assert.deepEqual(
      (await host.addresses("eth0")).filter(({ scope }) => scope !== "link").map(({ address }) => address),
      ["192.0.2.11", "192.0.2.100"],
    );
    await program.stop();
  });

  test("is used again when a crash has left it", async (t) => {
    const lab = await makeLab(t);
    const host = await makeHost(lab, "a", 11);
    const first = await start(host, configuration(200));
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
    const before = await virtualLinks(host);
    first.kill("SIGKILL");
    await first.exited;
    assert.equal((await virtualLinks(host)).length, 1);
    const second = await start(host, configuration(200));
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
    assert.deepEqual(await virtualLinks(host), before);
    await second.stop();
    assert.deepEqual(await virtualLinks(host), []);
  });

  test("comes back when somebody deletes it, with its addresses", async (t) => {
    const lab = await makeLab(t);
    const host = await makeHost(lab, "a", 11);
    const program = await start(host, configuration(200));
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
    const [before] = await virtualLinks(host);
    await host.mustRun(["ip", "link", "delete", "vrrp.51"]);
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
    assert.notEqual((await virtualLinks(host))[0]?.ifindex, before?.ifindex);
    await host.mustRun(["ip", "link", "set", "vrrp.51", "down"]);
    await eventually(async () => (await host.run(["ip", "link", "show", "vrrp.51", "up"])).stdout !== "", true);
    await program.stop();
    assert.equal(program.output.match(/Entering MASTER STATE/g)?.length, 1);
  });

  test("is all that neighbours see, and the same over a fail-over", { skip: needsRootAnd("tcpdump") }, async (t) => {
    const lab = await makeLab(t);
    const [a, b, client] = await Promise.all([makeHost(lab, "a", 11), makeHost(lab, "b", 12), makeHost(lab, "c", 50)]);
    const capture = client.start(["tcpdump", "-lnei", "eth0", "vrrp or arp"]);
    await capture.waitForLine(/listening on/, 5_000);
    const first = await start(a, configuration(200));
    const second = await start(b, configuration(100));
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
    const ask = async (): Promise<void> => {
      // The routers forget the client: they must ask for it in order to answer.
      for (const host of [a, b]) await host.mustRun(["ip", "neigh", "flush", "all"]);
      // Nobody listens there: a refusal is an answer.
      const { stderr } = await client.run(["timeout", "3", "bash", "-c", "</dev/tcp/192.0.2.100/9"]);
      assert.match(stderr, /refused/);
      assert.equal(await neighbour(client), VIRTUAL_MAC);
    };
    await ask();
    await first.stop();
    await eventually(() => lab.holders("192.0.2.100"), ["b"], TAKES_OVER);
    await ask();
    const again = await start(a, configuration(200));
    await eventually(() => lab.holders("192.0.2.100"), ["a"], TAKES_OVER);
    await ask();
    await again.stop();
    await second.stop();
    await capture.stop();

    const frames = capture.lines.map(({ text }) => text);
    const advertisements = frames.filter((text) => text.includes("VRRPv3"));
    assert.ok(advertisements.length > 10, capture.output);
    for (const frame of advertisements) assert.match(frame, new RegExp(` ${VIRTUAL_MAC} > 01:00:5e:00:00:12`));
    const arps = frames.filter((text) => /Reply 192\.0\.2\.100 is-at|tell 192\.0\.2\.100,/.test(text));
    assert.ok(arps.length > 0, capture.output);
    for (const frame of arps) assert.match(frame, new RegExp(` ${VIRTUAL_MAC} > `));
  });

  test("garp_extra_if keeps it in the switches' memory when nothing else leaves from it", {
    skip: needsRootAnd("tcpdump"),
  }, async (t) => {
    const lab = await makeLab(t);
    const [a, client] = await Promise.all([makeHost(lab, "a", 11), makeHost(lab, "c", 50)]);
    const capture = client.start(["tcpdump", "-lnei", "eth0", "vrrp or arp"]);
    await capture.waitForLine(/listening on/, 5_000);
    const words = "use_vmac\n vmac_xmit_base\n garp_master_repeat 1\n garp_master_delay 0\n garp_extra_if 1";
    const program = await start(a, configuration(200, "VI_1", words));
    const announcements = (): string[] =>
      capture.lines.map(({ text }) => text).filter((text) => text.includes("tell 192.0.2.100,"));
    await eventually(() => announcements().length >= 3, true, TAKES_OVER);
    for (const frame of announcements()) assert.match(frame, new RegExp(` ${VIRTUAL_MAC} > ff:ff:ff:ff:ff:ff`));
    await program.stop();
    const advertisements = capture.lines.filter(({ text }) => text.includes("VRRPv3"));
    assert.ok(advertisements.length > 0);
    for (const { text } of advertisements) assert.doesNotMatch(text, new RegExp(VIRTUAL_MAC));
  });
});
