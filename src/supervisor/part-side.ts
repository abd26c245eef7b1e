/** A part's end of its supervisor: none of it does anything in a process that was not started by one. */
import { endRealTime, setParentDeathSignal, setRealTimeAlone } from "../sys/process.js";
import type { HealthMessage, InstanceStanding, PartMessage, SupervisorMessage } from "./messages.js";

/** Set for the processes that `bascule run` starts. */
export const PART_MARK = "BASCULE_PART";
/** Set for the fail-over part when the same supervisor runs a proxy: "ready" or "absent", as it was at the start. */
export const PROXY_MARK = "BASCULE_SUPERVISED_PROXY";
/** Set for a fail-over part that takes the place of one that has just crashed: the instances that were master, as JSON. */
export const INHERITANCE_MARK = "BASCULE_INHERITANCE";

/** Set for a process that is to be loaded and wait until it is wanted (spare.ts). */
export const SPARE_MARK = "BASCULE_SPARE";

const SIGTERM = 15;

export const isSupervised = (): boolean => process.env[PART_MARK] !== undefined && process.send !== undefined;

export function tellSupervisor(message: PartMessage): void {
  // A supervisor that has just died is noticed by its signal, not here.
  if (isSupervised() && process.connected) process.send!(message, undefined, undefined, () => {});
}

/**
 * Has this process stop when the supervisor dies without a word. The kernel's signal comes at once but is forgotten
 * when the process changes its user; the end of the channel is noticed in any case.
 */
export function stopWithSupervisor(stop: () => void): void {
  if (!isSupervised()) return;
  setParentDeathSignal(SIGTERM);
  process.once("disconnect", stop);
  // It may have died before the lines above.
  if (!process.connected) stop();
}

export type Task = Extract<SupervisorMessage["kind"], "begin" | "clean-up">;

/**
 * A spare's wait for what it is wanted for; anybody else has begun already. Ends with its supervisor.
 *
 * It wakes up as a real-time thread, and is to be an ordinary one again by `unhurry`: on a busy host its takeover would
 * otherwise wait for everybody's slice of the processor. Without CAP_SYS_NICE it does.
 */
export async function untilWanted(): Promise<Task> {
  if (!isSpare()) return "begin";
  isHurrying = setRealTimeAlone(1) >= 0;
  setParentDeathSignal(SIGTERM);
  const leave = (): never => process.exit(0);
  process.once("disconnect", leave);
  if (!process.connected) leave();
  const task = await new Promise<Task>((wanted) => {
    process.on("message", function hear(message: SupervisorMessage) {
      if (message.kind !== "begin" && message.kind !== "clean-up") return;
      if (message.kind === "begin") Object.assign(process.env, message.environment);
      process.off("message", hear);
      wanted(message.kind);
    });
  });
  process.off("disconnect", leave);
  delete process.env[SPARE_MARK];
  return task;
}

let isHurrying = false;

/** The end of a spare's hurry: it serves. */
export function unhurry(): void {
  if (isHurrying) endRealTime();
  isHurrying = false;
}

export const isSpare = (): boolean => isSupervised() && process.env[SPARE_MARK] !== undefined;

/** Has the supervisor told where the instances stand whenever it asks. */
export function answerReports(standing: () => readonly InstanceStanding[]): void {
  if (!isSupervised()) return;
  process.on("message", (message: SupervisorMessage) => {
    if (message.kind === "report") tellSupervisor({ kind: "standing", instances: standing() });
  });
}

/** The VRRP instances that this process is to go on with as master. */
export function inheritedMasters(): ReadonlySet<string> {
  const text = isSupervised() ? process.env[INHERITANCE_MARK] : undefined;
  return new Set(text === undefined ? [] : (JSON.parse(text) as string[]));
}

/** A proxy that has said nothing for so long has hung, in milliseconds; it says something each second. */
const SILENCE_MS = 3_000;

/** Whether the proxy beside this part is ready; undefined where no supervisor runs both. */
export class SupervisedProxy {
  #ready: boolean | undefined;
  #health: HealthMessage | undefined;
  #heardAt = 0;
  #onChange: (() => void) | undefined;

  constructor() {
    if (!isSupervised() || process.env[PROXY_MARK] === undefined) return;
    this.#ready = process.env[PROXY_MARK] === "ready";
    process.on("message", (message) => {
      const news = message as SupervisorMessage;
      if (news.kind === "proxy") this.#ready = news.ready;
      if (news.kind === "health") {
        this.#health = news;
        this.#heardAt = performance.now();
      }
      this.#onChange?.();
    });
    // Silence is no event.
    setInterval(() => this.#onChange?.(), 1_000).unref();
  }

  /** How it is; `alive` is false as soon as it is not ready, or has hung. */
  get health(): { alive: boolean; frontends: readonly string[]; serversUp: Readonly<Record<string, number>> } {
    const { frontends = [], serversUp = {} } = this.#health ?? {};
    const isSilent = performance.now() - this.#heardAt > SILENCE_MS;
    return { alive: this.#ready === true && this.#health !== undefined && !isSilent, frontends, serversUp };
  }

  set onChange(listener: () => void) {
    this.#onChange = listener;
  }

  get ready(): boolean | undefined {
    return this.#ready;
  }
}
