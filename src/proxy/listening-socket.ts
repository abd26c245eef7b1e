/** The socket of a `bind` line: opened by the control thread, accepted from by all workers. */
import type { Stats } from "node:fs";
import type { Bind, Frontend } from "../config/haproxy/model.js";
import { AF_INET, AF_INET6, AF_UNIX } from "../sys/address.js";
import { check } from "../sys/errno.js";
import { countListeners, listeningPlace, spreadConnections, steerConnections } from "../sys/reuseport.js";
import {
  adopt,
  bind,
  bindToDevice,
  close,
  getOption,
  IP_FREEBIND,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_FREEBIND,
  IPV6_TRANSPARENT,
  IPV6_V6ONLY,
  listen,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  setOption,
  socket,
  TCP_DEFER_ACCEPT,
  TCP_FASTOPEN,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "../sys/socket.js";
import { install, remove, temporaryPath } from "../sys/socket-file.js";
import { keepAlive } from "./keep-alive.js";
import { addressText, type ConfiguredAddress, socketAddress } from "./socket-address.js";

const DEFAULT_BACKLOG = 4096;
/** HAProxy's `defer-accept` asks for a second; the kernel rounds it to its own steps. */
const DEFER_SECONDS = 1;

/** What a listener takes from its frontend. */
export type ListenerFrontend = Pick<Frontend, "backlog" | "keepAlive">;

type SocketBind = Bind & ConfiguredAddress;

export class ListeningSocket {
  /** Sockets that listened at its address before it, which it is to succeed. */
  #predecessors = 0;

  private constructor(
    readonly fd: number,
    /** See `listeningPlace`. */
    readonly place: string,
    /** Another process opened it, and may go on using it. */
    readonly isInherited: boolean,
    /** The file of a UNIX socket, and what it was when we put it there. */
    readonly file?: { readonly path: string; readonly installed: Stats },
  ) {}

  /**
   * Opens it. A virtual IP that the other box holds can be bound as well (IP_FREEBIND), without any sysctl.
   * @param sharesPort another listener of this process has the same port; the kernel prefers the closest address
   * @param succeeds a process that listens at this address goes on doing so, and gets all connections until `takeOver`
   * @throws SystemError or Error, with the address in its text
   */
  static open(settings: Bind, frontend: ListenerFrontend, sharesPort: boolean, succeeds = false): ListeningSocket {
    if (settings.family === "fd") return inherit(settings, frontend);
    const configured = settings as SocketBind;
    const where = addressText(configured);
    const isPath = settings.family === "unix";
    const address = socketAddress(isPath ? { ...configured, address: temporaryPath(settings.address) } : configured);
    const fd = check(socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket", where);
    try {
      const isInternet = address.family !== AF_UNIX;
      if (isInternet) prepareInternet(fd, settings, where, sharesPort || succeeds);
      check(bind(fd, address), "bind", where);
      // Said before bind, it would let us listen beside a program that we are not to succeed, and share its clients.
      // Said by now, it lets our successor listen beside us.
      if (isInternet) check(setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1), "SO_REUSEPORT", where);
      check(listen(fd, backlogOf(settings, frontend)), "listen", where);
      applyOptions(fd, address.family, settings, frontend, where);
      const socket = new ListeningSocket(fd, listeningPlace(fd), false, isPath ? putInPlace(settings) : undefined);
      if (succeeds && isInternet) socket.#giveWay();
      return socket;
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** Lets those that were here before have all connections: we cannot serve any yet. */
  #giveWay(): void {
    this.#predecessors = this.listenersHere - 1;
    if (this.#predecessors > 0) steerConnections(this.fd, this.#predecessors - 1);
  }

  /** From now on all new connections are ours, and our predecessors can see their queues come to an end. */
  takeOver(): void {
    if (this.#predecessors > 0) steerConnections(this.fd, this.#predecessors);
  }

  /** Our predecessors are gone. */
  beAlone(): void {
    if (this.#predecessors > 0) spreadConnections(this.fd);
    this.#predecessors = 0;
  }

  /** Sockets that listen at its place, whatever process they are of; 0: it is no Internet socket. */
  get listenersHere(): number {
    return countListeners(this.place);
  }

  /** @param isRetried the start has failed, and may be tried again: what was inherited is needed then */
  close(isRetried = false): void {
    if (!this.isInherited || !isRetried) close(this.fd);
    if (this.file !== undefined) remove(this.file.path, this.file.installed);
  }

  static adopted(fd: number): ListeningSocket {
    return new ListeningSocket(fd, listeningPlace(fd), true);
  }
}

/**
 * Opens the sockets of all frontends, in order.
 * @param succeeds another process may listen at the same addresses
 * @throws SystemError or Error if one cannot be opened; none is left open then
 */
export function openListeners(frontends: readonly Frontend[], succeeds = false): ListeningSocket[][] {
  const byPort = new Map<number, Bind[]>();
  for (const bind of frontends.flatMap(({ binds }) => binds)) {
    const others = byPort.get(bind.port);
    if (others === undefined) byPort.set(bind.port, [bind]);
    else others.push(bind);
  }
  const opened: ListeningSocket[] = [];
  try {
    return frontends.map((frontend) =>
      frontend.binds.map((bind) => {
        const socket = ListeningSocket.open(
          bind,
          frontend,
          byPort.get(bind.port)!.some((other) => overlaps(bind, other)),
          succeeds,
        );
        opened.push(socket);
        return socket;
      }),
    );
  } catch (error) {
    for (const socket of opened) socket.close(true);
    throw error;
  }
}

/** `bind :80` beside `bind 192.0.2.1:80` or `bind :::80`. */
function overlaps(one: Bind, other: Bind): boolean {
  if (one === other || one.port === 0 || one.port !== other.port) return false;
  return one.address === other.address || isAny(one) || isAny(other);
}

const isAny = ({ address }: Bind): boolean => address === "0.0.0.0" || address === "::";

function inherit(settings: Bind, frontend: ListenerFrontend): ListeningSocket {
  const fd = Number(settings.address);
  const where = `fd@${fd}`;
  const family = check(
    getOption(fd, SOL_SOCKET, SO_DOMAIN),
    "bind",
    `${where}, which whoever starts us is to leave open`,
  );
  if (getOption(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 1)
    throw new Error(`${where}: the inherited descriptor is not a socket that listens`);
  check(adopt(fd), "fcntl", where);
  applyOptions(fd, family, settings, frontend, where);
  return ListeningSocket.adopted(fd);
}

const backlogOf = ({ socket }: Bind, frontend: ListenerFrontend): number =>
  socket.backlog ?? frontend.backlog ?? DEFAULT_BACKLOG;

/** What has to be said before bind. */
function prepareInternet(fd: number, settings: Bind, where: string, sharesPort: boolean): void {
  const isIpv6 = settings.family === 6;
  const level = isIpv6 ? IPPROTO_IPV6 : IPPROTO_IP;
  check(setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1), "SO_REUSEADDR", where);
  if (sharesPort) check(setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1), "SO_REUSEPORT", where);
  if (isIpv6) check(setOption(fd, level, IPV6_V6ONLY, settings.v4v6 ? 0 : 1), "IPV6_V6ONLY", where);
  check(setOption(fd, level, isIpv6 ? IPV6_FREEBIND : IP_FREEBIND, 1), "IP_FREEBIND", where);
  if (settings.transparent)
    check(setOption(fd, level, isIpv6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1), "IP_TRANSPARENT", where);
  if (settings.interface !== undefined)
    check(bindToDevice(fd, settings.interface), "SO_BINDTODEVICE", `${settings.interface} for ${where}`);
  // Before listen: it goes into the answer to a client's SYN.
  const { maxSegment } = settings.socket;
  if (maxSegment !== undefined) check(setOption(fd, IPPROTO_TCP, TCP_MAXSEG, maxSegment), "TCP_MAXSEG", where);
}

/** Accepted sockets inherit them. */
function applyOptions(fd: number, family: number, settings: Bind, frontend: ListenerFrontend, where: string): void {
  if (family !== AF_INET && family !== AF_INET6) return;
  const { deferAccept, tcpUserTimeout, fastOpen } = settings.socket;
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (frontend.keepAlive !== undefined) keepAlive(fd, frontend.keepAlive);
  if (deferAccept) check(setOption(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, DEFER_SECONDS), "TCP_DEFER_ACCEPT", where);
  if (tcpUserTimeout !== undefined)
    check(setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, tcpUserTimeout), "TCP_USER_TIMEOUT", where);
  if (fastOpen) check(setOption(fd, IPPROTO_TCP, TCP_FASTOPEN, backlogOf(settings, frontend)), "TCP_FASTOPEN", where);
}

function putInPlace({ address: path, socket }: Bind): { path: string; installed: Stats } {
  return { path, installed: install(temporaryPath(path), path, socket) };
}
