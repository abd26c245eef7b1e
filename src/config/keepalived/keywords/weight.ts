/** `[weight] N [reverse|noreverse]`, as scripts and trackers take it. */
import { integer, readWord } from "../arguments.js";
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import type { Weight } from "../model.js";
import { refusePlanned, reportMissing } from "../report.js";
import type { Statement } from "../tree.js";

export const WEIGHT_FORM = "NUMBER [reverse|noreverse]";

/** Largest weight: of a file one more, so that its number can be a fault. */
export interface WeightLimit {
  readonly most: number;
}

/** `words` begin with the number. undefined once a mistake has been reported. */
export function readWeight(
  words: readonly Word[],
  statement: Statement,
  reading: Reading,
  { most }: WeightLimit = { most: 253 },
): Weight | undefined {
  const [number, direction, extra] = words;
  if (number === undefined) {
    reportMissing(statement, "NUMBER", reading);
    return undefined;
  }
  const argument = integer({
    what: "weight",
    min: -most,
    max: most,
    ...(most < 1000 && {
      cause: "added to or taken from a priority of 1–254",
      remedy: `use -${most} to ${most}; 0 makes a failure a fault`,
    }),
  });
  const value = readWord(number, argument, reading.diagnostics);
  const isDirection = direction !== undefined && /^(?:reverse|no_?reverse)$/.test(direction.text);
  const reverse = isDirection && direction.text === "reverse";
  if (reverse) refusePlanned(direction, reading);
  const unexpected = isDirection ? extra : direction;
  if (unexpected !== undefined)
    reading.diagnostics.report({
      severity: "error",
      code: isDirection ? "extra-argument" : "unknown-option",
      span: unexpected.span,
      message: `${unexpected.text} is one word too many behind a weight`,
      remedy: "take it out; a keyword and its arguments take a line of their own",
    });
  return value === undefined ? undefined : { weight: value, reverse };
}
