/** A program of the tests: sends whole IPv4 packets, in hexadecimal, to the VRRP group on an interface. */
import { internetAddress } from "../../src/sys/address.js";
import { check } from "../../src/sys/errno.js";
import { allocate } from "../../src/sys/memory.js";
import { Netlink } from "../../src/sys/netlink.js";
import { sendPacket } from "../../src/sys/packet-socket.js";
import { openVrrpSocket } from "../../src/sys/vrrp-socket.js";

const VRRP_GROUP = "224.0.0.18";
const [ifname, ...packets] = process.argv.slice(2);
const link = new Netlink().linkByName(ifname!);
if (link === undefined) throw new Error(`there is no interface ${ifname}`);
const fd = check(openVrrpSocket({ ifindex: link.index, ifname: link.name, group: VRRP_GROUP }), "socket");
const group = internetAddress(VRRP_GROUP, 0);
for (const hexadecimal of packets) {
  const bytes = Buffer.from(hexadecimal, "hex");
  const memory = allocate(bytes.length);
  bytes.copy(memory.bytes);
  check(sendPacket(fd, memory, bytes.length, group), "sendto");
}
