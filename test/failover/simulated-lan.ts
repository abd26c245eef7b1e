/**
 * Many routers on a virtual clock and a virtual network with loss, delay and partition. Advertisements travel as
 * bytes through the real encoder and decoder. Everything random comes from one seed: the same seed gives the same
 * run, packet for packet.
 */
import { type Microseconds, microseconds } from "../../src/config/units.js";
import type { InstanceSettings, InstanceState } from "../../src/failover/instance.js";
import { type Effect, type InstanceEvent, initialState, nextDeadline, step } from "../../src/failover/instance.js";
import {
  Advertisement,
  type AdvertisementSettings,
  checkAdvertisement,
  decodeAdvertisement,
  encodeAdvertisement,
  MAX_PACKET,
  passwordOctets,
} from "../../src/failover/wire/packet.js";
import { advertising, ipv4, keepalivedGarp, protocol } from "./support.js";

interface LanSettings {
  readonly seed: number;
  /** Share of packets lost, 0–1. */
  readonly loss?: number;
  /** Packets take up to so long, each its own time: they may overtake each other. */
  readonly maxDelay?: Microseconds;
}

interface Delivery {
  readonly at: number;
  readonly order: number;
  readonly to: SimulatedRouter;
  readonly packet: Uint8Array;
}

export class SimulatedLan {
  now = microseconds(0);
  readonly routers: SimulatedRouter[] = [];
  #settings: Required<LanSettings>;
  readonly #random: () => number;
  #inFlight: Delivery[] = [];
  #order = 0;

  constructor(settings: LanSettings) {
    this.#settings = { loss: 0, maxDelay: microseconds(500), ...settings };
    this.#random = mulberry32(settings.seed);
  }

  join(own: { readonly priority: number } & Partial<InstanceSettings>): SimulatedRouter {
    const router = new SimulatedRouter(this, own, ipv4("192.0.2.10") + this.routers.length);
    this.routers.push(router);
    router.handle({
      kind: "start",
      assessment: { priority: own.priority, faults: [], endured: [] },
      source: router.source,
    });
    return router;
  }

  get masters(): SimulatedRouter[] {
    return this.routers.filter((router) => router.plugged && router.state.kind === "master");
  }

  /** From now on nothing is lost and nothing is late. */
  calm(): void {
    this.#settings = { ...this.#settings, loss: 0, maxDelay: microseconds(500) };
  }

  broadcast(from: SimulatedRouter, packet: Uint8Array): void {
    for (const to of this.routers) {
      if (to === from || this.#random() < this.#settings.loss) continue;
      const at = this.now + Math.ceil(this.#random() * this.#settings.maxDelay);
      if (from.plugged && to.plugged && from.island === to.island)
        this.#inFlight.push({ at, order: this.#order++, to, packet });
    }
  }

  run(duration: Microseconds): void {
    this.runUntil(() => false, duration);
  }

  /** Runs until the condition holds; throws, with the seed, if it does not within `limit`. */
  eventually(condition: () => boolean, limit: Microseconds): void {
    if (!this.runUntil(condition, limit)) throw new Error(`not within ${limit} µs (seed ${this.#settings.seed})`);
  }

  runUntil(condition: () => boolean, limit: Microseconds = microseconds(60_000_000)): boolean {
    const end = this.now + limit;
    for (;;) {
      if (condition()) return true;
      const next = this.#nextMoment();
      if (next > end) break;
      this.now = microseconds(Math.max(next, this.now));
      this.#deliverDue();
      for (const router of this.routers) router.fireTimers();
    }
    this.now = microseconds(end);
    return condition();
  }

  #nextMoment(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#inFlight) next = Math.min(next, at);
    for (const router of this.routers) next = Math.min(next, nextDeadline(router.state) ?? next);
    return next;
  }

  /** Packets come before timers, as the driver drains its socket first. */
  #deliverDue(): void {
    const due = this.#inFlight.filter(({ at }) => at <= this.now).sort((a, b) => a.at - b.at || a.order - b.order);
    this.#inFlight = this.#inFlight.filter(({ at }) => at > this.now);
    for (const { to, packet } of due) if (to.plugged) to.receive(packet);
  }
}

export class SimulatedRouter {
  state: InstanceState = initialState;
  plugged = true;
  /** Routers hear each other on the same island only: a partition. */
  island = 0;
  sent = 0;
  holdsAddresses = false;
  readonly #settings: InstanceSettings;
  readonly #wire: AdvertisementSettings = {
    ...advertising,
    authentication: { type: "PASS", password: passwordOctets("secret") },
  };
  readonly #heard = new Advertisement();

  constructor(
    readonly lan: SimulatedLan,
    own: { readonly priority: number } & Partial<InstanceSettings>,
    readonly source: number,
  ) {
    this.#settings = {
      name: `R${source & 255}`,
      advertInterval: microseconds(1_000_000),
      preempt: true,
      preemptDelay: microseconds(0),
      garp: keepalivedGarp,
      ...protocol,
      ...own,
    };
  }

  handle(event: InstanceEvent): void {
    const { state, effects } = step(this.state, event, this.lan.now, this.#settings);
    this.state = state;
    for (const effect of effects) this.#apply(effect);
  }

  fireTimers(): void {
    const deadline = nextDeadline(this.state);
    if (deadline !== undefined && deadline <= this.lan.now) this.handle({ kind: "timer" });
  }

  receive(packet: Uint8Array): void {
    if (decodeAdvertisement(packet, packet.length, this.#heard) !== "ok") throw new Error("own packet is malformed");
    if (checkAdvertisement(this.#heard, this.#wire, packet) !== "ok") throw new Error("own packet is refused");
    const { header, priority, advertInterval } = this.#heard;
    this.handle({ kind: "advertisement", source: header.source, priority, interval: advertInterval });
  }

  #apply(effect: Effect): void {
    if (effect.kind === "add-addresses") this.holdsAddresses = true;
    if (effect.kind === "remove-addresses") this.holdsAddresses = false;
    if (effect.kind !== "send-advertisement") return;
    const packet = new Uint8Array(MAX_PACKET);
    const { group } = this.#wire;
    const length = encodeAdvertisement(packet, this.#wire, this.source, group, effect.priority, ++this.sent);
    this.lan.broadcast(this, packet.subarray(0, length));
  }
}

/** A small generator of numbers from 0 to 1 whose whole state is its seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
