/**
 * Who waits for what, in memory that all threads share: a list for each backend and each server, in the order of
 * arrival, and for each worker a list of those of its sessions whose wait is over. The former may be touched only under
 * the backend's lock; the latter takes from any thread without one.
 */
import { notifyEventfd } from "../../sys/epoll.js";
import { type Entity, Gauge, type SharedState } from "../shared-state.js";

/** A place in a list, given by the worker that waits there; 0: none. */
export type Ticket = number;

/** Sessions of one worker that may wait at a time; more are told that there is no room. */
export const MOST_WAITING = 131_072;

const Ticketed = { next: 0, previous: 1, list: 2, sequence: 3, position: 4, server: 5 } as const;
const TICKET_WORDS = 6;

const List = { first: 0, last: 1, dequeued: 2, sequence: 3, lock: 4 } as const;
const LIST_WORDS = 5;

const WorkerWord = { wakeFd: 0, over: 1 } as const;
const WORKER_WORDS = 2;

/** In place of a server's index: whoever waited has to choose again. */
export const CHOOSE_AGAIN = -1;

const ownerOf = (ticket: Ticket): number => Math.floor((ticket - 1) / MOST_WAITING);

export class WaitLists {
  readonly words: Int32Array;
  readonly #lists: number;
  readonly #tickets: number;

  constructor(
    readonly state: SharedState,
    readonly memory: SharedArrayBuffer,
  ) {
    this.words = new Int32Array(memory);
    this.#lists = state.layout.workers * WORKER_WORDS;
    // Ticket 0 is nobody's.
    this.#tickets = this.#lists + state.entities * LIST_WORDS - TICKET_WORDS;
  }

  /** Pages that nobody has waited in take no memory. */
  static create(state: SharedState): WaitLists {
    const { workers } = state.layout;
    const words = workers * WORKER_WORDS + state.entities * LIST_WORDS + workers * MOST_WAITING * TICKET_WORDS;
    return new WaitLists(state, new SharedArrayBuffer(words * 4));
  }

  /** Index in `words` of a backend's lock. */
  lockOf(backend: Entity): number {
    return this.#list(backend) + List.lock;
  }

  /** The number for the next one that begins to wait for anything of this backend: it tells who came first. */
  nextSequence(backend: Entity): number {
    return this.#increment(this.#list(backend) + List.sequence);
  }

  /** Puts a ticket at the end of a list. */
  append(ticket: Ticket, list: Entity, sequence: number): void {
    const { words, state } = this;
    const at = this.#ticket(ticket);
    const listAt = this.#list(list);
    const last = words[listAt + List.last]!;
    words[at + Ticketed.next] = 0;
    words[at + Ticketed.previous] = last;
    words[at + Ticketed.list] = list;
    words[at + Ticketed.sequence] = sequence;
    words[at + Ticketed.position] = words[listAt + List.dequeued]!;
    if (last === 0) words[listAt + List.first] = ticket;
    else words[this.#ticket(last) + Ticketed.next] = ticket;
    words[listAt + List.last] = ticket;
    state.raise(list, Gauge.queued, Gauge.mostQueued);
  }

  /** @returns 0 for an empty list */
  first(list: Entity): Ticket {
    return this.words[this.#list(list) + List.first]!;
  }

  /** Whether `ticket` was there before `other`. */
  isBefore(ticket: Ticket, other: Ticket): boolean {
    const { words } = this;
    const difference =
      words[this.#ticket(ticket) + Ticketed.sequence]! - words[this.#ticket(other) + Ticketed.sequence]!;
    return (difference | 0) < 0; // the sequence wraps
  }

  /** Takes a ticket out of whatever list it is in. False if its wait was over already. */
  remove(ticket: Ticket): boolean {
    const { words, state } = this;
    const at = this.#ticket(ticket);
    const list = words[at + Ticketed.list]!;
    if (list < 0) return false;
    const listAt = this.#list(list);
    const next = words[at + Ticketed.next]!;
    const previous = words[at + Ticketed.previous]!;
    if (previous === 0) words[listAt + List.first] = next;
    else words[this.#ticket(previous) + Ticketed.next] = next;
    if (next === 0) words[listAt + List.last] = previous;
    else words[this.#ticket(next) + Ticketed.previous] = previous;
    words[at + Ticketed.list] = ~list;
    words[at + Ticketed.position] = words[listAt + List.dequeued]! - words[at + Ticketed.position]! + 1;
    state.addGauge(list, Gauge.queued, -1);
    return true;
  }

  /**
   * Ends the wait of the first of a list.
   * @param server index of the one that it has got, or CHOOSE_AGAIN
   * @returns the worker to wake, or -1 if that one is about to look anyway
   */
  admitFirst(list: Entity, server: number): number {
    const ticket = this.first(list);
    this.remove(ticket);
    this.#increment(this.#list(list) + List.dequeued);
    const { words } = this;
    const at = this.#ticket(ticket);
    words[at + Ticketed.server] = server;
    const worker = ownerOf(ticket);
    const head = worker * WORKER_WORDS + WorkerWord.over;
    for (;;) {
      const before = Atomics.load(words, head);
      words[at + Ticketed.next] = before;
      if (Atomics.compareExchange(words, head, before, ticket) === before) return before === 0 ? worker : -1;
    }
  }

  /** Takes all tickets of a worker whose wait is over: the one that began last, and the others by `next`. */
  takeOver(worker: number): Ticket {
    return Atomics.exchange(this.words, worker * WORKER_WORDS + WorkerWord.over, 0);
  }

  /** The same, as a list: the one that began last comes first. */
  allOver(worker: number): Ticket[] {
    const over: Ticket[] = [];
    for (let ticket = this.takeOver(worker); ticket !== 0; ticket = this.next(ticket)) over.push(ticket);
    return over;
  }

  /** The list that it is in; negative: it is in none any more, and was in the bitwise complement. */
  list(ticket: Ticket): Entity {
    return this.words[this.#ticket(ticket) + Ticketed.list]!;
  }

  /** Takes the tickets of a worker that is no more out of a list. */
  forget(worker: number, list: Entity): void {
    for (let ticket = this.first(list); ticket !== 0; ) {
      const next = this.next(ticket);
      if (ownerOf(ticket) === worker) this.remove(ticket);
      ticket = next;
    }
  }

  next(ticket: Ticket): Ticket {
    return this.words[this.#ticket(ticket) + Ticketed.next]!;
  }

  /** What it has got: a server's index, or CHOOSE_AGAIN. */
  server(ticket: Ticket): number {
    return this.words[this.#ticket(ticket) + Ticketed.server]!;
  }

  /** Its place in its list, from 1: how many left it by its front while it was there (`%sq`, `%bq`). Once it is out. */
  position(ticket: Ticket): number {
    return this.words[this.#ticket(ticket) + Ticketed.position]!;
  }

  /** @param wakeFd an eventfd on which the worker looks whose wait is over */
  setWakeFd(worker: number, wakeFd: number): void {
    Atomics.store(this.words, worker * WORKER_WORDS + WorkerWord.wakeFd, wakeFd);
  }

  wake(worker: number): void {
    const wakeFd = Atomics.load(this.words, worker * WORKER_WORDS + WorkerWord.wakeFd);
    if (wakeFd > 0) notifyEventfd(wakeFd);
  }

  #increment(word: number): number {
    const value = (this.words[word]! + 1) | 0;
    this.words[word] = value;
    return value;
  }

  #list(list: Entity): number {
    return this.#lists + list * LIST_WORDS;
  }

  #ticket(ticket: Ticket): number {
    return this.#tickets + ticket * TICKET_WORDS;
  }
}
