/** Damages valid samples: most mistakes of parsers lie near to what they accept. */
import type { Random } from "./random.js";

/** Longer inputs only cost time, but those around a limit are tried too. */
const LONGEST = 40_000;
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 0x20, 0x3a, 0x2c];

/** A mutation of one of `corpus`, by a few steps. @param dictionary pieces that mean something to the parser */
export function mutate(random: Random, corpus: readonly Buffer[], dictionary: readonly Buffer[]): Buffer {
  let bytes: Buffer = random.pick(corpus);
  for (let steps = 1 + random.below(5); steps > 0; steps--) bytes = step(random, bytes, corpus, dictionary);
  return bytes.length > LONGEST ? bytes.subarray(0, LONGEST) : bytes;
}

function step(random: Random, bytes: Buffer, corpus: readonly Buffer[], dictionary: readonly Buffer[]): Buffer {
  const at = random.below(bytes.length + 1);
  const length = random.below(random.oneIn(4) ? bytes.length - at + 1 : 8);
  const splice = (inserted: Uint8Array, removed: number): Buffer =>
    Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(Math.min(bytes.length, at + removed))]);
  switch (random.below(10)) {
    case 0:
      return flip(bytes, at, 1 << random.below(8));
    case 1:
      return splice(Buffer.of(random.oneIn(2) ? random.pick(INTERESTING) : random.below(256)), 1);
    case 2:
      return splice(random.bytes(1 + random.below(8)), 0);
    case 3:
      return splice(Buffer.alloc(0), 1 + length);
    case 4: // doubled, now and then very often
      return splice(repeat(bytes.subarray(at, at + length), random.oneIn(10) ? 1 + random.below(3000) : 2), 0);
    case 5: // moved
      return splice(bytes.subarray(random.below(bytes.length + 1)).subarray(0, 40), length);
    case 6:
    case 7:
      return dictionary.length === 0 ? bytes : splice(random.pick(dictionary), random.oneIn(2) ? 0 : length);
    case 8: // the end of another sample
      return Buffer.concat([bytes.subarray(0, at), cutOff(random, random.pick(corpus))]);
    default:
      return bytes.subarray(0, at);
  }
}

function flip(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at < copy.length) copy[at]! ^= bit;
  return copy;
}

function repeat(bytes: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: Math.min(times, Math.ceil(LONGEST / (bytes.length + 1))) }, () => bytes));
}

const cutOff = (random: Random, bytes: Buffer): Buffer => bytes.subarray(random.below(bytes.length + 1));
