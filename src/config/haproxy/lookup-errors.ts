/** What to say when a keyword is not where it should be, or nowhere. */
import type { Diagnostics, Span } from "../diagnostics.js";
import type { Keyword, KeywordTable, SectionKind } from "./keyword.js";
import { REMOVED_KEYWORDS } from "./keywords/removed.js";
import { SECTION_NAMES } from "./keywords/sections.js";
import { GLOBAL_TABLE, PROXY_TABLE } from "./keywords/tables.js";
import type { Word } from "./lexer.js";
import { reportNotSupported } from "./statement.js";
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

/** Words that start with no keyword of this section: perhaps one of another, a former one, or a typing mistake. */
export function reportNotFound(diagnostics: Diagnostics, words: readonly Word[], kind: SectionKind): void {
  const table: KeywordTable<never> = kind === "global" ? GLOBAL_TABLE : PROXY_TABLE;
  const [first, second] = words;
  const span = first!.span;
  for (const name of [`${first!.text} ${second?.text ?? ""}`, first!.text]) {
    const modern = REMOVED_KEYWORDS.get(name);
    if (modern !== undefined) {
      const whole = name === first!.text ? span : spanOver(first!, second!);
      reportNotSupported(diagnostics, whole, name, {
        cause: "HAProxy has removed it",
        remedy: `today one writes: ${modern}`,
      });
      return;
    }
  }
  const texts = words.slice(0, 3).map((word) => word.text);
  const elsewhere = kind === "global" ? PROXY_TABLE.find(texts) : GLOBAL_TABLE.find(texts);
  if (elsewhere !== undefined) {
    reportMisplaced(diagnostics, spanOver(first!, words[elsewhere.length - 1]!), elsewhere.keyword, kind);
    return;
  }
  const family = table.family(first!.text);
  if (family !== undefined && second !== undefined) {
    const members = family.map((name) => name.slice(first!.text.length + 1));
    reportUnknownKeyword(diagnostics, second, first!.text, members);
  } else if (family !== undefined)
    diagnostics.report({
      severity: "error",
      code: "missing-argument",
      span,
      message: `${first!.text} alone says nothing`,
      remedy: `such as: ${family[0]}`,
    });
  else reportUnknownKeyword(diagnostics, first!, kind, [...table.firstWords(), ...SECTION_NAMES]);
}

/** From the start of one word to the end of another on the same line. */
export const spanOver = (first: Word, last: Word): Span => ({
  ...first.span,
  length: last.span.column + last.span.length - first.span.column,
});
