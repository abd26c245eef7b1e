/** From rounds of runs to the figures that are reported. */
import type { Figure, Measurement } from "./figures.js";
import type { Contender, Scenario, Target } from "./scenario.js";

/** Runs of all contenders that followed each other, so that what else the machine did touched them all. */
export interface Round {
  readonly order: readonly Contender[];
  /** A contender that cannot play the part has none. */
  readonly runs: Readonly<Partial<Record<Contender, Measurement>>>;
}

export interface Ratio {
  /** The median of the rounds' ratios, and the lowest and highest of them. */
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface Compared {
  readonly figure: Figure;
  /** Medians over the rounds that count. */
  readonly values: Readonly<Partial<Record<Contender, number>>>;
  /** By HAProxy's figure of the same round. */
  readonly ratios: Readonly<Partial<Record<"bascule" | "nginx", Ratio>>>;
  readonly target?: Target;
  readonly isMet?: boolean;
}

/** The figures of a scenario, in its order. A run that is invalid takes its whole round with it. */
export function compare(scenario: Scenario, rounds: readonly Round[]): Compared[] {
  const valid = rounds.filter(isValid);
  if (valid.length === 0) return [];
  return scenario.figures.map((figure) => {
    const values = present({
      haproxy: medianOf(valid, "haproxy", figure),
      bascule: medianOf(valid, "bascule", figure),
      nginx: medianOf(valid, "nginx", figure),
    });
    const ratios = present({ bascule: ratio(valid, "bascule", figure), nginx: ratio(valid, "nginx", figure) });
    const target = scenario.target?.figure === figure ? scenario.target : undefined;
    if (target === undefined) return { figure, values, ratios };
    const reached = target.absolute ? values.bascule : ratios.bascule?.median;
    return { figure, values, ratios, target, isMet: reached !== undefined && reached <= target.atMost };
  });
}

export const isValid = ({ runs }: Round): boolean => Object.values(runs).every(({ invalid }) => invalid === undefined);

/** The middle value, or the mean of the two middle ones. @throws on an empty list */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("the median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function medianOf(rounds: readonly Round[], contender: Contender, figure: Figure): number | undefined {
  const values = rounds.flatMap(({ runs }) => runs[contender]?.figures[figure] ?? []);
  return values.length === 0 ? undefined : median(values);
}

function ratio(rounds: readonly Round[], contender: Contender, figure: Figure): Ratio | undefined {
  const ratios = rounds.flatMap(({ runs }) => {
    const [own, haproxy] = [runs[contender]?.figures[figure], runs.haproxy?.figures[figure]];
    return own === undefined || haproxy === undefined ? [] : own / haproxy;
  });
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}

/** Without the members that are undefined. */
function present<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined));
}
