/**
 * What all threads of the process must know of each other, since descriptors and OpenSSL's objects belong to none of
 * them: a table of handles, the stacks at which they were opened and closed, and a lock.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";

/** Handles that are open, or were closed lately. A power of two. */
export const SLOTS = 1 << 16;
const TEXT_SIZE = 4 << 20;
const HEADER_SIZE = 64;
const NAME = "bascule ffi-check";

const Header = { lock: 0, violations: 1, textLength: 2, opened: 3 } as const;

export class SharedMemory {
  readonly buffer: SharedArrayBuffer;
  readonly #header: Int32Array;
  /** Descriptor or address; 0 where the slot is free (descriptor n is n + 1). */
  readonly keys: Float64Array;
  /** References that we hold; 0: closed. */
  readonly counts: Int32Array;
  readonly kinds: Int32Array;
  /** Offsets into the text: the stacks. */
  readonly openedAt: Int32Array;
  readonly closedAt: Int32Array;
  readonly #text: Buffer;
  /** Of this thread: stacks that are in the text already. */
  readonly #known = new Map<string, number>();

  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(HEADER_SIZE + SLOTS * 24 + TEXT_SIZE);
    const column = (n: number): Int32Array => new Int32Array(this.buffer, HEADER_SIZE + SLOTS * (8 + 4 * n), SLOTS);
    this.#header = new Int32Array(this.buffer, 0, HEADER_SIZE / 4);
    this.keys = new Float64Array(this.buffer, HEADER_SIZE, SLOTS);
    this.counts = column(0);
    this.kinds = column(1);
    this.openedAt = column(2);
    this.closedAt = column(3);
    this.#text = Buffer.from(this.buffer, HEADER_SIZE + SLOTS * 24, TEXT_SIZE);
  }

  get violations(): number {
    return Atomics.load(this.#header, Header.violations);
  }

  get opened(): number {
    return Atomics.load(this.#header, Header.opened);
  }

  countViolation(): void {
    Atomics.add(this.#header, Header.violations, 1);
  }

  countOpened(): void {
    Atomics.add(this.#header, Header.opened, 1);
  }

  /** Runs `work` alone among all threads. It must not wait for anything. */
  locked<T>(work: () => T): T {
    while (Atomics.compareExchange(this.#header, Header.lock, 0, 1) !== 0) {}
    try {
      return work();
    } finally {
      Atomics.store(this.#header, Header.lock, 0);
    }
  }

  /** Keeps a text for all threads. @returns its place, for `text` */
  keep(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const size = Buffer.byteLength(text) + 2;
    const place = Atomics.add(this.#header, Header.textLength, size);
    if (place + size > TEXT_SIZE) return TEXT_SIZE;
    this.#text.writeUInt16LE(size - 2, place);
    this.#text.write(text, place + 2);
    this.#known.set(text, place);
    return place;
  }

  text(place: number): string {
    if (place >= TEXT_SIZE) return "    (too many different stacks)";
    return this.#text.toString("utf8", place + 2, place + 2 + this.#text.readUInt16LE(place));
  }
}

/** The main thread's, which it hands to every thread that is started later. */
function join(): SharedMemory {
  if (!isMainThread) {
    const inherited = getEnvironmentData(NAME);
    if (inherited instanceof SharedArrayBuffer) return new SharedMemory(inherited);
  }
  const memory = new SharedMemory();
  setEnvironmentData(NAME, memory.buffer);
  return memory;
}

export const shared = join();
