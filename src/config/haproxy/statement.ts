/** One statement of haproxy.cfg and what its keyword needs to read it: arguments, and where to report mistakes. */
import type { Diagnostic, Diagnostics, Severity, Span } from "../diagnostics.js";
import type { Milliseconds } from "../units.js";
import { arity } from "./keyword.js";
import type { Word } from "./lexer.js";
import { LONGEST_TIME, type Parsed, parseInteger, parseSize, parseTime } from "./quantities.js";
import { suggest } from "./suggest.js";

/** What the world outside the text gives to a configuration. */
export interface ReadOptions {
  /** A file's content (error pages), undefined when it cannot be read. */
  readFile(path: string): string | undefined;
  /** A numeric address of a host name, undefined when it has none. */
  resolve?(host: string): string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export class Statement {
  constructor(
    /** The keyword's name, without `no` or `default`. */
    readonly name: string,
    /** As the keyword's declaration writes them. */
    readonly form: string,
    readonly prefix: "no" | "default" | undefined,
    /** Where the keyword stands. */
    readonly span: Span,
    /** The words after the name. */
    readonly args: readonly Word[],
    readonly diagnostics: Diagnostics,
    readonly options: ReadOptions,
  ) {}

  /** Whether the number of arguments is the declared one; reports if not. */
  hasRightArity(): boolean {
    const { least, most } = arity(this.form);
    if (this.args.length < least) {
      this.error("missing-argument", this.span, `${this.name} needs ${this.form}`, {
        remedy: `write: ${this.name} ${this.form}`,
      });
      return false;
    }
    const extra = this.args[most];
    if (extra === undefined) return true;
    const takes = this.form === "" ? "nothing" : this.form;
    this.error("extra-argument", extra.span, `${this.name} takes ${takes}, so "${extra.text}" is too much`, {
      remedy: `write: ${this.name} ${this.form}`.trimEnd(),
    });
    return false;
  }

  report(severity: Severity, code: string, span: Span, message: string, more: DiagnosticReasons = {}): void {
    this.diagnostics.report({ severity, code, span, message, ...more });
  }

  error(code: string, span: Span, message: string, more: DiagnosticReasons = {}): void {
    this.report("error", code, span, message, more);
  }

  notSupported(span: Span, what: string, more: DiagnosticReasons = {}): void {
    reportNotSupported(this.diagnostics, span, what, more);
  }

  time(word: Word, what = this.name): Milliseconds | undefined {
    return this.quantity("bad-time", word, what, parseTime(word.text));
  }

  /** As `time`, but 0, which means "never" in HAProxy, becomes the longest timer there is. */
  timeout(word: Word): Milliseconds | undefined {
    const value = this.time(word);
    if (value !== 0) return value;
    this.report("warning", "endless-timeout", word.span, `${this.name} 0 waits for ever`, {
      cause: "dead connections are then never dropped",
      remedy: `give a time, such as: ${this.name} 50s`,
    });
    return LONGEST_TIME;
  }

  size(word: Word, what = this.name): number | undefined {
    return this.quantity("bad-size", word, what, parseSize(word.text));
  }

  integer(word: Word, least: number, most: number, what = this.name): number | undefined {
    return this.quantity("bad-number", word, what, parseInteger(word.text, least, most));
  }

  /** One of `choices`; those in `planned` are known and not done yet. */
  choice<T extends string>(
    word: Word,
    choices: readonly T[],
    planned: readonly string[] = [],
    what = this.name,
  ): T | undefined {
    const chosen = choices.find((choice) => choice === word.text);
    if (chosen !== undefined) return chosen;
    if (planned.includes(word.text)) {
      this.notSupported(word.span, `${what} ${word.text}`, { remedy: `use ${choices.join(" or ")}` });
      return undefined;
    }
    const meant = suggest(this.diagnostics, word.text, [...choices, ...planned]);
    this.error("bad-value", word.span, `${what} cannot be "${word.text}"`, {
      ...(meant === undefined ? {} : { cause: `did you mean "${meant}"?` }),
      remedy: `use ${choices.join(", ").replace(/, (?=[^,]*$)/, " or ")}`,
    });
    return undefined;
  }

  private quantity<T>(code: string, word: Word, what: string, result: Parsed<T>): T | undefined {
    if (result.ok) return result.value;
    this.error(code, word.span, `"${word.text}" does not fit ${what}`, { cause: result.why });
    return undefined;
  }
}

export type DiagnosticReasons = Pick<Diagnostic, "cause" | "remedy">;

/** Known to HAProxy, not done here yet: said aloud, because ignoring it would do something else than what was meant. */
export function reportNotSupported(
  diagnostics: Diagnostics,
  span: Span,
  what: string,
  more: DiagnosticReasons = {},
): void {
  diagnostics.report({
    severity: "error",
    code: "not-supported",
    span,
    message: `${what} is not supported yet`,
    cause: "HAProxy knows it, Bascule does not do it yet",
    ...more,
  });
}
