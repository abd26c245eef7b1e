/** One supervised process: started, watched, restarted when it crashes, left alone when it was asked to stop. */
import { Backoff } from "./backoff.js";
import type { HealthMessage, InstanceStanding, PartMessage, SupervisorMessage } from "./messages.js";

export type PartName = "proxy" | "failover";

/** How a process ended: by exit code or by signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A started process, as `launch.ts` makes it; tests make their own. */
export interface PartProcess {
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
  send(message: SupervisorMessage): void;
}

export interface PartEvents {
  onMessage(message: PartMessage): void;
  onEnd(end: ProcessEnd): void;
}

export interface Launch {
  (events: PartEvents): PartProcess;
  /** Undoes what a process that crashed has left behind, when the next one has to wait. */
  cleanUp?(): void;
}

/** Time and timers, so that tests need not wait for theirs. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** @returns how to cancel. */
  after(milliseconds: number, act: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (milliseconds, act) => {
    const timer = setTimeout(act, milliseconds);
    return () => clearTimeout(timer);
  },
};

export type PartState =
  | { readonly kind: "stopped"; readonly reason: string }
  | { readonly kind: "starting"; readonly process: PartProcess; readonly since: number }
  | { readonly kind: "ready"; readonly process: PartProcess; readonly since: number }
  | { readonly kind: "stopping"; readonly process: PartProcess; readonly since: number; readonly reason: string }
  | { readonly kind: "waiting"; readonly until: number; readonly cancel: () => void }
  | { readonly kind: "failed"; readonly reason: string };

/** A part that does not heed SIGTERM is killed after this long. A soft stop may take as long as it takes. */
const GRACE_MS = 10_000;

/** While the fail-over part is away nobody advertises. */
const RESTARTS_AT_ONCE: Readonly<Record<PartName, number>> = { proxy: 1, failover: 3 };
/** A run that makes up for a crash: a start of the fail-over part takes a third of a second. */
const HEALTHY_MS: Readonly<Record<PartName, number>> = { proxy: 60_000, failover: 5_000 };

export class Part {
  /** Hears how the part says that it is. */
  onHealth: ((message: HealthMessage) => void) | undefined;
  /** Hears where the instances stand, after a "report". */
  onStanding: ((instances: readonly InstanceStanding[]) => void) | undefined;
  readonly name: PartName;
  restarts = 0;
  /** The VRRP instances that a process was master of when it crashed, for the one that takes its place at once. */
  inheritance: readonly string[] = [];
  #masters: readonly string[] = [];
  #state: PartState = { kind: "stopped", reason: "not started yet" };
  readonly #launch: Launch;
  readonly #clock: Clock;
  readonly #log: (line: string) => void;
  readonly #onChange: () => void;
  readonly #backoff: Backoff;
  /** Why the process that runs cannot be of use; it says so before it ends. */
  #unusable: string | undefined;

  /** @param onChange called after each change of state, with the new state in place. */
  constructor(name: PartName, launch: Launch, clock: Clock, log: (line: string) => void, onChange: () => void) {
    this.name = name;
    this.#backoff = new Backoff(RESTARTS_AT_ONCE[name], HEALTHY_MS[name]);
    this.#launch = launch;
    this.#clock = clock;
    this.#log = log;
    this.#onChange = onChange;
  }

  get state(): PartState {
    return this.#state;
  }

  get process(): PartProcess | undefined {
    return "process" in this.#state ? this.#state.process : undefined;
  }

  /** Does nothing while the part runs. */
  start(): void {
    if (this.process !== undefined) return;
    if (this.#state.kind === "waiting") this.#state.cancel();
    this.#backoff.reset();
    this.#begin();
  }

  /**
   * Asks the part to stop; `state` says when it has.
   * @param signal SIGTERM: now. SIGUSR1: when what is under way has finished.
   */
  stop(signal: "SIGTERM" | "SIGUSR1", reason: string): void {
    const state = this.#state;
    if (state.kind === "waiting") {
      state.cancel();
      this.#enter({ kind: "stopped", reason });
    }
    const { process } = this;
    if (process === undefined) return;
    if (state.kind !== "stopping") this.#enter({ kind: "stopping", process, since: this.#clock.now(), reason });
    process.kill(signal);
    if (signal === "SIGTERM")
      this.#clock.after(GRACE_MS, () => {
        if (this.process !== process) return;
        this.#log(`${this.name} does not stop: killing it`);
        process.kill("SIGKILL");
      });
  }

  #begin(): void {
    this.#unusable = undefined;
    const since = this.#clock.now();
    const process: PartProcess = this.#launch({
      onMessage: (message) => {
        if (this.process === process) this.#hear(message, process, since);
      },
      onEnd: (end) => {
        if (this.process === process) this.#ended(end, since);
      },
    });
    // Until it says otherwise it is taken to be master of what it inherits: it may be killed before it can say so.
    this.#masters = this.inheritance;
    this.inheritance = [];
    this.#enter({ kind: "starting", process, since });
  }

  #hear(message: PartMessage, process: PartProcess, since: number): void {
    switch (message.kind) {
      case "ready":
        if (this.#state.kind === "starting") this.#enter({ kind: "ready", process, since });
        return;
      case "stopping":
        // Not by us: somebody sent it a signal.
        if (this.#state.kind !== "stopping")
          this.#enter({ kind: "stopping", process, since: this.#clock.now(), reason: "by a signal from outside" });
        return;
      case "unusable":
        this.#unusable = message.reason;
        return;
      case "health":
        this.onHealth?.(message);
        return;
      case "standing":
        this.onStanding?.(message.instances);
        return;
      case "masters":
        this.#masters = message.instances;
        return;
      default:
        unreachable(message);
    }
  }

  #ended(end: ProcessEnd, since: number): void {
    const state = this.#state;
    const masters = this.#masters;
    this.#masters = [];
    if (state.kind === "stopping") {
      this.#enter({ kind: "stopped", reason: state.reason });
      this.#log(`${this.name} stopped ${state.reason}`);
    } else if (this.#unusable !== undefined) {
      this.#enter({ kind: "failed", reason: this.#unusable });
      this.#log(
        `${this.name} cannot run: ${this.#unusable}. Not restarted; \`bascule ctl start ${this.name}\` tries again`,
      );
    } else if (end.code === 0 || end.signal === "SIGTERM" || end.signal === "SIGINT") {
      // Before it could tell us, while it was starting.
      this.#enter({ kind: "stopped", reason: "by a signal from outside" });
      this.#log(`${this.name} stopped by a signal from outside`);
    } else this.#crashed(end, since, masters);
  }

  #crashed(end: ProcessEnd, since: number, masters: readonly string[]): void {
    const now = this.#clock.now();
    const delay = this.#backoff.afterCrash(now - since);
    // After a pause the peer has taken over, and an election must decide.
    this.inheritance = delay === 0 ? masters : [];
    if (delay > 0) this.#launch.cleanUp?.();
    const how = end.signal === null ? `exited with ${end.code}` : `was killed by ${end.signal}`;
    this.#log(`${this.name} ${how}: restarting ${delay === 0 ? "at once" : `in ${delay / 1000} s`}`);
    const cancel = this.#clock.after(delay, () => {
      this.restarts += 1;
      this.#begin();
    });
    this.#enter({ kind: "waiting", until: now + delay, cancel });
  }

  #enter(state: PartState): void {
    this.#state = state;
    this.#onChange();
  }
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
