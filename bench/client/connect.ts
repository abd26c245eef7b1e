/** Client sockets. */
import { internetAddress, type SocketAddress } from "../../src/sys/address.js";
import { check } from "../../src/sys/errno.js";
import {
  adopt,
  connect,
  IPPROTO_TCP,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  setOption,
  socket,
  TCP_NODELAY,
} from "../../src/sys/socket.js";

/** @param listen `address:port` */
export function addressOf(listen: string): SocketAddress {
  const { hostname, port } = new URL(`http://${listen}`);
  return internetAddress(hostname, Number(port));
}

/** A connected, non-blocking socket. Waits for the connection, which on loopback is there at once. @throws SystemError */
export function openConnection(address: SocketAddress): number {
  const fd = check(socket(address.family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  check(connect(fd, address), "connect");
  check(adopt(fd), "fcntl");
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  return fd;
}
