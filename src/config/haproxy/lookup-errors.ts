/** What to say when a keyword is not where it should be, or nowhere. */
import type { Diagnostics, Span } from "../diagnostics.js";
import type { Keyword } from "./keyword.js";
import type { Word } from "./lexer.js";
import { suggest } from "./suggest.js";

/** Without these a proxy would not do its job: HAProxy warns and drops the others, and so do we. */
const NEVER_DROPPED = new Set(["bind", "server"]);

/** A known keyword in a section that has no use for it. */
export function reportMisplaced(
  diagnostics: Diagnostics,
  span: Span,
  keyword: Pick<Keyword<never>, "name" | "sections">,
  section: string,
): void {
  const isProxyKeyword = keyword.sections[0] !== "global" && section !== "global";
  const isDropped = isProxyKeyword && section !== "defaults" && !NEVER_DROPPED.has(keyword.name);
  const places = keyword.sections.join(", ").replace(/, (?=[^,]*$)/, " or ");
  diagnostics.report({
    severity: isDropped ? "warning" : "error",
    code: "misplaced-keyword",
    span,
    message: isDropped
      ? `${keyword.name} does nothing in a ${section}`
      : `${keyword.name} does not belong into ${article(section)}`,
    cause: `its place is ${places}`,
    remedy: isDropped ? "remove it here" : `move it to ${places}`,
  });
}

const article = (section: string): string =>
  section === "global" || section === "defaults" ? `the ${section} section` : `a ${section}`;

/** A keyword that no table has; `section` is a section's or a family's name. */
export function reportUnknownKeyword(
  diagnostics: Diagnostics,
  word: Word,
  section: string,
  candidates: Iterable<string>,
): void {
  const meant = suggest(diagnostics, word.text, candidates);
  diagnostics.report({
    severity: "error",
    code: "unknown-keyword",
    span: word.span,
    message: `"${word.text}" is not a keyword of ${section}`,
    ...(meant === undefined ? {} : { remedy: `did you mean "${meant}"?` }),
  });
}
