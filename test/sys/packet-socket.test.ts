import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { internetAddress, ipv4Bytes, ipv6Bytes } from "../../src/sys/address.js";
import { EAGAIN, ENETDOWN, ENODEV } from "../../src/sys/errno.js";
import { allocate, type Memory } from "../../src/sys/memory.js";
import { Netlink } from "../../src/sys/netlink.js";
import { AF_PACKET, openArpSocket, receivePacket, sendFrame, sendPacket } from "../../src/sys/packet-socket.js";
import { bind, close, SOCK_NONBLOCK, SOCK_RAW, socket } from "../../src/sys/socket.js";
import { openVrrpReceiver6, openVrrpSender6, openVrrpSocket } from "../../src/sys/vrrp-socket.js";
import { eventually } from "../support/eventually.js";
import { enterOwnNetwork, ip } from "../support/own-network.js";
import { needsRoot } from "../support/root.js";

const opened: number[] = [];
const open = (fd: number): number => {
  assert.ok(fd >= 0, `errno ${-fd}`);
  opened.push(fd);
  return fd;
};
const inbox = allocate(2_048);
const VRRP_GROUP = "224.0.0.18";
const settings = (ifname: string, multicast: boolean) => ({
  ifname,
  ifindex: indexOf(ifname),
  ...(multicast ? { group: VRRP_GROUP } : {}),
});
let netlink: Netlink;
const indexOf = (name: string): number => netlink.linkByName(name)!.index;

/** left0 and right0 are the ends of one wire, and so are left1 and right1. */
before(() => {
  if (needsRoot) return;
  enterOwnNetwork();
  writeFileSync("/proc/sys/net/ipv4/conf/all/rp_filter", "0"); // both ends of a wire are in one namespace here
  ip("link", "set", "lo", "up");
  netlink = new Netlink();
  for (const n of [0, 1]) {
    ip("link", "add", `left${n}`, "type", "veth", "peer", "name", `right${n}`);
    for (const name of [`left${n}`, `right${n}`]) {
      writeFileSync(`/proc/sys/net/ipv4/conf/${name}/rp_filter`, "0");
      ip("link", "set", name, "up");
    }
  }
  ip("address", "add", "192.0.2.2/24", "dev", "right0");
});

after(() => {
  netlink?.close();
  for (const fd of opened) close(fd);
});

/** An IPv4 packet of protocol 112 with its own header (RFC 791 §3.1); the kernel sets length and checksum. */
function packet(source: string, destination: string, payload: string): { memory: Memory; length: number } {
  const memory = allocate(64);
  const { bytes } = memory;
  bytes.fill(0);
  bytes.set([0x45, 0xc0, 0, 0, 0, 0, 0, 0, 255, 112], 0);
  bytes.set(ipv4Bytes(source), 12);
  bytes.set(ipv4Bytes(destination), 16);
  return { memory, length: 20 + bytes.write(payload, 20) };
}

const received = (fd: number) => {
  const length = receivePacket(fd, inbox);
  if (length < 0) return length;
  const { bytes } = inbox;
  return {
    tos: bytes[1],
    ttl: bytes[8],
    source: [...bytes.subarray(12, 16)].join("."),
    payload: bytes.toString("latin1", 20, length),
  };
};

test("an advertisement goes out with the header it was given and arrives with it", { skip: needsRoot }, async () => {
  const sender = open(openVrrpSocket(settings("left0", true)));
  const receiver = open(openVrrpSocket(settings("right0", true)));
  const elsewhere = open(openVrrpSocket(settings("right1", true)));
  const { memory, length } = packet("192.0.2.77", VRRP_GROUP, "advert");
  assert.equal(sendPacket(sender, memory, length, internetAddress(VRRP_GROUP, 0)), length);
  await eventually(() => received(receiver), { tos: 0xc0, ttl: 255, source: "192.0.2.77", payload: "advert" });
  assert.equal(received(receiver), -EAGAIN, "once");
  assert.equal(received(sender), -EAGAIN, "a router does not hear itself");
  assert.equal(received(elsewhere), -EAGAIN, "another wire hears nothing");
});

test("over IPv6 an advertisement goes out with its header, and arrives with it", { skip: needsRoot }, async () => {
  const where = (ifname: string) => ({ ifname, ifindex: indexOf(ifname), group: "ff02::12" });
  const sender = open(openVrrpSender6(where("left0")));
  const receiver = open(openVrrpReceiver6(where("right0")));
  open(openVrrpSender6(where("right0"))); // the membership
  const own = open(openVrrpReceiver6(where("left0")));
  const memory = allocate(64);
  memory.bytes.fill(0);
  memory.bytes.set([0x6c, 0, 0, 0, 0, 6, 112, 255]);
  memory.bytes.set(ipv6Bytes("fe80::77"), 8);
  memory.bytes.set(ipv6Bytes("ff02::12"), 24);
  memory.bytes.write("advert", 40);
  // Until the interface's own address has been found to be unique there is no route.
  await eventually(() => sendPacket(sender, memory, 46, internetAddress("ff02::12", 0, indexOf("left0"))), 46);
  await eventually(() => {
    const length = receivePacket(receiver, inbox);
    return length < 0 ? length : [length, inbox.bytes[7], inbox.bytes.toString("latin1", 40, length)];
  }, [46, 255, "advert"]);
  assert.equal(receivePacket(own, inbox), -EAGAIN, "a router does not hear itself");
});

test("a unicast socket hears what is sent to an address of its interface", { skip: needsRoot }, async () => {
  const sender = open(openVrrpSocket(settings("left0", false)));
  const receiver = open(openVrrpSocket(settings("right0", false)));
  const frames = open(openArpSocket());
  const { memory, length } = packet("192.0.2.77", "192.0.2.2", "unicast");
  // The peer is an address of this very host here, so the packet must be framed by hand to go by the wire.
  const frame = allocate(128);
  const mac = netlink
    .linkByName("right0")!
    .mac.split(":")
    .map((byte) => Number.parseInt(byte, 16));
  frame.bytes.set([...mac, 2, 0, 0, 0, 0, 7, 0x08, 0x00], 0);
  memory.bytes.writeUInt16BE(length, 2);
  memory.bytes.writeUInt16BE(headerChecksum(memory.bytes), 10);
  frame.bytes.set(memory.bytes.subarray(0, length), 14);
  assert.equal(sendFrame(frames, indexOf("left0"), frame, 14 + length), 14 + length);
  await eventually(() => received(receiver), { tos: 0xc0, ttl: 255, source: "192.0.2.77", payload: "unicast" });
  assert.equal(received(sender), -EAGAIN);
});

/** RFC 791: the one's complement of the one's complement sum of the header's words. */
function headerChecksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += i === 10 ? 0 : bytes.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

test("an ARP frame leaves through the interface it was meant for, byte for byte", { skip: needsRoot }, async () => {
  const listener = (name: string): number => {
    const memory = allocate(64);
    memory.bytes.fill(0);
    memory.bytes.writeUInt16LE(AF_PACKET, 0);
    memory.bytes.writeUInt16BE(0x0806, 2);
    memory.bytes.writeInt32LE(indexOf(name), 4);
    const fd = open(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0));
    assert.equal(bind(fd, { memory, length: 20, family: AF_PACKET }), 0);
    return fd;
  };
  const [right0, right1] = [listener("right0"), listener("right1")];
  // RFC 826: who has 192.0.2.10, asked by itself, which is how an address is announced (RFC 5227 §3).
  const frame = Buffer.from(
    `ffffffffffff 02000000000a 0806 0001 0800 06 04 0001
    02000000000a c000020a 000000000000 c000020a`.replace(/\s/g, ""),
    "hex",
  );
  const memory = allocate(64);
  memory.bytes.set(frame, 0);
  assert.equal(sendFrame(open(openArpSocket()), indexOf("left0"), memory, frame.length), frame.length);
  await eventually(() => receivePacket(right0, inbox), frame.length);
  assert.deepEqual(inbox.bytes.subarray(0, frame.length), frame);
  assert.equal(receivePacket(right1, inbox), -EAGAIN);
});

test("what cannot be is a negated errno", { skip: needsRoot }, () => {
  assert.equal(openVrrpSocket({ ifindex: 9_999, ifname: "nowhere", group: VRRP_GROUP }), -ENODEV);
  const fd = open(openArpSocket());
  ip("link", "set", "left1", "down");
  assert.equal(sendFrame(fd, indexOf("left1"), allocate(64), 42), -ENETDOWN);
});
