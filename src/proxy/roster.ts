/**
 * Who is there: things that come and go by the thousand. A Set would be rebuilt every so many of them, and V8 links each
 * old table to the next: once the first is in the old generation, nothing that was ever in one of them is collected but
 * by a full collection.
 */
export interface Member {
  /** Its place in the roster; -1: it is in none. The roster's to write. */
  place: number;
}

export class Roster<T extends Member> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: T): void {
    member.place = this.#members.push(member) - 1;
  }

  /** False if it is not there. */
  remove(member: T): boolean {
    const { place } = member;
    if (this.#members[place] !== member) return false;
    const last = this.#members.pop()!;
    member.place = -1;
    if (last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    return true;
  }

  /** A copy: whoever goes through it may end members. */
  all(): T[] {
    return this.#members.slice();
  }
}
