/** Lines of track_script and track_interface: `NAME [weight N [reverse]]`. */
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import type { Statement } from "../tree.js";
import { readWeight } from "./weight.js";

export interface TrackerDraft {
  readonly name: Word;
  /** Undefined: none was written. */
  readonly weight: number | undefined;
}

/** With a mistake behind it, the name counts still: it is tracked, or unknown, all the same. */
export function readTracker(entry: Statement, reading: Reading): TrackerDraft {
  const [option, ...rest] = entry.arguments;
  if (option?.text === "weight") return { name: entry.keyword, weight: readWeight(rest, entry, reading) };
  if (option !== undefined)
    reading.diagnostics.report({
      severity: "error",
      code: "extra-argument",
      span: option.span,
      message: `${option.text} is no option of what is tracked`,
      cause: "one name stands on a line, with its weight if it has one",
      remedy: /^[+-]?\d+$/.test(option.text)
        ? `write ${entry.keyword.text} weight ${option.text}`
        : `put ${option.text} on a line of its own`,
    });
  return { name: entry.keyword, weight: undefined };
}
