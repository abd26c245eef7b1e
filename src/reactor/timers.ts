/**
 * A timer wheel of two levels: 512 slots of one millisecond, and 1,024 slots of 512 ms whose timers come down to
 * the first when their time nears. Arming and disarming are O(1) and allocate nothing: a timer is an object that its
 * owner keeps. A deadline that only moves later costs one comparison when the old one comes up, not a relink
 * for every byte that arrives.
 */

const FINE = 512;
const COARSE = 1024;

export class Timer {
  /** When to fire, in the loop's milliseconds; 0: disarmed. May lie later than where the timer is linked. */
  deadline = 0;
  /** The millisecond it is linked for; 0: nowhere. */
  linkedAt = 0;
  next: Timer;
  previous: Timer;

  constructor(readonly fire: () => void) {
    this.next = this;
    this.previous = this;
  }
}

export class TimerWheel {
  readonly #fine = Array.from({ length: FINE }, listHead);
  readonly #coarse = Array.from({ length: COARSE }, listHead);
  /** Those whose turn it is: they stay in a list until they fire, so that one may release another. */
  readonly #due = listHead();
  #turnedTo: number;
  #linked = 0;
  /** No timer needs a look before this millisecond. */
  #earliest = Number.POSITIVE_INFINITY;

  /** @param now the loop's clock, in milliseconds */
  constructor(now: number) {
    this.#turnedTo = Math.floor(now);
  }

  /** Fires `timer` at `deadline` (milliseconds of the loop's clock, above 0) and at no time set before. */
  arm(timer: Timer, deadline: number): void {
    timer.deadline = deadline;
    if (timer.linkedAt !== 0) {
      // Linked early enough to notice: it moves when that moment comes.
      if (timer.linkedAt <= deadline) return;
      this.#unlink(timer);
    }
    this.#link(timer);
  }

  /** The timer stays linked for a while and does nothing when its turn comes. */
  disarm(timer: Timer): void {
    timer.deadline = 0;
  }

  /** Disarms and lets go at once, for owners that go away. */
  release(timer: Timer): void {
    timer.deadline = 0;
    if (timer.linkedAt !== 0) this.#unlink(timer);
  }

  /** Milliseconds from `now` for which nothing can be due; -1 if there are no timers. */
  untilNext(now: number): number {
    if (this.#linked === 0) return -1;
    return Math.max(0, Math.ceil(this.#earliest - now));
  }

  /** Fires what is due at `now`. */
  advance(now: number): void {
    const until = Math.floor(now);
    if (this.#linked === 0 || until < this.#earliest) {
      // Nothing lies in between; but a coarse slot that begins in there must not be jumped over: it is in #earliest.
      if (until > this.#turnedTo) this.#turnedTo = until;
      return;
    }
    while (this.#turnedTo < until && this.#linked > 0) {
      const tick = this.#turnedTo + 1;
      if (tick % FINE === 0) this.#cascade(this.#coarse[(tick / FINE) % COARSE]!);
      this.#turnedTo = tick;
      this.#fireSlot(this.#fine[tick % FINE]!);
    }
    if (until > this.#turnedTo) this.#turnedTo = until;
    this.#findEarliest();
  }

  /** Hands the timers of a coarse slot down to where they belong now. */
  #cascade(slot: Timer): void {
    moveAll(slot, this.#due);
    while (this.#due.next !== this.#due) {
      const timer = this.#due.next;
      this.#unlink(timer);
      if (timer.deadline !== 0) this.#link(timer);
    }
  }

  #fireSlot(slot: Timer): void {
    if (slot.next === slot) return;
    moveAll(slot, this.#due);
    while (this.#due.next !== this.#due) {
      const timer = this.#due.next;
      this.#unlink(timer);
      if (timer.deadline === 0) continue;
      if (timer.deadline > this.#turnedTo) {
        this.#link(timer);
        continue;
      }
      timer.deadline = 0;
      timer.fire();
    }
  }

  #link(timer: Timer): void {
    const at = Math.max(Math.ceil(timer.deadline), this.#turnedTo + 1);
    // A whole turn ahead is near: its slot is the one that has just been emptied.
    const isNear = at - this.#turnedTo <= FINE;
    const block = Math.floor(at / FINE);
    const slot = isNear ? this.#fine[at % FINE]! : this.#coarse[block % COARSE]!;
    this.#earliest = Math.min(this.#earliest, isNear ? at : block * FINE);
    timer.linkedAt = at;
    timer.previous = slot.previous;
    timer.next = slot;
    slot.previous.next = timer;
    slot.previous = timer;
    this.#linked++;
  }

  #unlink(timer: Timer): void {
    timer.previous.next = timer.next;
    timer.next.previous = timer.previous;
    timer.next = timer;
    timer.previous = timer;
    timer.linkedAt = 0;
    this.#linked--;
  }

  #findEarliest(): void {
    this.#earliest = Number.POSITIVE_INFINITY;
    if (this.#linked === 0) return;
    const from = this.#turnedTo;
    for (let tick = from + 1; tick <= from + FINE; tick++) {
      const slot = this.#fine[tick % FINE]!;
      if (slot.next === slot) continue;
      this.#earliest = tick;
      break;
    }
    const block = Math.floor(from / FINE) + 1;
    for (let ahead = 0; ahead < COARSE; ahead++) {
      if ((block + ahead) * FINE >= this.#earliest) return;
      const slot = this.#coarse[(block + ahead) % COARSE]!;
      if (slot.next === slot) continue;
      this.#earliest = (block + ahead) * FINE;
      return;
    }
  }
}

function listHead(): Timer {
  return new Timer(() => {
    throw new Error("the head of a timer list is not a timer");
  });
}

function moveAll(from: Timer, to: Timer): void {
  if (from.next === from) return;
  from.next.previous = to.previous;
  to.previous.next = from.next;
  from.previous.next = to;
  to.previous = from.previous;
  from.next = from;
  from.previous = from;
}
