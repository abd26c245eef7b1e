/**
 * The article "transparent": TCP with the client's own address towards the servers, whose gateway is the virtual IP;
 * least connections; equal priorities, a password, and `killall -0 haproxy` of weight 0 every second.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { throughout } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";
import { MANNERS } from "./support/node.js";
import { startPair } from "./support/pair.js";
import { masterDownMs, SLACK_MS, skewMs } from "./support/protocol.js";

const CHECK_INTERVAL_MS = 1_000;
const CLIENT = "203.0.113.10";

describe("transparent", { skip: needsRoot, concurrency: true }, () => {
  for (const manner of MANNERS)
    test(`Bascule ${manner}`, async (t) => {
      const pair = await startPair(t, "transparent", manner);
      const [lb1, lb2] = pair.nodes;
      const serversSeeTheClient = async (url: string) => {
        const answers = await pair.ask(8, url);
        assert.deepEqual(new Set(answers.map(({ client }) => client)), new Set([CLIENT]));
        assert.deepEqual(new Set(answers.map(({ server }) => server)), new Set(["s1", "s2"]));
      };

      await pair.step("priorities are equal: lb1 was first, and holds the virtual IP as it is written", async () => {
        await pair.isHeldBy(lb1);
        const [own] = (await lb1.host.addresses("enp0s3")).filter(({ address }) => address === "192.168.69.110");
        assert.deepEqual([own?.prefixLength, own?.scope, own?.broadcast], [32, "global", "192.168.69.255"]);
      });

      await pair.step("both servers are used and see the client's address, on both ports", async () => {
        await serversSeeTheClient("http://192.168.69.110/");
        await serversSeeTheClient("http://192.168.69.110:443/");
      });

      await pair.step("when lb1's proxy stops, lb2 takes over after at most a check and a skew", async () => {
        const { gapMs } = await pair.move(lb1.stopProxy, lb2, 4_000);
        assert.ok(gapMs <= CHECK_INTERVAL_MS + skewMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
        await serversSeeTheClient("http://192.168.69.110/");
      });

      await pair.step("when it runs again, nothing moves: equal priorities do not preempt", async () => {
        await lb1.startProxy();
        await throughout(CHECK_INTERVAL_MS + masterDownMs(100) + 500, () => pair.holders(), [["lb2"]]);
      });

      await pair.step("when lb2's box dies, lb1 takes over within a master-down interval", async () => {
        const { gapMs } = await pair.move(() => lb2.host.kill(), lb1, 5_000);
        assert.ok(gapMs <= masterDownMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
        await serversSeeTheClient("http://192.168.69.110/");
      });

      await pair.step("a stop of the holder leaves no address, rule, route or table behind", () =>
        pair.leavesNothingBehind(lb1),
      );
    });
});
