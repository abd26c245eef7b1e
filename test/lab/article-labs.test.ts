import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type ArticleLab, type ArticleName, createArticleLab } from "../../src/lab/article-labs.js";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { runProbe, runWebServer } from "../../src/lab/programs.js";
import type { Answer } from "../../src/lab/web-server.js";
import { eventually } from "../support/eventually.js";
import { articleConfigs } from "../support/repository.js";
import { needsRoot, needsRootAnd } from "../support/root.js";

const skip = needsRoot;

async function article(t: TestContext, name: ArticleName): Promise<ArticleLab> {
  const built = await createArticleLab(name, articleConfigs);
  t.after(() => built.destroy());
  return built;
}

async function ask(client: Host, url: string): Promise<Answer> {
  const script = `fetch("${url}").then((r) => r.text()).then(console.log)`;
  return JSON.parse(await client.mustRun([process.execPath, "-e", script])) as Answer;
}

test("the web pair has the article's nodes, files and a systemctl that knows the proxy", { skip }, async (t) => {
  const { loadBalancers, servers, client, startServers } = await article(t, "web-pair");
  const [lb1, lb2] = loadBalancers;
  for (const lb of loadBalancers)
    assert.equal(
      lb.readFile("/etc/keepalived/keepalived.conf"),
      readFileSync(join(articleConfigs, "web-pair", lb.name, "keepalived.conf"), "utf8"),
    );
  assert.deepEqual(
    (await lb1.addresses("eth0")).filter((each) => each.scope === "global").map((each) => each.address),
    ["192.168.0.62"],
  );

  await startServers();
  assert.equal((await ask(lb2, "http://192.168.0.61/")).server, "web2");
  assert.equal((await ask(client, "http://192.168.0.60/")).client, "192.168.0.100");
  assert.equal(servers.length, 2);

  const systemctl = ["systemctl", "is-active", "haproxy"];
  assert.deepEqual(await lb1.run(systemctl), { code: 3, signal: null, stdout: "inactive\n", stderr: "" });
  lb1.start(["sh", "-c", 'cp "$(command -v sleep)" /run/haproxy/haproxy && exec /run/haproxy/haproxy 60']);
  await eventually(async () => (await lb1.run(systemctl)).stdout, "active\n");
  assert.equal((await lb2.run(systemctl)).stdout, "inactive\n");
});

test("in the transparent lab the client comes from another network, with its own address", { skip }, async (t) => {
  const { loadBalancers, servers, client, url } = await article(t, "transparent");
  const [lb1] = loadBalancers;
  await lb1.mustRun(["ip", "address", "add", "192.168.69.110/32", "dev", "enp0s3"]);
  await runWebServer(lb1);
  assert.equal((await ask(client, url)).client, "203.0.113.10");
  // A server's way to the client leads to whoever holds the virtual IP.
  assert.match(await servers[0]!.mustRun(["ip", "route", "get", "203.0.113.10"]), /via 192\.168\.69\.110/);
});

test("the Kubernetes lab has a leg of each node in both networks", { skip }, async (t) => {
  const { loadBalancers, servers, client, startServers } = await article(t, "kubernetes-api");
  await startServers();
  for (const last of [21, 22, 23])
    assert.equal((await ask(loadBalancers[0], `http://192.168.1.${last}:6443/`)).client, "192.168.1.11");
  assert.equal(servers.length, 3);
  await runWebServer(loadBalancers[1]);
  assert.equal((await ask(client, "http://192.168.0.12/")).client, "192.168.0.100");
  assert.equal((await ask(client, "http://192.168.1.12/")).client, "192.168.1.100");
});

function startKeepalived(host: Host): HostProcess {
  return host.start(["keepalived", "-n", "-l", "-D", "-f", "/etc/keepalived/keepalived.conf"]);
}

test("VRRP works in the lab: keepalived's virtual IP moves when its box dies, and back when it boots", {
  skip: needsRootAnd("keepalived"),
}, async (t) => {
  const { lab, loadBalancers, client, url } = await article(t, "caddy-pair");
  const [lb1] = loadBalancers;
  await Promise.all(loadBalancers.map((lb) => runWebServer(lb)));
  loadBalancers.map(startKeepalived);
  // Both claim it until the first advertisements are exchanged, should lb2 start first.
  await eventually(() => lab.holders("192.168.0.40"), ["lb1"], { deadlineMs: 10_000 });
  await eventually(async () => (await ask(client, url)).server, "lb1");

  const probe = await runProbe(client, { url });
  const killedAt = await lb1.kill();
  await eventually(() => lab.holders("192.168.0.40"), ["lb2"], { deadlineMs: 6_000, everyMs: 5 });
  await eventually(async () => (await ask(client, url)).server, "lb2");
  const seen = await probe.stop();

  // RFC 3768 §6.1 for lb2's priority 100 at 1 s: 3 × 1 + (256 − 100) / 256 = 3.609 s after the last advertisement,
  // which was up to 1 s before the kill.
  assert.ok(seen.longestGapMs > 2_500 && seen.longestGapMs < 3_609 + 300, `the gap was ${seen.longestGapMs} ms`);
  assert.equal(seen.gaps.length, 1);
  assert.ok(Math.abs(seen.gaps[0]!.from - killedAt) < 200, "the gap begins with the kill");
  assert.ok(seen.byServer.lb1! > 0 && seen.byServer.lb2! > 0 && seen.failed > 0, JSON.stringify(seen));

  await lb1.boot();
  startKeepalived(lb1);
  await eventually(() => lab.holders("192.168.0.40"), ["lb1"], { deadlineMs: 10_000 });
});

test("unplugging the master's cable moves keepalived's virtual IP", { skip: needsRootAnd("keepalived") }, async (t) => {
  const { lab, loadBalancers } = await article(t, "caddy-pair");
  const [lb1] = loadBalancers;
  const [first] = loadBalancers.map(startKeepalived);
  await eventually(() => lab.holders("192.168.0.40"), ["lb1"], { deadlineMs: 10_000 });
  await lb1.unplug("eth0");
  await first!.waitForLine(/Entering FAULT STATE/);
  await eventually(() => lab.holders("192.168.0.40"), ["lb2"], { deadlineMs: 6_000 });
  await lb1.plug("eth0");
  await eventually(() => lab.holders("192.168.0.40"), ["lb1"], { deadlineMs: 10_000 });
});
