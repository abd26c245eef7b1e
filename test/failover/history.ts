/** The life of two to five routers, as a seed has it: what they are, what happens to them and between them. */
import { fromSeconds, type Microseconds, microseconds } from "../../src/config/units.js";
import type { Random } from "../fuzz/random.js";
import { Promises } from "./promises.js";
import { SimulatedLan } from "./simulated-lan.js";
import type { RouterSettings, SimulatedRouter } from "./simulated-router.js";

const INCIDENTS = 16;

/**
 * @param tell is given a line for each incident and each change of state.
 * @returns the number of advertisements sent.
 * @throws if a promise of the protocol was broken.
 */
export function playHistory(seed: number, tell: (line: string) => void = () => {}): number {
  return new History(seed, tell).play();
}

class History {
  readonly #lan: SimulatedLan;
  readonly #random: Random;
  readonly #promises: Promises;
  readonly #interval: Microseconds;
  readonly #maxDelay: Microseconds;
  readonly #tell: (line: string) => void;
  readonly #seen = new Map<SimulatedRouter, string>();

  constructor(seed: number, tell: (line: string) => void) {
    const lan = new SimulatedLan({ seed });
    this.#lan = lan;
    this.#random = lan.random;
    this.#tell = (line) => tell(`${(lan.now / 1e6).toFixed(6).padStart(12)} ${line}`);
    const all = someRouters(lan.random);
    for (const own of all) {
      const { settings } = lan.add(own);
      const { addressLifetime = "none" } = own;
      this.#tell(`${settings.name}: ${JSON.stringify({ ...settings, garp: undefined, addressLifetime })}`);
    }
    const intervals = all.map(({ advertInterval }) => advertInterval!);
    this.#interval = microseconds(Math.max(...intervals));
    this.#maxDelay = microseconds(Math.min(...intervals) / 50);
    this.#promises = new Promises(lan, this.#maxDelay);
    lan.watch = () => {
      this.#tellStates();
      this.#promises.check();
    };
  }

  play(): number {
    this.#clearUp();
    for (const router of this.#lan.routers) if (!this.#random.oneIn(4)) this.#happen("starts", router);
    for (let count = 0; count < INCIDENTS; count++) {
      this.#lan.run(microseconds(this.#random.below(this.#interval * this.#random.pick([1, 4, 10]))));
      this.#incident();
    }
    this.#epilogue();
    return this.#lan.routers.reduce((sum, { sent }) => sum + sent, 0);
  }

  /** Everybody back and everything calm: after the longest election one of them is master. */
  #epilogue(): void {
    this.#clearUp();
    this.#join();
    for (const router of this.#lan.routers)
      for (const what of ["thaws", "starts", "recovers"] as const) this.#happen(what, router);
    const preemption = Math.max(...this.#lan.routers.map(({ settings }) => settings.preemptDelay));
    this.#lan.run(microseconds(preemption + 20 * this.#interval));
    const realms = new Set(this.#lan.routers.map(({ realm }) => realm)).size;
    const masters = this.#lan.masters.length;
    if (masters !== realms) throw new Error(`${masters} masters at the end`);
  }

  #incident(): void {
    const router = this.#random.pick(this.#lan.routers);
    const dice = this.#random.below(12);
    if (dice === 0) this.#storm();
    else if (dice <= 2) this.#clearUp();
    else if (dice === 3) this.#part();
    else if (dice <= 5) this.#join();
    else this.#happen(this.#random.pick(Object.keys(ACTS) as Act[]), router);
  }

  #happen(what: Act, router: SimulatedRouter): void {
    const { isCandidate: wasCandidate } = router;
    const wasMaster = router.isRunning && router.state.kind === "master";
    const isQuiet = this.#lan.landed === this.#lan.now;
    this.#tell(`${router.settings.name} ${what}`);
    ACTS[what](router, this.#random, this.#interval);
    if (what === "thaws") this.#promises.checkThawed(router, wasMaster);
    this.#promises.change();
    // One who leaves keeps nobody from taking over; one who joins, or is worth less than before, may begin an election.
    if (what === "changes its priority") this.#promises.disturb();
    if (router.isCandidate && (!wasCandidate || ANEW.has(what))) this.#promises.began(router);
    if (wasMaster && isQuiet && (what === "stops" || (what === "fails" && !router.isCandidate)))
      this.#promises.resigned(router);
    this.#lan.watch();
  }

  #storm(): void {
    const weather = {
      loss: this.#random.below(90) / 100,
      duplication: this.#random.below(50) / 100,
      maxDelay: microseconds(this.#random.below(1.5 * this.#interval)),
    };
    this.#tell(`a storm: ${JSON.stringify(weather)}`);
    this.#lan.calm(weather);
    this.#promises.isStorm = true;
    this.#lan.watch();
  }

  #clearUp(): void {
    this.#tell("calm");
    this.#lan.calm({ maxDelay: this.#maxDelay, duplication: this.#random.below(20) / 100 });
    this.#promises.isStorm = false;
    this.#promises.cut();
  }

  #part(): void {
    for (const router of this.#lan.routers) router.island = this.#random.below(3);
    this.#tell(`a partition: ${this.#lan.routers.map(({ island }) => island).join(" ")}`);
    this.#promises.cut();
    this.#lan.watch();
  }

  #join(): void {
    for (const router of this.#lan.routers) router.island = 0;
    this.#tell("no partition");
    this.#promises.cut();
  }

  #tellStates(): void {
    for (const router of this.#lan.routers) {
      const state = router.isRunning ? router.state.kind : "does not run";
      if (this.#seen.get(router) !== state) this.#tell(`${router.settings.name} is ${state}`);
      this.#seen.set(router, state);
    }
  }
}

const ACTS = {
  crashes: (router) => router.crash(),
  starts: (router) => router.isOff && router.start(),
  stops: (router) => router.stop(),
  freezes: (router, random) => router.freeze(random.oneIn(2)),
  thaws: (router) => router.thaw(),
  fails: (router) => router.assess(router.state.priority, true),
  recovers: (router) => router.assess(router.state.priority, false),
  "changes its priority": (router, random) => router.assess(1 + random.below(254), router.state.kind === "fault"),
  "reads its file again": (router, random, interval) =>
    router.reload(router.state.priority === 255 ? 255 : 1 + random.below(254), {
      preempt: !random.oneIn(3),
      preemptDelay: microseconds(random.oneIn(4) ? random.below(5 * interval) : 0),
      answersLowerPriority: !random.oneIn(5),
    }),
  "its clock jumps": (router, random, interval) => router.jump(microseconds(random.below(5 * interval))),
} satisfies Record<string, (router: SimulatedRouter, random: Random, interval: Microseconds) => void>;
type Act = keyof typeof ACTS;

/** What sets the timers of a candidate anew. */
const ANEW: ReadonlySet<Act> = new Set(["its clock jumps", "reads its file again"]);

function someRouters(random: Random): RouterSettings[] {
  const version = random.pick([2, 3] as const);
  const intervals = version === 2 ? [1, 2] : [0.01, 0.1, 1];
  const common = random.pick(intervals);
  const isOwned = random.oneIn(8);
  const isBabel = common === 1 && random.oneIn(8);
  const isMixed = version === 3 && !isBabel && random.oneIn(4);
  const unicast = random.oneIn(4);
  const priorities: number[] = [];
  return Array.from({ length: 2 + random.below(4) }, (_, index) => {
    const priority = isOwned && index === 0 ? 255 : random.oneIn(4) ? (priorities[0] ?? 100) : 1 + random.below(254);
    priorities.push(Math.min(priority, 254));
    const seconds = isMixed ? random.pick(intervals) : common;
    const advertInterval = fromSeconds(seconds);
    const settings: RouterSettings = {
      version: isBabel ? random.pick([2, 3] as const) : version,
      unicast,
      priority,
      advertInterval,
      preempt: !random.oneIn(3),
      preemptDelay: microseconds(random.oneIn(4) ? random.below(5 * advertInterval) : 0),
      downTimerAdverts: random.oneIn(6) ? 2 + random.below(4) : 3,
      answersLowerPriority: !random.oneIn(5),
      // Of two intervals the loser's last word would be the one that others learn, and they would not wait for the winner.
      advertisesBeforeYielding: random.oneIn(5) && !isMixed,
    };
    return random.oneIn(2) ? settings : { ...settings, addressLifetime: fromSeconds(Math.max(1, 3 * seconds - 1)) };
  });
}
