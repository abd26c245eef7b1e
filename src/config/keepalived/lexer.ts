/**
 * Lines → words and braces (keepalived.conf(5), "CONFIGURATION FILE SYNTAX"). A keyword and its arguments end with
 * their line; `"…"` and `'…'` group and take C escapes; braces stand for themselves, glued or not.
 */
import type { Diagnostics, Span } from "../diagnostics.js";
import type { Line } from "./line.js";
import { ExoticSpaces, isExoticSpace, isPlainSpace, isSpace } from "./white-space.js";

export interface Word {
  readonly kind: "word";
  /** Without its quotes, escapes done. */
  readonly text: string;
  /** As it was written, for the words in which keepalived leaves escapes and single quotes alone. */
  readonly raw: string;
  /** Covers the word as written, quotes included. */
  readonly span: Span;
}

export interface Brace {
  readonly kind: "open" | "close";
  readonly span: Span;
}

export type Token = Word | Brace;

const endsWord = /[{}]/;
const typographicQuote = /[“”„‟‘’‚‛]/;

/** The lines that hold something, each with its tokens. Reports lexical mistakes; never throws. Linear in the text. */
export function lex(lines: readonly Line[], diagnostics: Diagnostics): Token[][] {
  const spaces = new ExoticSpaces();
  const found = lines.map((line) => new LineLexer(line, spaces, diagnostics).tokens());
  spaces.report(diagnostics);
  return found.filter((tokens) => tokens.length > 0);
}

class LineLexer {
  private text: string;
  private readonly found: Token[] = [];
  private at = 0;
  private quotesReported = false;

  constructor(
    private readonly line: Line,
    private readonly spaces: ExoticSpaces,
    private readonly diagnostics: Diagnostics,
  ) {
    this.text = line.text;
  }

  tokens(): Token[] {
    this.refuseContinuation();
    while (this.at < this.text.length) {
      const character = this.text[this.at]!;
      if (isPlainSpace(character)) this.at++;
      else if (isExoticSpace(character)) {
        this.spaces.add(character, this.span(this.at, this.at + 1));
        this.at++;
      } else if (character === "{" || character === "}") {
        const kind = character === "{" ? "open" : "close";
        this.found.push({ kind, span: this.span(this.at, this.at + 1) });
        this.at++;
      } else this.word();
    }
    return this.found;
  }

  private word(): void {
    const start = this.at;
    let text = "";
    while (this.at < this.text.length) {
      const character = this.text[this.at]!;
      const next = this.text[this.at + 1];
      if (isSpace(character)) break;
      if (character === "$" && next === "{") text += this.take(this.text.indexOf("}", this.at));
      else if (endsWord.test(character)) break;
      else if (character === '"' || character === "'") text += this.quoted(character);
      else if (character === "\\" && next !== undefined && /[#!"']/.test(next)) {
        text += next;
        this.at += 2;
      } else {
        text += character;
        this.at++;
      }
    }
    const span = this.span(start, this.at);
    this.examine(text, span);
    this.found.push({ kind: "word", text, raw: this.text.slice(start, this.at), span });
  }

  /** Takes the text up to and with the character at `last`, or to the end of the line where there is none. */
  private take(last: number): string {
    const end = last < 0 ? this.text.length : last + 1;
    const taken = this.text.slice(this.at, end);
    this.at = end;
    return taken;
  }

  private quoted(quote: string): string {
    const start = this.at++;
    let text = "";
    while (this.at < this.text.length) {
      const character = this.text[this.at]!;
      if (character === quote) {
        this.at++;
        return text;
      }
      if (character === "\\") text += this.escape();
      else {
        text += character;
        this.at++;
      }
    }
    this.diagnostics.report({
      severity: "error",
      code: "unterminated-quote",
      span: this.span(start, this.text.trimEnd().length),
      message: `no closing ${quote} on this line`,
      cause: "a quoted string ends on the line where it begins",
      remedy: `put ${quote} behind the last word that belongs to it`,
    });
    return text.trimEnd();
  }

  /** `\n`, `\t`, `\xHH`, `\nnn` (octal), `\cX` (control); before anything else the backslash just goes. */
  private escape(): string {
    const match = /\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|c([@-_a-z])|([\s\S]))/y;
    match.lastIndex = this.at;
    const [all, hex, octal, control, other] = match.exec(this.text) ?? ["\\"];
    this.at += all.length;
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    if (control !== undefined) return String.fromCharCode(control.charCodeAt(0) & 0x1f);
    return other === undefined ? "" : (escapes[other] ?? other);
  }

  private examine(text: string, span: Span): void {
    if (typographicQuote.test(text) && !this.quotesReported) {
      this.quotesReported = true;
      this.diagnostics.report({
        severity: "error",
        code: "typographic-quote",
        span,
        message: "typographic quotes do not group words",
        cause: "they are letters like any other; a web page or a word processor put them here",
        remedy: "write straight quotes: \"…\" or '…'",
      });
    }
  }

  /** keepalived glues a `\\` at the end of a line to its last word: that would be read as a wrong value. */
  private refuseContinuation(): void {
    if (!this.text.endsWith("\\")) return;
    this.text = this.text.slice(0, -1);
    this.diagnostics.report({
      severity: "error",
      code: "no-continuation",
      span: this.span(this.text.length, this.text.length + 1),
      message: "a line is not continued by a \\ at its end",
      cause: "only the lines of a definition ($NAME= \\) are",
      remedy: "write the keyword and all of its arguments on one line",
    });
  }

  private span(start: number, end: number): Span {
    return this.line.span(start, end);
  }
}

const escapes: Readonly<Record<string, string>> = {
  __proto__: null as never,
  a: "\x07",
  b: "\b",
  E: "\x1b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
