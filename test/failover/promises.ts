/**
 * What the protocol promises of routers that hear each other, watched at every moment of a simulation: somebody is
 * master, nobody else is, and the addresses are where the master is.
 */
import { type Microseconds, microseconds } from "../../src/config/units.js";
import { masterDownInterval } from "../../src/failover/timers.js";
import type { SimulatedLan } from "./simulated-lan.js";
import type { SimulatedRouter } from "./simulated-router.js";

/** Since when, by island. */
type Since = Map<number, number>;

export class Promises {
  /** In a storm packets are lost or late, and nothing is promised but that masters alone hold addresses. */
  isStorm = false;
  #disturbedAt = 0;
  #changedAt = 0;
  readonly #settled = new Map<number, SimulatedRouter>();
  readonly #without: Since = new Map();
  readonly #crowded: Since = new Map();

  /** @param maxDelay of a packet, while there is no storm */
  constructor(
    readonly lan: SimulatedLan,
    readonly maxDelay: Microseconds,
  ) {}

  /** Something happened, be it that somebody left. */
  change(): void {
    this.#changedAt = this.lan.landed;
    this.#settled.clear();
  }

  /** Somebody joined, or what routers hear of each other changed: an election may begin anew. */
  disturb(): void {
    this.#disturbedAt = this.lan.landed;
    this.change();
  }

  /**
   * A master that was silent for so long that another may be master by now must listen first, and so must a backup whose
   * timer is late by half an interval: it may have been deaf.
   */
  checkThawed({ frozenFor, settings, lowestPriority, state }: SimulatedRouter, wasMaster: boolean): void {
    const { advertInterval, downTimerAdverts } = settings;
    const election = masterDownInterval(settings, lowestPriority, this.#slowestInterval);
    const limit = wasMaster ? downTimerAdverts * advertInterval : election + advertInterval / 2;
    if (frozenFor > limit && state.kind === "master")
      throw new Error(`${settings.name} thaws after ${frozenFor} µs and is master`);
  }

  /** @throws if a promise is broken. To be called whenever anything may have changed. */
  check(): void {
    for (const router of this.lan.routers)
      if (router.isRunning && router.holdsAddresses !== (router.state.kind === "master"))
        throw new Error(
          `${nameOf(router)} is ${router.state.kind} and ${router.holdsAddresses ? "holds" : "lacks"} addresses`,
        );
    const islands = new Set(this.lan.routers.map(({ island }) => island));
    for (const island of [...islands, ...this.#without.keys(), ...this.#crowded.keys()]) this.#checkIsland(island);
  }

  #checkIsland(island: number): void {
    const candidates = this.lan.routers.filter((router) => router.isCandidate && router.island === island);
    const masters = candidates.filter(({ state }) => state.kind === "master");
    if (this.isStorm || candidates.length === 0) {
      this.#without.delete(island);
      this.#crowded.delete(island);
      return;
    }
    this.#follow(this.#without, island, masters.length === 0, 0, this.#longestElection, "nobody is master");
    const names = masters.map(nameOf).join(" and ");
    this.#follow(
      this.#crowded,
      island,
      masters.length > 1,
      this.#slowestInterval,
      this.#settling,
      `${names} are masters`,
    );
    if (this.lan.now - this.#changedAt > this.#longestUnrest) this.#checkSettled(island, masters, candidates);
  }

  /** When nothing has happened for long, the best is master and stays it. */
  #checkSettled(island: number, masters: readonly SimulatedRouter[], candidates: readonly SimulatedRouter[]): void {
    const [master] = masters;
    if (master === undefined) return;
    const before = this.#settled.get(island) ?? master;
    this.#settled.set(island, before);
    const usurper = masters.find((router) => router !== before);
    if (usurper !== undefined) throw new Error(`${nameOf(usurper)} takes over from ${nameOf(before)}, which was well`);
    const better = candidates.find(({ settings, state }) => settings.preempt && state.priority > master.state.priority);
    if (better !== undefined) throw new Error(`${nameOf(master)} is master still, and ${nameOf(better)} is better`);
  }

  /** What is so may be so for `patience`, and not longer, from `grace` after the last disturbance on. */
  #follow(since: Since, island: number, isSo: boolean, grace: number, patience: number, what: string): void {
    const begun = since.get(island);
    const lasted = begun === undefined ? 0 : this.lan.now - Math.max(begun, this.#disturbedAt + grace);
    if (lasted > patience)
      throw new Error(`${what || "two were masters"} for ${lasted} µs, longer than ${patience} µs`);
    if (!isSo) since.delete(island);
    else if (begun === undefined) since.set(island, this.lan.now);
  }

  get #slowestInterval(): Microseconds {
    return microseconds(Math.max(...this.lan.routers.map(({ settings }) => settings.advertInterval)));
  }

  /** The longest master-down interval of anybody, counted in the slowest master's advertisements. */
  get #longestElection(): number {
    const intervals = this.lan.routers.map(({ settings, lowestPriority }) =>
      masterDownInterval(settings, lowestPriority, this.#slowestInterval),
    );
    return Math.max(...intervals) + this.maxDelay;
  }

  get #longestUnrest(): number {
    const patience = Math.max(...this.lan.routers.map(({ settings }) => settings.preemptDelay));
    return 2 * this.#longestElection + patience + this.#settling;
  }

  /**
   * A better router that takes over is master before its first advertisement has reached the lesser one; the lesser one
   * of two that take over at once is answered, unless `lower_prio_no_advert` says not to.
   */
  get #settling(): number {
    const isSilent = this.lan.routers.some(({ settings }) => !settings.answersLowerPriority);
    return 2 * this.maxDelay * this.lan.routers.length + (isSilent ? this.#slowestInterval : 0);
  }
}

const nameOf = (router: SimulatedRouter): string => router.settings.name;
