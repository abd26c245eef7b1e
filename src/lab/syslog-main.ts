/**
 * `node syslog-main.js [--socket /dev/log]`: a host's syslog. Prints each datagram that is sent to the socket as one
 * line, `<priority>` and all, so that a test can read what a program logged. Ends on a signal.
 */
import { chmodSync, rmSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { AF_UNIX, unixAddress } from "../sys/address.js";
import { check } from "../sys/errno.js";
import { allocate } from "../sys/memory.js";
import { bind, recv, SOCK_CLOEXEC, SOCK_DGRAM, socket } from "../sys/socket.js";

const { values } = parseArgs({ options: { socket: { type: "string", default: "/dev/log" } } });
rmSync(values.socket, { force: true });
// Node has no Unix datagram sockets of its own.
const fd = check(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
check(bind(fd, unixAddress(values.socket)), "bind", values.socket);
chmodSync(values.socket, 0o666);
writeSync(1, `ready: ${values.socket}\n`);

const datagram = allocate(64 * 1024);
// It has nothing else to do, so it may block: a signal's default action still ends it.
for (;;) {
  const length = check(recv(fd, datagram.address, datagram.bytes.length, 0), "recv");
  const text = datagram.bytes.toString("utf8", 0, length).replace(/[\n\0]+$/, "");
  writeSync(1, `${text.replaceAll("\n", "\\n")}\n`);
}
