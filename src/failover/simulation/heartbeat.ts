/** A `heartbeat_path` of a box in the simulation: the real packets and signatures, on a network of their own. */
import type { HeartbeatPath, KeepalivedConfiguration } from "../../config/keepalived/model.js";
import type { Microseconds } from "../../config/units.js";
import { heartbeatInterval, heartbeatLifetime } from "../heartbeat-timing.js";
import { after } from "../timers.js";
import { encodeHeartbeat, HeartbeatReader, MAX_HEARTBEAT } from "../wire/heartbeat.js";
import type { SimulatedBox } from "./box.js";

export class SimulatedHeartbeat {
  readonly interval: Microseconds;
  nextAt: number;
  readonly #key: Uint8Array;
  readonly #reader: HeartbeatReader;
  readonly #sender: bigint;
  #sentAt = 0;

  constructor(
    readonly box: SimulatedBox,
    readonly own: HeartbeatPath,
    index: number,
    /** What the others call this box on the path; undefined: the files do not tell. */
    readonly address: string | undefined,
  ) {
    this.interval = heartbeatInterval(own, box.configuration.instances);
    this.nextAt = box.cluster.now;
    // A file of another host cannot be read here: it is taken to hold what its counterpart holds.
    this.#key = Buffer.from(own.key.kind === "text" ? own.key.text : "key_file");
    this.#sender = BigInt(index + 1);
    this.#reader = new HeartbeatReader(this.#key, this.#sender);
  }

  /** What goes by the interface of advertisements, or to where they go, is cut off together with them. */
  get isApart(): boolean {
    return this.box.configuration.instances.every(
      ({ interface: device, transport }) =>
        (this.own.interface === undefined || this.own.interface !== device) &&
        (transport.kind === "multicast" || transport.peers.every(({ address }) => !this.own.peers.includes(address))),
    );
  }

  reaches(other: SimulatedHeartbeat): boolean {
    const { own, address } = other;
    if (other.box === this.box || own.port !== this.own.port || own.transport !== this.own.transport) return false;
    if (this.box.cluster.isCut && !(this.isApart && other.isApart)) return false;
    return address === undefined || this.own.peers.includes(address);
  }

  fireTimers(): void {
    const { now } = this.box.cluster;
    if (now < this.nextAt) return;
    this.nextAt = after(now, this.interval);
    this.#sentAt = Math.max(this.#sentAt + 1, now);
    const packet = Buffer.alloc(MAX_HEARTBEAT);
    const claims = this.box.instances.map(({ claim }) => claim);
    const length = encodeHeartbeat(packet, this.#key, this.#sender, this.#sentAt, claims);
    if (this.#isConnected) this.box.cluster.beat(this, packet.subarray(0, length));
  }

  receive(packet: Buffer): void {
    if (!this.#isConnected) return;
    const { now } = this.box.cluster;
    const until = after(now, heartbeatLifetime(this.interval));
    this.#reader.read(packet, packet.length, now, (claim) => {
      if (claim.isMaster) this.box.virtualRouter(claim)?.claimed(claim, until);
    });
  }

  get #isConnected(): boolean {
    const { interface: device } = this.own;
    return this.box.isUp && (device === undefined || this.box.link(device) === "up");
  }
}

/** What box `index` is called on a path: as it says itself, or the one address that others write there and it does not. */
export function pathAddress(
  own: HeartbeatPath,
  index: number,
  all: readonly KeepalivedConfiguration[],
): string | undefined {
  if (own.localAddress !== undefined) return own.localAddress;
  const others = all.filter((_, other) => other !== index).flatMap(({ heartbeatPaths }) => heartbeatPaths);
  const called = new Set(
    others
      .filter(({ port, transport }) => port === own.port && transport === own.transport)
      .flatMap(({ peers }) => peers)
      .filter((peer) => !own.peers.includes(peer)),
  );
  return called.size === 1 ? [...called][0] : undefined;
}
