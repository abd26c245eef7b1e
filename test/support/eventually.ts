/** Waiting for conditions with deadlines. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect, isDeepStrictEqual } from "node:util";

type Expected<T> = T | ((value: T) => boolean);

export interface Patience {
  /** Milliseconds; 5,000 by default. */
  readonly deadlineMs?: number;
  /** Milliseconds between two looks; 20 by default. */
  readonly everyMs?: number;
}

/**
 * Waits until `observe()` gives `expected` (deep equality) or something that the predicate takes.
 * @returns what it gave. @throws AssertionError at the deadline, with the last value or error seen.
 */
export async function eventually<T>(
  observe: () => T | Promise<T>,
  expected: Expected<T>,
  { deadlineMs = 5_000, everyMs = 20 }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const seen = await attempt(observe);
    if ("value" in seen && fits(seen.value, expected)) return seen.value;
    if (performance.now() >= deadline) throw failure(`not within ${deadlineMs} ms`, seen, expected);
    await sleep(everyMs);
  }
}

/** Asserts that `observe()` gives `expected` at every look for `durationMs`. @throws at the first that differs. */
export async function throughout<T>(
  durationMs: number,
  observe: () => T | Promise<T>,
  expected: Expected<T>,
  everyMs = 20,
): Promise<void> {
  const start = performance.now();
  while (performance.now() - start < durationMs) {
    const seen = await attempt(observe);
    const elapsed = Math.round(performance.now() - start);
    if (!("value" in seen) || !fits(seen.value, expected))
      throw failure(`changed after ${elapsed} of ${durationMs} ms`, seen, expected);
    await sleep(everyMs);
  }
}

type Seen<T> = { readonly value: T } | { readonly error: unknown };

async function attempt<T>(observe: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return { value: await observe() };
  } catch (error) {
    return { error };
  }
}

function fits<T>(value: T, expected: Expected<T>): boolean {
  return typeof expected === "function"
    ? (expected as (value: T) => boolean)(value)
    : isDeepStrictEqual(value, expected);
}

function failure<T>(when: string, seen: Seen<T>, expected: Expected<T>): assert.AssertionError {
  const wanted = typeof expected === "function" ? String(expected) : inspect(expected);
  const actual = "value" in seen ? seen.value : seen.error;
  return new assert.AssertionError({ message: `${when}: wanted ${wanted}, saw ${inspect(actual)}`, actual, expected });
}
