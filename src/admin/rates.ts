/** Sessions and requests per second of every entity: counters looked at once a second. */
import { Counter, type Entity, type SharedState } from "../proxy/shared-state.js";

const SAMPLE_EVERY_MS = 1_000;

const SAMPLED = [Counter.sessions, Counter.requests, Counter.connections] as const;
type Sampled = (typeof SAMPLED)[number];

export class RateSampler {
  readonly #state: SharedState;
  readonly #now: () => number;
  #sampledAt: number;
  /** One place for each entity and sampled counter. */
  readonly #last: Float64Array;
  readonly #rates: Float64Array;
  readonly #greatest: Float64Array;
  #timer: NodeJS.Timeout | undefined;

  /** @param now milliseconds on a clock that never steps back */
  constructor(state: SharedState, now: () => number = () => performance.now()) {
    this.#state = state;
    this.#now = now;
    this.#sampledAt = now();
    const places = state.entities * SAMPLED.length;
    this.#last = new Float64Array(places);
    this.#rates = new Float64Array(places);
    this.#greatest = new Float64Array(places);
  }

  start(): void {
    // Sampling alone is no reason for a process to live on.
    this.#timer ??= setInterval(() => this.sample(), SAMPLE_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Works out the rates since the sample before. */
  sample(): void {
    const now = this.#now();
    const seconds = (now - this.#sampledAt) / 1_000;
    if (seconds <= 0) return;
    this.#sampledAt = now;
    for (let entity = 0; entity < this.#state.entities; entity++) {
      for (const [offset, counter] of SAMPLED.entries()) {
        const place = entity * SAMPLED.length + offset;
        const total = this.#state.total(entity, counter);
        // Cleared counters start again from nothing, and are no negative rate.
        const growth = Math.max(0, total - this.#last[place]!);
        this.#last[place] = total;
        this.#rates[place] = Math.round(growth / seconds);
        this.#greatest[place] = Math.max(this.#greatest[place]!, this.#rates[place]!);
      }
    }
  }

  /** Per second, over the last full sample. */
  rate(entity: Entity, counter: Sampled): number {
    return this.#rates[this.#place(entity, counter)]!;
  }

  greatest(entity: Entity, counter: Sampled): number {
    return this.#greatest[this.#place(entity, counter)]!;
  }

  /** Forgets the greatest rates: `clear counters`. */
  clearGreatest(): void {
    this.#greatest.fill(0);
  }

  #place(entity: Entity, counter: Sampled): number {
    return entity * SAMPLED.length + SAMPLED.indexOf(counter);
  }
}
