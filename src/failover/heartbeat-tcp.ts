/**
 * Heartbeats over TCP, where UDP is filtered. Each router connects to each peer and writes; what it accepts it reads. A
 * connection that does not take a heartbeat at once is given up for another: an old heartbeat is worth nothing.
 */
import type { HeartbeatPath } from "../config/keepalived/model.js";
import { type Microseconds, microseconds } from "../config/units.js";
import { addressText, internetAddress, type SocketAddress } from "../sys/address.js";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP, Epoll } from "../sys/epoll.js";
import { EAGAIN, EINPROGRESS, ETIMEDOUT } from "../sys/errno.js";
import { allocate, type Memory } from "../sys/memory.js";
import {
  accept,
  close,
  connect,
  getOption,
  IPPROTO_TCP,
  lastAddress,
  listen,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  recv,
  SO_ERROR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
  send,
  setOption,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "../sys/socket.js";
import { type HeartbeatTransport, openPathSocket } from "./heartbeat-transport.js";
import { after, type Instant } from "./timers.js";
import { heartbeatLength, MAX_HEARTBEAT } from "./wire/heartbeat.js";

/** A peer that starts anew has connections that nobody has closed yet; beyond, its oldest goes. */
const CONNECTIONS_PER_PEER = 4;
/** Taken at one wake-up, so that a flood cannot hold up the advertisements we owe. */
const DRAIN_LIMIT = 256;
/** A refused or lost connection is tried again at the next heartbeat, and not more often than this. */
const SHORTEST_TRY = microseconds(100_000);
const GONE = EPOLLERR | EPOLLHUP | EPOLLRDHUP;

interface Outgoing {
  readonly name: string;
  readonly to: SocketAddress;
  /** -1: none. */
  fd: number;
  isConnected: boolean;
  triedAt: Instant;
  /** Why the last connection ended, until that is said. */
  errno: number;
}

interface Incoming {
  readonly memory: Memory;
  filled: number;
}

export class TcpHeartbeats implements HeartbeatTransport {
  /** Of an epoll instance with all connections in it. */
  fd = -1;
  #epoll: Epoll | undefined;
  #listener = -1;
  readonly #outgoing: Outgoing[];
  /** By descriptor, the oldest first. */
  readonly #incoming = new Map<number, Incoming>();
  /** The last heartbeat, for connections that are made a moment later. */
  readonly #latest = allocate(MAX_HEARTBEAT);
  #latestLength = 0;
  readonly #try: Microseconds;

  /** @param lifetime how long a heartbeat is worth being delivered */
  constructor(
    readonly own: HeartbeatPath,
    interval: Microseconds,
    readonly lifetime: Microseconds,
    readonly now: () => Instant,
  ) {
    this.#try = microseconds(Math.max(interval, SHORTEST_TRY));
    const triedAt = microseconds(Number.NEGATIVE_INFINITY);
    this.#outgoing = own.peers.map((name) => ({
      name,
      to: internetAddress(name, own.port),
      fd: -1,
      isConnected: false,
      triedAt,
      errno: 0,
    }));
  }

  open(): number {
    // A reload has the next engine listen before the last one stops.
    const fd = openPathSocket(this.own, SOCK_STREAM, this.own.port, [SO_REUSEPORT]);
    const result = fd < 0 ? fd : listen(fd, this.own.peers.length * CONNECTIONS_PER_PEER);
    if (result < 0) {
      if (fd >= 0) close(fd);
      return result;
    }
    this.#epoll = new Epoll(64);
    this.#listener = fd;
    this.#epoll.add(fd, EPOLLIN, fd);
    this.fd = this.#epoll.fd;
    return 0;
  }

  send({ bytes }: Memory, length: number, trouble: (peer: string, errno: number) => void): void {
    bytes.copy(this.#latest.bytes, 0, 0, length);
    this.#latestLength = length;
    for (const peer of this.#outgoing) {
      const errno = peer.isConnected ? this.#write(peer) : this.#connect(peer);
      if (errno > 0) trouble(peer.name, errno);
    }
  }

  /** @returns 0 or an errno: then the connection is given up */
  #write(peer: Outgoing): number {
    const sent = send(peer.fd, this.#latest.address, this.#latestLength, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent === this.#latestLength) return 0;
    this.#giveUp(peer);
    return sent < 0 && sent !== -EAGAIN ? -sent : ETIMEDOUT;
  }

  /** @returns 0 while it may still be made, or why the one before could not be */
  #connect(peer: Outgoing): number {
    if (this.now() < after(peer.triedAt, this.#try)) return 0;
    const errno = peer.fd < 0 ? peer.errno : ETIMEDOUT;
    this.#giveUp(peer);
    peer.errno = 0;
    peer.triedAt = this.now();
    const fd = openPathSocket(this.own, SOCK_STREAM, 0);
    if (fd < 0) return -fd;
    peer.fd = fd;
    setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, Math.ceil(this.lifetime / 1000));
    const result = connect(fd, peer.to);
    if (result < 0 && result !== -EINPROGRESS) {
      this.#giveUp(peer);
      return -result;
    }
    this.#epoll!.add(fd, EPOLLOUT | EPOLLRDHUP, fd);
    return errno;
  }

  #giveUp(peer: Outgoing): void {
    if (peer.fd >= 0) this.#drop(peer.fd);
    peer.fd = -1;
    peer.isConnected = false;
  }

  receive(visit: (packet: Buffer, length: number) => boolean): void {
    const epoll = this.#epoll!;
    const count = epoll.wait(0);
    for (let index = 0; index < count; index++) {
      const events = epoll.words[index * epoll.stride]!;
      const fd = epoll.words[index * epoll.stride + epoll.tokenOffset]!;
      if (fd === this.#listener) this.#accept();
      const incoming = this.#incoming.get(fd);
      if (incoming !== undefined) this.#read(fd, incoming, visit);
      const peer = this.#outgoing.find((each) => each.fd === fd);
      if (peer !== undefined) this.#advance(peer, events);
    }
  }

  /** Connected, or gone. */
  #advance(peer: Outgoing, events: number): void {
    const errno = getOption(peer.fd, SOL_SOCKET, SO_ERROR);
    if ((events & GONE) !== 0 || errno !== 0) {
      peer.errno = Math.abs(errno);
      this.#giveUp(peer);
      return;
    }
    peer.isConnected = true;
    this.#epoll!.modify(peer.fd, EPOLLRDHUP, peer.fd);
    this.#write(peer);
  }

  #accept(): void {
    for (let fd = accept(this.#listener); fd >= 0; fd = accept(this.#listener)) {
      // Whoever is no peer has no key either, and would take a peer's place.
      if (!this.own.peers.includes(addressText(lastAddress))) {
        close(fd);
        continue;
      }
      if (this.#incoming.size >= this.own.peers.length * CONNECTIONS_PER_PEER)
        this.#forget(this.#incoming.keys().next().value!);
      this.#incoming.set(fd, { memory: allocate(MAX_HEARTBEAT), filled: 0 });
      this.#epoll!.add(fd, EPOLLIN | EPOLLRDHUP, fd);
    }
  }

  #read(fd: number, incoming: Incoming, visit: (packet: Buffer, length: number) => boolean): void {
    const { memory } = incoming;
    for (let count = 0; count < DRAIN_LIMIT; count++) {
      const room = memory.bytes.length - incoming.filled;
      const length = recv(fd, memory.address + incoming.filled, room, MSG_DONTWAIT);
      if (length === -EAGAIN) return;
      if (length > 0) incoming.filled += length;
      if (length <= 0 || !takeHeartbeats(incoming, visit)) {
        this.#forget(fd);
        return;
      }
    }
  }

  #forget(fd: number): void {
    this.#incoming.delete(fd);
    this.#drop(fd);
  }

  #drop(fd: number): void {
    this.#epoll!.remove(fd);
    close(fd);
  }

  close(): void {
    if (this.#epoll === undefined) return;
    for (const peer of this.#outgoing) this.#giveUp(peer);
    for (const fd of this.#incoming.keys()) this.#forget(fd);
    this.#drop(this.#listener);
    close(this.#epoll.fd);
    this.#epoll = undefined;
    this.fd = -1;
  }
}

/** Hands over the whole heartbeats and keeps the beginning of the next. @returns whether more may come */
function takeHeartbeats(incoming: Incoming, visit: (packet: Buffer, length: number) => boolean): boolean {
  const { bytes } = incoming.memory;
  for (;;) {
    const length = heartbeatLength(bytes, incoming.filled);
    // Whoever writes something else is told so in the log, as with UDP.
    if (length < 0) return visit(bytes, incoming.filled) && false;
    if (length === 0 || length > incoming.filled) return true;
    if (!visit(bytes, length)) return false;
    bytes.copyWithin(0, length, incoming.filled);
    incoming.filled -= length;
  }
}
