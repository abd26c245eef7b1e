/**
 * Many routers on a virtual clock and a virtual network with loss, delay, duplication and partition. Advertisements
 * travel as bytes through the real encoder and decoder. Everything random comes from one seed: the same seed gives the
 * same run, packet for packet.
 */
import { type Microseconds, microseconds } from "../../src/config/units.js";
import { Random } from "../fuzz/random.js";
import { type RouterSettings, SimulatedRouter } from "./simulated-router.js";
import { ipv4 } from "./support.js";

export interface Weather {
  /** Share of packets lost, 0–1. */
  readonly loss: number;
  /** Share of packets that arrive twice, 0–1. */
  readonly duplication: number;
  /** Packets take up to so long, each its own time: they may overtake each other. */
  readonly maxDelay: Microseconds;
}

const CALM: Weather = { loss: 0, duplication: 0, maxDelay: microseconds(500) };

interface LanSettings extends Partial<Weather> {
  readonly seed: number;
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
  readonly random: Random;
  readonly #seed: number;
  #weather: Weather;
  #inFlight: Delivery[] = [];
  #order = 0;
  /** Called when all that happens at a moment has happened. */
  watch: () => void = () => {};

  constructor({ seed, ...weather }: LanSettings) {
    this.#seed = seed;
    this.#weather = { ...CALM, ...weather };
    this.random = new Random(seed);
  }

  /** Another router, which starts at once. */
  join(own: RouterSettings): SimulatedRouter {
    const router = this.add(own);
    router.start();
    return router;
  }

  /** Another router, switched off. */
  add(own: RouterSettings): SimulatedRouter {
    const router = new SimulatedRouter(this, own, ipv4("192.0.2.10") + this.routers.length);
    this.routers.push(router);
    return router;
  }

  get masters(): SimulatedRouter[] {
    return this.routers.filter((router) => router.plugged && router.state.kind === "master");
  }

  /** From now on nothing is lost and nothing is late, unless told otherwise. */
  calm(weather: Partial<Weather> = {}): void {
    this.#weather = { ...CALM, ...weather };
  }

  /** When the last packet that is under way now will have arrived. */
  get landed(): Microseconds {
    let last: number = this.now;
    for (const { at } of this.#inFlight) last = Math.max(last, at);
    return microseconds(last);
  }

  send(from: SimulatedRouter, to: SimulatedRouter, packet: Uint8Array): void {
    if (this.#chance(this.#weather.loss)) return;
    const copies = this.#chance(this.#weather.duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const at = this.now + this.random.below(this.#weather.maxDelay + 1);
      if (from.plugged && to.plugged && from.island === to.island)
        this.#inFlight.push({ at, order: this.#order++, to, packet });
    }
  }

  run(duration: Microseconds): void {
    this.runUntil(() => false, duration);
  }

  /** Runs until the condition holds; throws, with the seed, if it does not within `limit`. */
  eventually(condition: () => boolean, limit: Microseconds): void {
    if (!this.runUntil(condition, limit)) throw new Error(`not within ${limit} µs (seed ${this.#seed})`);
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
      this.watch();
    }
    this.now = microseconds(end);
    return condition();
  }

  #chance(share: number): boolean {
    return share > 0 && this.random.below(1_000_000) < share * 1_000_000;
  }

  #nextMoment(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#inFlight) next = Math.min(next, at);
    for (const router of this.routers) next = Math.min(next, router.nextMoment);
    return next;
  }

  /** Packets come before timers, as the driver drains its socket first. */
  #deliverDue(): void {
    const due = this.#inFlight.filter(({ at }) => at <= this.now);
    if (due.length === 0) return;
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    this.#inFlight = this.#inFlight.filter(({ at }) => at > this.now);
    for (const { to, packet } of due) if (to.plugged) to.receive(packet);
  }
}
