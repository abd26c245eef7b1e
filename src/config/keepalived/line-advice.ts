/** What is odd about a line before it has a meaning: comments that cut words off, names that nobody defined. */
import type { Diagnostics } from "../diagnostics.js";
import { commentStart } from "./comment.js";
import type { Definitions } from "./definitions.js";
import type { Line } from "./line.js";

export function warnOfGluedComment(line: Line, diagnostics: Diagnostics): void {
  const start = commentStart(line.text);
  const behind = line.text[start + 1];
  const left = /[^\s{}]+$/.exec(line.text.slice(0, start))?.[0];
  if (left === undefined || behind === undefined || /[\s#!]/.test(behind) || line.text.trimStart().startsWith("@!"))
    return;
  const mark = line.text[start]!;
  diagnostics.report({
    severity: "warning",
    code: "comment-in-word",
    span: line.span(start, start + 1),
    message: `${mark} begins a comment here; what is left is ${left}`,
    cause: "# and ! do so anywhere outside quotes, also inside a word",
    remedy: `quote the word if ${mark} belongs to it, or put a space before the comment`,
  });
}

/** `@!ID` looks like a negation and is a comment. */
export function warnOfBang(line: Line, diagnostics: Diagnostics): void {
  const match = /^[ \t]*@![^ \t]*/.exec(line.text);
  if (match === null) return;
  const id = match[0].trimStart().slice(2);
  diagnostics.report({
    severity: "warning",
    code: "condition-commented-out",
    span: line.span(match[0].length - id.length - 2, match[0].length),
    message: "the line is left out on every host",
    cause: "! begins a comment, also behind @",
    remedy: `write @^${id} for all hosts but ${id === "" ? "one" : id}`,
  });
}

/** A name that nobody defined stays as it stands (a shell may want it); but it may be misspelled. */
export function warnOfUndefined(line: Line, definitions: Definitions, diagnostics: Diagnostics): void {
  if (definitions.isEmpty || !line.text.includes("$")) return;
  for (const match of line.text.matchAll(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)(?=[\s,)]|$))/g)) {
    const name = (match[1] ?? match[2])!;
    const meant = definitions.nearest(name);
    // Short names are all alike; and a shell wants its own.
    if (meant === undefined || meant === name || name.length < 3) continue;
    diagnostics.report({
      severity: "warning",
      code: "undefined-parameter",
      span: line.span(match.index, match.index + match[0].length),
      message: `nothing defines $${name}: it stays as it stands`,
      remedy: `did you mean ${meant}?`,
    });
  }
}
