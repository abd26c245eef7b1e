/** White space as operators mean it: what C's isspace() knows, and what web pages and editors put in its place. */
import type { Diagnostics, Span } from "../diagnostics.js";

const plain = /[ \t\r\v\f]/;
const exotic = /[\u0085\u00a0\u1680\u180e\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]/;

export const isPlainSpace = (character: string): boolean => plain.test(character);
/** No-break spaces and their like, which keepalived takes for letters. */
export const isExoticSpace = (character: string): boolean => exotic.test(character);
export const isSpace = (character: string): boolean => isPlainSpace(character) || isExoticSpace(character);

/** Counts the lines of one file that hold exotic white space, so that a whole file of it costs one warning. */
export class ExoticSpaces {
  private first: { readonly character: string; readonly span: Span } | undefined;
  private readonly lines = new Set<string>();

  add(character: string, span: Span): void {
    this.first ??= { character, span };
    this.lines.add(`${span.line} ${span.file.path}`);
  }

  report(diagnostics: Diagnostics): void {
    if (this.first === undefined) return;
    const { character, span } = this.first;
    const code = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
    const name = character === "\u00a0" ? "no-break space" : "unusual white space";
    const lines = this.lines.size === 1 ? "1 line" : `${this.lines.size} lines`;
    diagnostics.report({
      severity: "warning",
      code: "unusual-white-space",
      span,
      message: `${name} (${code}) on ${lines}, read as plain spaces`,
      cause: "it comes with text copied from a web page; keepalived takes it for letters",
      remedy: "replace it by plain spaces, so that other programs read the file too",
    });
  }
}
