/**
 * The protocol beside Debian's keepalived, each of them in both roles: versions, families, authentication, intervals
 * down to 10 ms, unicast, groups. Each pair is two boxes on two networks, with addresses and nothing else.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { Lab } from "../../src/lab/lab.js";
import { eventually, throughout } from "../support/eventually.js";
import { needsRootAnd } from "../support/root.js";
import { FailoverNode, KEEPALIVED_CONF } from "./support/node.js";

interface Protocol {
  /** Lines of each instance. */
  readonly words: string;
  readonly addresses: readonly string[];
  /** Milliseconds in which a backup takes over at most: three intervals and a skew. */
  readonly downMs: number;
  readonly unicast?: boolean;
  /** A second instance on the other network, in one group with the first. */
  readonly isGrouped?: boolean;
  /** Lines that keepalived alone has. Bascule finds out what they say, and so is not the one that begins. */
  readonly keepalivedWords?: string;
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  "VRRPv2 with an Authentication Header": {
    words: "authentication {\n auth_type AH\n auth_pass secret\n }",
    addresses: ["192.0.2.100/24"],
    downMs: 3_610,
  },
  "VRRPv2 over unicast with an Authentication Header": {
    words: "authentication {\n auth_type AH\n auth_pass secret\n }",
    addresses: ["192.0.2.100/24"],
    downMs: 3_610,
    unicast: true,
  },
  "VRRPv3 each 100 ms": { words: "version 3\n advert_int 0.1", addresses: ["192.0.2.100/24"], downMs: 361 },
  "VRRPv3 each 10 ms": { words: "version 3\n advert_int 0.01", addresses: ["192.0.2.100/24"], downMs: 37 },
  "VRRPv3 over unicast": {
    words: "version 3\n advert_int 0.1",
    addresses: ["192.0.2.100/24"],
    downMs: 361,
    unicast: true,
  },
  "VRRPv3 over unicast with checksums as keepalived 1.3.6 had them": {
    words: "version 3\n advert_int 0.1",
    addresses: ["192.0.2.100/24"],
    downMs: 361,
    unicast: true,
    keepalivedWords: "old_unicast_checksum",
  },
  "VRRPv3 over IPv6": {
    words: "version 3\n advert_int 0.1",
    addresses: ["fe80::100/64", "2001:db8::100/64"],
    downMs: 361,
  },
  "a virtual MAC address": {
    words: "use_vmac\n version 3\n advert_int 0.1",
    addresses: ["192.0.2.100/24"],
    downMs: 361,
  },
  "a virtual MAC address and an Authentication Header": {
    words: "use_vmac\n authentication {\n auth_type AH\n auth_pass secret\n }",
    addresses: ["192.0.2.100/24"],
    downMs: 3_610,
  },
  "a virtual MAC address, advertised on the interface below": {
    words: "use_vmac\n vmac_xmit_base\n version 3\n advert_int 0.1",
    addresses: ["192.0.2.100/24"],
    downMs: 361,
  },
  "a virtual MAC address for IPv6": {
    words: "use_vmac\n version 3\n advert_int 0.1",
    addresses: ["fe80::100/64", "2001:db8::100/64"],
    downMs: 361,
  },
  "a sync group": { words: "", addresses: ["192.0.2.100/24"], downMs: 3_610, isGrouped: true },
};

const ROLES = [
  ["bascule", "keepalived"],
  ["keepalived", "bascule"],
] as const;

function configuration(protocol: Protocol, own: number, other: number, priority: number, program: string): string {
  const unicast =
    protocol.unicast === true ? `unicast_src_ip 192.0.2.${own}\n unicast_peer {\n 192.0.2.${other}\n }` : "";
  const instance = (name: string, device: string, id: number, addresses: readonly string[]): string => `
vrrp_instance ${name} {
    interface ${device}
    virtual_router_id ${id}
    priority ${priority}
    ${protocol.words}
    ${program === "keepalived" ? (protocol.keepalivedWords ?? "") : ""}
    ${unicast}
    virtual_ipaddress {
        ${addresses.join("\n        ")}
    }
}`;
  const inside = instance("VI_1", "eth0", 51, protocol.addresses);
  if (protocol.isGrouped !== true) return inside;
  const group = "vrrp_sync_group G {\n group {\n VI_1\n VI_2\n }\n}";
  return `${group}\n${inside}\n${instance("VI_2", "eth1", 52, ["203.0.113.100/24"])}`;
}

async function pairOf(t: TestContext, protocol: Protocol, programs: (typeof ROLES)[number]) {
  const lab = await Lab.create({ name: "protocol" });
  t.after(() => lab.destroy());
  const nodes = await Promise.all(
    programs.map(async (program, index) => {
      const [own, other] = index === 0 ? [11, 12] : [12, 11];
      const host = await lab.host(`lb${index + 1}`, {
        interfaces: {
          eth0: { network: "lan", address: `192.0.2.${own}/24` },
          eth1: { network: "other", address: `203.0.113.${own}/24` },
        },
      });
      host.writeFile(KEEPALIVED_CONF, configuration(protocol, own, other, index === 0 ? 150 : 100, program));
      return new FailoverNode(host, program);
    }),
  );
  return { lab, nodes: nodes as [FailoverNode, FailoverNode] };
}

describe("beside keepalived", { skip: needsRootAnd("keepalived"), concurrency: 4 }, () => {
  for (const [name, protocol] of Object.entries(PROTOCOLS))
    for (const programs of protocol.keepalivedWords === undefined ? ROLES : [ROLES[1]])
      test(`${name}: ${programs[0]} is preferred, ${programs[1]} stands by`, async (t) => {
        const { lab, nodes } = await pairOf(t, protocol, programs);
        const [lb1, lb2] = nodes;
        const all = [...protocol.addresses, ...(protocol.isGrouped === true ? ["203.0.113.100/24"] : [])];
        const holders = (): string[][] => all.map((address) => lab.holders(address.replace(/\/.*/, "")));
        const heldBy = (host: string): string[][] => all.map(() => [host]);
        const moves = (host: string) => eventually(holders, heldBy(host), { deadlineMs: protocol.downMs + 6_000 });

        await lb1.start();
        await lb2.start();
        await moves("lb1");
        // Were its advertisements not understood, the other would hold them too by then.
        await throughout(protocol.downMs + 500, holders, heldBy("lb1"));
        await lb1.stop();
        await moves("lb2");
        await lb2.waitForLine(/Backup received priority 0 advertisement/);
        await lb1.start();
        await moves("lb1");
        await throughout(protocol.downMs + 200, holders, heldBy("lb1"));
        assert.doesNotMatch(`${lb1.output()}${lb2.output()}`, /passwd|mismatch|unexpected|invalid|already processed/i);
        await lb2.stop();
        await lb1.stop();
        assert.deepEqual(
          holders(),
          all.map(() => []),
        );
      });
});
