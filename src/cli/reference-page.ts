/** The reference of the configuration languages: as a Markdown page, and as text for a terminal. */
import type { Chapter, KeywordEntry, Reference } from "../config/reference.js";

/** The page docs/supported.md. Ends in one newline. */
export function referencePage(references: readonly Reference[]): string {
  const languages = references.map((reference) => reference.language).join(" and ");
  return `${[
    "# What is supported",
    `Every keyword of ${languages} that Bascule knows. The page is made from the same tables that read the files: \`npm run docs\` writes it, \`bascule keywords\` prints it.`,
    "A keyword that is known and not done yet is an error that says so; it is never passed over. These are listed, by name, at the end of each chapter.",
    ...references.flatMap(({ language, chapters }) => [`## ${language}`, ...chapters.map(chapterPage)]),
  ].join("\n\n")}\n`;
}

function chapterPage({ title, doc, supported, planned, removed }: Chapter): string {
  const parts = [`### ${title}`, doc];
  const hasPlaces = supported.some((entry) => entry.places !== undefined);
  if (supported.length > 0)
    parts.push(
      table([
        ["keyword", ...(hasPlaces ? ["where"] : []), "arguments", "default", "what it does"],
        ...supported.map((entry) => [
          code(entry.name),
          ...(hasPlaces ? [initials(entry.places ?? [])] : []),
          code(entry.arguments),
          cell(entry.default),
          cell(describe(entry)),
        ]),
      ]),
    );
  if (planned.length > 0) parts.push(`Not supported yet: ${planned.map(code).join(", ")}.`);
  if (removed !== undefined)
    parts.push(table([["keyword", "today"], ...[...removed].map(([name, today]) => [code(name), cell(today)])]));
  return parts.join("\n\n");
}

const table = ([head = [], ...rows]: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** `|` would end the cell, also inside a code span. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
const code = (text: string): string => (text === "" ? "" : `\`${text.replaceAll("|", "\\|")}\``);

/** `DFLB`, as HAProxy's manual has its columns. */
const initials = (places: readonly string[]): string => places.map((place) => place[0]!.toUpperCase()).join("");

const describe = ({ doc, refused }: KeywordEntry): string =>
  refused.length === 0 ? doc : `${doc} Not supported yet: ${refused.join(", ")}.`;

const WIDTH = 100;

/** For a terminal: a keyword with its arguments, and under it what it does. */
export function referenceText({ language, chapters }: Reference): string {
  const blocks = chapters.map(({ title, doc, supported, planned, removed }) =>
    [
      `${language}: ${title}`,
      `  ${doc}`,
      ...supported.flatMap((entry) => ["", ...entryText(entry)]),
      ...[...(removed ?? [])].map(([name, today]) => `  ${name}: ${today}`),
      ...(planned.length === 0 ? [] : ["", ...wrapped(`Not supported yet: ${planned.join(", ")}`, "  ")]),
    ].join("\n"),
  );
  return blocks.join("\n\n");
}

function entryText(entry: KeywordEntry): string[] {
  const lines = [`  ${entry.name} ${entry.arguments}`.trimEnd(), ...wrapped(describe(entry), "      ")];
  if (entry.default !== "") lines.push(`      default: ${entry.default}`);
  if (entry.places !== undefined) lines.push(`      in: ${entry.places.join(", ")}`);
  return lines;
}

/** Breaks at spaces, so that lines fit a terminal. */
function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    const isEmpty = line === indent;
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = indent + word;
    } else line += isEmpty ? word : ` ${word}`;
  }
  return [...lines, line];
}
