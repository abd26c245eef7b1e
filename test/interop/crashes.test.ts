/** What no operator asked for: processes that are killed, and links that die. On "web-pair", where nothing else is said. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { ArticleName } from "../../src/lab/article-labs.js";
import { runProbe } from "../../src/lab/programs.js";
import { eventually, throughout } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";
import type { BalancerNode, Manner } from "./support/node.js";
import { type Pair, startPair } from "./support/pair.js";
import { masterDownMs, SLACK_MS, skewMs } from "./support/protocol.js";

const CHECK_INTERVAL_MS = 1_000;

/** lb1 holds the virtual IP when this resolves. */
async function startElected(
  t: TestContext,
  manner: Manner,
  article: ArticleName = "web-pair",
): Promise<Pair<BalancerNode>> {
  const pair = await startPair(t, article, manner);
  await pair.isHeldBy(pair.nodes[0]);
  return pair;
}

/** SIGKILL for every process that goes by this name. */
const kill = ({ host }: BalancerNode, name: string) => host.mustRun(["killall", "-KILL", name]);

describe("crashes", { skip: needsRoot, concurrency: 3 }, () => {
  test("a proxy that is killed makes the virtual IP move after at most a check and a skew", async (t) => {
    const pair = await startElected(t, "in the places of haproxy and keepalived");
    const [lb1, lb2] = pair.nodes;
    const { gapMs } = await pair.move(() => kill(lb1, "haproxy"), lb2, 4_000);
    assert.ok(gapMs <= CHECK_INTERVAL_MS + skewMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
  });

  test("a proxy that is killed under the supervisor is restarted at once, and lb1 goes on or is back", async (t) => {
    const pair = await startElected(t, "run as one program");
    const [lb1] = pair.nodes;
    const probe = await runProbe(pair.article.client, { url: pair.article.url });
    await kill(lb1, "haproxy");
    await lb1.waitForLine(/proxy was killed by SIGKILL: restarting at once/);
    // Whether a check falls into the restart is chance: if so, lb2 holds the address for a while.
    await throughout(
      masterDownMs(101) + 2 * CHECK_INTERVAL_MS,
      () => pair.holders()[0]!.length,
      (count) => count <= 1,
    );
    await pair.isHeldBy(lb1);
    const { longestGapMs } = await probe.stop();
    t.diagnostic(`the client's gap: ${Math.round(longestGapMs)} ms`);
    assert.ok(longestGapMs <= CHECK_INTERVAL_MS + skewMs(100) + SLACK_MS, `the client's gap was ${longestGapMs} ms`);
  });

  test("a fail-over part that is killed under the supervisor goes on as master, and nobody notices", async (t) => {
    const pair = await startElected(t, "run as one program");
    const [lb1, lb2] = pair.nodes;
    const probe = await runProbe(pair.article.client, { url: pair.article.url });
    await kill(lb1, "keepalived");
    await lb1.waitForLine(/failover was killed by SIGKILL: restarting at once/);
    // Were the new process silent, lb2 would hold the address too by then.
    await throughout(masterDownMs(100) + 1_000, () => pair.holders(), [["lb1"]]);
    const { longestGapMs, failed } = await probe.stop();
    assert.equal(failed, 0);
    assert.ok(longestGapMs <= SLACK_MS, `the client's gap was ${longestGapMs} ms`);
    assert.equal(lb1.output().match(/\(VI_1\) Entering MASTER STATE/g)?.length, 2);
    assert.doesNotMatch(lb2.output(), /Entering MASTER STATE/);
    const { gapMs } = await pair.move(() => lb1.stopFailover(), lb2, 3_000);
    assert.ok(gapMs <= skewMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
  });

  test("a fail-over part that is killed twice within a second goes on as master as well", async (t) => {
    const pair = await startElected(t, "run as one program");
    const [lb1, lb2] = pair.nodes;
    const probe = await runProbe(pair.article.client, { url: pair.article.url });
    await kill(lb1, "keepalived");
    await lb1.waitForLine(/failover was killed by SIGKILL: restarting at once/);
    // As soon as the next one has its name, and before it can be master.
    await eventually(
      () => kill(lb1, "keepalived"),
      () => true,
    );
    await throughout(masterDownMs(100) + 1_000, () => pair.holders(), [["lb1"]]);
    const { longestGapMs } = await probe.stop();
    assert.ok(longestGapMs <= SLACK_MS, `the client's gap was ${longestGapMs} ms`);
    assert.doesNotMatch(lb2.output(), /Entering MASTER STATE/);
    assert.equal(lb1.output().match(/failover was killed by SIGKILL: restarting at once/g)?.length, 2);
  });

  test("when the supervisor is killed its parts stop by themselves: lb2 takes over after its skew", async (t) => {
    const pair = await startElected(t, "run as one program");
    const [lb1, lb2] = pair.nodes;
    const { gapMs } = await pair.move(() => kill(lb1, "bascule"), lb2, 3_000);
    assert.ok(gapMs <= skewMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
    await lb2.waitForLine(/Backup received priority 0 advertisement/);
  });

  test("when lb1's link dies lb2 takes over, and when it is back so is lb1", async (t) => {
    const pair = await startElected(t, "run as one program");
    const [lb1, lb2] = pair.nodes;
    const { gapMs } = await pair.move(() => lb1.host.unplug("eth0"), lb2, 5_000);
    assert.ok(gapMs <= masterDownMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
    const back = await pair.move(() => lb1.host.plug("eth0"), lb1, masterDownMs(101) + 3_000);
    assert.ok(back.gapMs <= SLACK_MS, `the client's gap was ${back.gapMs} ms`);
  });

  test("when the link that VRRP does not use dies, lb1 resigns over the other one", async (t) => {
    const pair = await startElected(t, "run as one program", "kubernetes-api");
    const [lb1, lb2] = pair.nodes;
    const { gapMs } = await pair.move(() => lb1.host.unplug("ens33"), lb2, 3_000);
    assert.ok(gapMs <= skewMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
    await lb1.waitForLine(/\(VI_K8S\): entering FAULT state \(interface ens33 down\)/);
    await lb2.waitForLine(/Backup received priority 0 advertisement/);
  });
});
