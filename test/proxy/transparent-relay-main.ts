/**
 * `node transparent-relay-main.js PORT SERVER`: the least proxy that keeps the client's address towards the server, as
 * `bind :PORT transparent` and `source 0.0.0.0 usesrc clientip` do. Prints `ready` once it listens; a signal
 * ends it.
 */
import { AF_INET, addressText, internetAddress } from "../../src/sys/address.js";
import { EPOLLIN, EPOLLOUT, Epoll } from "../../src/sys/epoll.js";
import { check, EAGAIN, EINPROGRESS } from "../../src/sys/errno.js";
import { allocate } from "../../src/sys/memory.js";
import {
  accept,
  bind,
  close,
  connect,
  IP_BIND_ADDRESS_NO_PORT,
  IP_TRANSPARENT,
  IPPROTO_IP,
  lastAddress,
  listen,
  MSG_NOSIGNAL,
  recv,
  SHUT_WR,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  send,
  setOption,
  shutdown,
  socket,
} from "../../src/sys/socket.js";

const [port, server] = process.argv.slice(2) as [string, string];
const destination = internetAddress(server, Number(port));
const epoll = new Epoll();
const writable = new Epoll(1);
const buffer = allocate(65_536);
/** The other end, by descriptor. */
const peers = new Map<number, number>();
const ended = new Set<number>();

function transparentSocket(): number {
  const fd = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  check(setOption(fd, IPPROTO_IP, IP_TRANSPARENT, 1), "setsockopt", "IP_TRANSPARENT");
  return fd;
}

function acceptOne(listener: number): void {
  const client = check(accept(listener), "accept");
  const from = addressText(lastAddress);
  const upstream = transparentSocket();
  check(setOption(upstream, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1), "setsockopt", "IP_BIND_ADDRESS_NO_PORT");
  check(bind(upstream, internetAddress(from, 0)), "bind", from);
  const result = connect(upstream, destination);
  if (result !== -EINPROGRESS) check(result, "connect");
  peers.set(client, upstream).set(upstream, client);
  for (const fd of [client, upstream]) epoll.add(fd, EPOLLIN, fd);
}

function relay(from: number): void {
  const to = peers.get(from);
  if (to === undefined) return; // closed by an earlier event of the same wake-up
  const length = recv(from, buffer.address, buffer.bytes.length, 0);
  if (length === -EAGAIN) return;
  if (length > 0 && sendAll(to, length)) return;
  ended.add(from);
  epoll.remove(from);
  shutdown(to, SHUT_WR);
  if (length < 0 || ended.has(to)) {
    for (const fd of [from, to]) {
      close(fd);
      peers.delete(fd);
      ended.delete(fd);
    }
  }
}

function sendAll(fd: number, length: number): boolean {
  for (let sent = 0; sent < length; ) {
    const taken = send(fd, buffer.address + sent, length - sent, MSG_NOSIGNAL);
    if (taken >= 0) sent += taken;
    else if (taken !== -EAGAIN) return false;
    else {
      writable.add(fd, EPOLLOUT, fd);
      writable.wait(1_000);
      writable.remove(fd);
    }
  }
  return true;
}

const listener = transparentSocket();
check(setOption(listener, SOL_SOCKET, SO_REUSEADDR, 1), "setsockopt", "SO_REUSEADDR");
check(bind(listener, internetAddress("0.0.0.0", Number(port))), "bind");
check(listen(listener, 64), "listen");
epoll.add(listener, EPOLLIN, listener);
console.log("ready");
for (;;) {
  const count = epoll.wait(-1);
  for (let i = 0; i < count; i++) {
    const fd = epoll.words[i * epoll.stride + epoll.tokenOffset]!;
    if (fd === listener) acceptOne(listener);
    else relay(fd);
  }
}
