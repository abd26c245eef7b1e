/**
 * What leaves the wire, as Wireshark's dissectors read it: a stranger's opinion of every field and checksum. One host
 * becomes master and resigns; another one listens.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Host } from "../../src/lab/host.js";
import { Lab } from "../../src/lab/lab.js";
import { eventually } from "../support/eventually.js";
import { needsRootAnd } from "../support/root.js";
import { FailoverNode, KEEPALIVED_CONF } from "./support/node.js";

const CAPTURE = "/run/wire.pcap";
const MAC = "02:00:00:00:00:11";
const VIRTUAL_MAC = "00:00:5e:00:01:33";
const VIRTUAL_MAC_IPV6 = "00:00:5e:00:02:33";
/** The owner of the addresses: master at once. */
const OWNER = 255;
/** tshark's verdict on a checksum: neither bad nor unverified. */
const GOOD = "1";

interface Protocol {
  readonly words: string;
  readonly addresses: readonly string[];
  /** Of every advertisement, by the names of tshark's fields. */
  readonly fields: Readonly<Record<string, string>>;
}

const inIpv4 = { "ip.src": "192.0.2.11", "ip.dst": "224.0.0.18", "ip.ttl": "255", "eth.dst": "01:00:5e:00:00:12" };
const inIpv6 = { "ipv6.src": "fe80::11", "ipv6.dst": "ff02::12", "ipv6.hlim": "255", "eth.dst": "33:33:00:00:00:12" };
const addresses4 = { "vrrp.addr_count": "2", "vrrp.ip_addr": "192.0.2.100,192.0.2.101" };
const version2 = { "vrrp.version": "2", "vrrp.adver_int": "1", ...inIpv4, ...addresses4 };
/** Ten hundredths of a second. */
const version3 = { "vrrp.version": "3", "vrrp.short_adver_int": "10" };
const both4 = ["192.0.2.100/24", "192.0.2.101/24"];
const both6 = ["fe80::100/64", "2001:db8::100/64"];
const secret = (type: string): string => `authentication {\n auth_type ${type}\n auth_pass secret\n }`;

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  VRRPv2: { words: "", addresses: both4, fields: { ...version2, "vrrp.auth_type": "0", "eth.src": MAC } },
  "VRRPv2 with a password": {
    words: secret("PASS"),
    addresses: both4,
    fields: { ...version2, "vrrp.auth_type": "1", "vrrp.auth_string": "secret", "eth.src": MAC },
  },
  "VRRPv2 with an Authentication Header": {
    words: secret("AH"),
    addresses: both4,
    fields: { ...version2, "vrrp.auth_type": "2", "ip.proto": "51", "ah.next_header": "112", "eth.src": MAC },
  },
  VRRPv3: {
    words: "version 3\n advert_int 0.1",
    addresses: both4,
    fields: { ...version3, ...inIpv4, ...addresses4, "eth.src": MAC },
  },
  "VRRPv3 over IPv6": {
    words: "version 3\n advert_int 0.1",
    addresses: both6,
    fields: {
      ...version3,
      ...inIpv6,
      "vrrp.addr_count": "2",
      "vrrp.ipv6_addr": "fe80::100,2001:db8::100",
      "eth.src": MAC,
    },
  },
  "a virtual MAC address": {
    words: "use_vmac\n version 3\n advert_int 0.1",
    addresses: both4,
    fields: { ...version3, ...inIpv4, ...addresses4, "eth.src": VIRTUAL_MAC },
  },
  "a virtual MAC address for IPv6": {
    words: "use_vmac\n version 3\n advert_int 0.1",
    addresses: both6,
    fields: { ...version3, "ipv6.dst": "ff02::12", "ipv6.hlim": "255", "eth.src": VIRTUAL_MAC_IPV6 },
  },
};

async function capture(t: TestContext, { words, addresses }: Protocol): Promise<Host> {
  const lab = await Lab.create({ name: "capture" });
  t.after(() => lab.destroy());
  const [own, witness] = await Promise.all([
    lab.host("lb1", { interfaces: { eth0: { network: "lan", address: ["192.0.2.11/24"], mac: MAC } } }),
    lab.host("witness", { interfaces: { eth0: { network: "lan", address: "192.0.2.12/24" } } }),
  ]);
  // The only link-local address, so that it is known where advertisements come from.
  await own.mustRun(["ip", "-6", "address", "flush", "dev", "eth0"]);
  await own.mustRun(["ip", "address", "add", "fe80::11/64", "dev", "eth0"]);
  const filter = "proto 51 or vrrp or arp or icmp6 or ip6 proto 112";
  const sniffer = witness.start(["tcpdump", "-lU", "--print", "-ni", "eth0", "-w", CAPTURE, filter]);
  await sniffer.waitForLine(/listening on/);
  own.writeFile(
    KEEPALIVED_CONF,
    `vrrp_instance VI_1 {
       state MASTER
       interface eth0
       virtual_router_id 51
       priority ${OWNER}
       ${words}
       virtual_ipaddress {
         ${addresses.join("\n")}
       }
     }`,
  );
  const node = new FailoverNode(own, "bascule");
  await node.start();
  const seen = (pattern: RegExp) => (): number => sniffer.lines.filter(({ text }) => pattern.test(text)).length;
  await eventually(seen(/Advertisement.*prio 255/), (count) => count >= 2, { deadlineMs: 10_000 });
  await node.stop();
  await eventually(seen(/Advertisement.*prio 0/), 1);
  await sniffer.stop();
  return witness;
}

/** The packets that match the display filter, each with those fields. The checksum of IP is verified too. */
async function read(host: Host, filter: string, fields: readonly string[]): Promise<Record<string, string>[]> {
  const wanted = fields.flatMap((field) => ["-e", field]);
  const text = await host.mustRun(
    [
      "tshark",
      "-n",
      "-r",
      CAPTURE,
      "-o",
      "ip.check_checksum:TRUE",
      "-Y",
      filter,
      "-T",
      "fields",
      "-E",
      "separator=|",
      ...wanted,
    ],
    { timeoutMs: 30_000 },
  );
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Object.fromEntries(line.split("|").map((value, index) => [fields[index]!, value])));
}

describe("tshark finds nothing wrong", { skip: needsRootAnd("tshark", "tcpdump"), concurrency: 4 }, () => {
  for (const [name, protocol] of Object.entries(PROTOCOLS))
    test(name, async (t) => {
      const witness = await capture(t, protocol);
      const mac = protocol.fields["eth.src"]!;
      const expected = {
        ...protocol.fields,
        "vrrp.type": "1",
        "vrrp.virt_rtr_id": "51",
        "vrrp.checksum.status": GOOD,
      };
      const isIpv6 = protocol.addresses === both6;
      const header = isIpv6 ? {} : { "ip.checksum.status": GOOD };
      const advertisements = await read(witness, "vrrp", [...Object.keys({ ...expected, ...header }), "vrrp.prio"]);
      const last = advertisements.at(-1)!;
      assert.ok(advertisements.length >= 3);
      for (const packet of advertisements.slice(0, -1))
        assert.deepEqual(packet, { ...expected, ...header, "vrrp.prio": String(OWNER) });
      assert.deepEqual(last, { ...expected, ...header, "vrrp.prio": "0" }, "it resigns");
      assert.deepEqual(await read(witness, "_ws.malformed || _ws.expert.severity == error", ["frame.number"]), []);

      const announced = isIpv6 ? await neighbourAdvertisements(witness, mac) : await gratuitousArps(witness, mac);
      const once = protocol.addresses.map((address) => address.replace(/\/.*/, "")).sort();
      assert.deepEqual([...new Set(announced)].sort(), once);
      // vrrp_garp_master_repeat: five at take-over; five seconds later there would be five more.
      assert.equal(announced.length, 5 * once.length);
    });
});

/** @returns the addresses announced. */
async function gratuitousArps(witness: Host, mac: string): Promise<string[]> {
  const fields = ["eth.src", "eth.dst", "arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.proto_ipv4"];
  const packets = await read(witness, "arp.isgratuitous == 1", fields);
  return packets.map((packet) => {
    const address = packet["arp.src.proto_ipv4"]!;
    assert.deepEqual(Object.values(packet), [mac, "ff:ff:ff:ff:ff:ff", mac, address, address]);
    return address;
  });
}

/** Unsolicited, to all nodes (RFC 4861 §7.2.6). @returns the addresses announced. */
async function neighbourAdvertisements(witness: Host, mac: string): Promise<string[]> {
  const target = "icmpv6.nd.na.target_address";
  const fields = [
    ...["eth.src", "eth.dst", "ipv6.src", "ipv6.dst", "ipv6.hlim", target, "icmpv6.opt.linkaddr"],
    ...["icmpv6.nd.na.flag.s", "icmpv6.nd.na.flag.o", "icmpv6.checksum.status"],
  ];
  const packets = await read(witness, `icmpv6.type == 136 && eth.src == ${mac} && icmpv6.nd.na.flag.o == 1`, fields);
  return packets.map((packet) => {
    const address = packet[target]!;
    const wanted = [mac, "33:33:00:00:00:01", address, "ff02::1", "255", address, mac, "0", "1", GOOD];
    assert.deepEqual(Object.values(packet), wanted);
    return address;
  });
}
