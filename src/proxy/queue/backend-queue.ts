/**
 * The queues of one backend whose servers have limits: who gets a slot, who waits, who is next. All threads that look
 * at the backend do it under its lock, so that limits and order hold for the process as a whole, and no slot is left
 * free while somebody waits for it.
 */
import { EligibleServers } from "../balance/eligible.js";
import { type Entity, Gauge, type SharedState } from "../shared-state.js";
import type { LimitedServer, ServerLimits } from "./limits.js";
import { lock, lockWithin, unlock } from "./lock.js";
import { CHOOSE_AGAIN, type Ticket, type WaitLists } from "./wait-lists.js";
import type { Waiter, WaitingRoom } from "./waiting-room.js";

/** In place of a server: there is none, or its queue has no room. */
export const Refusal = { noServer: -1, queueFull: -2 } as const;

/** Milliseconds: a thread that is off the CPU for so long is taken for dead. */
const PATIENCE = 2_000;

export interface Chooser<S> {
  /** One that has room, rather not `avoid`; undefined: there is none. */
  choose(avoid: S | undefined): S | undefined;
}

export class BackendQueue<S extends LimitedServer> implements Waiter {
  readonly #words: Int32Array;
  readonly #lock: number;
  readonly #eligible: EligibleServers<S>;
  /** Workers that hear of what has been decided, once the lock is open. */
  readonly #toWake: number[] = [];

  constructor(
    readonly state: SharedState,
    readonly backend: Entity,
    readonly servers: readonly S[],
    readonly limits: ServerLimits,
    readonly lists: WaitLists,
    /** This worker's; undefined in a thread that has no sessions. */
    readonly room: WaitingRoom | undefined,
  ) {
    this.#words = lists.words;
    this.#lock = lists.lockOf(backend);
    this.#eligible = new EligibleServers(backend, servers, state);
  }

  /**
   * Takes a slot, or a place in a queue.
   * @param wanted this server and no other; undefined: any that `chooser` chooses, unless somebody waits already
   * @returns the server whose slot it is now; a ticket, of which `waiter` hears more; or a `Refusal`
   */
  admit(wanted: S | undefined, chooser: Chooser<S>, avoid: S | undefined, waiter: Waiter): S | Ticket {
    this.#lockBackend();
    try {
      return this.#admit(wanted, chooser, avoid, waiter);
    } finally {
      this.#unlockBackend();
    }
  }

  /** Gives a slot back. Whoever has waited longest for it gets it. */
  release(server: S): void {
    if (server.settings.maxConnections === 0) {
      this.state.leave(server.entity);
      return;
    }
    this.#lockBackend();
    try {
      this.state.leave(server.entity);
      this.#serve(server);
    } finally {
      this.#unlockBackend();
    }
  }

  /**
   * Gives up waiting.
   * @returns the place that it had in the queue, from 1
   */
  cancel(ticket: Ticket): number {
    this.#lockBackend();
    try {
      // What has been given to it in this moment comes back to us.
      if (this.lists.remove(ticket)) this.room!.leave(ticket);
      else this.room!.hand(ticket, this);
    } finally {
      this.#unlockBackend();
    }
    return this.lists.position(ticket);
  }

  /** The one that a ticket waits for; undefined: any. */
  awaited(ticket: Ticket): S | undefined {
    const list = this.lists.list(ticket);
    return this.servers.find(({ entity }) => entity === list);
  }

  /**
   * A server has come or gone: those who waited for one that is gone choose again, and if none is left all do; those
   * that are there take what they may.
   */
  onServersChanged(): void {
    this.#lockBackend();
    const { state, backend } = this;
    for (const server of this.servers)
      if (state.gauge(server.entity, Gauge.usable) === 0) this.#sendAway(server.entity);
    if (this.#eligible.current().length === 0) this.#sendAway(backend);
    for (const server of this.servers) this.#serve(server);
    this.#unlockBackend();
  }

  /** Something was given to one who did not want it any more. */
  onAdmitted(server: number): void {
    if (server === CHOOSE_AGAIN) return;
    this.state.own(this.servers[server]!.entity);
    this.release(this.servers[server]!);
  }

  /**
   * A worker is no more: its sessions do not wait, and what was given to them is free again.
   * @param over its tickets whose wait was over, of any backend
   * @returns false if it went while it held the lock, so that nothing here can be relied on
   */
  forget(worker: number, over: readonly Ticket[]): boolean {
    const { lists, state, backend, servers } = this;
    if (!lockWithin(this.#words, this.#lock, PATIENCE)) return false;
    lists.forget(worker, backend);
    for (const server of servers) lists.forget(worker, server.entity);
    for (const ticket of over) {
      const list = ~lists.list(ticket);
      const given = servers[lists.server(ticket)];
      const isOurs = list === backend || servers.some(({ entity }) => entity === list);
      if (isOurs && given !== undefined) state.addGauge(given.entity, Gauge.current, -1);
    }
    this.#unlockBackend();
    this.onServersChanged();
    return true;
  }

  onFailure(error: unknown): void {
    throw error;
  }

  #admit(wanted: S | undefined, chooser: Chooser<S>, avoid: S | undefined, waiter: Waiter): S | Ticket {
    const { limits, state, backend } = this;
    if (wanted !== undefined) return this.#admitTo(wanted, waiter);
    if (this.#eligible.current().length === 0) return Refusal.noServer;
    const mustWait = state.gauge(backend, Gauge.queued) > 0;
    const server = mustWait ? undefined : chooser.choose(avoid);
    if (server !== undefined) return this.#admitTo(server, waiter);
    const ticket = this.#append(backend, waiter);
    // With one more in the backend limits that follow its load may have grown.
    if (mustWait) for (const other of this.#eligible.current()) if (limits.hasSlot(other)) this.#serve(other);
    return ticket;
  }

  #admitTo(server: S, waiter: Waiter): S | Ticket {
    const { limits, state } = this;
    if (limits.isFree(server)) {
      state.enter(server.entity);
      return server;
    }
    if (limits.isQueueFull(server)) return Refusal.queueFull;
    // It went down a moment ago: its queue is not looked at any more.
    if (state.gauge(server.entity, Gauge.usable) === 0) return Refusal.noServer;
    const ticket = this.#append(server.entity, waiter);
    if (limits.hasSlot(server)) this.#serve(server);
    return ticket;
  }

  #append(list: Entity, waiter: Waiter): Ticket {
    const ticket = this.room!.enter(waiter);
    if (ticket === 0) return Refusal.queueFull;
    this.lists.append(ticket, list, this.lists.nextSequence(this.backend));
    return ticket;
  }

  /** Gives a server's free slots to those who have waited longest, be it for this server or for any. */
  #serve(server: S): void {
    const { limits, lists, state, backend } = this;
    while (limits.hasSlot(server)) {
      const own = lists.first(server.entity);
      const any = this.#eligible.current().includes(server) ? lists.first(backend) : 0;
      if (own === 0 && any === 0) return;
      const isOwnFirst = any === 0 || (own !== 0 && lists.isBefore(own, any));
      state.enterForAnother(server.entity);
      this.#admitFirst(isOwnFirst ? server.entity : backend, this.servers.indexOf(server));
    }
  }

  #sendAway(list: Entity): void {
    while (this.lists.first(list) !== 0) this.#admitFirst(list, CHOOSE_AGAIN);
  }

  #admitFirst(list: Entity, server: number): void {
    const worker = this.lists.admitFirst(list, server);
    if (worker >= 0) this.#toWake.push(worker);
  }

  #lockBackend(): void {
    lock(this.#words, this.#lock);
    this.limits.refresh();
  }

  #unlockBackend(): void {
    unlock(this.#words, this.#lock);
    for (let worker = this.#toWake.pop(); worker !== undefined; worker = this.#toWake.pop()) {
      if (worker === this.room?.worker) this.room.wake();
      else this.lists.wake(worker);
    }
  }
}
