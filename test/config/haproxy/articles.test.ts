import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Outcome, read, testFolder } from "./support.js";

const article = (name: string): Outcome =>
  read(readFileSync(join(testFolder(), "fixtures/configs", name, "haproxy.cfg"), "utf8"));

const errors = ({ diagnostics }: Outcome) => diagnostics.all.filter(({ severity }) => severity === "error");

describe("configurations of published articles load as they stand", () => {
  test("web-pair: an address on the frontend line, two servers web1, no timeouts, no defaults", () => {
    const outcome = article("web-pair");
    assert.deepEqual(errors(outcome), []);
    const [main] = outcome.configuration.frontends;
    const [web] = outcome.configuration.backends;
    assert.deepEqual(
      [main!.mode, main!.binds.length, main!.binds[0]!.address, main!.binds[0]!.port],
      ["tcp", 1, "0.0.0.0", 80],
    );
    assert.equal(outcome.configuration.backends[main!.defaultBackend], web);
    assert.deepEqual(
      web!.servers.map(({ name, id, address, port, check }) => [name, id, address, port, check?.interval]),
      [
        ["web1", 1, "192.168.0.60", 80, 2000],
        ["web1-2", 2, "192.168.0.61", 80, 2000],
      ],
    );
    assert.deepEqual([main!.timeoutClient, web!.timeoutConnect, web!.timeoutServer], [50_000, 5_000, 50_000]);
    assert.deepEqual(outcome.codes, [
      "warning[missing-timeout]",
      "notice[default-mode]",
      "warning[address-in-header]",
      "warning[missing-timeout]",
      "warning[duplicate-server]",
    ]);
  });

  test("transparent: TPROXY, stick tables that are never matched, servers that are never checked", () => {
    const outcome = article("transparent");
    assert.deepEqual(errors(outcome), []);
    const { frontends, backends, global } = outcome.configuration;
    assert.deepEqual(
      frontends.map(({ name, id, binds }) => [name, id, binds[0]!.port, binds[0]!.transparent]),
      [
        ["ft_http", 2, 80, true],
        ["ft_https", 4, 443, true],
      ],
    );
    assert.equal(backends[1]!.id, 5);
    assert.equal(backends[0]!.balance, "leastconn");
    assert.deepEqual(backends[0]!.source, { address: undefined, port: 0, useSource: "clientip", interface: undefined });
    assert.deepEqual(backends[0]!.stickTable, { type: "ip", size: 200 * 1024, expire: 1_800_000, noPurge: false });
    assert.deepEqual(backends[1]!.stickRules, [{ match: false, store: true, sample: "src", table: 1 }]);
    assert.deepEqual(
      backends[0]!.servers.map(({ name, check }) => [name, check]),
      [
        ["s1", undefined],
        ["s1-2", undefined],
      ],
    );
    assert.deepEqual([global.user, global.daemon, global.chroot], ["root", true, "/var/lib/haproxy"]);
    assert.deepEqual(frontends[0]!.logs, global.logs);
    assert.deepEqual(outcome.codes, [
      "warning[stick-table-unused]",
      "warning[unchecked-server]",
      "warning[duplicate-server]",
      "warning[stick-table-unused]",
      "warning[unchecked-server]",
      "warning[duplicate-server]",
    ]);
  });

  test("kubernetes-api: two addresses, a frontend and a backend of one name, error pages that are not there", () => {
    const outcome = article("kubernetes-api");
    assert.deepEqual(errors(outcome), []);
    const { frontends, backends, global } = outcome.configuration;
    assert.deepEqual(
      frontends[0]!.binds.map(({ address, port }) => `${address}:${port}`),
      ["192.168.0.10:6443", "192.168.1.10:6443"],
    );
    assert.deepEqual([frontends[0]!.name, backends[0]!.name, frontends[0]!.defaultBackend], ["k8s-api", "k8s-api", 0]);
    assert.deepEqual([frontends[0]!.mode, frontends[0]!.logFormat, frontends[0]!.dontLogNull], ["tcp", "tcplog", true]);
    assert.deepEqual(
      backends[0]!.servers.map(({ check }) => [check?.interval, check?.fastInterval, check?.rise, check?.fall]),
      [
        [10_000, 10_000, 3, 2],
        [10_000, 10_000, 3, 2],
        [10_000, 10_000, 3, 2],
      ],
    );
    assert.deepEqual(
      global.statsSockets.map(({ path, mode, level }) => [path, mode, level]),
      [["/run/haproxy/admin.sock", 0o660, "admin"]],
    );
    assert.equal(global.statsTimeout, 30_000);
    assert.deepEqual(global.bindTlsOptions, ["no-sslv3"]);
    assert.deepEqual(
      global.logs.map(({ target, facility, maxLevel }) => [target, facility, maxLevel]),
      [
        [{ kind: "unix", path: "/dev/log" }, 16, "debug"],
        [{ kind: "unix", path: "/dev/log" }, 17, "notice"],
      ],
    );
    assert.equal(frontends[0]!.errorFiles.find(({ status }) => status === 503)?.content?.slice(0, 12), "HTTP/1.0 503");
    assert.deepEqual(outcome.codes, [
      ...Array(5).fill("warning[unreadable-file]"),
      "warning[unreadable-file]",
      "warning[shared-name]",
      "warning[misplaced-keyword]",
    ]);
  });
});
