/**
 * Bascule beside Debian's keepalived: each of them first as the preferred master and then as the standby, over
 * multicast with a password (the article "caddy-pair") and over unicast ("kubernetes-api", without its script, which
 * keepalived 2.2 never finds succeeding, and without its delay). In a load balancer's place, each node answers itself.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type ArticleName, createArticleLab } from "../../src/lab/article-labs.js";
import type { Host } from "../../src/lab/host.js";
import { runWebServer } from "../../src/lab/programs.js";
import { throughout } from "../support/eventually.js";
import { articleConfigs } from "../support/repository.js";
import { needsRootAnd } from "../support/root.js";
import { FailoverNode, KEEPALIVED_CONF } from "./support/node.js";
import { Pair } from "./support/pair.js";
import { masterDownMs, SLACK_MS, skewMs } from "./support/protocol.js";

const WAYS = [
  { way: "multicast with a password", article: "caddy-pair", port: 80, first: 150 },
  { way: "unicast", article: "kubernetes-api", port: 6443, first: 200 },
] as const satisfies readonly { way: string; article: ArticleName; port: number; first: number }[];

const ROLES = [
  ["bascule", "keepalived"],
  ["keepalived", "bascule"],
] as const;

function withoutScriptAndDelay(host: Host): void {
  const text = host.readFile(KEEPALIVED_CONF);
  host.writeFile(KEEPALIVED_CONF, text.replace(/track_script \{[^}]*\}/, "").replace(/preempt_delay \d+/, ""));
}

async function startMixedPair(t: TestContext, name: ArticleName, programs: (typeof ROLES)[number], port: number) {
  const article = await createArticleLab(name, articleConfigs);
  t.after(() => article.destroy());
  const [lb1, lb2] = article.loadBalancers;
  for (const host of article.loadBalancers) withoutScriptAndDelay(host);
  const pair = new Pair(t, article, [new FailoverNode(lb1, programs[0]), new FailoverNode(lb2, programs[1])]);
  await Promise.all([lb1, lb2].map((host) => runWebServer(host, [port])));
  await pair.start();
  return pair;
}

describe("a mixed pair", { skip: needsRootAnd("keepalived"), concurrency: true }, () => {
  for (const { way, article, port, first } of WAYS)
    for (const programs of ROLES)
      test(`${way}: ${programs[0]} is preferred, ${programs[1]} stands by`, async (t) => {
        const pair = await startMixedPair(t, article, programs, port);
        const [lb1, lb2] = pair.nodes;
        const names = pair.article.virtualAddresses.map(() => ["lb1"]);

        await pair.step("the preferred one holds the virtual IP alone", async () => {
          await pair.isHeldBy(lb1);
          // Were its advertisements not understood, the other would hold it too by then.
          await throughout(masterDownMs(100) - masterDownMs(first) + 500, () => pair.holders(), names);
          assert.doesNotMatch(`${lb1.output()}${lb2.output()}`, /passwd|checksum|mismatch|unexpected|invalid/i);
        });

        await pair.step("when it is stopped, the other takes over after its skew", async () => {
          const { gapMs } = await pair.move(lb1.stop, lb2, 3_000);
          assert.ok(gapMs <= skewMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
          await lb2.waitForLine(/Backup received priority 0 advertisement/);
        });

        await pair.step("when it is back, it preempts, and hardly a request is lost", async () => {
          const { gapMs } = await pair.move(() => lb1.start(), lb1, masterDownMs(first) + 3_000);
          assert.ok(gapMs <= SLACK_MS, `the client's gap was ${gapMs} ms`);
          await lb2.waitForLine(/Master received advert from \S+ with higher priority \d+, ours 100/);
        });

        await pair.step("when its box dies, the other takes over within a master-down interval", async () => {
          const { gapMs } = await pair.move(() => lb1.host.kill(), lb2, 5_000);
          assert.ok(gapMs <= masterDownMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
        });

        await pair.step("when the box is up again, it preempts", async () => {
          await lb1.host.boot();
          await runWebServer(lb1.host, [port]);
          const { gapMs } = await pair.move(() => lb1.start(), lb1, masterDownMs(first) + 3_000);
          assert.ok(gapMs <= SLACK_MS, `the client's gap was ${gapMs} ms`);
        });

        await pair.step("the standby leaves nothing behind when it stops", () => pair.leavesNothingBehind(lb2));
      });
});
