/**
 * The article "caddy-pair": priorities 150 and 100 with a password, and no check script. So the virtual IP follows the
 * fail-over part alone, and a proxy that stops keeps it.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { throughout } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";
import { MANNERS } from "./support/node.js";
import { startPair } from "./support/pair.js";
import { masterDownMs, SLACK_MS, skewMs } from "./support/protocol.js";

describe("caddy-pair", { skip: needsRoot, concurrency: true }, () => {
  for (const manner of MANNERS)
    test(`Bascule ${manner}`, async (t) => {
      const pair = await startPair(t, "caddy-pair", manner);
      const [lb1, lb2] = pair.nodes;

      await pair.step("lb1 has the higher priority and holds the virtual IP", () => pair.isHeldBy(lb1));

      await pair.step("requests go to both servers", async () => {
        const servers = (await pair.ask(8)).map(({ server }) => server);
        assert.deepEqual(servers.toSorted(), [...Array(4).fill("web1"), ...Array(4).fill("web2")]);
      });

      await pair.step("without a script, lb1 keeps the virtual IP while its proxy is stopped", async () => {
        await lb1.stopProxy();
        await throughout(2_000, () => pair.holders(), [["lb1"]]);
        await lb1.startProxy();
      });

      await pair.step("when lb1's fail-over part stops, lb2 takes over after its skew", async () => {
        const { gapMs } = await pair.move(lb1.stopFailover, lb2, 3_000);
        assert.ok(gapMs <= skewMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
      });

      await pair.step("when it runs again, lb1 takes the virtual IP back, and hardly a request is lost", async () => {
        const { gapMs } = await pair.move(lb1.startFailover, lb1, masterDownMs(150) + 3_000);
        assert.ok(gapMs <= SLACK_MS, `the client's gap was ${gapMs} ms`);
      });

      await pair.step("when lb1's box dies, lb2 takes over within a master-down interval", async () => {
        const { gapMs } = await pair.move(() => lb1.host.kill(), lb2, 5_000);
        assert.ok(gapMs <= masterDownMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
      });

      await pair.step("a stop of the holder leaves no address behind", () => pair.leavesNothingBehind(lb2));
    });
});
