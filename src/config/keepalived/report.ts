/** What is said of a statement whatever its keyword: unknown, misplaced, not done yet, too many words. */
import { nearest, type Span } from "../diagnostics.js";
import type { BlockInfo, KeywordInfo, Reading } from "./declare.js";
import type { Word } from "./lexer.js";
import type { Statement } from "./tree.js";

/** `did you mean X?`, ready to be spread into a diagnostic, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): { remedy: string } | undefined {
  const best = nearest(word, candidates);
  return best === undefined ? undefined : { remedy: `did you mean ${best}?` };
}

/** The keyword is not of this block: says where it belongs, or which one may be meant. */
export function reportUnknown(statement: Statement, block: BlockInfo, reading: Reading): void {
  const { diagnostics, root } = reading;
  const { text, span } = statement.keyword;
  const places = placesOf(text, root);
  const local = text.replace(/^vrrp_/, "");
  const skipped = statement.block === undefined ? undefined : { cause: "its block is skipped" };
  if (places.length > 0)
    diagnostics.report({
      severity: "error",
      code: "wrong-place",
      span,
      message: `${text} does not belong ${inside(block)}`,
      ...skipped,
      remedy: `${block.keywords.has(local) ? `write ${local} here, or ` : ""}move it ${places.map(into).join(" or ")}`,
    });
  else
    diagnostics.report({
      severity: "error",
      code: "unknown-keyword",
      span,
      message: `unknown keyword ${text} ${inside(block)}`,
      ...skipped,
      ...suggestion(text, block, reading),
    });
}

/** A file with more unknown words than this is in another language. */
const mostSuggestions = 1000;

function suggestion(text: string, block: BlockInfo, { root, suggestions }: Reading): { remedy: string } | undefined {
  const key = `${block.name} ${text}`;
  if (!suggestions.has(key) && suggestions.size < mostSuggestions)
    suggestions.set(key, didYouMean(text, block.keywords.keys()) ?? didYouMean(text, allKeywords(root)));
  return suggestions.get(key);
}

export function reportNotSupported(statement: Statement, { diagnostics }: Reading): void {
  diagnostics.report({
    severity: "error",
    code: "not-supported",
    span: statement.keyword.span,
    message: `${statement.keyword.text} is not supported yet`,
    cause: "keepalived knows it; Bascule would not do what it asks for",
    remedy: `take it out to run without it${statement.block === undefined ? "" : ", with its block"}`,
  });
}

export function reportMoot(statement: Statement, { doc }: KeywordInfo, { diagnostics }: Reading): void {
  const { text, span } = statement.keyword;
  diagnostics.report({
    severity: "warning",
    code: "no-effect",
    span,
    message: `${text} has no effect here`,
    cause: doc,
    remedy: "nothing to do; keepalived still reads it",
  });
}

/** Refuses a word of a statement whose meaning is read but not carried out yet. `feature`: its name in planned.ts. */
export function refusePlanned(word: Word, { diagnostics, planned, path }: Reading, feature = word.text): void {
  const what = `${path.slice(path.lastIndexOf(" ") + 1)} ${word.text}`;
  if (planned.has(`${path} ${feature}`)) reportPlanned(what, word.span, diagnostics);
}

/** Refuses what shows only when the whole configuration is known. `feature`: as planned.ts has it. */
export function refuseFeature(
  feature: string,
  what: string,
  span: Span,
  { diagnostics, planned }: Pick<Reading, "diagnostics" | "planned">,
): void {
  if (planned.has(feature)) reportPlanned(what, span, diagnostics);
}

export function reportPlanned(what: string, span: Span, diagnostics: Reading["diagnostics"]): void {
  diagnostics.report({
    severity: "error",
    code: "not-supported-yet",
    span,
    message: `${what} is not supported yet`,
    cause: "Bascule reads it, and would not do what it asks for",
    remedy: "take it out to run without it",
  });
}

/** `inPlaceOfValue`: the braces stand where an argument must, and keepalived reads no further. */
export function reportNoBlock(statement: Statement, { diagnostics }: Reading, inPlaceOfValue = false): void {
  diagnostics.report({
    severity: "error",
    code: inPlaceOfValue ? "block-for-value" : "unexpected-block",
    span: statement.keyword.span,
    message: `${statement.keyword.text} opens no block`,
    remedy: "take the braces away, or check the word before them",
  });
}

export function reportRepeated(statement: Statement, before: Statement, { diagnostics }: Reading): void {
  const { text, span } = statement.keyword;
  diagnostics.report({
    severity: "warning",
    code: "repeated-keyword",
    span,
    message: `${text} was set before`,
    cause: `this one replaces line ${before.keyword.span.line}`,
    remedy: "keep one of the two",
  });
}

/** The statement has more words than the `most` its keyword takes. */
export function reportExtra(
  statement: Statement,
  most: number,
  { diagnostics, root }: Reading,
  code: "extra-argument" | "block-argument" = "extra-argument",
): void {
  const extra = statement.arguments[most];
  if (extra === undefined) return;
  const isKeyword = placesOf(extra.text, root).length > 0;
  diagnostics.report({
    severity: "error",
    code,
    span: extra.span,
    message: `${extra.text} is one word too many for ${statement.keyword.text}`,
    ...(isKeyword && { cause: "a keyword and its arguments take a line of their own" }),
    remedy: isKeyword
      ? `put ${extra.text} on the next line`
      : "take it out, or put quotes around words that belong together",
  });
}

/** The statement ends before an argument that it needs: with none at all keepalived reads no further. */
export function reportMissing(statement: Statement, what: string, { diagnostics }: Reading): void {
  diagnostics.report({
    severity: "error",
    code: statement.arguments.length === 0 ? "missing-argument" : "missing-value",
    span: statement.keyword.span,
    message: `${statement.keyword.text} needs ${what}`,
    remedy: `write ${statement.keyword.text} ${what}`,
  });
}

const inside = (block: BlockInfo): string => (block.name === "" ? "outside any block" : `in ${block.name}`);
const into = (block: BlockInfo): string => (block.name === "" ? "out of all blocks" : `into ${block.name} { … }`);

interface Index {
  readonly places: ReadonlyMap<string, readonly BlockInfo[]>;
}
const indexes = new WeakMap<BlockInfo, Index>();

/** Every block in which a keyword may stand. */
function placesOf(name: string, root: BlockInfo): readonly BlockInfo[] {
  return indexOf(root).places.get(name) ?? [];
}

const allKeywords = (root: BlockInfo): Iterable<string> => indexOf(root).places.keys();

function indexOf(root: BlockInfo): Index {
  const known = indexes.get(root);
  if (known !== undefined) return known;
  const places = new Map<string, BlockInfo[]>();
  const visit = (block: BlockInfo): void => {
    for (const keyword of block.keywords.values()) {
      const blocks = places.get(keyword.name) ?? [];
      // One name per place is enough: HTTP_GET and SSL_GET share theirs.
      if (!blocks.some((other) => other.name === block.name)) places.set(keyword.name, [...blocks, block]);
      if (keyword.block !== undefined) visit(keyword.block);
    }
  };
  visit(root);
  const index = { places };
  indexes.set(root, index);
  return index;
}
