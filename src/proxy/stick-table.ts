/**
 * A stick table (`stick-table type ip`) in shared memory: which server a client's address was sent to. Fixed-size
 * entries in buckets of eight; a new key takes a free or expired place, else, when the table or bucket is full, that of
 * the entry that would have expired first. All workers use one table under one spin lock held for tens of nanoseconds.
 */
import type { StickTable as Settings } from "../config/haproxy/model.js";

const WAYS = 8;
/** Words of an entry: key, server + 1 (0: free), second of expiry. */
const WORDS = 3;
const HEADER = 3;
const LOCK = 0;
const USED = 1;
/** The bucket where the search for expired entries goes on. */
const HAND = 2;
/** Buckets that each new key searches for expired entries: more entries than it adds, so they are gone in time. */
const SWEPT = 4;
const NEVER = 0x7fffffff;

export class StickTable {
  readonly #words: Int32Array;
  readonly #buckets: number;
  readonly #expire: number;

  constructor(
    readonly settings: Settings,
    readonly memory: SharedArrayBuffer,
  ) {
    this.#words = new Int32Array(memory);
    this.#buckets = bucketsFor(settings.size);
    this.#expire = settings.expire === undefined ? NEVER : Math.ceil(settings.expire / 1000);
  }

  static create(settings: Settings): StickTable {
    const words = HEADER + bucketsFor(settings.size) * WAYS * WORDS;
    return new StickTable(settings, new SharedArrayBuffer(words * 4));
  }

  /** Entries in use, expired ones that have not been swept yet included. */
  get used(): number {
    return Atomics.load(this.#words, USED);
  }

  /**
   * The server stored for `key`, whose life is renewed; -1 if there is none.
   * @param now seconds of a clock that only goes forward
   */
  lookup(key: number, now: number): number {
    this.#lock();
    try {
      const entry = this.#find(key | 0, now);
      if (entry < 0) return -1;
      this.#words[entry + 2] = this.#expiryAt(now);
      return this.#words[entry + 1]! - 1;
    } finally {
      this.#unlock();
    }
  }

  /** Stores `server` for `key`. False if the table is full and may not purge. */
  store(key: number, server: number, now: number): boolean {
    this.#lock();
    try {
      let entry = this.#find(key | 0, now);
      if (entry < 0) entry = this.#claim(key | 0, now);
      if (entry < 0) return false;
      this.#words[entry] = key | 0;
      this.#words[entry + 1] = server + 1;
      this.#words[entry + 2] = this.#expiryAt(now);
      return true;
    } finally {
      this.#unlock();
    }
  }

  #find(key: number, now: number): number {
    const first = this.#bucketOf(key);
    for (let entry = first; entry < first + WAYS * WORDS; entry += WORDS)
      if (this.#words[entry + 1] !== 0 && this.#words[entry] === key && this.#words[entry + 2]! > now) return entry;
    return -1;
  }

  /** A place for a new key, or -1. */
  #claim(key: number, now: number): number {
    if (this.#expire !== NEVER) this.#sweep(now);
    const first = this.#bucketOf(key);
    let free = -1;
    let oldest = -1;
    for (let entry = first; entry < first + WAYS * WORDS; entry += WORDS) {
      if (this.#words[entry + 1] === 0) free = free < 0 ? entry : free;
      else if (this.#words[entry + 2]! <= now) return entry;
      else if (oldest < 0 || this.#words[entry + 2]! < this.#words[oldest + 2]!) oldest = entry;
    }
    if (free >= 0 && this.used < this.settings.size) {
      Atomics.add(this.#words, USED, 1);
      return free;
    }
    if (this.settings.noPurge) return -1;
    if (oldest >= 0) return oldest;
    this.#purgeAfter(first);
    return free;
  }

  /** The table is full but the bucket at `first` is empty: frees one entry of the next bucket that is not. */
  #purgeAfter(first: number): void {
    for (let step = 1; step < this.#buckets; step++) {
      const bucket = HEADER + ((first - HEADER + step * WAYS * WORDS) % (this.#buckets * WAYS * WORDS));
      for (let entry = bucket; entry < bucket + WAYS * WORDS; entry += WORDS) {
        if (this.#words[entry + 1] === 0) continue;
        this.#words[entry + 1] = 0;
        return;
      }
    }
  }

  /** Frees the expired entries of the next few buckets. */
  #sweep(now: number): void {
    let bucket = this.#words[HAND]!;
    for (let count = 0; count < SWEPT; count++) {
      const first = HEADER + bucket * WAYS * WORDS;
      for (let entry = first; entry < first + WAYS * WORDS; entry += WORDS) {
        if (this.#words[entry + 1] === 0 || this.#words[entry + 2]! > now) continue;
        this.#words[entry + 1] = 0;
        Atomics.sub(this.#words, USED, 1);
      }
      bucket = (bucket + 1) % this.#buckets;
    }
    this.#words[HAND] = bucket;
  }

  #bucketOf(key: number): number {
    // Fibonacci hashing: every bit of an address reaches the product's upper bits, and they choose the bucket.
    const hash = Math.imul(key, 0x9e3779b1) >>> 0;
    return HEADER + Math.floor((hash * this.#buckets) / 2 ** 32) * WAYS * WORDS;
  }

  #expiryAt(now: number): number {
    return this.#expire === NEVER ? NEVER : now + this.#expire;
  }

  #lock(): void {
    while (Atomics.compareExchange(this.#words, LOCK, 0, 1) !== 0) {}
  }

  #unlock(): void {
    Atomics.store(this.#words, LOCK, 0);
  }
}

/** Twice the places that `size` needs, so that buckets seldom fill before the table does. */
function bucketsFor(size: number): number {
  return Math.max(1, Math.ceil((size * 2) / WAYS));
}
