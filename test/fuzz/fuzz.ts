/** Feeds a target with damaged and generated inputs until one breaks a property, or the time is up. */
import { minimise } from "./minimise.js";
import { mutate } from "./mutate.js";
import { Random } from "./random.js";
import type { Target } from "./target.js";

/** Longer than this is no bounded time for an input of at most 40 kB; slow machines have it thrice. */
const SLOW_MS = 500;
const MINIMISE_MS = 10_000;

export interface Limits {
  readonly seed: number;
  /** Whichever comes first. */
  readonly milliseconds: number;
  readonly runs: number;
}

export interface Finding {
  readonly input: Buffer;
  readonly error: string;
}

export interface Outcome {
  readonly runs: number;
  readonly finding: Finding | undefined;
}

/** @param before told of each input before it runs: should it hang, somebody else knows it */
export function fuzz(target: Target, limits: Limits, before: (input: Buffer) => void = () => {}): Outcome {
  const random = new Random(limits.seed);
  const end = performance.now() + limits.milliseconds;
  let runs = 0;
  for (const sample of target.corpus) {
    before(sample);
    const finding = attempt(target, sample);
    if (finding !== undefined) return { runs, finding };
  }
  while (runs < limits.runs && performance.now() < end) {
    const input =
      target.generate !== undefined && random.oneIn(3)
        ? mutateNow(random, target, target.generate(random))
        : mutate(random, target.corpus, target.dictionary);
    before(input);
    runs++;
    const finding = attempt(target, input);
    if (finding !== undefined) return { runs, finding: shrink(target, finding, before) };
  }
  return { runs, finding: undefined };
}

/** What a grammar makes is damaged half of the time. */
const mutateNow = (random: Random, target: Target, input: Buffer): Buffer =>
  random.oneIn(2) ? input : mutate(random, [input], target.dictionary);

/** Runs one input. */
export function attempt(target: Target, input: Buffer): Finding | undefined {
  try {
    const limit = target.slowMs ?? SLOW_MS;
    if (elapsed(target, input) < limit) return undefined;
    // Once may be the collector, or another process.
    const fastest = Math.min(elapsed(target, input), elapsed(target, input));
    return fastest < limit ? undefined : { input, error: `took ${Math.round(fastest)} ms` };
  } catch (error) {
    return { input, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function elapsed(target: Target, input: Buffer): number {
  const start = performance.now();
  target.run(input);
  return performance.now() - start;
}

function shrink(target: Target, finding: Finding, before: (input: Buffer) => void): Finding {
  let last = finding;
  const kind = kindOf(finding.error);
  minimise(
    finding.input,
    (input) => {
      before(input);
      const found = attempt(target, input);
      if (found === undefined || kindOf(found.error) !== kind) return false;
      last = found;
      return true;
    },
    MINIMISE_MS,
  );
  return last;
}

/** The place that threw: numbers in a message differ from input to input. */
const kindOf = (error: string): string => /\n +at [^\n]+/.exec(error)?.[0] ?? error.replace(/\d+/g, "");
