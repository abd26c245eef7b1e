/**
 * What the protocol promises of routers that hear each other, watched at every moment of a simulation: somebody is
 * master, nobody else is, and the addresses are where the master is. The intervals are worked out here anew, from the
 * text of the RFC: a mistake in the engine's own would otherwise excuse itself.
 */
import type { Microseconds } from "../../src/config/units.js";
import type { SimulatedLan } from "./simulated-lan.js";
import type { SimulatedRouter } from "./simulated-router.js";

/** Since when, by realm. */
type Since = Map<string, number>;

interface Crowd {
  readonly since: number;
  readonly until: number;
  readonly who: string;
  readonly disturbedAt: number;
}

/** Where an interval is divided, parts of microseconds are cut off. */
const ROUNDING = 2;

/** RFC 3768 §6.1: a share of a second; RFC 9568 §6.1: of the master's interval. */
function skewOf({ settings, state }: SimulatedRouter, masterInterval: number): number {
  return ((256 - state.priority) * (settings.version === 2 ? 1_000_000 : masterInterval)) / 256;
}

/** Master_Down_Interval of a router that counts in intervals of its master's. */
const downOf = (router: SimulatedRouter, masterInterval: number): number =>
  router.settings.downTimerAdverts * masterInterval + skewOf(router, masterInterval);

const intervalOf = ({ state, settings }: SimulatedRouter): number =>
  state.kind === "backup" && settings.version === 3 ? state.masterInterval : settings.advertInterval;

const nameOf = ({ settings }: SimulatedRouter): string => settings.name;

/** Two masters that hear each other: the lesser one yields. */
const isBetter = (a: SimulatedRouter, b: SimulatedRouter): boolean =>
  a.state.priority > b.state.priority || (a.state.priority === b.state.priority && a.source > b.source);

export class Promises {
  /** In a storm packets are lost or late, and nothing is promised but what a router can see to alone. */
  isStorm = false;
  #disturbedAt = 0;
  #cutAt = 0;
  #changedAt = 0;
  readonly #settled = new Map<string, SimulatedRouter>();
  /** Since when nobody is master of a realm, and until when somebody must be. */
  readonly #without = new Map<string, { readonly since: number; readonly until: number }>();
  /** Who is master together with others, since when, and until when only one of them may be. */
  readonly #crowded = new Map<string, Crowd>();
  /** When a master said farewell while all was calm. */
  readonly #resigned: Since = new Map();
  /** From when on a router has been a candidate, all the time. */
  readonly #candidateSince = new Map<SimulatedRouter, number>();
  readonly #wasMaster = new Map<SimulatedRouter, boolean>();

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

  /** Somebody joined, or is worth another priority: an election may begin anew. */
  disturb(): void {
    this.#disturbedAt = this.lan.landed;
    this.change();
  }

  /** What routers hear of each other has changed. */
  cut(): void {
    this.#cutAt = this.lan.landed;
    this.#resigned.clear();
    this.disturb();
  }

  /** Its timers were set anew: it has started, recovered, or thawed. */
  began(router: SimulatedRouter): void {
    this.#candidateSince.set(router, this.lan.now);
    this.disturb();
  }

  /** A master stopped or entered fault; its advertisements had all arrived by then. */
  resigned({ realm }: SimulatedRouter): void {
    if (!this.isStorm) this.#resigned.set(realm, this.lan.now);
  }

  /**
   * A master that was silent for so long that another may be master by now must listen first, and so must a backup whose
   * timer is late by half an interval: it may have been deaf.
   */
  checkThawed(router: SimulatedRouter, wasMaster: boolean): void {
    const { frozenFor, settings, state } = router;
    const { advertInterval, downTimerAdverts } = settings;
    const limit = wasMaster
      ? downTimerAdverts * advertInterval
      : downOf(router, this.#slowestInterval) + advertInterval / 2;
    if (frozenFor > limit && state.kind === "master")
      throw new Error(`${settings.name} thaws after ${frozenFor} µs and is master`);
  }

  /** @throws if a promise is broken. To be called whenever anything may have changed. */
  check(): void {
    for (const router of this.lan.routers) if (router.isRunning) this.#checkAlone(router);
    const realms = new Set(this.lan.routers.map(({ realm }) => realm));
    for (const realm of [...realms, ...this.#without.keys(), ...this.#crowded.keys()]) this.#checkRealm(realm);
  }

  /** What a router can see to, whatever the others do. */
  #checkAlone(router: SimulatedRouter): void {
    const { state, settings, holdsAddresses, lastBetter } = router;
    const isMaster = state.kind === "master";
    if (holdsAddresses !== isMaster)
      throw new Error(`${nameOf(router)} is ${state.kind} and ${holdsAddresses ? "holds" : "lacks"} addresses`);
    if (isMaster && router.now - router.sentAt > settings.advertInterval)
      throw new Error(`${nameOf(router)} is master and silent for ${router.now - router.sentAt} µs`);
    if (isMaster && this.#wasMaster.get(router) !== true && lastBetter !== undefined) {
      const patience = downOf(router, settings.version === 3 ? lastBetter.interval : settings.advertInterval);
      const waited = router.now - lastBetter.at;
      if (waited < patience - ROUNDING)
        throw new Error(`${nameOf(router)} takes over ${waited} µs after a better one was heard, not ${patience} µs`);
    }
    this.#wasMaster.set(router, isMaster);
  }

  #checkRealm(realm: string): void {
    const candidates = this.lan.routers.filter((router) => router.isCandidate && router.realm === realm);
    const masters = candidates.filter(({ state }) => state.kind === "master");
    if (this.isStorm || candidates.length === 0) {
      for (const each of [this.#without, this.#crowded, this.#resigned]) each.delete(realm);
      return;
    }
    this.#checkNobody(realm, masters.length === 0, candidates);
    this.#checkCrowd(realm, masters);
    this.#checkSettled(realm, masters, candidates);
  }

  /** The first whose timer ends takes over: its down interval after the last word of a master, its skew after a farewell. */
  #checkNobody(realm: string, isSo: boolean, candidates: readonly SimulatedRouter[]): void {
    const { since = this.lan.now, until = Number.POSITIVE_INFINITY } = this.#without.get(realm) ?? {};
    if (this.lan.now > until) throw new Error(`nobody is master for ${this.lan.now - since} µs`);
    if (!isSo) {
      this.#without.delete(realm);
      this.#resigned.delete(realm);
      return;
    }
    const farewell = this.#resigned.get(realm);
    const deadlines = candidates.map((router) => {
      const began = this.#candidateSince.get(router) ?? 0;
      const interval = intervalOf(router);
      return farewell !== undefined && began < farewell
        ? farewell + skewOf(router, interval)
        : Math.max(since, this.#cutAt, began) + downOf(router, interval);
    });
    this.#without.set(realm, {
      since,
      until: Math.max(this.lan.now, Math.min(...deadlines)) + this.maxDelay + ROUNDING,
    });
  }

  /**
   * A better router that takes over is master before its first advertisement has reached the lesser one; the lesser one
   * of two is answered, unless `lower_prio_no_advert` says not to. After a disturbance an interval may pass before
   * anybody says a word.
   */
  #checkCrowd(realm: string, masters: readonly SimulatedRouter[]): void {
    const before = this.#crowded.get(realm);
    if (before !== undefined && this.lan.now > before.until)
      throw new Error(`${before.who} are masters for ${this.lan.now - before.since} µs`);
    const [first] = masters;
    if (first === undefined || masters.length < 2) {
      this.#crowded.delete(realm);
      return;
    }
    const who = masters.map(nameOf).join(" and ");
    if (before?.who === who && before.disturbedAt === this.#disturbedAt) return;
    const best = masters.reduce((best, router) => (isBetter(router, best) ? router : best), first);
    const own = best.settings.advertInterval;
    const isSilent = !best.settings.answersLowerPriority;
    const word = isSilent ? own : Math.min(...masters.map(({ settings }) => settings.advertInterval));
    const settling = 2 * this.maxDelay * this.lan.routers.length;
    const until = Math.max(
      before?.until ?? 0,
      this.lan.now + settling + (isSilent ? own : 0),
      this.#disturbedAt + word + settling,
    );
    this.#crowded.set(realm, { since: before?.since ?? this.lan.now, until, who, disturbedAt: this.#disturbedAt });
  }

  /** When nothing has happened for long, the best is master and stays it. */
  #checkSettled(realm: string, masters: readonly SimulatedRouter[], candidates: readonly SimulatedRouter[]): void {
    const [master] = masters;
    if (master === undefined) return;
    const calm = this.lan.now - this.#changedAt;
    const election = Math.max(...candidates.map((router) => downOf(router, this.#slowestInterval)));
    const settling = 2 * this.maxDelay * (this.lan.routers.length + 1) + this.#slowestInterval;
    const better = candidates.find(
      (router) =>
        router.settings.preempt &&
        router.state.priority > master.state.priority &&
        calm > election + router.settings.preemptDelay + downOf(router, intervalOf(router)) + settling,
    );
    if (better !== undefined) throw new Error(`${nameOf(master)} is master still, and ${nameOf(better)} is better`);
    const patience = Math.max(...candidates.map(({ settings }) => settings.preemptDelay));
    if (calm <= 2 * election + patience + settling) return;
    const before = this.#settled.get(realm) ?? master;
    this.#settled.set(realm, before);
    const usurper = masters.find((router) => router !== before);
    if (usurper !== undefined) throw new Error(`${nameOf(usurper)} takes over from ${nameOf(before)}, which was well`);
  }

  get #slowestInterval(): number {
    return Math.max(...this.lan.routers.map(({ settings }) => settings.advertInterval));
  }
}
