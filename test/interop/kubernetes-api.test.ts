/**
 * The article "kubernetes-api": TCP for three API servers, virtual IPs on two networks, unicast VRRP with priorities
 * 200 and 100, `pidof haproxy` of weight 0 every second, and a `preempt_delay` of 30 s.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { throughout } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";
import { MANNERS, type PairNode } from "./support/node.js";
import { startPair } from "./support/pair.js";
import { ADVERT_INTERVAL_MS, masterDownMs, SLACK_MS, skewMs } from "./support/protocol.js";

const CHECK_INTERVAL_MS = 1_000;
const PREEMPT_DELAY_MS = 30_000;
const OUTSIDE = "192.168.0.10";
const INSIDE = "192.168.1.10";

/** The virtual addresses of a node as `interface address/prefix`. */
async function virtualAddresses({ host }: PairNode): Promise<string[]> {
  const own = (await host.addresses()).filter(({ address }) => address === OUTSIDE || address === INSIDE);
  return own.map((each) => `${each.interface} ${each.address}/${each.prefixLength}`);
}

/** Where the node's TCP listeners are. */
async function listening({ host }: PairNode): Promise<string[]> {
  const lines = (await host.mustRun(["ss", "-ltnH"])).trim().split("\n");
  return [...new Set(lines.map((line) => line.trim().split(/\s+/)[3]!))].toSorted();
}

/** Sessions so far by server, as `show stat` tells them on the article's stats socket. */
async function sessionsByServer({ host }: PairNode): Promise<Record<string, number>> {
  const script = `const s = require("net").connect("/run/haproxy/admin.sock", () => s.end("show stat\\n")); s.pipe(process.stdout)`;
  const [head, ...rows] = (await host.mustRun([process.execPath, "-e", script])).trim().split("\n");
  const column = (name: string) => head!.replace(/^# /, "").split(",").indexOf(name);
  const servers = rows.map((row) => row.split(",")).filter((row) => row[column("svname")]!.startsWith("master"));
  return Object.fromEntries(servers.map((row) => [row[column("svname")]!, Number(row[column("stot")])]));
}

describe("kubernetes-api", { skip: needsRoot, concurrency: true }, () => {
  for (const manner of MANNERS)
    test(`Bascule ${manner}`, async (t) => {
      const pair = await startPair(t, "kubernetes-api", manner);
      const [lb1, lb2] = pair.nodes;

      await pair.step("lb1 holds both virtual IPs, each on its network's interface", async () => {
        await pair.isHeldBy(lb1);
        assert.deepEqual(await virtualAddresses(lb1), [`ens32 ${INSIDE}/24`, `ens33 ${OUTSIDE}/24`]);
        assert.deepEqual(await virtualAddresses(lb2), []);
      });

      await pair.step("the proxy of the standby is bound to them already, without any sysctl", async () => {
        const bound = [`${OUTSIDE}:6443`, `${INSIDE}:6443`];
        assert.deepEqual(await listening(lb2), bound);
        assert.deepEqual(await listening(lb1), bound);
        assert.equal(await lb2.host.mustRun(["cat", "/proc/sys/net/ipv4/ip_nonlocal_bind"]), "0\n");
      });

      await pair.step("connections to either go to the three servers in turn", async () => {
        for (const address of [OUTSIDE, INSIDE]) {
          const servers = (await pair.ask(9, `http://${address}:6443/`)).map(({ server }) => server);
          for (const server of ["master1", "master2", "master3"])
            assert.equal(servers.filter((each) => each === server).length, 3, `${address}: ${servers.join(" ")}`);
        }
      });

      await pair.step("show stat on its stats socket has counted them", async () => {
        assert.deepEqual(await sessionsByServer(lb1), { master1: 6, master2: 6, master3: 6 });
        assert.deepEqual(await sessionsByServer(lb2), { master1: 0, master2: 0, master3: 0 });
      });

      await pair.step("when lb1's proxy stops, both move within a check and a skew", async () => {
        const { gapMs } = await pair.move(lb1.stopProxy, lb2, 4_000);
        assert.ok(gapMs <= CHECK_INTERVAL_MS + skewMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
        assert.deepEqual(await virtualAddresses(lb2), [`ens32 ${INSIDE}/24`, `ens33 ${OUTSIDE}/24`]);
      });

      await pair.step("when it runs again, lb1 waits for 30 s before it takes them back", async () => {
        const { gapMs } = await pair.move(
          async () => {
            await lb1.startProxy();
            await throughout(PREEMPT_DELAY_MS - 100, () => pair.holders(), [["lb2"], ["lb2"]], 50);
          },
          lb1,
          CHECK_INTERVAL_MS + ADVERT_INTERVAL_MS + PREEMPT_DELAY_MS + masterDownMs(200) + 2_000,
        );
        assert.ok(gapMs <= SLACK_MS, `the client's gap was ${gapMs} ms`);
      });

      await pair.step("when lb1's box dies, lb2 takes over within a master-down interval", async () => {
        const { gapMs } = await pair.move(() => lb1.host.kill(), lb2, 5_000);
        assert.ok(gapMs <= masterDownMs(100) + SLACK_MS, `the client's gap was ${gapMs} ms`);
      });

      await pair.step("a stop of the holder leaves no address behind", () => pair.leavesNothingBehind(lb2));
    });
});
