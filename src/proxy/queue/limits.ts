/** How much a server may be given at a time (`maxconn`, `minconn`, `maxqueue`, `fullconn`). */
import type { Frontend, HaproxyConfiguration, Server } from "../../config/haproxy/model.js";
import { type Entity, Gauge, type SharedState } from "../shared-state.js";

/** What the queues look at of a server. */
export interface LimitedServer {
  readonly entity: Entity;
  readonly settings: Pick<Server, "backup" | "maxConnections" | "minConnections" | "maxQueue">;
}

/**
 * The limit that is in force: `maxConnections`, or with a smaller `minConnections` the same share of it that the
 * backend has of its full load (configuration manual §5.2, `minconn`). 0: none.
 * @param load sessions of the backend, those in its queues included
 */
export function connectionLimit(
  { maxConnections, minConnections }: LimitedServer["settings"],
  load: number,
  fullConnections: number,
): number {
  if (minConnections === maxConnections || load >= fullConnections) return maxConnections;
  return Math.max(minConnections, Math.floor((load * maxConnections) / fullConnections));
}

/** `fullconn` unless it is set: a tenth, rounded up, of what the frontends that send here may take together. */
export function fullConnections(
  { frontends, backends }: HaproxyConfiguration,
  backendIndex: number,
  maxConnections: number,
): number {
  const total = frontends
    .filter((frontend) => mayReach(frontend, backendIndex))
    .reduce((sum, frontend) => sum + Math.min(frontend.maxConnections, maxConnections), 0);
  return backends[backendIndex]?.fullConnections ?? Math.max(1, Math.ceil(total / 10));
}

const mayReach = ({ defaultBackend, rules }: Frontend, backendIndex: number): boolean =>
  defaultBackend === backendIndex || rules.useBackend.some(({ action }) => action.backend === backendIndex);

/** The limits of one backend's servers, held against what they are doing now. Exact while the backend is locked. */
export class ServerLimits {
  /** Sessions come and go without the lock: within it, all looks see the same number. */
  #load = 0;

  constructor(
    readonly state: SharedState,
    readonly backend: Entity,
    readonly fullConnections: number,
  ) {}

  /** The backend has just been locked. */
  refresh(): void {
    this.#load = this.state.gauge(this.backend, Gauge.current);
  }

  /** It can serve one more at once. */
  hasSlot(server: LimitedServer): boolean {
    if (server.settings.maxConnections === 0) return true;
    return this.state.gauge(server.entity, Gauge.current) < this.#limit(server);
  }

  /** It can serve a newcomer at once, without anybody being overtaken. */
  isFree(server: LimitedServer): boolean {
    return this.hasSlot(server) && this.state.gauge(server.entity, Gauge.queued) === 0;
  }

  /** Balanced by load it may be chosen for its queue, which `maxqueue` makes a part of its room. */
  hasRoom(server: LimitedServer): boolean {
    const { state } = this;
    if (server.settings.maxConnections === 0) return true;
    const load = state.gauge(server.entity, Gauge.current) + state.gauge(server.entity, Gauge.queued);
    return load < this.#limit(server) + server.settings.maxQueue;
  }

  isQueueFull({ entity, settings }: LimitedServer): boolean {
    return settings.maxQueue > 0 && this.state.gauge(entity, Gauge.queued) >= settings.maxQueue;
  }

  #limit({ settings }: LimitedServer): number {
    return connectionLimit(settings, this.#load, this.fullConnections);
  }
}
