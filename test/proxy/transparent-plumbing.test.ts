import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { Lab } from "../../src/lab/lab.js";
import { runWebServer } from "../../src/lab/programs.js";
import { type Answer, patternSha256 } from "../../src/lab/web-server.js";
import { needsRoot } from "../support/root.js";

const CLIENT = "203.0.113.10";
const BALANCER = "203.0.113.1";
const SERVER = "192.0.2.20";
const ANYWHERE = "203.0.113.30";
const program = (name: string): string[] => [process.execPath, fileURLToPath(new URL(name, import.meta.url))];
const skip = needsRoot;

let lab: Lab;
let client: Host;
let balancer: Host;
let server: Host;

/** client (203.0.113.10) and another web server (.30) — balancer — server (192.0.2.20), whose gateway is the balancer. */
before(async () => {
  if (skip) return;
  lab = await Lab.create({ name: "tproxy" });
  client = await lab.host("client", { interfaces: { eth0: { network: "outside", address: `${CLIENT}/24` } } });
  balancer = await lab.host("lb", {
    interfaces: {
      eth0: { network: "outside", address: `${BALANCER}/24` },
      eth1: { network: "inside", address: "192.0.2.1/24" },
    },
    sysctls: { "net.ipv4.ip_forward": 1, "net.ipv4.conf.all.rp_filter": 1 },
  });
  const gateway = { network: "inside", address: `${SERVER}/24`, gateway: "192.0.2.1" };
  server = await lab.host("server", { interfaces: { eth0: gateway } });
  const anywhere = await lab.host("anywhere", {
    interfaces: { eth0: { network: "outside", address: `${ANYWHERE}/24`, gateway: BALANCER } },
  });
  await Promise.all([runWebServer(server), runWebServer(anywhere)]);
  await balancer.start([...program("./transparent-relay-main.js"), "80", SERVER]).waitForLine(/^ready/, 10_000);
});

after(() => lab?.destroy());

/** All that the plumbing may touch. */
const network = async (): Promise<string> =>
  balancer.mustRun(["sh", "-c", "nft list ruleset; for f in 4 6; do ip -$f rule; ip -$f route show table all; done"]);

let untouched: string;
beforeEach(async () => {
  if (!skip) untouched = await network();
});

async function install(...wrapper: string[]): Promise<HostProcess> {
  const holder = balancer.start([...wrapper, ...program("./transparent-plumbing-main.js")]);
  await holder.waitForLine(/^(installed|failed)/, 10_000);
  return holder;
}

async function ask(from: Host, url: string, body = ""): Promise<Answer | "no answer"> {
  const script = `
    const body = ${body || "undefined"};
    fetch("${url}", { method: body ? "POST" : "GET", body, signal: AbortSignal.timeout(1500) })
      .then((response) => response.text()).then(console.log, () => console.log('"no answer"'));`;
  return JSON.parse(await from.mustRun([process.execPath, "-e", script])) as Answer | "no answer";
}

const through = `http://${BALANCER}/`;

test("without the plumbing the server's replies miss the proxy", { skip }, async () => {
  assert.equal(await ask(client, through), "no answer");
});

test("the server sees the client's address, and bytes go both ways whole", { skip }, async () => {
  const holder = await install();
  const answer = await ask(client, through);
  assert.ok(answer !== "no answer", holder.output);
  assert.equal(answer.server, "server");
  assert.equal(answer.client, CLIENT);

  const posted = await ask(client, through, `Buffer.alloc(3_000_000, "up")`);
  assert.ok(posted !== "no answer");
  assert.equal(posted.bodyBytes, 3_000_000);
  const digest = `fetch("${through}bytes/3000000").then((r) => r.arrayBuffer()).then((b) =>
    console.log(require("node:crypto").createHash("sha256").update(Buffer.from(b)).digest("hex")))`;
  assert.equal((await client.mustRun([process.execPath, "-e", digest])).trim(), patternSha256(3_000_000));

  await holder.stop();
  assert.equal(await network(), untouched);
  assert.equal(await ask(client, through), "no answer");
});

test("what a server asks of others through its gateway is not caught by the listener on port 80", {
  skip,
}, async () => {
  const holder = await install();
  const answer = await ask(server, `http://${ANYWHERE}/`);
  assert.ok(answer !== "no answer");
  assert.equal(answer.server, "anywhere");
  assert.equal(answer.client, SERVER);
  await holder.stop();
});

test("what a killed run left behind is replaced", { skip }, async () => {
  const first = await install();
  const installed = await network();
  first.kill("SIGKILL");
  await first.exited;
  assert.equal(await network(), installed, "it was killed before it could clear away");

  const second = await install();
  const names = (text: string) => text.match(/bascule-transparent-\d+/g);
  assert.match(second.output, /clearing away bascule-transparent-7400/);
  assert.deepEqual(names(await network()), names(installed));
  assert.notEqual(await ask(client, through), "no answer");
  await second.stop();
  assert.equal(await network(), untouched);
});

test("of two that run at once, as in a reload, either may leave first", { skip }, async () => {
  const old = await install();
  const next = await install();
  await old.stop();
  assert.notEqual(await ask(client, through), "no answer");
  await next.stop();
  assert.equal(await network(), untouched);
});

test("numbers and rules that an administrator uses are left alone", { skip }, async (t) => {
  const byHand = [
    "ip rule add priority 1 from 198.51.100.0/24 lookup main",
    "ip rule add fwmark 1 lookup 100",
    "ip route add local 0.0.0.0/0 dev lo table 100",
    "ip route add blackhole 198.51.100.0/24 table 7400",
    "ip rule add fwmark 0x1/0x3 lookup 7402", // catches the mark 7401 = 0x1ce9, and 7405
    "nft add table ip mangle",
  ];
  await balancer.mustRun(["sh", "-ec", byHand.join("\n")]);
  const undo = byHand.map((line) => line.replace(/^nft add/, "nft delete").replace(" add ", " del "));
  t.after(() => balancer.mustRun(["sh", "-ec", undo.join("\n")]));
  const before = await network();
  const holder = await install();
  await holder.waitForLine(/^installed 7403$/);
  assert.match(holder.output, /fwmark 1, table 100.*made by hand, is left alone/);
  assert.notEqual(await ask(client, through), "no answer");
  await holder.stop();
  assert.equal(await network(), before);
});

test("the rule and the route are there for IPv6 as well", { skip }, async () => {
  const holder = await install();
  assert.match(await balancer.mustRun(["ip", "-6", "rule"]), /fwmark 0x1ce8 lookup 7400/);
  assert.match(await balancer.mustRun(["ip", "-6", "route", "show", "table", "7400"]), /^local default dev lo/);
  await holder.stop();
});

test("without nft the message says what to install", { skip }, async () => {
  const hidden = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /usr/sbin && exec "$0" "$@"'];
  const holder = await install(...hidden);
  assert.match(holder.output, /^failed PlumbingError .*nft is not installed\. install it: apt install nftables/m);
  assert.equal((await holder.exited).code, 1);
  assert.equal(await network(), untouched);
});

test("without the right to change the network the message says which is needed", { skip }, async () => {
  const holder = await install("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin");
  assert.match(holder.output, /^failed PlumbingError .*start Bascule as root, or with CAP_NET_ADMIN/m);
  assert.equal(await network(), untouched);
});

test("where IPv6 routing is refused, IPv4 is plumbed and the log says so", { skip }, async (t) => {
  await balancer.mustRun(["ip", "link", "set", "lo", "down"]);
  t.after(() => balancer.mustRun(["ip", "link", "set", "lo", "up"]));
  const before = await network();
  const holder = await install();
  assert.match(holder.output, /IPv4 only, as IPv6 routing refuses it/);
  assert.notEqual(await ask(client, through), "no answer");
  await holder.stop();
  assert.equal(await network(), before);
});
