/** Warnings whose cause comes again with each advertisement: said once, and then each minute while it lasts. */
import { type Microseconds, microseconds } from "../config/units.js";
import { after, type Instant } from "./timers.js";

const PAUSE: Microseconds = microseconds(60_000_000);

interface Said {
  readonly until: Instant;
  /** How often it was kept back since. */
  readonly times: number;
}

export class Complaints {
  /** By what they are about: their number does not grow with what strangers send. */
  readonly #said = new Map<string, Said>();

  constructor(readonly say: (text: string) => void) {}

  /** @param text made only if it is said. */
  make(about: string, now: Instant, text: () => string): void {
    const said = this.#said.get(about);
    if (said !== undefined && now < said.until) {
      this.#said.set(about, { until: said.until, times: said.times + 1 });
      return;
    }
    this.#said.set(about, { until: after(now, PAUSE), times: 0 });
    const times = said?.times ?? 0;
    this.say(times === 0 ? text() : `${text()} (and ${times} more since this was said last)`);
  }
}
