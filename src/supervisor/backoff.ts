/** How long to wait before a part that crashed is started again. */

const LONGEST_MS = 30_000;
/** A part that has run this long is healthy: its next crash counts as the first. */
const HEALTHY_MS = 60_000;

/** The first `atOnce` times at once, then after 1, 2, 4, 8 and 16 seconds, then every 30 s, until a run of a minute shows that it was cured. */
export class Backoff {
  #crashes = 0;

  constructor(readonly atOnce: number) {}

  /**
   * @param ranForMs how long the run lasted that just crashed.
   * @returns the delay before the next start, in milliseconds.
   */
  afterCrash(ranForMs: number): number {
    if (ranForMs >= HEALTHY_MS) this.#crashes = 0;
    this.#crashes += 1;
    const delayed = this.#crashes - this.atOnce;
    return delayed <= 0 ? 0 : Math.min(LONGEST_MS, 1000 * 2 ** (delayed - 1));
  }

  /** An operator started it by hand: whatever was wrong before may be cured. */
  reset(): void {
    this.#crashes = 0;
  }
}
