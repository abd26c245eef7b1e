/** What carries the octets of a `heartbeat_path`, and how its sockets are made. */
import type { HeartbeatPath } from "../config/keepalived/model.js";
import { AF_INET, AF_INET6, internetAddress } from "../sys/address.js";
import type { Memory } from "../sys/memory.js";
import {
  bind,
  bindToDevice,
  close,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  setOption,
  socket,
} from "../sys/socket.js";

export interface HeartbeatTransport {
  /** Readable when there is something to `receive`; -1: not open. */
  readonly fd: number;
  /** @returns a negated errno if it cannot be: an interface or address may come later. */
  open(): number;
  /** To every peer. `trouble` hears of each that cannot be reached. */
  send(memory: Memory, length: number, trouble: (peer: string, errno: number) => void): void;
  /** Takes what has arrived, a bounded number; `visit` says whether the sender is to be listened to any longer. */
  receive(visit: (packet: Buffer, length: number) => boolean): void;
  close(): void;
}

/**
 * A socket of the path, bound to its interface and address.
 * @param port 0: any
 * @param options set before the address, each to 1
 * @returns a descriptor or a negated errno
 */
export function openPathSocket(
  own: HeartbeatPath,
  type: number,
  port: number,
  options: readonly number[] = [],
): number {
  const { interface: device, localAddress, peers } = own;
  const isIpv6 = (localAddress ?? peers[0]!).includes(":");
  const fd = socket(isIpv6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  const steps = [
    ...[SO_REUSEADDR, ...options].map((option) => () => setOption(fd, SOL_SOCKET, option, 1)),
    () => (device === undefined ? 0 : bindToDevice(fd, device)),
    () => bind(fd, internetAddress(localAddress ?? (isIpv6 ? "::" : "0.0.0.0"), port)),
  ];
  for (const step of steps) {
    const result = step();
    if (result >= 0) continue;
    close(fd);
    return result;
  }
  return fd;
}
