/**
 * The article "caddy-pair" under attack: a third host on the wire sends advertisements that must be discarded, each
 * with a priority that would win. lb2 runs the same engine without the program around it, to show its counters.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { InstanceStatus } from "../../src/failover/failover.js";
import { REJECTIONS } from "../../src/failover/wire/packet.js";
import { createArticleLab } from "../../src/lab/article-labs.js";
import type { Host } from "../../src/lab/host.js";
import type { HostProcess } from "../../src/lab/host-process.js";
import { runProbe } from "../../src/lab/programs.js";
import { eventually, throughout } from "../support/eventually.js";
import { articleConfigs } from "../support/repository.js";
import { needsRoot } from "../support/root.js";
import { acceptable, malformed, noise, notEvenIp } from "./support/hostile-frames.js";
import { basculeNode, KEEPALIVED_CONF, type PairNode } from "./support/node.js";
import { Pair } from "./support/pair.js";
import { masterDownMs, SLACK_MS } from "./support/protocol.js";

const SENDER = fileURLToPath(new URL("./support/send-frames-main.js", import.meta.url));
const ENGINE = fileURLToPath(new URL("../failover/failover-main.js", import.meta.url));

class EngineNode implements PairNode {
  #program: HostProcess | undefined;

  constructor(readonly host: Host) {}

  async start(): Promise<void> {
    this.#program = this.host.start([process.execPath, ENGINE, KEEPALIVED_CONF]);
    await this.#program.waitForLine(/^running/, 10_000);
  }

  async stop(): Promise<void> {
    await this.#program!.stop();
  }

  output = (): string => this.#program?.output ?? "";
  waitForLine = (pattern: RegExp) => this.#program!.waitForLine(pattern);

  async status(): Promise<InstanceStatus> {
    const known = this.#program!.lines.length;
    this.#program!.kill("SIGUSR1");
    const find = () => this.#program!.lines.slice(known).find(({ text }) => text.startsWith("status: "));
    const line = await eventually(find, Boolean);
    return (JSON.parse(line!.text.slice("status: ".length)) as InstanceStatus[])[0]!;
  }
}

test("malformed advertisements change nothing, and each is counted", { skip: needsRoot }, async (t) => {
  const article = await createArticleLab("caddy-pair", articleConfigs);
  t.after(() => article.destroy());
  const [host1, host2] = article.loadBalancers;
  const [lb1, lb2] = [basculeNode(host1, "run as one program"), new EngineNode(host2)];
  const pair = new Pair<PairNode>(t, article, [lb1, lb2]);
  await article.startServers();
  await pair.start();

  const send = (frames: readonly Buffer[]): Promise<string> =>
    article.client.mustRun([process.execPath, SENDER, "eth0"], {
      input: frames.map((frame) => `${frame.toString("hex")}\n`).join(""),
    });
  const hostile = malformed(30, "192.168.0.42");
  const refused = [...hostile.values()].flat();

  await pair.step("lb1 holds the virtual IP", () => pair.isHeldBy(lb1));

  await pair.step(`under ${refused.length} malformed advertisements nothing moves and no request is lost`, async () => {
    const probe = await runProbe(article.client, { url: article.url });
    await send(refused);
    // Had one silenced lb1 or put lb2's timer off, it would show by then.
    await throughout(masterDownMs(100) + SLACK_MS, () => pair.holders(), [["lb1"]]);
    const { failed, longestGapMs } = await probe.stop();
    assert.equal(failed, 0);
    assert.ok(longestGapMs < SLACK_MS, `the client's gap was ${longestGapMs} ms`);
    assert.equal(lb1.output().match(/Entering/g)?.length, 2, "BACKUP, then MASTER");
    assert.equal(lb2.output().match(/Entering/g)?.length, 1, "BACKUP");
  });

  await pair.step("each is counted under the reason that the RFC gives", async () => {
    const expected = Object.fromEntries(REJECTIONS.map((reason) => [reason, hostile.get(reason)?.length ?? 0]));
    assert.deepEqual((await lb2.status()).rejected, expected);
  });

  await pair.step("each reason is in the log once, in keepalived's words where it has them", () => {
    const words = [
      /received an invalid passwd from 192\.168\.0\.200!/g,
      /received a 0 auth from 192\.168\.0\.200, expecting 1!/g,
      /invalid ttl from 192\.168\.0\.200\. 0 and expect 255/g,
      /Invalid VRRPv2 checksum from 192\.168\.0\.200/g,
      /is cut off/g,
      /another VRRP version, expecting 2/g,
      /that is no advertisement/g,
      /length does not fit its number of addresses/g,
      /advertisement interval mismatch from 192\.168\.0\.200 mine=1 sec rcv'ed=2 sec/g,
    ];
    for (const pattern of words) assert.equal(lb1.output().match(pattern)?.length, 1, `${pattern}`);
    return Promise.resolve();
  });

  await pair.step("so are 200 of noise; frames that are not even IP never arrive", async () => {
    const count = async () => Object.values((await lb2.status()).rejected).reduce((sum, each) => sum + each, 0);
    const before = await count();
    await send(notEvenIp(100));
    await send(noise(200));
    await eventually(count, before + 200);
    assert.deepEqual(pair.holders(), [["lb1"]]);
  });

  await pair.step("a well-formed one of that priority is obeyed: the others could have done harm", async () => {
    await send([acceptable()]);
    await lb1.waitForLine(/Master received advert from 192\.168\.0\.200 with higher priority 255, ours 150/);
  });
});
