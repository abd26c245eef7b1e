/** The sessions of one worker that wait in a queue, by their tickets. */
import type { Handler, Loop } from "../../reactor/loop.js";
import { MOST_WAITING, type Ticket, type WaitLists } from "./wait-lists.js";

export interface Waiter {
  /**
   * The wait is over. A server's slot is the waiter's, who gives it back by `release`.
   * @param server its index in the backend, or CHOOSE_AGAIN
   * @param position the place that it had in the queue, from 1
   */
  onAdmitted(server: number, position: number): void;
  onFailure(error: unknown): void;
}

export class WaitingRoom implements Handler {
  readonly #waiters: (Waiter | undefined)[] = [];
  readonly #free: number[] = [];
  #isDue = false;

  constructor(
    readonly lists: WaitLists,
    readonly worker: number,
    readonly loop: Loop,
  ) {}

  /** @returns 0 when the room is full */
  enter(waiter: Waiter): Ticket {
    const place = this.#free.pop() ?? this.#waiters.length;
    if (place === MOST_WAITING) return 0;
    this.#waiters[place] = waiter;
    return this.worker * MOST_WAITING + place + 1;
  }

  /** Another one takes the place, and what may come of it. */
  hand(ticket: Ticket, waiter: Waiter): void {
    this.#waiters[this.#place(ticket)] = waiter;
  }

  leave(ticket: Ticket): void {
    const place = this.#place(ticket);
    this.#waiters[place] = undefined;
    this.#free.push(place);
  }

  /** Tells those whose wait is over, in the loop's next turn: not in the middle of what ended it. */
  wake(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.loop.resume(this);
  }

  onReady(): void {
    this.#isDue = false;
    const over = this.lists.allOver(this.worker);
    for (let ticket = over.pop(); ticket !== undefined; ticket = over.pop()) this.#admit(ticket);
  }

  #admit(ticket: Ticket): void {
    const waiter = this.#waiters[this.#place(ticket)]!;
    const server = this.lists.server(ticket);
    const position = this.lists.position(ticket);
    this.leave(ticket);
    try {
      waiter.onAdmitted(server, position);
    } catch (error) {
      waiter.onFailure(error);
    }
  }

  #place(ticket: Ticket): number {
    return ticket - 1 - this.worker * MOST_WAITING;
  }
}
