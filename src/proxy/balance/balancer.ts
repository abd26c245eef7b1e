/** Chooses a server for a request or connection (configuration.txt, `balance`). */
import type { Backend } from "../../config/haproxy/model.js";
import type { ServerRuntime } from "../runtime.js";
import { type Entity, Gauge, type SharedState } from "../shared-state.js";
import { buildSchedule } from "./schedule.js";

export interface Balancer {
  /**
   * @param avoid a server that has just failed; it is chosen only if it is the last one left
   * @returns undefined when no server may take traffic
   */
  choose(avoid: ServerRuntime | undefined): ServerRuntime | undefined;
  /** Whether `server` may take traffic now. */
  isUsable(server: ServerRuntime): boolean;
}

export function createBalancer(
  backend: Backend,
  entity: Entity,
  servers: readonly ServerRuntime[],
  state: SharedState,
): Balancer {
  return backend.balance === "leastconn"
    ? new LeastConnections(entity, servers, state)
    : new RoundRobin(entity, servers, state);
}

/** The servers that take traffic now, worked out again only when one of them has changed state or weight. */
abstract class EligibleServers implements Balancer {
  #generation = -1;
  protected eligible: ServerRuntime[] = [];

  constructor(
    protected readonly entity: Entity,
    protected readonly servers: readonly ServerRuntime[],
    protected readonly state: SharedState,
  ) {}

  choose(avoid: ServerRuntime | undefined): ServerRuntime | undefined {
    const generation = this.state.gauge(this.entity, Gauge.generation);
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.eligible = this.#findEligible();
      this.prepare();
    }
    if (this.eligible.length === 0) return undefined;
    return this.pick(this.eligible.length === 1 ? undefined : avoid);
  }

  isUsable(server: ServerRuntime): boolean {
    return this.state.gauge(server.entity, Gauge.usable) === 1;
  }

  protected weight(server: ServerRuntime): number {
    return this.state.gauge(server.entity, Gauge.weight);
  }

  protected prepare(): void {}
  protected abstract pick(avoid: ServerRuntime | undefined): ServerRuntime;

  /** Active servers; with none left, the first backup that is up (`option allbackups` is off). */
  #findEligible(): ServerRuntime[] {
    const usable = this.servers.filter((server) => this.isUsable(server) && this.weight(server) > 0);
    const active = usable.filter((server) => !server.settings.backup);
    return active.length > 0 ? active : usable.slice(0, 1);
  }
}

/** All workers take turns from one counter, so the order holds over the whole process. */
class RoundRobin extends EligibleServers {
  #schedule: Uint16Array = new Uint16Array(0);

  protected override prepare(): void {
    this.#schedule = buildSchedule(this.eligible.map((server) => this.weight(server)));
  }

  protected override pick(avoid: ServerRuntime | undefined): ServerRuntime {
    for (;;) {
      const turn = this.state.addGauge(this.entity, Gauge.turn, 1) >>> 0;
      const server = this.eligible[this.#schedule[turn % this.#schedule.length]!]!;
      if (server !== avoid) return server;
    }
  }
}

/** The fewest connections for its weight, counted over all workers; round robin among equals. */
class LeastConnections extends EligibleServers {
  protected override pick(avoid: ServerRuntime | undefined): ServerRuntime {
    const { eligible } = this;
    const offset = (this.state.addGauge(this.entity, Gauge.turn, 1) >>> 0) % eligible.length;
    let best: ServerRuntime | undefined;
    let bestLoad = 0;
    for (let index = 0; index < eligible.length; index++) {
      const server = eligible[(offset + index) % eligible.length]!;
      if (server === avoid) continue;
      const load = this.state.gauge(server.entity, Gauge.current) / this.weight(server);
      if (best === undefined || load < bestLoad) {
        best = server;
        bestLoad = load;
      }
    }
    return best!;
  }
}
