/** One line of haproxy.cfg into words: blanks, escapes, quotes, comments, variables (configuration manual §2.2, §2.3). */
import type { Diagnostics, SourceFile, Span } from "../diagnostics.js";

export interface Word {
  readonly text: string;
  readonly span: Span;
  /** A `$NAME` or `${NAME}` stands outside double quotes: only addresses expand it there. */
  readonly hasBareVariable: boolean;
}

/** What a line is read with. */
export interface LineContext {
  readonly file: SourceFile;
  /** From 1. */
  readonly line: number;
  /** An environment or pseudo variable; undefined: not set. */
  readonly variable: (name: string) => string | undefined;
  readonly diagnostics: Diagnostics;
  /** Called for each no-break space that separates words. */
  readonly onOddBlank?: (span: Span) => void;
}

/**
 * Splits one line (without its LF) into words. Mistakes are reported; the line then yields what could be read.
 * No-break spaces, which come along when a file is copied from a web page, separate words as blanks do.
 */
export function splitLine(text: string, context: LineContext): Word[] {
  return new LineLexer(text, context).words();
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
const isBlank = (character: string | undefined): boolean =>
  character === " " || character === "\t" || character === "\r" || character === "\u00a0" || character === "\ufeff";

class LineLexer {
  private at = 0;
  private start = 0;
  private readonly found: Word[] = [];
  private pieces: string[] = [];
  private hasBareVariable = false;

  constructor(
    private readonly text: string,
    private readonly context: LineContext,
  ) {}

  words(): Word[] {
    while (this.at < this.text.length) {
      if (isBlank(this.text[this.at])) this.skipBlank();
      else if (this.text[this.at] === "#") break;
      else this.readWord();
    }
    return this.found;
  }

  private skipBlank(): void {
    const isOdd = this.text.charCodeAt(this.at) > 0x7f;
    this.at += 1;
    if (isOdd) this.context.onOddBlank?.(this.spanFrom(this.at - 1));
  }

  private readWord(): void {
    this.start = this.at;
    this.pieces = [];
    this.hasBareVariable = false;
    while (this.at < this.text.length) {
      const character = this.text[this.at]!;
      if (isBlank(character) || character === "#") break;
      if (character === '"') this.readWeakQuote();
      else if (character === "'") this.readStrongQuote();
      else if (character === "\\") this.readEscape(false);
      else this.readPlain(character);
    }
    this.finishWord();
  }

  private finishWord(): void {
    const span = this.spanFrom(this.start);
    this.found.push({ text: this.pieces.join(""), span, hasBareVariable: this.hasBareVariable });
  }

  private readPlain(character: string): void {
    if (character === "$" && /[A-Za-z_{]/.test(this.text[this.at + 1] ?? "")) this.hasBareVariable = true;
    this.pieces.push(character);
    this.at += 1;
  }

  private readStrongQuote(): void {
    const close = this.text.indexOf("'", this.at + 1);
    if (close === -1) {
      this.reportOpenQuote("'");
      return;
    }
    this.pieces.push(this.text.slice(this.at + 1, close));
    this.at = close + 1;
  }

  private readWeakQuote(): void {
    const open = this.at;
    this.at += 1;
    while (this.at < this.text.length) {
      const character = this.text[this.at]!;
      if (character === '"') {
        this.at += 1;
        return;
      }
      if (character === "\\") this.readEscape(true);
      else if (character === "$") this.readVariable();
      else {
        this.pieces.push(character);
        this.at += 1;
      }
    }
    this.at = open;
    this.reportOpenQuote('"');
  }

  private reportOpenQuote(quote: string): void {
    this.context.diagnostics.report({
      severity: "error",
      code: "unmatched-quote",
      span: { ...this.spanFrom(this.at), column: this.at + 1, length: 1 },
      message: `this ${quote} is never closed`,
      cause: "a quotation ends on its own line",
      remedy: `close it with ${quote}, or write \\${quote} for the character itself`,
    });
    this.at = this.text.length;
  }

  /** A backslash takes away the meaning of what follows; before any other character it stays as it is (for regexes). */
  private readEscape(isQuoted: boolean): void {
    const next = this.text[this.at + 1];
    if (next === "x") {
      this.readHexEscape();
      return;
    }
    const taken =
      next === undefined
        ? undefined
        : (ESCAPED[next] ?? (` \t#\\"'${isQuoted ? "$" : ""}`.includes(next) ? next : undefined));
    this.pieces.push(taken ?? `\\${next ?? ""}`);
    if (next === undefined) this.reportTrailingBackslash();
    this.at = Math.min(this.at + 2, this.text.length);
  }

  private reportTrailingBackslash(): void {
    this.context.diagnostics.report({
      severity: "warning",
      code: "line-continuation",
      span: { ...this.spanFrom(this.at), column: this.at + 1, length: 1 },
      message: "a backslash at the end of a line does not join it with the next",
      cause: "haproxy.cfg has no line continuation",
      remedy: "write it all on one line",
    });
  }

  private readHexEscape(): void {
    const digits = /^[0-9A-Fa-f]{2}/.exec(this.text.slice(this.at + 2, this.at + 4));
    if (digits === null) {
      this.context.diagnostics.report({
        severity: "error",
        code: "bad-escape",
        span: { ...this.spanFrom(this.at), column: this.at + 1, length: 2 },
        message: "\\x needs two hexadecimal digits",
        remedy: "write \\x20 for a blank, or \\\\x for a backslash and an x",
      });
      this.at += 2;
      return;
    }
    this.pieces.push(String.fromCharCode(Number.parseInt(digits[0], 16)));
    this.at += 4;
  }

  /** `$NAME`, `${NAME}`, `${NAME-default}`, `${NAME[*]}`, `${.LINE}`; only within double quotes. */
  private readVariable(): void {
    const isBraced = this.text[this.at + 1] === "{";
    const from = this.at + (isBraced ? 2 : 1);
    VARIABLE_NAME.lastIndex = from;
    const name = VARIABLE_NAME.exec(this.text)?.[0];
    if (name === undefined || (name.startsWith(".") && !isBraced)) {
      this.reportBadVariable("$ needs a name here");
      return;
    }
    let end = from + name.length;
    let fallback: string | undefined;
    let isList = false;
    if (isBraced) {
      VARIABLE_SUFFIX.lastIndex = end;
      const close = end + VARIABLE_SUFFIX.exec(this.text)![0].length;
      if (this.text[close] !== "}") {
        this.reportBadVariable("this ${ is never closed");
        this.at = close;
        return;
      }
      let suffix = this.text.slice(end, close);
      if (suffix.startsWith("[*]")) {
        isList = true;
        suffix = suffix.slice(3);
      }
      if (suffix.startsWith("-")) fallback = suffix.slice(1);
      else if (suffix !== "") {
        this.reportBadVariable("between the name and } only [*] and -default may stand");
        return;
      }
      end = close + 1;
    }
    const value = this.context.variable(name) ?? fallback;
    if (value === undefined) this.reportUnset(name, end);
    this.at = end;
    if (isList) this.pushList(value ?? "");
    else this.pieces.push(value ?? "");
  }

  private pushList(value: string): void {
    const [first, ...others] = value.trim().split(/[ \t]+/);
    this.pieces.push(first ?? "");
    for (const other of others) {
      this.finishWord();
      this.pieces = [other];
    }
  }

  private reportUnset(name: string, end: number): void {
    this.context.diagnostics.report({
      severity: "notice",
      code: "unset-variable",
      span: { ...this.spanFrom(this.at), column: this.at + 1, length: end - this.at },
      message: `the environment variable ${name} is not set`,
      cause: "it stands for nothing",
      remedy: `set it, or give a default: "\${${name}-…}"`,
    });
  }

  private reportBadVariable(message: string): void {
    this.context.diagnostics.report({
      severity: "error",
      code: "bad-variable",
      span: { ...this.spanFrom(this.at), column: this.at + 1, length: 1 },
      message,
      cause: "within double quotes, $ starts an environment variable",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: haproxy.cfg's own notation.
      remedy: 'write \\$ for the character itself, or use single quotes: "${NAME}", "$NAME", "${NAME-default}"',
    });
    this.pieces.push("$");
    this.at += 1;
  }

  private spanFrom(start: number): Span {
    const { file, line } = this.context;
    return { file, line, column: start + 1, length: Math.max(1, this.at - start) };
  }
}

/** Ends where the quotation does, so that a brace left open costs no search through the rest of the line. */
const VARIABLE_SUFFIX = /[^"}]*/y;
const VARIABLE_NAME = /\.?[A-Za-z_][A-Za-z0-9_]*/y;
