/** keepalived's flags and words about where it runs, what it writes and what it leaves behind (keepalived(8)). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab } from "../../src/lab/lab.js";
import { eventually } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";
import { bascule, entry } from "./program.js";

const KEEPALIVED = [process.execPath, entry, "keepalived", "-n", "-l"];

const CONFIGURATION = `instance one
global_defs {
    data_use_instance
    reload_file
    reload_time_file /etc/keepalived/when
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority 255
    virtual_ipaddress {
        192.0.2.10/24
    }
}
`;

test("a keepalived in a network namespace: its files, its dumps, its reloads, and what -V leaves", {
  skip: needsRoot,
}, async (t) => {
  const lab = await Lab.create({ name: "flags" });
  t.after(() => lab.destroy());
  const host = await lab.host("box", { interfaces: {} });
  host.writeFile("/etc/keepalived/keepalived.conf", CONFIGURATION);
  const links = [
    "link add eth0 type veth peer name far",
    "link set far up",
    "link set eth0 up",
    "addr add 192.0.2.1/24 dev eth0",
  ];
  await host.mustRun(["ip", "netns", "add", "blue"]);
  for (const line of links) await host.mustRun(["ip", "-n", "blue", ...line.split(" ")]);
  const present = async (path: string) => (await host.run(["test", "-e", path])).code === 0;
  const held = async () => (await host.mustRun(["ip", "-n", "blue", "addr"])).includes("192.0.2.10/24");

  const refused = await host.run([...KEEPALIVED, "-s", "red"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Unable to set network namespace red - exiting/);

  const program = host.start([
    ...KEEPALIVED,
    "-s",
    "blue",
    "-V",
    "-a",
    "-d",
    "-g/tmp/k.log",
    "-c",
    "/c",
    "-b/b",
    "--all",
  ]);
  await program.waitForLine(/VRRP Topology|VRRP Instance = VI_1/, 15_000);
  await program.waitForLine(/Netlink reflector reports IP 192\.0\.2\.10 added to eth0/, 5_000);
  assert.equal(await held(), true);
  for (const file of ["keepalived_one.pid", "vrrp_one.pid"])
    assert.equal(await present(`/run/keepalived/blue/${file}`), true, file);
  assert.equal(await present("/c"), false);

  program.kill("SIGUSR1");
  await eventually(() => present("/tmp/keepalived.blue_one.data"), true);

  host.writeFile("/etc/keepalived/when", `${new Date(Date.now() + 2_000).toISOString().slice(11, 19)}Z\n`);
  await program.waitForLine(/Scheduling reload for /, 5_000);
  await program.waitForLine(/Reload complete/, 8_000);
  assert.equal(await present("/etc/keepalived/when"), false);
  assert.equal(await present("/run/keepalived/blue/keepalived_one.reload"), false);

  host.writeFile("/etc/keepalived/keepalived.conf", CONFIGURATION.replace("one", "two"));
  program.kill("SIGHUP");
  await program.waitForLine(/Cannot change instance name at a reload/, 5_000);
  await program.waitForLine(/Not reloaded: 1 error/, 5_000);

  await program.stop();
  // Nobody renews it, and its lifetime of 2 s would have ended by then.
  assert.match(
    await host.mustRun(["ip", "-n", "blue", "addr", "show", "dev", "eth0"]),
    /192\.0\.2\.10\/24[^\n]*\n\s+valid_lft forever/,
  );
  assert.equal(await present("/run/keepalived/blue/keepalived_one.pid"), false);
  assert.match(await host.mustRun(["cat", "/tmp/k.log"]), /\(VI_1\) Entering MASTER STATE/);
});

test("what it cannot do is refused by its flag's name", () => {
  for (const flag of ["-C", "-x", "-T", "-A/run/agentx"]) {
    const { code, stderr } = bascule("keepalived", flag);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`keepalived: ${flag.slice(0, 2)} is known but not supported yet`));
  }
});
