/**
 * `interface_up_down_delays`: a link counts as down, or up, only when it has been so for a while; one that bounces
 * counts as what it was before. Takes the clock as an argument.
 */
import type { LinkDelay } from "../config/keepalived/model.js";
import type { HostNetwork } from "./network.js";
import { after, earlier, type Instant, NEVER } from "./timers.js";

type Condition = ReturnType<HostNetwork["condition"]>;

class Delayed {
  /** What counts; undefined before the first look. */
  condition: Condition | undefined;
  changesAt = NEVER;

  constructor(readonly delay: LinkDelay) {}
}

export class LinkDelays {
  readonly #links: ReadonlyMap<string, Delayed>;

  constructor(
    delays: readonly LinkDelay[],
    readonly network: Pick<HostNetwork, "condition" | "link" | "linkByIndex">,
  ) {
    this.#links = new Map(delays.map((delay) => [delay.interface, new Delayed(delay)]));
  }

  /** The network has changed, perhaps. What is deleted, or seen for the first time, counts at once. */
  observe(now: Instant): void {
    for (const [name, link] of this.#links) {
      const seen = this.network.condition(name);
      if (seen === link.condition) link.changesAt = NEVER;
      else if (seen === "missing" || link.condition === undefined || link.condition === "missing") settle(link, seen);
      else if (link.changesAt === NEVER) link.changesAt = after(now, seen === "up" ? link.delay.up : link.delay.down);
    }
    this.timer(now);
  }

  /** How a link counts. A virtual interface follows the one below. */
  condition(name: string): Condition {
    const seen = this.network.condition(name);
    const counted = seen === "missing" ? undefined : this.#links.get(this.#baseOf(name))?.condition;
    return counted === undefined || counted === "missing" ? seen : counted;
  }

  get deadline(): Instant {
    let first = NEVER;
    for (const { changesAt } of this.#links.values()) first = earlier(first, changesAt);
    return first;
  }

  /** @returns whether something counts differently from now on */
  timer(now: Instant): boolean {
    let changed = false;
    for (const [name, link] of this.#links) {
      if (now < link.changesAt) continue;
      settle(link, this.network.condition(name));
      changed = true;
    }
    return changed;
  }

  #baseOf(name: string): string {
    const link = this.network.link(name);
    if (link?.kind !== "macvlan" || link.parent === undefined) return name;
    return this.network.linkByIndex(link.parent)?.name ?? name;
  }
}

function settle(link: Delayed, condition: Condition): void {
  link.condition = condition;
  link.changesAt = NEVER;
}
