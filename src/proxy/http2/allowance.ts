/** What a peer may do so often and no oftener: frames that cost us work and carry nothing (RFC 9113 §10.5). */
export class Allowance {
  #left: number;
  #countedAt = 0;

  /**
   * @param burst how many at once
   * @param perSecond how many come back each second
   */
  constructor(
    readonly burst: number,
    readonly perSecond: number,
  ) {
    this.#left = burst;
  }

  /**
   * Takes one.
   * @param now milliseconds
   * @returns false if none is left
   */
  spend(now: number): boolean {
    if (this.#left < this.burst) {
      this.#left = Math.min(this.burst, this.#left + ((now - this.#countedAt) / 1000) * this.perSecond);
    }
    this.#countedAt = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  giveBack(): void {
    if (this.#left < this.burst) this.#left++;
  }
}
