/** Ways to cut an input that depend on it alone. */
import { allSingleCuts, everyByte } from "../support/random-cuts.js";
import { Random, seedOf } from "./random.js";

/** Up to this length every single cut is tried. */
const SHORT = 80;
const RANDOM_CUTS = 3;

/** Ends of pieces: all single cuts and byte by byte where that is cheap, else a few at random. */
export function cutsOf(input: Uint8Array): readonly (readonly number[])[] {
  const { length } = input;
  if (length <= SHORT) return allSingleCuts(length);
  const random = new Random(seedOf(input));
  const some = Array.from({ length: RANDOM_CUTS }, () =>
    [...Array.from({ length: 1 + random.below(6) }, () => random.below(length)), length].sort((a, b) => a - b),
  );
  return length <= 1000 ? [...some, everyByte(length)] : some;
}
