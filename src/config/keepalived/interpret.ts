/** Walks the statements of a block with its vocabulary: every keyword is read, or reported with what would be right. */
import type { Block, Draft, Reading } from "./declare.js";
import { reportExtra, reportNoBlock, reportNotSupported, reportRepeated, reportUnknown } from "./report.js";
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
    if (statement.unresolved) continue;
    if (keyword.read === undefined) reportNotSupported(statement, reading);
    else if (keyword.block === undefined && statement.block !== undefined) reportNoBlock(statement, reading);
    else if (keyword.block !== undefined && statement.block === undefined)
      reportMissingBrace(statement, reading.diagnostics);
    else {
      if (before !== undefined && keyword.repeats !== true) reportRepeated(statement, before, reading);
      if (keyword.arguments === "" && statement.arguments.length > 0) reportExtra(statement, 0, reading);
      keyword.read(draft, statement, reading);
    }
  }
}
