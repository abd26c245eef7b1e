/** `[weight] N [reverse]`, as scripts and trackers take it. */
import { integer, readWord } from "../arguments.js";
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import { reportMissing } from "../report.js";
import type { Statement } from "../tree.js";

const weight = integer({
  what: "weight",
  min: -253,
  max: 253,
  cause: "added to or taken from a priority of 1–254",
  remedy: "use -253 to 253; 0 makes a failure a fault",
});

/** `words` begin with the number. undefined once a mistake has been reported. */
export function readWeight(words: readonly Word[], statement: Statement, reading: Reading): number | undefined {
  const [number, direction, extra] = words;
  if (number === undefined) {
    reportMissing(statement, "NUMBER", reading);
    return undefined;
  }
  const value = readWord(number, weight, reading.diagnostics);
  if (direction?.text === "reverse")
    reading.diagnostics.report({
      severity: "error",
      code: "not-supported",
      span: direction.span,
      message: "reverse is not supported yet",
      remedy: "choose the priorities for a weight without it",
    });
  const unexpected = direction === undefined || ["reverse", "noreverse"].includes(direction.text) ? extra : direction;
  if (unexpected !== undefined)
    reading.diagnostics.report({
      severity: "error",
      code: "extra-argument",
      span: unexpected.span,
      message: `${unexpected.text} is one word too many behind a weight`,
      remedy: "take it out; a keyword and its arguments take a line of their own",
    });
  return value;
}
