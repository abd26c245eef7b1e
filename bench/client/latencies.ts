/** Latencies of all requests, in microseconds; percentiles are exact, for nothing is rounded into classes. */
export class Latencies {
  #values = new Float64Array(4096);
  #count = 0;

  add(latency: number): void {
    if (this.#count === this.#values.length) {
      const more = new Float64Array(2 * this.#count);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.#count++] = latency;
  }

  get count(): number {
    return this.#count;
  }

  /** The latency that `share` of the requests did not exceed (nearest rank); 0 if there was none. */
  percentile(share: number): number {
    const sorted = this.#values.subarray(0, this.#count).sort();
    return sorted[Math.max(0, Math.ceil(share * this.#count) - 1)] ?? 0;
  }
}
