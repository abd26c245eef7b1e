/** Carries log lines to one place: a syslog server over UDP, a Unix datagram socket such as /dev/log, a descriptor. */
import type { LogTarget } from "../../config/haproxy/model.js";
import { internetAddress, type SocketAddress, unixAddress } from "../../sys/address.js";
import { EAGAIN } from "../../sys/errno.js";
import { allocate, type Memory } from "../../sys/memory.js";
import { isWritable } from "../../sys/poll.js";
import {
  close,
  connect,
  keepForLife,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  send,
  sendTo,
  socket,
  write,
} from "../../sys/socket.js";
import { encodeLine } from "./syslog.js";

export type LogDestination = LogTarget["target"];

/** A log daemon that is away is looked for once in this many milliseconds. */
export const RECONNECT_INTERVAL = 1000;
/** A write of so much to a pipe is whole or not at all (pipe(7), PIPE_BUF), so lines of several threads do not mix. */
const MAX_DESCRIPTOR_LINE = 4096;
/** What a datagram can carry. */
const MAX_LINE = 65_507;

/**
 * One per destination and thread. Sending never blocks and never throws: a line that cannot leave at once is counted in
 * `dropped`, since traffic must not wait for its log.
 */
export class LogSender {
  /** Lines lost. */
  dropped = 0;
  private readonly destination: LogDestination;
  private readonly address: SocketAddress | undefined;
  /** Monotonic milliseconds. */
  private readonly clock: () => number;
  private memory: Memory = allocate(2048);
  private fd = -1;
  private isConnected = false;
  private triedAt = Number.NEGATIVE_INFINITY;

  /**
   * Opens the socket and, for a Unix one, connects it now: a thread that is about to `chroot` keeps the connection. A
   * daemon that is not there yet is found by a later `send`.
   */
  constructor(destination: LogDestination, clock: () => number = () => performance.now()) {
    this.destination = destination;
    this.clock = clock;
    this.address = addressOf(destination);
    if (destination.kind === "unix") this.reconnect();
    if (destination.kind === "fd") keepForLife(destination.fd);
  }

  /** Sends `line`, cut to `length` bytes with its LF. @returns whether it left. */
  send(line: string, length: number): boolean {
    const limit = Math.min(length, this.destination.kind === "fd" ? MAX_DESCRIPTOR_LINE : MAX_LINE);
    if (this.memory.bytes.length < limit) this.memory = allocate(limit);
    const size = encodeLine(line, limit, this.memory.bytes);
    const isSent = this.transmit(size);
    if (!isSent) this.dropped += 1;
    return isSent;
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
    this.isConnected = false;
  }

  private transmit(size: number): boolean {
    switch (this.destination.kind) {
      case "udp":
        return this.sendDatagram(size);
      case "unix":
        return this.sendConnected(size);
      default:
        return isWritable(this.destination.fd) && write(this.destination.fd, this.memory.address, size) === size;
    }
  }

  private sendDatagram(size: number): boolean {
    if (!this.open()) return false;
    // Unconnected: on a connected socket an ICMP error for one line would fail the next.
    return sendTo(this.fd, this.memory.address, size, MSG_DONTWAIT | MSG_NOSIGNAL, this.address!) === size;
  }

  private sendConnected(size: number): boolean {
    if (!this.isConnected && !this.reconnect()) return false;
    let result = send(this.fd, this.memory.address, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result === size) return true;
    if (result === -EAGAIN) return false;
    // The daemon has gone (ECONNREFUSED, ENOTCONN), maybe to come back under the same path.
    this.isConnected = false;
    if (!this.reconnect()) return false;
    result = send(this.fd, this.memory.address, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    return result === size;
  }

  /** Connecting a datagram socket again points it to whoever has the path now (connect(2)). */
  private reconnect(): boolean {
    const now = this.clock();
    if (now - this.triedAt < RECONNECT_INTERVAL) return false;
    this.triedAt = now;
    if (this.address === undefined || !this.open()) return false;
    this.isConnected = connect(this.fd, this.address) === 0;
    return this.isConnected;
  }

  private open(): boolean {
    if (this.fd < 0 && this.address !== undefined)
      this.fd = Math.max(-1, socket(this.address.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    return this.fd >= 0;
  }
}

/** Undefined for a descriptor, and for an address that no socket can have: its lines are dropped. */
function addressOf(destination: LogDestination): SocketAddress | undefined {
  try {
    if (destination.kind === "udp") return internetAddress(destination.address, destination.port);
    if (destination.kind === "unix") return unixAddress(destination.path);
  } catch {
    // The configuration's checks name such an address; a log line is no place to fail for it.
  }
  return undefined;
}
