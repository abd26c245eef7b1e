/** What the neighbours believe, on real interfaces: a gateway that is hard of hearing, and a box that holds too much. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { InstanceStatus } from "../../src/failover/failover.js";
import { Lab } from "../../src/lab/lab.js";
import { eventually } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";

const MAIN = fileURLToPath(new URL("./failover-main.js", import.meta.url));
const CONFIG = "/etc/keepalived/keepalived.conf";
const MAC = "02:00:00:00:00:11";
const PATIENCE = { deadlineMs: 10_000, everyMs: 50 };

/** The owner of its addresses: master at once. */
const instance = (id: number, address: string): string => `
vrrp_instance VI_${id} {
  state MASTER
  interface eth0
  virtual_router_id ${id}
  priority 255
  virtual_ipaddress {
    ${address}
  }
}`;

/**
 * The gateway takes no announcement of anybody's, and nothing at all in the name of 192.0.2.103: as routers and switches
 * do that know better.
 */
const HARD_OF_HEARING = `
table arp hearing {
  chain input {
    type filter hook input priority 0;
    arp saddr ip 192.0.2.103 drop
    arp daddr ether ff:ff:ff:ff:ff:ff drop
  }
}
table ip6 hearing {
  chain input {
    type filter hook input priority 0;
    ip6 daddr ff02::1 icmpv6 type nd-neighbor-advert drop
  }
}`;

describe("the neighbours of a master", { skip: needsRoot }, () => {
  test("a gateway deaf to announcements learns from a question, one that refuses is told of, and so is a rival", async (t) => {
    const lab = await Lab.create({ name: "neighbours" });
    t.after(() => lab.destroy());
    const host = (name: string, last: number, gateway?: string, mac?: string) =>
      lab.host(name, {
        interfaces: {
          eth0: {
            network: "lan",
            address: [`192.0.2.${last}/24`, `2001:db8::${last}/64`],
            ...(gateway === undefined ? {} : { gateway }),
            ...(mac === undefined ? {} : { mac }),
          },
        },
      });
    const [own, gateway, rival] = await Promise.all([
      host("lb1", 11, "192.0.2.1", MAC),
      host("gw", 1),
      host("rival", 12),
    ]);
    await own.mustRun(["ip", "-6", "route", "add", "default", "via", "2001:db8::1"]);
    await gateway.mustRun(["nft", "-f", "-"], { input: HARD_OF_HEARING });
    for (const address of ["192.0.2.102/32", "2001:db8::102/128"])
      await rival.mustRun(["ip", "address", "add", address, "dev", "eth0"]);
    // Where the addresses lived before, as the gateway has it.
    for (const address of ["192.0.2.101", "2001:db8::101"])
      await gateway.mustRun([
        "ip",
        "neigh",
        "replace",
        address,
        "lladdr",
        "02:00:00:00:00:99",
        "dev",
        "eth0",
        "nud",
        "stale",
      ]);

    const addresses = ["192.0.2.101", "192.0.2.102", "192.0.2.103", "2001:db8::101", "2001:db8::102"];
    own.writeFile(CONFIG, addresses.map((address, index) => instance(index + 1, address)).join("\n"));
    const program = own.start([process.execPath, MAIN, CONFIG]);
    const known = async (address: string): Promise<string> => gateway.mustRun(["ip", "neigh", "show", address]);
    for (const address of ["192.0.2.101", "2001:db8::101"])
      await eventually(
        () => known(address),
        (entry) => entry.includes(`lladdr ${MAC}`),
        PATIENCE,
      );
    await program.waitForLine(
      /\(VI_2\) alarm: \S+ answers for 192\.0\.2\.102, which is held here/,
      PATIENCE.deadlineMs,
    );
    await program.waitForLine(/\(VI_5\) alarm: \S+ answers for 2001:db8::102, which is held here/, PATIENCE.deadlineMs);
    await program.waitForLine(/\(VI_3\) alarm: the gateway 192\.0\.2\.1 answers this host/, PATIENCE.deadlineMs);
    program.kill("SIGUSR1");
    const status = JSON.parse((await program.waitForLine(/^status: /)).text.slice(8)) as InstanceStatus[];
    assert.deepEqual(
      status.map(({ alarms }) => alarms.map(({ alarm }) => alarm)),
      [[], ["both-hold"], ["gateway"], [], ["both-hold"]],
    );
  });
});
