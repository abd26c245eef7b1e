/**
 * The article "floating-ip": priorities 101 and 100, and `killall -0 haproxy` every 2 s that adds 2. A node without a
 * proxy stays eligible, with 101 against the other's 102; it does not resign, so the other has to time it out.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { needsRoot } from "../support/root.js";
import { MANNERS } from "./support/node.js";
import { startPair } from "./support/pair.js";
import { ADVERT_INTERVAL_MS, masterDownMs, SLACK_MS } from "./support/protocol.js";

const CHECK_INTERVAL_MS = 2_000;

describe("floating-ip", { skip: needsRoot, concurrency: true }, () => {
  for (const manner of MANNERS)
    test(`Bascule ${manner}`, async (t) => {
      const pair = await startPair(t, "floating-ip", manner);
      const [node1, node2] = pair.nodes;

      await pair.step("web-node-1 has the higher priority and holds the virtual IP", async () => {
        await pair.isHeldBy(node1);
        const [own] = (await node1.host.addresses("ens160")).filter(({ address }) => address === "192.168.20.15");
        assert.equal(own?.prefixLength, 24);
      });

      await pair.step("requests go to both servers", async () => {
        const servers = (await pair.ask(8)).map(({ server }) => server);
        assert.deepEqual(servers.toSorted(), [...Array(4).fill("web1"), ...Array(4).fill("web2")]);
      });

      await pair.step("when web-node-1's proxy stops, its priority falls below that of web-node-2", async () => {
        const { gapMs } = await pair.move(node1.stopProxy, node2, 9_000);
        assert.ok(gapMs <= CHECK_INTERVAL_MS + masterDownMs(102) + SLACK_MS, `the client's gap was ${gapMs} ms`);
        await node1.waitForLine(/\(VI_1\) Changing effective priority from 103 to 101/);
        await node1.waitForLine(
          /\(VI_1\) Master received advert from 192\.168\.20\.11 with higher priority 102, ours 101/,
        );
      });

      await pair.step(
        "when it runs again, web-node-1 takes the virtual IP back, and hardly a request is lost",
        async () => {
          const deadline = CHECK_INTERVAL_MS + ADVERT_INTERVAL_MS + masterDownMs(103) + 3_000;
          const { gapMs } = await pair.move(node1.startProxy, node1, deadline);
          assert.ok(gapMs <= SLACK_MS, `the client's gap was ${gapMs} ms`);
        },
      );

      await pair.step("when web-node-1's box dies, web-node-2 takes over within a master-down interval", async () => {
        const { gapMs } = await pair.move(() => node1.host.kill(), node2, 5_000);
        assert.ok(gapMs <= masterDownMs(102) + SLACK_MS, `the client's gap was ${gapMs} ms`);
      });

      await pair.step("a stop of the holder leaves no address behind", () => pair.leavesNothingBehind(node2));
    });
});
