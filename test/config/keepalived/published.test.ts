/** The keepalived.conf files of published articles load as they stand, and mean what their authors wrote. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { VrrpInstance } from "../../../src/config/keepalived/model.js";
import { published, readFiles, readSource, unicastTo } from "./support.js";

interface Expected {
  readonly instance: Partial<Omit<VrrpInstance, "addresses">>;
  /** ADDRESS/PREFIX, then the device if one is named. */
  readonly addresses: readonly string[];
  /** Words of the command, then its interval in seconds and its weight. */
  readonly script?: readonly [string, number, number];
  readonly warnings: readonly string[];
}

const webPair: Omit<Expected, "instance"> = {
  addresses: ["192.168.0.64/32"],
  script: ["systemctl is-active haproxy", 1, 0],
  warnings: ["script-security"],
};
const caddyPair: Omit<Expected, "instance"> = { addresses: ["192.168.0.40/32"], warnings: [] };
const floatingIp: Omit<Expected, "instance"> = {
  addresses: ["192.168.20.15/24"],
  script: ["killall -0 haproxy", 2, 2],
  warnings: ["script-security", "unusual-white-space"],
};
const transparent: Omit<Expected, "instance"> = {
  addresses: ["192.168.69.110/32"],
  script: ["killall -0 haproxy", 1, 0],
  warnings: ["script-security", "ipvs-sync"],
};
const kubernetesApi: Omit<Expected, "instance"> = {
  addresses: ["192.168.0.10/24 ens33", "192.168.1.10/24 ens32"],
  script: ["pidof haproxy", 1, 0],
  warnings: ["script-security", "own-interface-tracked"],
};
const password = (text: string) => ({ type: "PASS", password: text }) as const;

const expected: Readonly<Record<string, Expected>> = {
  "web-pair/lb1": { ...webPair, instance: { state: "MASTER", priority: 101, interface: "eth0", virtualRouterId: 1 } },
  "web-pair/lb2": { ...webPair, instance: { state: "BACKUP", priority: 100, interface: "eth0", virtualRouterId: 1 } },
  "caddy-pair/lb1": {
    ...caddyPair,
    instance: { state: "MASTER", priority: 150, virtualRouterId: 50, authentication: password("password") },
  },
  "caddy-pair/lb2": {
    ...caddyPair,
    instance: { state: "BACKUP", priority: 100, virtualRouterId: 50, authentication: password("password") },
  },
  "floating-ip/web-node-1": { ...floatingIp, instance: { state: "MASTER", priority: 101, interface: "ens160" } },
  "floating-ip/web-node-2": { ...floatingIp, instance: { state: "BACKUP", priority: 100, interface: "ens160" } },
  "transparent/lb1": {
    ...transparent,
    instance: {
      state: "MASTER",
      priority: 100,
      authentication: password("secret"),
      lvsSyncDaemonInterface: "enp0s3",
    },
  },
  "transparent/lb2": {
    ...transparent,
    instance: {
      state: "BACKUP",
      priority: 100,
      authentication: password("secret"),
      lvsSyncDaemonInterface: "enp0s3",
    },
  },
  "kubernetes-api/lb1": {
    ...kubernetesApi,
    instance: {
      state: "MASTER",
      priority: 200,
      sourceAddress: "192.168.1.11",
      transport: unicastTo("192.168.1.12"),
      trackSourceAddress: true,
      preempt: true,
      preemptDelay: 30_000_000 as VrrpInstance["preemptDelay"],
    },
    warnings: [...kubernetesApi.warnings, "preempt-delay-with-master"],
  },
  "kubernetes-api/lb2": {
    ...kubernetesApi,
    instance: {
      state: "BACKUP",
      priority: 100,
      sourceAddress: "192.168.1.12",
      transport: unicastTo("192.168.1.11"),
      trackSourceAddress: true,
      preemptDelay: 30_000_000 as VrrpInstance["preemptDelay"],
    },
  },
};

test("the Kubernetes pair tracks a second interface", () => {
  const { configuration } = readFiles([readSource(join(published, "kubernetes-api/lb1/keepalived.conf"))]);
  assert.deepEqual(configuration.instances[0]!.track.interfaces, [{ interface: "ens33", weight: 0, reverse: false }]);
});

test("every published file is tested", () => {
  const nodes = readdirSync(published, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("keepalived.conf"))
    .map((name) => name.replace("/keepalived.conf", ""));
  assert.deepEqual(nodes.sort(), Object.keys(expected).sort());
});

for (const [node, { instance: fields, addresses, script, warnings }] of Object.entries(expected))
  test(`${node} loads as it stands`, () => {
    const { configuration, diagnostics } = readFiles([readSource(join(published, node, "keepalived.conf"))]);
    assert.ok(!diagnostics.hasErrors);
    assert.deepEqual(
      diagnostics.sorted().map(({ code }) => code),
      warnings,
    );
    const [instance, ...others] = configuration.instances;
    assert.ok(instance !== undefined && others.length === 0);
    for (const [field, value] of Object.entries(fields))
      assert.deepEqual(instance[field as keyof VrrpInstance], value, field);
    assert.deepEqual(
      instance.addresses.map(({ address, prefixLength, device }) =>
        `${address}/${prefixLength} ${device ?? ""}`.trimEnd(),
      ),
      addresses,
    );
    assert.equal(configuration.scripts.length, script === undefined ? 0 : 1);
    if (script === undefined) return;
    const [command, interval, weight] = script;
    const { name, argv, interval: every, timeout } = configuration.scripts[0]!;
    assert.deepEqual([argv.join(" "), every, timeout], [command, interval * 1_000_000, interval * 1_000_000]);
    assert.deepEqual(instance.track.scripts, [{ script: name, weight, reverse: false }]);
  });

test("the address of the transparent pair carries the broadcast address and the scope that its line names", () => {
  const { configuration } = readFiles([readSource(join(published, "transparent/lb1/keepalived.conf"))]);
  const { broadcast, scope } = configuration.instances[0]!.addresses[0]!;
  assert.deepEqual({ broadcast, scope }, { broadcast: "192.168.69.255", scope: 0 });
});

test("the refresh that the Caddy pair sets for all instances reaches its only one", () => {
  const { configuration } = readFiles([readSource(join(published, "caddy-pair/lb1/keepalived.conf"))]);
  assert.deepEqual(configuration.instances[0]!.garp, {
    masterDelay: 5_000_000,
    masterRepeat: 5,
    masterRefresh: 60_000_000,
    masterRefreshRepeat: 1,
    lowerPriorityDelay: 5_000_000,
    lowerPriorityRepeat: 5,
    extraInterfaces: { interval: 0, all: false },
  });
});
