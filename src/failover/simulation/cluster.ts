/**
 * Boxes with their keepalived.conf on a virtual clock and network: the real state machines, groups, trackers, and packets,
 * without a kernel. Deterministic: no time passes but that which `run` lets pass.
 */
import type { KeepalivedConfiguration } from "../../config/keepalived/model.js";
import { type Microseconds, microseconds } from "../../config/units.js";
import type { IpAddress } from "../wire/ip-address.js";
import { SimulatedBox } from "./box.js";
import type { SimulatedHeartbeat } from "./heartbeat.js";
import type { SimulatedInstance } from "./instance.js";

/** How long a packet takes. */
const LATENCY = microseconds(200);

/** How long each copy of a packet takes; none: it is lost. */
export type Travel = (from: SimulatedInstance, to: SimulatedInstance) => readonly Microseconds[];
const undisturbed: Travel = () => [LATENCY];

interface Delivery {
  readonly at: number;
  deliver(): void;
}

export class SimulatedCluster {
  now = microseconds(0);
  readonly boxes: readonly SimulatedBox[];
  /** The network that advertisements go by is gone between the boxes; a heartbeat_path elsewhere is not. */
  isCut = false;
  #inFlight: Delivery[] = [];

  constructor(
    boxes: readonly { readonly name: string; readonly configuration: KeepalivedConfiguration }[],
    readonly travel = undisturbed,
  ) {
    const all = boxes.map(({ configuration }) => configuration);
    this.boxes = boxes.map(({ name, configuration }, index) => new SimulatedBox(this, name, configuration, index, all));
    for (const box of this.boxes) box.start();
  }

  get instances(): SimulatedInstance[] {
    return this.boxes.flatMap((box) => box.instances);
  }

  /** Who holds a virtual address now. */
  holders(address: string): SimulatedBox[] {
    return this.boxes.filter((box) => box.instances.some((each) => each.holds && each.hasAddress(address)));
  }

  /** @param to undefined: everybody who listens to multicast */
  send(from: SimulatedInstance, packet: Uint8Array, to: IpAddress | undefined): void {
    if (this.isCut) return;
    for (const instance of this.instances) {
      if (instance.box === from.box || (to !== undefined && instance.source !== to)) continue;
      for (const delay of this.travel(from, instance))
        this.#inFlight.push({ at: this.now + delay, deliver: () => instance.receive(packet) });
    }
  }

  /** A heartbeat, to whom it reaches. */
  beat(from: SimulatedHeartbeat, packet: Buffer): void {
    for (const to of this.boxes.flatMap(({ heartbeats }) => heartbeats))
      if (from.reaches(to)) this.#inFlight.push({ at: this.now + LATENCY, deliver: () => to.receive(packet) });
  }

  run(duration: Microseconds): void {
    this.runUntil(() => false, duration);
  }

  /** @returns how long it took until the condition held, or undefined if it did not within `limit`. */
  runUntil(condition: () => boolean, limit: Microseconds): Microseconds | undefined {
    const start = this.now;
    const end = start + limit;
    for (;;) {
      if (condition()) return microseconds(this.now - start);
      const next = this.#nextMoment();
      if (next > end) break;
      this.now = microseconds(Math.max(next, this.now));
      this.#deliver();
      for (const box of this.boxes) box.tick();
    }
    this.now = microseconds(end);
    return undefined;
  }

  #nextMoment(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#inFlight) next = Math.min(next, at);
    for (const box of this.boxes) next = Math.min(next, box.nextMoment);
    return next;
  }

  /** Packets come before timers, as the engine drains its sockets first. */
  #deliver(): void {
    const due = this.#inFlight.filter(({ at }) => at <= this.now);
    this.#inFlight = this.#inFlight.filter(({ at }) => at > this.now);
    for (const delivery of due) delivery.deliver();
  }
}
