/** Chooses a server for a request or connection (configuration.txt, `balance`). */
import type { Backend } from "../../config/haproxy/model.js";
import type { ServerLimits } from "../queue/limits.js";
import type { ServerRuntime } from "../runtime.js";
import { type Entity, Gauge, type SharedState } from "../shared-state.js";
import { EligibleServers } from "./eligible.js";
import { buildSchedule } from "./schedule.js";

export interface Balancer {
  /**
   * @param avoid a server that has just failed; it is chosen only if it is the last one left
   * @returns undefined when no server may take traffic, or all that may are full
   */
  choose(avoid: ServerRuntime | undefined): ServerRuntime | undefined;
  /** Whether `server` may take traffic now. */
  isUsable(server: ServerRuntime): boolean;
  /** Whether another one may take traffic, full or not. */
  hasOther(server: ServerRuntime): boolean;
}

/** @param limits undefined: no server has one */
export function createBalancer(
  backend: Backend,
  entity: Entity,
  servers: readonly ServerRuntime[],
  state: SharedState,
  limits: ServerLimits | undefined,
): Balancer {
  const eligible = new EligibleServers(entity, servers, state);
  return backend.balance === "leastconn" ? new LeastConnections(eligible, limits) : new RoundRobin(eligible, limits);
}

abstract class ServerChoice implements Balancer {
  protected readonly state: SharedState;

  constructor(
    protected readonly eligible: EligibleServers<ServerRuntime>,
    protected readonly limits: ServerLimits | undefined,
  ) {
    this.state = eligible.state;
  }

  choose(avoid: ServerRuntime | undefined): ServerRuntime | undefined {
    const servers = this.eligible.current();
    if (servers.length === 0) return undefined;
    const others = avoid === undefined || servers.length === 1 ? undefined : avoid;
    if (this.limits === undefined) return this.pick(servers, others);
    let mayServe = false;
    let mayOthers = false;
    for (const server of servers) {
      if (!this.hasRoom(server)) continue;
      mayServe = true;
      if (server !== avoid) mayOthers = true;
    }
    return mayServe ? this.pick(servers, mayOthers ? others : undefined) : undefined;
  }

  isUsable(server: ServerRuntime): boolean {
    return this.state.gauge(server.entity, Gauge.usable) === 1;
  }

  hasOther(server: ServerRuntime): boolean {
    const servers = this.eligible.current();
    return servers.length > 1 || (servers.length === 1 && servers[0] !== server);
  }

  protected weight(server: ServerRuntime): number {
    return this.state.gauge(server.entity, Gauge.weight);
  }

  protected takeTurn(): number {
    return this.state.addGauge(this.eligible.backend, Gauge.turn, 1) >>> 0;
  }

  /** Not full. */
  protected abstract hasRoom(server: ServerRuntime): boolean;
  /** One of `servers` but `avoid`, there being one that has room. */
  protected abstract pick(servers: readonly ServerRuntime[], avoid: ServerRuntime | undefined): ServerRuntime;
}

/** All workers take turns from one counter, so the order holds over the whole process. */
class RoundRobin extends ServerChoice {
  #scheduled: readonly ServerRuntime[] = [];
  #schedule: Uint16Array = new Uint16Array(0);

  protected override pick(servers: readonly ServerRuntime[], avoid: ServerRuntime | undefined): ServerRuntime {
    if (servers !== this.#scheduled) {
      this.#scheduled = servers;
      this.#schedule = buildSchedule(servers.map((server) => this.weight(server)));
    }
    for (;;) {
      const server = servers[this.#schedule[this.takeTurn() % this.#schedule.length]!]!;
      if (server !== avoid && this.hasRoom(server)) return server;
    }
  }

  protected override hasRoom(server: ServerRuntime): boolean {
    return this.limits === undefined || this.limits.isFree(server);
  }
}

/** The fewest connections for its weight, in its queue or served, over all workers; round robin among equals. */
class LeastConnections extends ServerChoice {
  protected override pick(servers: readonly ServerRuntime[], avoid: ServerRuntime | undefined): ServerRuntime {
    const offset = this.takeTurn() % servers.length;
    let best: ServerRuntime | undefined;
    let bestLoad = 0;
    for (let index = 0; index < servers.length; index++) {
      const server = servers[(offset + index) % servers.length]!;
      if (server === avoid || !this.hasRoom(server)) continue;
      const load = this.#load(server) / this.weight(server);
      if (best === undefined || load < bestLoad) {
        best = server;
        bestLoad = load;
      }
    }
    return best!;
  }

  protected override hasRoom(server: ServerRuntime): boolean {
    return this.limits === undefined || this.limits.hasRoom(server);
  }

  #load({ entity }: ServerRuntime): number {
    const current = this.state.gauge(entity, Gauge.current);
    return this.limits === undefined ? current : current + this.state.gauge(entity, Gauge.queued);
  }
}
