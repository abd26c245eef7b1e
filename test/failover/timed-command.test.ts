import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defaultGlobal } from "../../src/config/keepalived/defaults.js";
import { fromSeconds } from "../../src/config/units.js";
import { receiveBufferOf } from "../../src/failover/endpoint.js";
import { runTimed } from "../../src/failover/timed-command.js";
import { advertising } from "./support.js";

test("a start-up script is waited for, and ended when it takes too long; what fails is said", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "timed-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const logs: string[] = [];
  const run = (body: string, seconds = 5): void => {
    const path = join(folder, "script");
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
    const user = { user: "root", group: undefined, supplementaryGroups: false };
    runTimed({ argv: [path], user, timeout: fromSeconds(seconds) }, defaultGlobal, (line) => logs.push(line));
  };
  run(`sleep 0.2; touch ${folder}/done`);
  assert.ok(existsSync(join(folder, "done")));
  assert.deepEqual(logs, []);
  run("exit 3");
  assert.match(logs.splice(0).join("\n"), /script$|exited with status 3$/);
  const before = performance.now();
  run("exec sleep 30", 0.3);
  assert.ok(performance.now() - before < 10_000);
  assert.match(logs.join("\n"), /ETIMEDOUT/);
});

test("receive buffers are what the instance says, else what the policy makes of a packet's size", () => {
  const by = (policy: "mtu" | "advert" | number | undefined, receiveBuffer?: number) =>
    receiveBufferOf({ receiveBuffer }, advertising, { policy, multiplier: 3 });
  assert.equal(by(undefined), undefined);
  assert.equal(by("mtu", 9_000), 9_000);
  assert.equal(by(4_096), 4_096);
  assert.equal(by("mtu"), 4_500);
  assert.equal(by("advert"), 3 * (20 + 16 + 4));
});
