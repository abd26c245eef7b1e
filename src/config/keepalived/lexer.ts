/**
 * keepalived.conf text → lines of words and braces (keepalived.conf(5), "CONFIGURATION FILE SYNTAX").
 * A keyword and its arguments end with their line; `#` and `!` begin a comment anywhere outside quotes, also right
 * behind a word; `"…"` and `'…'` group and take C escapes; braces stand for themselves, glued or not.
 */
import type { Diagnostics, SourceFile, Span } from "../diagnostics.js";
import { ExoticSpaces, isExoticSpace, isPlainSpace, isSpace } from "./white-space.js";

export interface Word {
  readonly kind: "word";
  /** Without its quotes, escapes done. */
  readonly text: string;
  /** Covers the word as written, quotes included. */
  readonly span: Span;
  /** Stands on a line that needs `$NAME`, `@ID` or `~SEQ`: reported already, not to be judged again. */
  readonly unresolved: boolean;
}

export interface Brace {
  readonly kind: "open" | "close";
  readonly span: Span;
}

export type Token = Word | Brace;

const endsWord = /[#!{}]/;
const typographicQuote = /[“”„‟‘’‚‛]/;
const definition = /^\s*\$([A-Za-z_]\w*)\s*=/;
const continued = /\\\s*$/;

/** The lines that hold something, each with its tokens. Reports lexical mistakes; never throws. Linear in the text. */
export function lex(file: SourceFile, diagnostics: Diagnostics): Token[][] {
  const lines: Token[][] = [];
  const spaces = new ExoticSpaces();
  const defined = new Set<string>();
  let inDefinition = false;
  for (const [index, text] of file.text.split("\n").entries()) {
    const name = inDefinition ? undefined : definition.exec(text)?.[1];
    if (name !== undefined) {
      defined.add(name);
      reportDefinition(file, index + 1, text, name, diagnostics);
    }
    if (name !== undefined || inDefinition) {
      inDefinition = continued.test(text);
      continue;
    }
    const tokens = new LineLexer(file, index + 1, text, spaces, diagnostics).tokens(defined);
    if (tokens.length > 0) lines.push(tokens);
  }
  spaces.report(diagnostics);
  return lines;
}

class LineLexer {
  private readonly file: SourceFile;
  private readonly line: number;
  private readonly text: string;
  private readonly spaces: ExoticSpaces;
  private readonly diagnostics: Diagnostics;
  private readonly found: Token[] = [];
  private at = 0;
  private unresolved = false;
  private quotesReported = false;

  constructor(file: SourceFile, line: number, text: string, spaces: ExoticSpaces, diagnostics: Diagnostics) {
    this.file = file;
    this.line = line;
    this.text = text;
    this.spaces = spaces;
    this.diagnostics = diagnostics;
  }

  tokens(defined: ReadonlySet<string>): Token[] {
    this.findMacros(defined);
    while (this.at < this.text.length) {
      const character = this.text[this.at]!;
      if (isPlainSpace(character)) this.at++;
      else if (isExoticSpace(character)) {
        this.spaces.add(character, this.span(this.at, this.at + 1));
        this.at++;
      } else if (character === "#" || character === "!") break;
      else if (character === "{" || character === "}") {
        const kind = character === "{" ? "open" : "close";
        this.found.push({ kind, span: this.span(this.at, this.at + 1) });
        this.at++;
      } else if (character === "@" && this.found.length === 0) this.conditional();
      else this.word();
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
      else if (character === "\\" && (next === "#" || next === "!")) {
        text += next;
        this.at += 2;
      } else {
        text += character;
        this.at++;
      }
    }
    const span = this.span(start, this.at);
    this.examine(text, span);
    this.found.push({ kind: "word", text, span, unresolved: this.unresolved });
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
    const behind = this.text[this.at];
    const afterwards = this.text[this.at + 1];
    if ((behind === "#" || behind === "!") && afterwards !== undefined && /[^\s#!]/.test(afterwards))
      this.diagnostics.report({
        severity: "warning",
        code: "comment-in-word",
        span: this.span(this.at, this.at + 1),
        message: `${behind} begins a comment here; what is left is ${text}`,
        cause: "# and ! do so anywhere outside quotes, also inside a word",
        remedy: `quote the word if ${behind} belongs to it, or put a space before the comment`,
      });
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
    if (/~(?:SEQx?|LST)\(/.test(text)) this.notYet(span, "~SEQ and ~LST repetition");
  }

  /** `@ID` and `@^ID`: the rest of the line counts only on the named hosts. */
  private conditional(): void {
    const start = this.at;
    while (this.at < this.text.length && !isSpace(this.text[this.at]!)) this.at++;
    this.notYet(this.span(start, this.at), "a line for one host only (@ID)");
  }

  private findMacros(defined: ReadonlySet<string>): void {
    if (!this.text.includes("$")) return;
    for (const match of this.text.matchAll(/\$(?:\{\s*(\w+)|([A-Za-z_]\w*))/g)) {
      const name = match[1] ?? match[2] ?? "";
      // keepalived leaves a name that nobody defined as it stands: shells and awk want their own $NAME.
      if (defined.has(name)) this.unresolved = true;
      else if (match[1] !== undefined && predefined.has(name))
        this.notYet(this.span(match.index, match.index + match[0].length), `\${${name}}`);
    }
  }

  private notYet(span: Span, what: string): void {
    this.unresolved = true;
    this.diagnostics.report({
      severity: "error",
      code: "not-supported",
      span,
      message: `${what} is not supported yet`,
      remedy: "write the lines out",
    });
  }

  private span(start: number, end: number): Span {
    return { file: this.file, line: this.line, column: start + 1, length: Math.max(0, end - start) };
  }
}

const escapes: Readonly<Record<string, string>> = {
  __proto__: null as never,
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const predefined = new Set(["_PWD", "_INSTANCE", "_RANDOM", "_ENV", "_HASH", "_BANG"]);

function reportDefinition(file: SourceFile, line: number, text: string, name: string, diagnostics: Diagnostics): void {
  diagnostics.report({
    severity: "error",
    code: "not-supported",
    span: { file, line, column: text.indexOf("$") + 1, length: name.length + 1 },
    message: `the definition of $${name} is not supported yet`,
    remedy: `write its value where $${name} stands`,
  });
}
