/** A backend is up while one of its servers may take traffic: who is left, since when, how often not. */
import type { Milliseconds } from "../config/units.js";
import type { Instant } from "./state.js";

export interface UsableServers {
  readonly active: number;
  readonly backup: number;
}

export class BackendHealth {
  #changedAt: Instant;
  #earlierDowntime = 0;
  #downTransitions = 0;
  #isUp: boolean;

  constructor(isUp: boolean, now: Instant) {
    this.#isUp = isUp;
    this.#changedAt = now;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get changedAt(): Instant {
    return this.#changedAt;
  }

  get downTransitions(): number {
    return this.#downTransitions;
  }

  downtime(now: Instant): Milliseconds {
    return (this.#isUp ? this.#earlierDowntime : this.#earlierDowntime + now - this.#changedAt) as Milliseconds;
  }

  /** Takes in who is left; true if this took the backend down. */
  update({ active, backup }: UsableServers, now: Instant): boolean {
    const isUp = active + backup > 0;
    if (isUp === this.#isUp) return false;
    this.#earlierDowntime = this.downtime(now);
    this.#isUp = isUp;
    this.#changedAt = now;
    if (!isUp) this.#downTransitions++;
    return !isUp;
  }

  clearCounters(): void {
    this.#downTransitions = 0;
  }
}
