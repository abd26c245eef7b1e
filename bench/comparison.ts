/** From pairs of runs to the figures that are reported. */
import type { Measurement } from "./measure.js";

/** Two runs that followed each other, so that what else the machine did touched both. */
export interface Pair {
  readonly first: "haproxy" | "bascule";
  readonly haproxy: Measurement;
  readonly bascule: Measurement;
}

export const figures = ["requestsPerSecond", "cpuPerRequest", "busy", "p50", "p99"] as const;
export type Figure = (typeof figures)[number];

export interface Compared {
  /** Medians over the valid pairs. */
  readonly haproxy: number;
  readonly bascule: number;
  /** Bascule's by HAProxy's: the median of the pairs' ratios, and the lowest and highest of them. */
  readonly ratio: number;
  readonly lowest: number;
  readonly highest: number;
}

/** @returns undefined if no pair is valid */
export function compare(pairs: readonly Pair[]): Readonly<Record<Figure, Compared>> | undefined {
  const valid = pairs.filter((pair) => pair.haproxy.invalid === undefined && pair.bascule.invalid === undefined);
  if (valid.length === 0) return undefined;
  return Object.fromEntries(figures.map((figure) => [figure, compareFigure(valid, figure)])) as Record<
    Figure,
    Compared
  >;
}

function compareFigure(pairs: readonly Pair[], figure: Figure): Compared {
  const ratios = pairs.map(({ haproxy, bascule }) => bascule[figure] / haproxy[figure]);
  return {
    haproxy: median(pairs.map(({ haproxy }) => haproxy[figure])),
    bascule: median(pairs.map(({ bascule }) => bascule[figure])),
    ratio: median(ratios),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
}

/** The middle value, or the mean of the two middle ones. @throws on an empty list */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("the median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
