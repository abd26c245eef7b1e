/**
 * The article "web-pair": HAProxy in HTTP mode over two servers, priorities 101 and 100 without a password, and
 * `systemctl is-active haproxy` as a check of weight 0 every second.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { needsRoot } from "../support/root.js";
import { MANNERS } from "./support/node.js";
import { startPair } from "./support/pair.js";
import { masterDownMs, SLACK_MS, skewMs } from "./support/protocol.js";

const CHECK_INTERVAL_MS = 1_000;

describe("web-pair", { skip: needsRoot, concurrency: true }, () => {
  for (const manner of MANNERS)
    test(`Bascule ${manner}`, async (t) => {
      const pair = await startPair(t, "web-pair", manner);
      const [lb1, lb2] = pair.nodes;

      await pair.step("lb1 has the higher priority and holds the virtual IP", () => pair.isHeldBy(lb1));

      await pair.step("requests go to the two servers in turn", async () => {
        const servers = (await pair.ask(10)).map(({ server }) => server);
        assert.deepEqual(servers.toSorted(), [...Array(5).fill("web1"), ...Array(5).fill("web2")]);
        for (const [index, server] of servers.entries()) if (index > 0) assert.notEqual(server, servers[index - 1]);
      });

      await pair.step("when lb1's proxy stops, lb2 takes over after at most a check and a skew", async () => {
        const { gapMs } = await pair.move(lb1.stopProxy, lb2, 4_000);
        assert.ok(gapMs <= CHECK_INTERVAL_MS + skewMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
      });

      await pair.step("when it runs again, lb1 takes the virtual IP back, and hardly a request is lost", async () => {
        const { gapMs } = await pair.move(lb1.startProxy, lb1, CHECK_INTERVAL_MS + masterDownMs(101) + 3_000);
        assert.ok(gapMs <= SLACK_MS, `the client's gap was ${gapMs} ms`);
      });

      await pair.step("when lb1's box dies, lb2 takes over within a master-down interval", async () => {
        const { gapMs } = await pair.move(() => lb1.host.kill(), lb2, 5_000);
        assert.ok(gapMs <= masterDownMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
      });

      await pair.step("a stop of the holder leaves no address behind", () => pair.leavesNothingBehind(lb2));
    });
});
