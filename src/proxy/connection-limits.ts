/**
 * `maxconn` of a listener, a frontend and of the process, exact over all workers: a place is taken before a connection
 * is accepted. Those that find none stay in the kernel's queue, and their listeners wait until somebody leaves, in
 * whatever worker.
 */
import type { Bind, Frontend } from "../config/haproxy/model.js";
import { type Entity, Gauge, type SharedState } from "./shared-state.js";

/** What has a limit, and how many connections that is. */
export interface ConnectionLimit {
  readonly entity: Entity;
  readonly most: number;
}

/** Those that a listener's connections count for. */
export class ConnectionLimits {
  /** What was full when a place was last asked for in vain. */
  #full: Entity;

  /**
   * @param limits the narrowest first; there is one at least
   * @param onFree a place has become free, and listeners wait for one
   */
  constructor(
    readonly state: SharedState,
    readonly limits: readonly ConnectionLimit[],
    readonly onFree: (limits: ConnectionLimits) => void,
  ) {
    this.#full = limits[0]!.entity;
  }

  /** Takes a place, if there is one; it counts as a connection from now on. */
  tryEnter(): boolean {
    const { state, limits } = this;
    for (let index = 0; index < limits.length; index++) {
      const { entity, most } = limits[index]!;
      if (state.tryEnter(entity, most)) continue;
      this.#full = entity;
      while (--index >= 0) state.leave(limits[index]!.entity);
      return false;
    }
    return true;
  }

  /** Takes a place, be it full or not. */
  enter(): void {
    for (const { entity } of this.limits) this.state.enter(entity);
  }

  /** The place that was taken has come to be a connection: it counts for `smax`. */
  noteHighest(): void {
    for (const { entity } of this.limits) this.state.noteHighest(entity);
  }

  leave(): void {
    const { state, limits } = this;
    let isAwaited = false;
    for (const { entity } of limits) {
      state.leave(entity);
      if (state.gauge(entity, Gauge.awaited) > 0) isAwaited = true;
    }
    if (isAwaited) this.onFree(this);
  }

  /** Its connections count for it. */
  includes(entity: Entity): boolean {
    return this.limits.some((limit) => limit.entity === entity);
  }

  /** A listener waits for a place from now on. Returns for what: `endWait` is to be given it. */
  beginWait(): Entity {
    this.state.addGauge(this.#full, Gauge.awaited, 1);
    return this.#full;
  }

  endWait(full: Entity): void {
    this.state.addGauge(full, Gauge.awaited, -1);
  }
}

/** The binds that have a limit of their own, in the order of their entities. */
export const limitedBinds = (frontends: readonly Frontend[]): Bind[] =>
  frontends.flatMap(({ binds }) => binds.filter(({ maxConnections }) => maxConnections !== undefined));
