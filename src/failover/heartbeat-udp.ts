/** Heartbeats as datagrams: each stands for itself. */
import type { HeartbeatPath } from "../config/keepalived/model.js";
import { internetAddress } from "../sys/address.js";
import { allocate, type Memory } from "../sys/memory.js";
import { close, MSG_DONTWAIT, recv, SOCK_DGRAM, sendTo } from "../sys/socket.js";
import { type HeartbeatTransport, openPathSocket } from "./heartbeat-transport.js";
import { MAX_HEARTBEAT } from "./wire/heartbeat.js";

const received = allocate(MAX_HEARTBEAT + 1);
/** Taken at one wake-up, so that a flood cannot hold up the advertisements we owe. */
const DRAIN_LIMIT = 256;

export class UdpHeartbeats implements HeartbeatTransport {
  fd = -1;
  readonly #peers;

  constructor(readonly own: HeartbeatPath) {
    this.#peers = own.peers.map((name) => ({ name, to: internetAddress(name, own.port) }));
  }

  open(): number {
    // A reload has the next engine open it before the last one closes it: SO_REUSEADDR lets it.
    const fd = openPathSocket(this.own, SOCK_DGRAM, this.own.port);
    if (fd >= 0) this.fd = fd;
    return fd;
  }

  send({ address }: Memory, length: number, trouble: (peer: string, errno: number) => void): void {
    for (const { name, to } of this.#peers) {
      const sent = sendTo(this.fd, address, length, MSG_DONTWAIT, to);
      if (sent < 0) trouble(name, -sent);
    }
  }

  receive(visit: (packet: Buffer, length: number) => boolean): void {
    for (let count = 0; count < DRAIN_LIMIT; count++) {
      const length = recv(this.fd, received.address, received.bytes.length, MSG_DONTWAIT);
      if (length < 0) return;
      visit(received.bytes, length);
    }
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }
}
