/** One `heartbeat_path` in the engine: when it sends, and what it hears. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { HeartbeatPath } from "../config/keepalived/model.js";
import type { Microseconds } from "../config/units.js";
import { errnoText } from "../sys/errno.js";
import { allocate } from "../sys/memory.js";
import { Complaints } from "./complaints.js";
import { TcpHeartbeats } from "./heartbeat-tcp.js";
import { heartbeatLifetime } from "./heartbeat-timing.js";
import type { HeartbeatTransport } from "./heartbeat-transport.js";
import { UdpHeartbeats } from "./heartbeat-udp.js";
import { monotonic } from "./precise-loop.js";
import { after, type Instant } from "./timers.js";
import { type Claim, encodeHeartbeat, HeartbeatReader, MAX_HEARTBEAT } from "./wire/heartbeat.js";

const sendMemory = allocate(MAX_HEARTBEAT);
export class RunningHeartbeat {
  nextAt: Instant;
  readonly #key: Uint8Array;
  readonly #sender = randomBytes(8).readBigUInt64BE();
  readonly #reader: HeartbeatReader;
  readonly #transport: HeartbeatTransport;
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
    this.#transport =
      own.transport === "tcp"
        ? new TcpHeartbeats(own, interval, heartbeatLifetime(interval), monotonic)
        : new UdpHeartbeats(own);
    this.#complaints = new Complaints((text) => warn(`heartbeat_path ${own.name}: ${text}`));
    this.nextAt = now;
  }

  /** Readable when something has come; -1: not open. */
  get fd(): number {
    return this.#transport.fd;
  }

  /** Opens its socket, if it can: an interface or address may come later. @returns whether there is a new one. */
  open(now: Instant): boolean {
    if (this.fd >= 0) return false;
    const result = this.#transport.open();
    if (result < 0) this.#complaints.make("open", now, () => `cannot open its socket: ${errnoText(-result)}`);
    return result >= 0;
  }

  /** Tells the peers how our virtual routers stand. */
  send(claims: readonly Claim[], now: Instant): void {
    this.nextAt = after(now, this.interval);
    if (this.fd < 0) return;
    this.#sentAt = Math.max(this.#sentAt + 1, Date.now() * 1000);
    const length = encodeHeartbeat(sendMemory.bytes, this.#key, this.#sender, this.#sentAt, claims);
    this.#transport.send(sendMemory, length, (peer, errno) =>
      this.#complaints.make(`send ${peer}`, now, () => `cannot send to ${peer}: ${errnoText(errno)}`),
    );
  }

  /** @param visit what peers are master of, and until when that is to be believed */
  drain(now: Instant, visit: (claim: Claim, until: Instant) => void): void {
    const until = after(now, heartbeatLifetime(this.interval));
    this.#transport.receive((packet, length) => {
      const verdict = this.#reader.read(packet, length, Date.now() * 1000, (claim) => visit(claim, until));
      if (verdict !== "ok") this.#complaints.make(verdict, now, () => complaints[verdict]);
      return verdict === "ok";
    });
  }

  close(): void {
    this.#transport.close();
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
