/** One instance in a box of the simulation: what RunningInstance is in the engine, without sockets and a kernel. */
import type { VrrpInstance } from "../../config/keepalived/model.js";
import { type Effect, type InstanceEvent, type InstanceState, initialState, nextDeadline, step } from "../instance.js";
import type { Member, MemberStanding, RunningSyncGroup } from "../sync-group.js";
import type { Instant } from "../timers.js";
import { type Assessment, assess, type FaultReason, isRealFault } from "../tracking.js";
import type { Claim } from "../wire/heartbeat.js";
import type { IpAddress } from "../wire/ip-address.js";
import {
  Advertisement,
  checkAdvertisement,
  decodeAdvertisement,
  encodeAdvertisement,
  MAX_PACKET,
  peekVirtualRouterId,
  type Rejection,
} from "../wire/packet.js";
import { advertisementSettings, instanceSettings } from "../wire-settings.js";
import type { SimulatedBox } from "./box.js";

export class SimulatedInstance implements Member {
  state: InstanceState = initialState;
  holds = false;
  sentAt = -1;
  group: RunningSyncGroup | undefined;
  /** Why packets of others were refused, by sender. */
  readonly refused = new Set<Rejection>();
  readonly #settings;
  readonly #wire;
  readonly #heard = new Advertisement();
  #serial = 0;
  #ownFaults: readonly FaultReason[] = [];

  constructor(
    readonly box: SimulatedBox,
    readonly own: VrrpInstance,
    readonly source: IpAddress,
    isGrouped: boolean,
  ) {
    this.#settings = instanceSettings(own, isGrouped);
    this.#wire = advertisementSettings(own);
  }

  get isMaster(): boolean {
    return this.state.kind === "master";
  }

  get nextMoment(): number {
    return nextDeadline(this.state) ?? Number.POSITIVE_INFINITY;
  }

  get standing(): MemberStanding {
    if (this.#ownFaults.some(isRealFault)) return "fault";
    if (this.#ownFaults.length > 0) return "pending";
    if (this.isMaster) return "master";
    return this.state.kind === "backup" && this.state.isReady ? "ready" : "waiting";
  }

  hasAddress(text: string): boolean {
    return [...this.own.addresses, ...this.own.excludedAddresses].some(({ address }) => address === text);
  }

  start(): void {
    this.handle({ kind: "start", ...this.#circumstances() });
  }

  examine(): void {
    this.#ownFaults = this.#assess().faults;
  }

  stop(): void {
    this.#step({ kind: "stop" });
  }

  /** Gone without a word. */
  die(): void {
    this.state = initialState;
    this.holds = false;
  }

  reassess(): void {
    this.examine();
    if (this.#ownFaults.length === 0) this.group?.review();
    this.handle({ kind: "assessed", ...this.#circumstances() });
  }

  /** How it stands, for heartbeats. */
  get claim(): Claim {
    const { virtualRouterId, family } = this.own;
    return { virtualRouterId, family, priority: this.state.priority, isMaster: this.isMaster, source: this.source };
  }

  /** A peer is master, as it says by a heartbeat. */
  claimed({ priority, source }: Claim, until: Instant): void {
    this.handle({ kind: "heartbeat", priority, source, until });
  }

  takeOver(): void {
    this.handle({ kind: "take-over" });
  }

  giveWay(): void {
    this.handle({ kind: "give-way" });
  }

  outliveRival(): void {
    this.handle({ kind: "rival-of-group" });
  }

  fireTimers(): void {
    if (this.nextMoment <= this.box.cluster.now) this.handle({ kind: "timer" });
  }

  receive(packet: Uint8Array): void {
    if (!this.#isConnected || peekVirtualRouterId(packet, packet.length) !== this.own.virtualRouterId) return;
    const decoded = decodeAdvertisement(packet, packet.length, this.#heard);
    if (decoded === "ok" && this.#heard.header.family !== this.own.family) return;
    const verdict = decoded === "ok" ? checkAdvertisement(this.#heard, this.#wire, packet) : decoded;
    if (verdict !== "ok") {
      this.refused.add(verdict);
      return;
    }
    const { header, priority, advertInterval } = this.#heard;
    this.handle({ kind: "advertisement", source: header.source, priority, interval: advertInterval });
  }

  handle(event: InstanceEvent): void {
    this.#step(event);
    this.group?.review();
  }

  #step(event: InstanceEvent): void {
    const { state, effects } = step(this.state, event, this.box.cluster.now, this.#settings);
    this.state = state;
    for (const effect of effects) this.#apply(effect);
  }

  #apply(effect: Effect): void {
    if (effect.kind === "add-addresses") this.holds = true;
    else if (effect.kind === "remove-addresses") this.holds = false;
    else if (effect.kind === "state-changed") this.box.hasMoved();
    else if (effect.kind === "send-advertisement" && this.#isConnected) this.#advertise(effect.priority);
  }

  #advertise(priority: number): void {
    this.sentAt = this.box.cluster.now;
    const { unicast, peers, group } = this.#wire;
    for (const destination of unicast ? peers.map(({ address }) => address) : [group]) {
      const packet = new Uint8Array(MAX_PACKET);
      const length = encodeAdvertisement(packet, this.#wire, this.source, destination, priority, ++this.#serial);
      this.box.cluster.send(this, packet.subarray(0, length), unicast ? destination : undefined);
    }
  }

  get #isConnected(): boolean {
    const { interface: device } = this.own;
    return this.box.isUp && (device === undefined || this.box.link(device) === "up");
  }

  #assess(): Assessment {
    return assess(this.own, { ...this.box.world, sourcePresent: true });
  }

  #circumstances(): { assessment: Assessment; source: IpAddress } {
    const { source } = this;
    const assessment = this.#assess();
    const kind = this.group?.hold;
    if (assessment.faults.length > 0 || kind === undefined) return { assessment, source };
    return { assessment: { ...assessment, faults: [{ kind, group: this.group!.own.name }], endured: [] }, source };
  }
}
