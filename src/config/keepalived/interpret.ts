/** Walks the statements of a block with its vocabulary: every keyword is read, or reported with what would be right. */
import type { Block, Draft, KeywordInfo, Reading } from "./declare.js";
import { nothingPlanned } from "./planned.js";
import {
  reportExtra,
  reportMoot,
  reportNoBlock,
  reportNotSupported,
  reportPlanned,
  reportRepeated,
  reportUnknown,
} from "./report.js";
import { reportMissingBrace, type Statement } from "./tree.js";

/** Reads `statements` into `draft`. */
export function interpret<D extends Draft>(
  statements: readonly Statement[],
  block: Block<D>,
  draft: D,
  reading: Reading,
): void {
  for (const statement of statements) {
    const keyword = block.keywords.get(statement.keyword.text);
    if (keyword === undefined) {
      reportUnknown(statement, block, reading);
      continue;
    }
    const before = draft.written.get(keyword.name);
    draft.written.set(keyword.name, statement);
    if (keyword.status === "moot") reportMoot(statement, keyword, reading);
    else if (keyword.read === undefined) reportNotSupported(statement, reading);
    else if (keyword.block === undefined && statement.block !== undefined)
      reportNoBlock(statement, reading, lacksValue(statement, keyword));
    else if (keyword.block !== undefined && statement.block === undefined)
      reportMissingBrace(statement, reading.diagnostics);
    else {
      if (before !== undefined && keyword.repeats !== true) reportRepeated(statement, before, reading);
      if (keyword.arguments === "" && statement.arguments.length > 0)
        // keepalived complains of words before a block of entries, and of no others.
        reportExtra(statement, 0, reading, keyword.block?.entry === undefined ? "extra-argument" : "block-argument");
      keyword.read(draft, statement, inside(statement, keyword, reading));
    }
  }
}

const lacksValue = ({ arguments: words }: Statement, { arguments: form }: KeywordInfo): boolean =>
  words.length === 0 && form !== "" && !form.startsWith("[");

/** What holds for the words and lines within `statement`. One message is enough where all of it is only planned. */
function inside(statement: Statement, keyword: KeywordInfo, reading: Reading): Reading {
  const path = reading.path === "" ? keyword.name : `${reading.path} ${keyword.name}`;
  if (!reading.planned.has(path) || asksForNothing(statement, keyword)) return { ...reading, path };
  reportPlanned(statement.keyword.text, statement.keyword.span, reading.diagnostics);
  return { ...reading, path, planned: nothingPlanned };
}

/** Whether it says what holds anyway: `vrrp_garp_interval 0`, `notify_priority_changes off`. */
function asksForNothing({ arguments: words, block }: Statement, keyword: KeywordInfo): boolean {
  const [word, extra] = words;
  if (word === undefined || extra !== undefined || block !== undefined) return false;
  if (keyword.arguments === "[BOOL]") return ["off", "no", "false"].includes(word.text);
  return word.text === keyword.default;
}
