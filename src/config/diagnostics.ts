/**
 * Mistakes in a configuration are values: what, where, why, what to do. Readers report them all into one
 * `Diagnostics`; only the edge (the command line, the log) renders them.
 */

/** One configuration file as it was read. */
export interface SourceFile {
  /** The path as the user gave it; it stands in front of every message. */
  readonly path: string;
  readonly text: string;
}

/** A stretch of one line of a source file. Line and column count from 1; length is in UTF-16 units. */
export interface Span {
  readonly file: SourceFile;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

export type Severity = "error" | "warning" | "notice";

export interface Diagnostic {
  readonly severity: Severity;
  /** A stable kebab-case name, such as `priority-range`. */
  readonly code: string;
  readonly span: Span;
  /** What is wrong, in one clause. */
  readonly message: string;
  /** Why: stands under the line, beside the caret. */
  readonly cause?: string;
  /** What to write instead. */
  readonly remedy?: string;
}

/** Collects what the readers of one configuration find. */
export class Diagnostics {
  readonly all: Diagnostic[] = [];

  report(diagnostic: Diagnostic): void {
    this.all.push(diagnostic);
  }

  get hasErrors(): boolean {
    return this.all.some((diagnostic) => diagnostic.severity === "error");
  }

  /** In the order of file and line, so that a user can walk down the file. */
  sorted(): Diagnostic[] {
    const files = new Map([...new Set(this.all.map(({ span }) => span.file))].map((file, index) => [file, index]));
    return [...this.all].sort(
      (a, b) =>
        files.get(a.span.file)! - files.get(b.span.file)! || a.span.line - b.span.line || a.span.column - b.span.column,
    );
  }
}

/**
 * Renders one diagnostic as the compiler of a well-kept language would:
 * `file:line:column: error[code]: message`, the line, a caret with the cause, and the remedy.
 */
export function render(diagnostic: Diagnostic): string {
  const { span } = diagnostic;
  const text = lineOf(span);
  const gutter = `${span.line} | `;
  // Tabs before the caret stay tabs, so that it stands under its word whatever the terminal makes of them.
  const indent = text.slice(0, span.column - 1).replace(/[^\t]/g, " ");
  const caret = "^".repeat(Math.max(1, Math.min(span.length, text.length - span.column + 1)));
  const cause = diagnostic.cause === undefined ? "" : ` ${diagnostic.cause}`;
  const lines = [
    `${span.file.path}:${span.line}:${span.column}: ${diagnostic.severity}[${diagnostic.code}]: ${diagnostic.message}`,
    `${gutter}${text}`,
    `${" ".repeat(gutter.length - 2)}| ${indent}${caret}${cause}`,
  ];
  if (diagnostic.remedy !== undefined) lines.push(`${" ".repeat(gutter.length - 2)}= help: ${diagnostic.remedy}`);
  return lines.join("\n");
}

/** The line of a span as written, without its end. */
export const lineOf = ({ file, line }: Span): string => linesOf(file)[line - 1]?.replace(/\r$/, "") ?? "";

/** Kept, since a file in a sad state has a diagnostic for each of its lines. */
function linesOf(file: SourceFile): readonly string[] {
  const known = fileLines.get(file);
  if (known !== undefined) return known;
  const lines = file.text.split("\n");
  fileLines.set(file, lines);
  return lines;
}
const fileLines = new WeakMap<SourceFile, readonly string[]>();

/**
 * The candidate nearest to `word` by edit distance, if it is near enough to be meant (at most a third of its
 * length, at least one edit).
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Damerau–Levenshtein (optimal string alignment) distance; anything at or above `limit` counts as `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(previous[column]! + 1, current[column - 1]! + 1, substitution);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return Math.min(previous[b.length]!, limit);
}
