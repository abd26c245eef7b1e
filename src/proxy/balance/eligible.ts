/** Which servers of a backend take traffic that may go to any. */
import type { Server } from "../../config/haproxy/model.js";
import { type Entity, Gauge, type SharedState } from "../shared-state.js";

export interface Candidate {
  readonly entity: Entity;
  readonly settings: Pick<Server, "backup">;
}

export class EligibleServers<S extends Candidate> {
  #generation = -1;
  #current: readonly S[] = [];

  constructor(
    readonly backend: Entity,
    readonly servers: readonly S[],
    readonly state: SharedState,
  ) {}

  /** The same array as long as no server of the backend has changed state or weight. */
  current(): readonly S[] {
    const generation = this.state.gauge(this.backend, Gauge.generation);
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#current = this.#find();
    }
    return this.#current;
  }

  /** Active servers; with none left, the first backup that is up (`option allbackups` is off). */
  #find(): S[] {
    const { state } = this;
    const usable = this.servers.filter(
      ({ entity }) => state.gauge(entity, Gauge.usable) === 1 && state.gauge(entity, Gauge.weight) > 0,
    );
    const active = usable.filter((server) => !server.settings.backup);
    return active.length > 0 ? active : usable.slice(0, 1);
  }
}
