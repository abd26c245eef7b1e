/** One `heartbeat_path` in the engine: its socket, when it sends, and what it hears. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { HeartbeatPath } from "../config/keepalived/model.js";
import { type Microseconds, microseconds } from "../config/units.js";
import { AF_INET, AF_INET6, internetAddress, type SocketAddress } from "../sys/address.js";
import { errnoText } from "../sys/errno.js";
import { allocate } from "../sys/memory.js";
import {
  bind,
  bindToDevice,
  close,
  MSG_DONTWAIT,
  recv,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  sendTo,
  setOption,
  socket,
} from "../sys/socket.js";
import { Complaints } from "./complaints.js";
import { after, type Instant } from "./timers.js";
import { type Claim, encodeHeartbeat, HeartbeatReader, MAX_HEARTBEAT } from "./wire/heartbeat.js";

const sendMemory = allocate(MAX_HEARTBEAT);
const receiveMemory = allocate(MAX_HEARTBEAT + 1);
/** Taken at one wake-up, so that a flood cannot hold up the advertisements we owe. */
const DRAIN_LIMIT = 256;
/** How long a claim counts, in intervals: two heartbeats may be lost, and a dead master is not waited for longer. */
const LIFETIME = 2.5;

export class RunningHeartbeat {
  fd = -1;
  nextAt: Instant;
  readonly #key: Uint8Array;
  readonly #sender = randomBytes(8).readBigUInt64BE();
  readonly #reader: HeartbeatReader;
  readonly #peers: readonly SocketAddress[];
  readonly #complaints: Complaints;
  #sentAt = 0;

  /** Throws an Error if its key cannot be read. @param interval what it is unless the file says. */
  constructor(
    readonly own: HeartbeatPath,
    readonly interval: Microseconds,
    now: Instant,
    warn: (text: string) => void,
  ) {
    this.#key = keyOf(own);
    this.#reader = new HeartbeatReader(this.#key, this.#sender);
    this.#peers = own.peers.map((peer) => internetAddress(peer, own.port));
    this.#complaints = new Complaints((text) => warn(`heartbeat_path ${own.name}: ${text}`));
    this.nextAt = now;
  }

  /** Opens its socket, if it can: an interface or address may come later. @returns whether there is a new one. */
  open(now: Instant): boolean {
    if (this.fd >= 0) return false;
    const { interface: device, localAddress, peers, port } = this.own;
    const isIpv6 = (localAddress ?? peers[0]!).includes(":");
    const fd = socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const steps = [
      () => fd,
      // A reload has the next engine open it before the last one closes it.
      () => setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1),
      () => (device === undefined ? 0 : bindToDevice(fd, device)),
      () => bind(fd, internetAddress(localAddress ?? (isIpv6 ? "::" : "0.0.0.0"), port)),
    ];
    for (const step of steps) {
      const result = step();
      if (result >= 0) continue;
      this.#complaints.make("open", now, () => `cannot open its socket: ${errnoText(-result)}`);
      if (fd >= 0) close(fd);
      return false;
    }
    this.fd = fd;
    return true;
  }

  /** Tells the peers how our virtual routers stand. */
  send(claims: readonly Claim[], now: Instant): void {
    this.nextAt = after(now, this.interval);
    if (this.fd < 0) return;
    this.#sentAt = Math.max(this.#sentAt + 1, Date.now() * 1000);
    const length = encodeHeartbeat(sendMemory.bytes, this.#key, this.#sender, this.#sentAt, claims);
    for (const to of this.#peers) {
      const sent = sendTo(this.fd, sendMemory.address, length, MSG_DONTWAIT, to);
      if (sent < 0) this.#complaints.make("send", now, () => `cannot send: ${errnoText(-sent)}`);
    }
  }

  /** @param visit what peers are master of, and until when that is to be believed */
  drain(now: Instant, visit: (claim: Claim, until: Instant) => void): void {
    const until = after(now, microseconds(Math.ceil(LIFETIME * this.interval)));
    for (let count = 0; count < DRAIN_LIMIT; count++) {
      const length = recv(this.fd, receiveMemory.address, receiveMemory.bytes.length, MSG_DONTWAIT);
      if (length < 0) return;
      const verdict = this.#reader.read(receiveMemory.bytes, length, Date.now() * 1000, (claim) => visit(claim, until));
      if (verdict !== "ok") this.#complaints.make(verdict, now, () => complaints[verdict]);
    }
  }

  close(): void {
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }
}

const complaints = {
  malformed: "received a packet that is no heartbeat",
  forged: "received a heartbeat with a wrong signature: the key is not the same, or somebody forges them",
  replayed: "received a heartbeat twice: somebody may replay them",
  clock: "received a heartbeat whose time is off by more than 30 s: the clocks of the routers must agree",
} as const;

function keyOf({ name, key }: HeartbeatPath): Uint8Array {
  const text = key.kind === "text" ? key.text : readFileSync(key.path, "utf8").replace(/\r?\n$/, "");
  if (text === "") throw new Error(`heartbeat_path ${name}: its key is empty`);
  return Buffer.from(text);
}
