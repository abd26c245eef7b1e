/** `.if` … `.endif` and the message directives (configuration manual §2.4). Conditions are not supported yet. */
import type { Diagnostics, Severity } from "../diagnostics.js";
import type { Word } from "./lexer.js";
import { reportNotSupported } from "./statement.js";

const MESSAGES: Readonly<Record<string, Severity>> = {
  ".diag": "notice",
  ".notice": "notice",
  ".warning": "warning",
  ".alert": "error",
};

/**
 * Takes the lines of preprocessing out of a file. The first branch of each `.if` is read, so that its mistakes show
 * too; the others are skipped, so that what is written in both is not reported as double.
 */
export class ConditionalBlocks {
  /** One entry for each open `.if`; `isSkipping` from its first `.elif` or `.else` on. */
  private readonly open: { readonly word: Word; isSkipping: boolean }[] = [];
  private skipping = 0;

  constructor(private readonly diagnostics: Diagnostics) {}

  /** Whether the line is a directive, or stands in a branch that is skipped. */
  takes(words: readonly Word[]): boolean {
    const [word] = words;
    switch (word!.text) {
      case ".if":
        reportNotSupported(this.diagnostics, word!.span, "a condition (.if)", {
          remedy: "write one file for each case, or keep the lines that hold here",
        });
        this.open.push({ word: word!, isSkipping: false });
        return true;
      case ".elif":
      case ".else":
        this.skipRest(word!);
        return true;
      case ".endif":
        this.close(word!);
        return true;
    }
    if (this.skipping > 0) return true;
    const severity = MESSAGES[word!.text];
    if (severity === undefined) return false;
    const message = words[1]?.text ?? "";
    this.diagnostics.report({
      severity,
      code: "directive",
      span: word!.span,
      message: message || `${word!.text} without a text`,
    });
    return true;
  }

  /** At the end of a file: what is still open was forgotten. */
  finish(): void {
    for (const { word } of this.open) this.reportUnbalanced(word, "this .if has no .endif");
  }

  private skipRest(word: Word): void {
    const block = this.open.at(-1);
    if (block === undefined) this.reportUnbalanced(word, `${word.text} without .if`);
    else if (!block.isSkipping) {
      block.isSkipping = true;
      this.skipping += 1;
    }
  }

  private close(word: Word): void {
    const block = this.open.pop();
    if (block === undefined) this.reportUnbalanced(word, ".endif without .if");
    else if (block.isSkipping) this.skipping -= 1;
  }

  private reportUnbalanced(word: Word, message: string): void {
    this.diagnostics.report({ severity: "error", code: "unbalanced-condition", span: word.span, message });
  }
}
