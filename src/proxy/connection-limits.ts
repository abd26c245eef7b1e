/**
 * `maxconn` of a frontend and of the process, exact over all workers: a place is taken before a connection is accepted.
 * Those that find none stay in the kernel's queue, and their listeners wait until somebody leaves, in whatever worker.
 */
import { type Entity, Gauge, type SharedState } from "./shared-state.js";

export class ConnectionLimits {
  /** What was full when a place was last asked for in vain. */
  #full: Entity;

  /**
   * @param maxConnections of the frontend
   * @param processMaxConnections of all frontends together
   * @param onFree a place has become free, and listeners wait for one
   */
  constructor(
    readonly state: SharedState,
    readonly frontend: Entity,
    readonly maxConnections: number,
    readonly processMaxConnections: number,
    readonly onFree: () => void,
  ) {
    this.#full = frontend;
  }

  /** Takes a place, if there is one; it counts as a connection from now on. */
  tryEnter(): boolean {
    const { state, frontend } = this;
    this.#full = frontend;
    if (!state.tryEnter(frontend, this.maxConnections)) return false;
    if (state.tryEnter(state.process, this.processMaxConnections)) return true;
    this.#full = state.process;
    state.leave(frontend);
    return false;
  }

  /** Takes a place, be it full or not. */
  enter(): void {
    this.state.enter(this.frontend);
    this.state.enter(this.state.process);
  }

  /** The place that was taken has come to be a connection: it counts for `smax`. */
  noteHighest(): void {
    this.state.noteHighest(this.frontend);
    this.state.noteHighest(this.state.process);
  }

  leave(): void {
    const { state } = this;
    state.leave(this.frontend);
    state.leave(state.process);
    if (state.gauge(this.frontend, Gauge.awaited) > 0 || this.isProcessAwaited) this.onFree();
  }

  /** Somebody waits for whichever frontend's connection ends first. */
  get isProcessAwaited(): boolean {
    return this.state.gauge(this.state.process, Gauge.awaited) > 0;
  }

  /** A listener waits for a place from now on. Returns what `endWait` is to be given. */
  beginWait(): Entity {
    this.state.addGauge(this.#full, Gauge.awaited, 1);
    return this.#full;
  }

  endWait(full: Entity): void {
    this.state.addGauge(full, Gauge.awaited, -1);
  }
}
