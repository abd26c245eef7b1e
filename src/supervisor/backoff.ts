/** How long to wait before a part that crashed is started again. */

const LONGEST_MS = 30_000;
/** A part that has run this long is healthy, unless it says otherwise: its next crash counts as the first. */
const HEALTHY_MS = 60_000;

/** The first `atOnce` times at once, then after 1, 2, 4, 8 and 16 seconds, then every 30 s, until a long run shows that it was cured. */
export class Backoff {
  #crashes = 0;

  constructor(
    readonly atOnce: number,
    readonly healthyMs = HEALTHY_MS,
  ) {}

  /**
   * @param ranForMs how long the run lasted that just crashed.
   * @returns the delay before the next start, in milliseconds.
   */
  afterCrash(ranForMs: number): number {
    if (ranForMs >= this.healthyMs) this.#crashes = 0;
    this.#crashes += 1;
    const delayed = this.#crashes - this.atOnce;
    return delayed <= 0 ? 0 : Math.min(LONGEST_MS, 1000 * 2 ** (delayed - 1));
  }

  /** An operator started it by hand: whatever was wrong before may be cured. */
  reset(): void {
    this.#crashes = 0;
  }
}
