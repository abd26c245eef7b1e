/**
 * Lines of tokens → statements with their blocks. Follows keepalived's rules for braces (on the keyword's line, glued,
 * or on the next line) and mends what it can, so that one forgotten brace gives one message and not fifty.
 */
import type { Diagnostics, Span } from "../diagnostics.js";
import type { BlockInfo } from "./declare.js";
import { lex, type Token, type Word } from "./lexer.js";
import type { Line } from "./line.js";

export interface Statement {
  readonly keyword: Word;
  readonly arguments: readonly Word[];
  /** The statements between its braces; undefined without braces. */
  readonly block: readonly Statement[] | undefined;
}

interface OpenStatement extends Statement {
  block: OpenStatement[] | undefined;
}

interface Frame {
  /** What opened it; undefined for the file itself, and for a brace that belongs to nothing. */
  readonly opener: OpenStatement | undefined;
  readonly brace: Span | undefined;
  /** Undefined: a block that is not known. */
  readonly vocabulary: BlockInfo | undefined;
  readonly statements: OpenStatement[];
}

/** Iterative, so that no depth of braces exhausts the stack; linear in the text. */
export function parseTree(lines: readonly Line[], root: BlockInfo, diagnostics: Diagnostics): readonly Statement[] {
  return new TreeBuilder(root, diagnostics).build(lex(lines, diagnostics));
}

class TreeBuilder {
  private readonly diagnostics: Diagnostics;
  private readonly top: Frame;
  private readonly stack: Frame[];
  /** Opening braces without a closing one (above 0), or the other way round: which kind was forgotten. */
  private surplus = 0;

  constructor(root: BlockInfo, diagnostics: Diagnostics) {
    this.diagnostics = diagnostics;
    this.top = { opener: undefined, brace: undefined, vocabulary: root, statements: [] };
    this.stack = [this.top];
  }

  build(lines: readonly (readonly Token[])[]): readonly Statement[] {
    this.surplus = countSurplus(lines);
    for (const line of lines) {
      let words: Word[] = [];
      for (const token of line) {
        if (token.kind === "word") {
          words.push(token);
          continue;
        }
        this.statement(words);
        words = [];
        if (token.kind === "open") this.open(token.span);
        else this.close(token.span);
      }
      this.statement(words);
    }
    this.openForgotten();
    while (this.stack.length > 1) this.reportUnterminated(this.stack.pop()!, undefined);
    return this.top.statements;
  }

  private get frame(): Frame {
    return this.stack[this.stack.length - 1]!;
  }

  private statement([keyword, ...rest]: readonly Word[]): void {
    if (keyword === undefined) return;
    this.openForgotten();
    this.closeForgotten(keyword);
    this.frame.statements.push({ keyword, arguments: rest, block: undefined });
  }

  private open(brace: Span): void {
    const last = this.frame.statements.at(-1);
    if (last === undefined || last.block !== undefined) {
      this.diagnostics.report({
        severity: "error",
        code: "stray-brace",
        span: brace,
        message: "this { belongs to no keyword",
        cause: "what stands in the block is skipped",
        remedy: "write the block's keyword before it",
      });
      this.stack.push({ opener: undefined, brace, vocabulary: undefined, statements: [] });
    } else this.push(last, brace);
  }

  private push(opener: OpenStatement, brace: Span | undefined): void {
    opener.block = [];
    const vocabulary = this.frame.vocabulary?.keywords.get(opener.keyword.text)?.block;
    this.stack.push({ opener, brace, vocabulary, statements: opener.block });
  }

  private close(brace: Span): void {
    this.openForgotten();
    if (this.stack.length > 1) {
      this.stack.pop();
      return;
    }
    this.diagnostics.report({
      severity: "error",
      code: "stray-brace",
      span: brace,
      message: "this } closes nothing",
      cause: "no block is open here",
      remedy: "remove it, or put back the { that it was for",
    });
  }

  /** Where a `{` is missing in the file and the last statement should have had one: go on as if it were there. */
  private openForgotten(): void {
    const last = this.frame.statements.at(-1);
    if (this.surplus >= 0 || last === undefined || last.block !== undefined) return;
    if (this.frame.vocabulary?.keywords.get(last.keyword.text)?.block === undefined) return;
    this.surplus++;
    reportMissingBrace(last, this.diagnostics);
    this.push(last, undefined);
  }

  /** Where a `}` is missing in the file and a keyword of an enclosing block follows: the block ended before it. */
  private closeForgotten(keyword: Word): void {
    if (this.surplus <= 0 || knows(this.frame, keyword)) return;
    // Blocks that mean something are at most four deep: looking further up would cost time and find nothing.
    const deepest = Math.max(0, this.stack.length - 5);
    let home = this.stack.length - 1;
    while (home >= deepest && !knows(this.stack[home]!, keyword)) home--;
    if (home < deepest || this.stack.length - 1 - home > this.surplus) return;
    while (this.stack.length - 1 > home) {
      this.surplus--;
      this.reportUnterminated(this.stack.pop()!, keyword);
    }
  }

  private reportUnterminated({ opener, brace }: Frame, before: Word | undefined): void {
    const span = opener?.keyword.span ?? brace;
    if (span === undefined) return;
    const name = opener?.keyword.text ?? "{";
    this.diagnostics.report({
      severity: "error",
      code: "unterminated-block",
      span,
      message: `the block of ${name} has no closing }`,
      cause:
        before === undefined
          ? "the file ends before it does"
          : `it is still open on line ${before.span.line}, where ${before.text} follows`,
      remedy: before === undefined ? "put a } behind its last line" : `put a } before line ${before.span.line}`,
    });
  }
}

export function reportMissingBrace(statement: Statement, diagnostics: Diagnostics): void {
  const { keyword } = statement;
  const words = [keyword, ...statement.arguments].map((word) => word.text).join(" ");
  diagnostics.report({
    severity: "error",
    code: "missing-brace",
    span: keyword.span,
    message: `${keyword.text} has no block`,
    cause: "a { must follow, on this line or on the next",
    remedy: `write ${words} {`,
  });
}

const knows = (frame: Frame, keyword: Word): boolean => frame.vocabulary?.keywords.has(keyword.text) ?? false;

function countSurplus(lines: readonly (readonly Token[])[]): number {
  let surplus = 0;
  for (const line of lines)
    for (const token of line) {
      if (token.kind === "open") surplus++;
      else if (token.kind === "close") surplus--;
    }
  return surplus;
}
