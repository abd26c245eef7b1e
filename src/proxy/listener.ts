/** Accepting: one `bind` line's socket in one worker. All workers share the socket; the kernel wakes one of them. */
import type { Bind } from "../config/haproxy/model.js";
import type { Handler, Loop, Token } from "../reactor/loop.js";
import type { Timer } from "../reactor/timers.js";
import { internetAddress } from "../sys/address.js";
import { EPOLLEXCLUSIVE, EPOLLIN } from "../sys/epoll.js";
import { check, EAGAIN, ECONNABORTED, EINTR } from "../sys/errno.js";
import {
  accept,
  bind,
  bindToDevice,
  close,
  IP_FREEBIND,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_FREEBIND,
  IPV6_TRANSPARENT,
  IPV6_V6ONLY,
  lastAddress,
  listen,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  setOption,
  socket,
  TCP_NODELAY,
} from "../sys/socket.js";
import { ClientAddress } from "./client-address.js";

const BACKLOG = 4096;
/** Connections taken in one go, so that a flood of them does not starve those that are there. */
const ACCEPTS_PER_WAKE = 16;
/** A listener that had to stop looks again after this many milliseconds. */
const PAUSE = 100;

/**
 * Opens the listening socket of a `bind` line. A virtual IP that the other box holds can be bound as well
 * (IP_FREEBIND), without any sysctl.
 * @throws SystemError, with the address in its text
 */
export function openListener(settings: Bind): number {
  const address = internetAddress(settings.address, settings.port);
  const where =
    settings.family === 6 ? `[${settings.address}]:${settings.port}` : `${settings.address}:${settings.port}`;
  const fd = check(socket(address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket", where);
  try {
    check(setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1), "SO_REUSEADDR", where);
    const isIpv6 = settings.family === 6;
    if (isIpv6) check(setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, settings.v4v6 ? 0 : 1), "IPV6_V6ONLY", where);
    check(
      setOption(fd, isIpv6 ? IPPROTO_IPV6 : IPPROTO_IP, isIpv6 ? IPV6_FREEBIND : IP_FREEBIND, 1),
      "IP_FREEBIND",
      where,
    );
    if (settings.transparent) {
      const option = isIpv6 ? IPV6_TRANSPARENT : IP_TRANSPARENT;
      check(setOption(fd, isIpv6 ? IPPROTO_IPV6 : IPPROTO_IP, option, 1), "IP_TRANSPARENT", where);
    }
    if (settings.interface !== undefined)
      check(bindToDevice(fd, settings.interface), "SO_BINDTODEVICE", `${settings.interface} for ${where}`);
    check(bind(fd, address), "bind", where);
    check(listen(fd, BACKLOG), "listen", where);
    // Accepted sockets inherit it.
    setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Takes connections while it may. */
export class Listener implements Handler {
  #token: Token | undefined;
  readonly #retry: Timer;

  /**
   * @param mayAccept false while the frontend, or the process, is full
   * @param onAccepted owns the descriptor from then on
   */
  constructor(
    readonly loop: Loop,
    readonly fd: number,
    readonly mayAccept: () => boolean,
    readonly onAccepted: (fd: number, client: ClientAddress) => void,
  ) {
    this.#retry = loop.timer(() => this.resume());
    this.resume();
  }

  onReady(): void {
    for (let count = 0; count < ACCEPTS_PER_WAKE; count++) {
      if (!this.mayAccept()) {
        this.#pause();
        return;
      }
      const fd = accept(this.fd);
      if (fd >= 0) {
        this.onAccepted(fd, new ClientAddress(lastAddress));
        continue;
      }
      if (fd === -EAGAIN) return;
      // The client gave up while it stood in the queue.
      if (fd === -ECONNABORTED || fd === -EINTR) continue;
      // No descriptor or memory left, a firewall's refusal, a network error of the connection's (accept(2)): it passes.
      this.#pause();
      return;
    }
  }

  resume(): void {
    this.loop.timers.disarm(this.#retry);
    if (this.#token !== undefined) return;
    this.#token = this.loop.add(this.fd, EPOLLIN | EPOLLEXCLUSIVE, this);
  }

  /** Takes no more; the socket stays open, for other workers and for later. */
  stop(): void {
    this.loop.timers.release(this.#retry);
    if (this.#token !== undefined) this.loop.remove(this.fd, this.#token);
    this.#token = undefined;
  }

  #pause(): void {
    this.stop();
    this.loop.timers.arm(this.#retry, this.loop.now + PAUSE);
  }
}
