/** A program of the tests: `node send-frames-main.js eth0` sends each line of its input, an Ethernet frame in hexadecimal. */
import { readFileSync } from "node:fs";
import { check } from "../../../src/sys/errno.js";
import { allocate } from "../../../src/sys/memory.js";
import { Netlink } from "../../../src/sys/netlink.js";
import { openArpSocket, sendFrame } from "../../../src/sys/packet-socket.js";

const link = new Netlink().linkByName(process.argv[2]!);
if (link === undefined) throw new Error(`there is no interface ${process.argv[2]}`);
const fd = check(openArpSocket(), "socket");
const memory = allocate(1514);
for (const line of readFileSync(0, "latin1").split("\n").filter(Boolean)) {
  const frame = Buffer.from(line, "hex");
  frame.copy(memory.bytes);
  check(sendFrame(fd, link.index, memory, frame.length), "sendto");
}
