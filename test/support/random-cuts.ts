/** Ways to cut a stream: whatever arrives in pieces must mean what it means whole. */
import fc from "fast-check";

/** Ends of the pieces of `length` bytes: ascending, the last one is `length`. */
export const randomCuts = (length: number): fc.Arbitrary<readonly number[]> =>
  fc
    .array(fc.integer({ min: 0, max: length }), { maxLength: 12 })
    .map((cuts) => [...cuts.sort((a, b) => a - b), length]);

/** Every byte arrives alone. */
export const everyByte = (length: number): readonly number[] => Array.from({ length }, (_, index) => index + 1);

/** All ways to cut once, and byte by byte. */
export function allSingleCuts(length: number): readonly (readonly number[])[] {
  return [...everyByte(length).map((cut) => [cut, length]), everyByte(length)];
}
