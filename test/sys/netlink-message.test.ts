import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AF_INET, AF_INET6, ipv4Text, ipv6Text } from "../../src/sys/address.js";
import { type AddressSettings, decodeAddress, RTM_NEWADDR, writeAddress } from "../../src/sys/address-message.js";
import { decodeLink, RTM_DELLINK, RTM_NEWLINK, writeLinkState, writeMacvlan } from "../../src/sys/link-message.js";
import { Attributes, decodeOutcome, MessageWriter, splitMessages } from "../../src/sys/netlink-message.js";
import { decodeEvent } from "../../src/sys/netlink-monitor.js";
import { decodeRoute, type RouteSettings, RTM_NEWROUTE, writeRoute } from "../../src/sys/route-message.js";
import { decodeRule, RTM_NEWRULE, type RuleSettings, writeRule } from "../../src/sys/rule-message.js";

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ""), "hex");

/** What `body` writes, as one message of `type`. */
function written(type: number, body: (writer: MessageWriter) => void): Buffer {
  const bytes = Buffer.alloc(1_024, 0xee); // what an earlier message may have left behind
  const writer = new MessageWriter(bytes).begin(type, 0x605, 7);
  body(writer);
  return bytes.subarray(0, writer.finish());
}

const only = (datagram: Buffer) => {
  const messages = splitMessages(datagram);
  assert.equal(messages.length, 1);
  return messages[0]!;
};

// By hand from netlink(7) and rtnetlink(7): struct nlmsghdr, struct ifaddrmsg, then attributes padded to four bytes.
test("`ip address add 192.0.2.1/24 label eth0:1` is these bytes", () => {
  const settings = { index: 2, address: "192.0.2.1", prefixLength: 24, label: "eth0:1" };
  assert.deepEqual(
    written(RTM_NEWADDR, (writer) => writeAddress(writer, settings)),
    hex(`34000000 1400 0506 07000000 00000000
         02 18 00 00 02000000
         0800 0200 c0000201
         0800 0100 c0000201
         0b00 0300 657468303a3100 00`),
  );
});

test("`ip route add local default dev lo table 7400` is these bytes: the table is too large for the header", () => {
  const settings = { destination: "0.0.0.0", prefixLength: 0, oif: 1, table: 7400, type: "local" } as const;
  assert.deepEqual(
    written(RTM_NEWROUTE, (writer) => writeRoute(writer, settings)),
    hex(`2c000000 1800 0506 07000000 00000000
         02 00 00 00 00 04 fe 02 00000000
         0800 0f00 e81c0000
         0800 0400 01000000`),
  );
});

test("`ip rule add priority 5 fwmark 1 lookup 100` is these bytes", () => {
  assert.deepEqual(
    written(RTM_NEWRULE, (writer) => writeRule(writer, { family: AF_INET, priority: 5, mark: 1, table: 100 })),
    hex(`3c000000 2000 0506 07000000 00000000
         02 00 00 00 64 00 00 01 00000000
         0800 0600 05000000
         0800 0a00 01000000
         0800 1000 ffffffff
         0800 0f00 64000000`),
  );
});

test("`ip link set … down` changes the flag UP alone", () => {
  assert.deepEqual(
    written(19, (writer) => writeLinkState(writer, 3, false)),
    hex("20000000 1300 0506 07000000 00000000 00 00 0000 03000000 00000000 01000000"),
  );
});

test("`ip link add link #3 vrrp.51 address … group 7 type macvlan mode private` is these bytes", () => {
  const settings = { name: "vrrp.51", parent: 3, mac: "00:00:5e:00:01:33", group: 7 };
  const bytes = written(RTM_NEWLINK, (writer) => writeMacvlan(writer, settings));
  assert.deepEqual(
    bytes,
    hex(`64000000 1000 0506 07000000 00000000
         00 00 0000 00000000 00000000 00000000
         0c00 0300 767272702e353100
         0800 0500 03000000
         0a00 0100 00005e000133 0000
         0800 1b00 07000000
         1c00 1200 0c00 0100 6d6163766c616e00
                   0c00 0200 0800 0100 01000000`),
  );
  const { name, parent, mac, group, kind } = decodeLink(only(bytes))!;
  assert.deepEqual({ name, parent, mac, group, kind }, { ...settings, kind: "macvlan" });
});

test("a refusal carries its errno and the kernel's explanation", () => {
  // NLM_F_CAPPED | NLM_F_ACK_TLVS: errno, the header of the request, then NLMSGERR_ATTR_MSG.
  const message = only(
    hex(`30000000 0200 0003 07000000 00000000
         edffffff
         28000000 1400 0506 07000000 00000000
         0a00 0100 6e6f206966 00 0000`),
  );
  assert.deepEqual(decodeOutcome(message), { result: -19, explanation: "no if" });
});

test("a refusal that echoes the whole request is read behind it", () => {
  const message = only(
    hex(`34000000 0200 0002 07000000 00000000
         eaffffff
         14000000 1400 0506 07000000 00000000 01020304
         0a00 0100 6e6f206966 00 0000`),
  );
  assert.deepEqual(decodeOutcome(message), { result: -22, explanation: "no if" });
});

test("a bridge that loses a port does not announce the end of the interface", () => {
  const link = (family: string) =>
    only(
      hex(
        `2c000000 1100 0000 00000000 00000000 ${family} 00 0100 05000000 43100100 00000000 0900 0300 65746830 00 000000`,
      ),
    );
  assert.equal(decodeLink(link("00"))?.name, "eth0");
  assert.equal(link("00").type, RTM_DELLINK);
  assert.equal(decodeEvent(link("07")), undefined); // AF_BRIDGE
});

test("a link is up when switched on, and has a carrier when the wire has", () => {
  const flags = (text: string) =>
    decodeLink(
      only(
        hex(`2c000000 1000 0000 00000000 00000000 00 00 0100 05000000 ${text} 00000000 0900 0300 65746830 00 000000`),
      ),
    )!;
  const state = ({ up, running, carrier }: ReturnType<typeof flags>) => ({ up, running, carrier });
  assert.deepEqual(state(flags("43100100")), { up: true, running: true, carrier: true });
  assert.deepEqual(state(flags("03100000")), { up: true, running: false, carrier: false });
  assert.deepEqual(state(flags("02100000")), { up: false, running: false, carrier: false });
});

const ipv4 = fc.nat(0xffffffff).map(ipv4Text);
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => ipv6Text(bytes));
const u32 = fc.nat(0xffffffff);
const label = fc.stringMatching(/^[a-z]{1,8}(:[a-z0-9]{1,6})?$/);
const optional = { requiredKeys: ["index", "address", "prefixLength", "scope"] } as const;
const addressSettings = fc.oneof(
  fc.record(
    {
      index: fc.nat(0x7fffffff),
      address: ipv4,
      prefixLength: fc.nat(32),
      scope: fc.nat(255),
      label,
      broadcast: ipv4,
      peer: ipv4,
    },
    { requiredKeys: [...optional.requiredKeys] },
  ),
  fc.record(
    {
      index: fc.nat(0x7fffffff),
      address: ipv6,
      prefixLength: fc.nat(128),
      scope: fc.nat(255),
      flags: u32,
      peer: ipv6,
      lifetime: fc.record({ preferred: fc.nat(0xffffffff), valid: fc.nat(0xffffffff) }),
    },
    { requiredKeys: [...optional.requiredKeys] },
  ),
);

test("an address comes back as it was written", () =>
  fc.assert(
    fc.property(addressSettings, (settings: AddressSettings) => {
      const decoded = decodeAddress(only(written(RTM_NEWADDR, (writer) => writeAddress(writer, settings))));
      assert.deepEqual(decoded, {
        index: settings.index,
        family: settings.address.includes(":") ? AF_INET6 : AF_INET,
        address: settings.address,
        prefixLength: settings.prefixLength,
        scope: settings.scope,
        label: settings.label,
        broadcast: settings.broadcast,
        peer: settings.peer === settings.address ? undefined : settings.peer,
        flags: settings.flags ?? 0,
      });
    }),
  ));

test("a route comes back as it was written", () =>
  fc.assert(
    fc.property(
      fc.record(
        {
          destination: ipv4,
          prefixLength: fc.integer({ min: 1, max: 32 }),
          gateway: ipv4,
          oif: fc.nat(0x7fffffff),
          table: fc.integer({ min: 1, max: 0xffffffff }),
          type: fc.constantFrom("unicast", "local", "blackhole", "prohibit"),
          scope: fc.nat(255),
          preferredSource: ipv4,
          metric: u32,
        },
        { requiredKeys: ["destination", "prefixLength", "table", "type", "scope"] },
      ),
      (settings: RouteSettings) => {
        const decoded = decodeRoute(only(written(RTM_NEWROUTE, (writer) => writeRoute(writer, settings))));
        const absent = { gateway: undefined, oif: undefined, preferredSource: undefined, metric: undefined };
        assert.deepEqual(decoded, { ...absent, ...settings, family: AF_INET, protocol: 4 });
      },
    ),
  ));

test("a rule comes back as it was written", () =>
  fc.assert(
    fc.property(
      fc.record({ family: fc.constantFrom(AF_INET, AF_INET6), priority: u32, mark: u32, mask: u32, table: u32 }),
      (settings: RuleSettings) => {
        const decoded = decodeRule(only(written(RTM_NEWRULE, (writer) => writeRule(writer, settings))));
        const { family, priority, mark, mask, table, inverted } = decoded!;
        assert.deepEqual({ family, priority, mark, mask, table, inverted }, { ...settings, inverted: false });
      },
    ),
  ));

/** Bytes that look like netlink: a header that may lie about its length, then a body of attributes that may as well. */
const nearlyNetlink = fc
  .tuple(
    fc.constantFrom(2, 3, RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR, 21, RTM_NEWROUTE, 25, RTM_NEWRULE),
    fc.uint8Array({ minLength: 0, maxLength: 16 }),
    fc.array(fc.tuple(fc.nat(24), fc.nat(20), fc.uint8Array({ maxLength: 20 })), { maxLength: 6 }),
    fc.integer({ min: -8, max: 8 }),
    fc.constantFrom(0, 0x100, 0x200, 0x300),
  )
  .map(([type, header, attributes, lie, flags]) => {
    const parts = attributes.map(([length, kind, value]) => {
      const bytes = Buffer.alloc(4 + value.length);
      bytes.writeUInt16LE(length, 0);
      bytes.writeUInt16LE(kind, 2);
      bytes.set(value, 4);
      return bytes;
    });
    const body = Buffer.concat([header, ...parts]);
    const start = Buffer.alloc(16);
    start.writeUInt32LE(Math.max(0, 16 + body.length + lie), 0);
    start.writeUInt16LE(type, 4);
    start.writeUInt16LE(flags, 6);
    return new Uint8Array(Buffer.concat([start, body]));
  });

test("no bytes make a decoder throw or read outside of the datagram", () =>
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), nearlyNetlink), fc.nat(255), (bytes, around) => {
      // The same bytes within two different surroundings: whoever reads outside gives two different answers.
      const answers = [around, 255 - around].map((filling) => {
        const memory = Buffer.alloc(bytes.length + 128, filling);
        memory.set(bytes, 64);
        return splitMessages(memory.subarray(64, 64 + bytes.length)).map((message) => [
          message.type,
          decodeOutcome(message),
          decodeLink(message),
          decodeAddress(message),
          decodeRoute(message),
          decodeRule(message),
          decodeEvent(message),
        ]);
      });
      assert.deepEqual(answers[0], answers[1]);
    }),
    { numRuns: 500 },
  ));

test("a datagram's messages are found one behind the other, and what is cut off is left out", () =>
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }), fc.nat(30), (values, cut) => {
      const whole = Buffer.concat(values.map((value) => written(99, (writer) => writer.attribute(5, value))));
      const found = splitMessages(whole.subarray(0, Math.max(0, whole.length - cut)));
      const sent = values.slice(0, found.length).map((value) => Buffer.from(value));
      assert.deepEqual(
        found.map(({ body }) => new Attributes(body).bytes(5)),
        sent,
      );
      if (cut === 0) assert.equal(found.length, values.length);
    }),
  ));

test("a request too large for its memory is refused, not cut", () => {
  const writer = new MessageWriter(Buffer.alloc(64)).begin(1, 0, 1);
  assert.throws(() => writer.attribute(1, new Uint8Array(60)), RangeError);
});
