/** keepalived.conf as it can be written here. */
import type { Chapter, KeywordEntry, Reference } from "../reference.js";
import type { BlockInfo, KeywordInfo } from "./declare.js";
import { top } from "./keywords/top.js";
import { planned } from "./planned.js";

/** @param notYet What the engine does not carry out yet, as planned.ts has it. */
export function keepalivedReference(notYet: ReadonlySet<string> = planned): Reference {
  return {
    language: "keepalived.conf",
    chapters: [
      new Book(notYet).chapter("top of the file", "The blocks of which a file is made.", top, ""),
      ...new Book(notYet).chaptersIn(top, []),
      {
        title: "the language itself",
        doc: "Quotes, escapes and comments are read as keepalived reads them. Lines that begin with @bascule are for Bascule; keepalived leaves them out.",
        supported: syntax,
        planned: [],
      },
    ],
  };
}

const entry = (name: string, form: string, doc: string): KeywordEntry => ({
  name,
  arguments: form,
  default: "",
  refused: [],
  doc,
});
const syntax: readonly KeywordEntry[] = [
  entry(
    "include",
    "PATTERN",
    "Other files in this place; includer, includem, includew, includeb and includea are stricter.",
  ),
  entry(
    "$NAME=",
    "VALUE",
    `A definition; with \\ at the ends of lines, one of several lines. $NAME and \${NAME} stand for it.`,
  ),
  entry(
    `\${_PWD}`,
    "",
    `The folder of the file. Also \${_INSTANCE}, \${_ENV NAME}, \${_RANDOM [MIN [MAX]]}, \${_HASH}, \${_BANG}.`,
  ),
  entry("@ID", "LINE", "The line counts where -i, else the host's name up to its first dot, is ID."),
  entry("@^ID", "LINE", "The line counts where it is not."),
  entry(
    "~SEQ",
    "(NAME, [START, [STEP,]] END) LINE",
    "The line once for each number; ~SEQx writes them in hexadecimal.",
  ),
  entry(
    "~LST",
    "(NAME, VALUE…) LINE",
    "The line once for each value, or for each group of values: ~LST({A,B},{1,2},{3,4}).",
  ),
];

class Book {
  constructor(private readonly planned: ReadonlySet<string>) {}

  /** A chapter for each block that is carried out, after the block around it. */
  chaptersIn(block: BlockInfo, path: readonly string[]): Chapter[] {
    return [...block.keywords.values()].flatMap((keyword) => {
      const inner = [...path, keyword.name];
      if (!this.isSupported(keyword, inner.join(" ")) || (keyword.block?.keywords.size ?? 0) === 0) return [];
      return [
        this.chapter(inner.join(" › "), keyword.doc, keyword.block!, inner.join(" ")),
        ...this.chaptersIn(keyword.block!, inner),
      ];
    });
  }

  chapter(title: string, doc: string, { keywords }: BlockInfo, path: string): Chapter {
    const all = [...keywords.values()].map((keyword) => ({ keyword, path: `${path} ${keyword.name}`.trim() }));
    return {
      title,
      doc,
      supported: all
        .filter((one) => this.isSupported(one.keyword, one.path))
        .map((one) => this.entryOf(one.keyword, one.path)),
      planned: all.filter((one) => !this.isSupported(one.keyword, one.path)).map((one) => one.keyword.name),
    };
  }

  private isSupported(keyword: KeywordInfo, path: string): boolean {
    return keyword.status !== "unsupported" && !this.planned.has(path);
  }

  private entryOf(keyword: KeywordInfo, path: string): KeywordEntry {
    const { name, arguments: form, default: written, otherwise, doc, block, status } = keyword;
    const words = form === "" ? [] : [form];
    if (block !== undefined) words.push(block.entry === undefined ? "{ … }" : `{ ${block.entry} … }`);
    return {
      name,
      arguments: words.join(" "),
      default: written ?? otherwise ?? "",
      refused: this.refusedIn(path, block),
      doc: status === "moot" ? `Read, without effect: ${doc}.` : doc,
    };
  }

  /** Words of its lines or values that are planned: those below its path that are no keywords of its block. */
  private refusedIn(path: string, block: BlockInfo | undefined): string[] {
    return [...this.planned]
      .filter((feature) => feature.startsWith(`${path} `))
      .map((feature) => feature.slice(path.length + 1))
      .filter((word) => !word.includes(" ") && block?.keywords.has(word) !== true);
  }
}
