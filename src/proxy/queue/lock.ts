/**
 * A mutex in shared memory, for the few steps that several threads must see as one. Free costs one atomic operation;
 * contended, it spins for a moment and then sleeps in the kernel (Drepper, "Futexes Are Tricky", mutex 2).
 */
const FREE = 0;
const HELD = 1;
/** Held, and somebody may sleep. */
const CONTENDED = 2;

/** What it guards takes less than a microsecond, unless its holder is off the CPU. */
const SPINS = 200;

/** @param word its place in `words`; zero-filled memory is free */
export function lock(words: Int32Array, word: number): void {
  for (let spin = 0; spin < SPINS; spin++) if (Atomics.compareExchange(words, word, FREE, HELD) === FREE) return;
  while (Atomics.exchange(words, word, CONTENDED) !== FREE) Atomics.wait(words, word, CONTENDED);
}

/** As `lock`, but gives up after `patience` milliseconds: whoever holds it may be no more. */
export function lockWithin(words: Int32Array, word: number, patience: number): boolean {
  const end = performance.now() + patience;
  while (Atomics.exchange(words, word, CONTENDED) !== FREE) {
    const left = end - performance.now();
    if (left <= 0) return false;
    Atomics.wait(words, word, CONTENDED, left);
  }
  return true;
}

export function unlock(words: Int32Array, word: number): void {
  if (Atomics.exchange(words, word, FREE) === CONTENDED) Atomics.notify(words, word, 1);
}
