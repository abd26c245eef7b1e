/** A router of the simulated LAN: the real state machine, encoder and decoder, in a box that can crash and freeze. */
import { type Microseconds, microseconds } from "../../src/config/units.js";
import type { InstanceSettings, InstanceState } from "../../src/failover/instance.js";
import { type Effect, type InstanceEvent, initialState, nextDeadline, step } from "../../src/failover/instance.js";
import type { FaultReason } from "../../src/failover/tracking.js";
import {
  Advertisement,
  type AdvertisementSettings,
  checkAdvertisement,
  decodeAdvertisement,
  encodeAdvertisement,
  passwordOctets,
} from "../../src/failover/wire/packet.js";
import type { SimulatedLan } from "./simulated-lan.js";
import { advertising, keepalivedGarp, protocol } from "./support.js";

export interface RouterSettings extends Partial<InstanceSettings> {
  readonly priority: number;
  /** To each router by itself. */
  readonly unicast?: boolean;
  readonly virtualRouterId?: number;
  /** The kernel drops addresses that have not been renewed for so long; default: it never does. */
  readonly addressLifetime?: Microseconds;
}

const FAULT: FaultReason = { kind: "interface-down", interface: "eth0" };

export class SimulatedRouter {
  state: InstanceState = initialState;
  plugged = true;
  /** Routers hear each other on the same island only: a partition. */
  island = 0;
  sent = 0;
  /** By its own clock. */
  sentAt = 0;
  /** The last advertisement of one that is not to be preempted, since the last farewell. */
  lastBetter: { readonly at: number; readonly interval: number } | undefined;
  /** The process runs; with its addresses in the kernel that is so, or not, on its own. */
  #life: "stopped" | "running" | "frozen" = "stopped";
  /** How far its clock has jumped ahead of ours. */
  #jumped = 0;
  #hasAddresses = false;
  #renewedAt = 0;
  #frozenAt = 0;
  #isDeaf = false;
  /** Until it thawed last. */
  frozenFor = microseconds(0);
  #backlog: Uint8Array[] = [];
  settings: InstanceSettings;
  readonly #wire: AdvertisementSettings;
  readonly #lifetime: number;
  readonly #heard = new Advertisement();

  constructor(
    readonly lan: SimulatedLan,
    readonly own: RouterSettings,
    readonly source: number,
  ) {
    const { priority, virtualRouterId = 51, addressLifetime, unicast = false, ...settings } = own;
    this.settings = {
      name: `R${source & 255}`,
      advertInterval: microseconds(1_000_000),
      preempt: true,
      preemptDelay: microseconds(0),
      garp: keepalivedGarp,
      ...protocol,
      ...settings,
    };
    const { version, advertInterval } = this.settings;
    const password = passwordOctets("secret");
    const authentication = version === 2 ? ({ type: "PASS", password } as const) : undefined;
    this.#wire = { ...advertising, virtualRouterId, version, advertInterval, authentication, unicast };
    this.#lifetime = addressLifetime ?? Number.POSITIVE_INFINITY;
  }

  /** What its clock says: the monotonic one, which goes forth in jumps when a machine was suspended, and never back. */
  get now(): Microseconds {
    return microseconds(this.lan.now + this.#jumped);
  }

  /** Those who hear each other when nothing is lost: on one island, and of one version of the protocol. */
  get realm(): string {
    return `${this.island} v${this.settings.version}`;
  }

  get isRunning(): boolean {
    return this.#life === "running";
  }

  get isOff(): boolean {
    return this.#life === "stopped";
  }

  /** It takes part in the election. */
  get isCandidate(): boolean {
    return this.isRunning && (this.state.kind === "backup" || this.state.kind === "master");
  }

  /** The kernel answers for the virtual addresses, whether or not somebody runs who means it to. */
  get holdsAddresses(): boolean {
    return this.#hasAddresses && this.lan.now - this.#renewedAt < this.#lifetime;
  }

  start(priority = this.own.priority): void {
    this.#life = "running";
    this.lastBetter = undefined;
    this.handle({ kind: "start", assessment: { priority, faults: [], endured: [] }, source: this.source });
  }

  /** Its file is read again: a master goes on, and another begins anew. */
  reload(priority: number, settings: Partial<InstanceSettings>): void {
    if (!this.isRunning) return;
    this.settings = { ...this.settings, ...settings };
    const { kind, faults } = this.state;
    if (kind !== "master") this.lastBetter = undefined;
    const resume = kind === "master" ? "reload" : undefined;
    this.handle({ kind: "start", resume, assessment: { priority, faults, endured: [] }, source: this.source });
  }

  stop(): void {
    if (this.isRunning) this.handle({ kind: "stop" });
    this.#life = "stopped";
  }

  /** The processes die without a word: the kernel keeps the addresses until their lifetime ends. */
  crash(): void {
    this.#life = "stopped";
    this.state = initialState;
    this.#backlog = [];
  }

  /** @param isDeaf as a machine that is paused; a process that is stopped finds in its socket what has come */
  freeze(isDeaf = false): void {
    if (!this.isRunning) return;
    this.#life = "frozen";
    this.#frozenAt = this.lan.now;
    this.#isDeaf = isDeaf;
  }

  thaw(): void {
    this.frozenFor = microseconds(0);
    if (this.#life !== "frozen") return;
    this.#life = "running";
    this.frozenFor = microseconds(this.lan.now - this.#frozenAt);
    this.#wakeUp();
  }

  jump(duration: Microseconds): void {
    this.#jumped += duration;
    if (this.isRunning) this.#wakeUp();
  }

  /** As the engine: a timer that is far too late is a freeze, then come packets, and then timers. */
  #wakeUp(): void {
    const late = this.now - (nextDeadline(this.state) ?? this.now);
    if (late > this.settings.advertInterval / 2) this.handle({ kind: "frozen", late: microseconds(late) });
    for (const packet of this.#backlog.splice(0)) this.receive(packet);
    this.fireTimers();
  }

  assess(priority: number, isFaulty: boolean): void {
    if (!this.isRunning) return;
    if (isFaulty) this.lastBetter = undefined;
    this.handle({
      kind: "assessed",
      assessment: { priority, faults: isFaulty ? [FAULT] : [], endured: [] },
      source: this.source,
    });
  }

  handle(event: InstanceEvent): void {
    const { state, effects } = step(this.state, event, this.now, this.settings);
    this.state = state;
    for (const effect of effects) this.#apply(effect);
  }

  get nextMoment(): number {
    if (!this.isRunning) return Number.POSITIVE_INFINITY;
    return Math.min((nextDeadline(this.state) ?? Number.POSITIVE_INFINITY) - this.#jumped, this.#renewAt);
  }

  fireTimers(): void {
    if (!this.isRunning) return;
    const deadline = nextDeadline(this.state);
    if (deadline !== undefined && deadline <= this.now) this.handle({ kind: "timer" });
    if (this.#renewAt <= this.lan.now) this.#renewedAt = this.lan.now;
  }

  receive(packet: Uint8Array): void {
    // A socket's queue is finite; what a frozen process would find in it is the oldest.
    if (this.#life === "frozen" && !this.#isDeaf && this.#backlog.length < 64) this.#backlog.push(packet);
    if (!this.isRunning) return;
    if (decodeAdvertisement(packet, packet.length, this.#heard) !== "ok") throw new Error("own packet is malformed");
    const { header, virtualRouterId, priority, advertInterval } = this.#heard;
    if (virtualRouterId !== this.#wire.virtualRouterId) return;
    const verdict = checkAdvertisement(this.#heard, this.#wire, packet);
    if (verdict === "version" && this.#heard.version !== this.settings.version) return;
    if (verdict !== "ok") throw new Error(`own packet is refused: ${verdict}`);
    this.handle({ kind: "advertisement", source: header.source, priority, interval: advertInterval });
    this.#noteRank(priority, advertInterval);
  }

  #noteRank(priority: number, interval: Microseconds): void {
    const { preempt, preemptDelay } = this.settings;
    const own = this.state.priority;
    if (priority > 0 && (priority >= own || (!preempt && own !== 255))) this.lastBetter = { at: this.now, interval };
    // One that resigns is not waited for; a lesser one is, or is not, as the preemption delay has it.
    if (priority === 0 || (priority < own && preemptDelay > 0) || this.state.kind !== "backup")
      this.lastBetter = undefined;
  }

  get #renewAt(): number {
    return this.state.kind === "master" ? this.#renewedAt + this.#lifetime / 4 : Number.POSITIVE_INFINITY;
  }

  #apply(effect: Effect): void {
    if (effect.kind === "add-addresses") this.#renewedAt = this.lan.now;
    if (effect.kind === "add-addresses" || effect.kind === "remove-addresses")
      this.#hasAddresses = effect.kind === "add-addresses";
    if (effect.kind !== "send-advertisement") return;
    this.sentAt = this.now;
    this.sent++;
    for (const to of this.lan.routers) if (to !== this) this.#send(to, effect.priority);
  }

  #send(to: SimulatedRouter, priority: number): void {
    const packet = new Uint8Array(64);
    const { group, unicast } = this.#wire;
    const destination = unicast ? to.source : group;
    const length = encodeAdvertisement(packet, this.#wire, this.source, destination, priority, this.sent);
    this.lan.send(this, to, packet.subarray(0, length));
  }
}
