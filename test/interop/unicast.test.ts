/** Unicast on a host with two virtual routers of one number, by whatever interface its routes say, beside keepalived. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab } from "../../src/lab/lab.js";
import { eventually, throughout } from "../support/eventually.js";
import { needsRootAnd } from "../support/root.js";
import { FailoverNode, KEEPALIVED_CONF } from "./support/node.js";

const instance = (name: string, own: number, peer: number, priority: number, words: string, address: string): string =>
  `vrrp_instance ${name} {
    ${words}
    version 3
    virtual_router_id 51
    advert_int 0.1
    priority ${priority}
    unicast_src_ip 192.0.2.${own}
    unicast_peer {
        192.0.2.${peer}
    }
    virtual_ipaddress {
        ${address}
    }
}
`;

test("two virtual routers of one number have different peers, and no interface", {
  skip: needsRootAnd("keepalived"),
}, async (t) => {
  const lab = await Lab.create({ name: "unicast" });
  t.after(() => lab.destroy());
  const node = async (name: string, own: number, program: "bascule" | "keepalived", text: string) => {
    const host = await lab.host(name, { interfaces: { eth0: { network: "lan", address: `192.0.2.${own}/24` } } });
    host.writeFile(KEEPALIVED_CONF, text);
    return new FailoverNode(host, program);
  };
  const both =
    "global_defs {\n default_interface eth0\n}\n" +
    instance("VI_1", 10, 11, 100, "", "192.0.2.101/24") +
    instance("VI_2", 10, 12, 100, "", "192.0.2.102/24 dev eth0");
  const shared = await node("shared", 10, "bascule", both);
  const better = await node(
    "better",
    11,
    "keepalived",
    instance("VI_1", 11, 10, 150, "interface eth0", "192.0.2.101/24"),
  );
  const worse = await node("worse", 12, "keepalived", instance("VI_1", 12, 10, 50, "interface eth0", "192.0.2.102/24"));
  const holders = () => [lab.holders("192.0.2.101"), lab.holders("192.0.2.102")];

  await Promise.all([better.start(), worse.start()]);
  await shared.start();
  await eventually(holders, [["better"], ["shared"]], { deadlineMs: 8_000 });
  // Were one's advertisements taken for the other's, somebody would take over within a master-down interval.
  await throughout(1_000, holders, [["better"], ["shared"]]);
  await better.stop();
  await eventually(holders, [["shared"], ["shared"]], { deadlineMs: 3_000 });
  await shared.stop();
  await eventually(holders, [[], ["worse"]], { deadlineMs: 3_000 });
  await worse.stop();
  assert.doesNotMatch(shared.output(), /alarm|not a unicast peer|unexpected/);
});
