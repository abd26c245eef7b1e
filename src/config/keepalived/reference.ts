/** keepalived.conf as it can be written here. */
import type { Chapter, KeywordEntry, Reference } from "../reference.js";
import type { BlockInfo, KeywordInfo } from "./declare.js";
import { top } from "./keywords/top.js";

export function keepalivedReference(): Reference {
  return {
    language: "keepalived.conf",
    chapters: [
      ofBlock("top of the file", "The blocks of which a file is made.", top),
      ...blocksIn(top, []),
      {
        title: "the language itself",
        doc: "Quotes, escapes and comments are read as keepalived reads them.",
        supported: [],
        planned: ["$NAME = VALUE", "@ID …", "@^ID …", "~SEQ(…)", "~LST(…)"],
      },
    ],
  };
}

/** A chapter for each supported block, after the block around it. */
function blocksIn(block: BlockInfo, path: readonly string[]): Chapter[] {
  return [...block.keywords.values()].flatMap((keyword) => {
    if (!keyword.supported || keyword.block === undefined || keyword.block.keywords.size === 0) return [];
    const inner = [...path, keyword.name];
    return [ofBlock(inner.join(" › "), keyword.doc, keyword.block), ...blocksIn(keyword.block, inner)];
  });
}

function ofBlock(title: string, doc: string, { keywords }: BlockInfo): Chapter {
  const all = [...keywords.values()];
  return {
    title,
    doc,
    supported: all.filter((keyword) => keyword.supported).map(entryOf),
    planned: all.filter((keyword) => !keyword.supported).map((keyword) => keyword.name),
  };
}

function entryOf({
  name,
  arguments: form,
  default: written,
  otherwise,
  refused,
  doc,
  block,
}: KeywordInfo): KeywordEntry {
  const words = form === "" ? [] : [form];
  if (block !== undefined) words.push(block.entry === undefined ? "{ … }" : `{ ${block.entry} … }`);
  return {
    name,
    arguments: words.join(" "),
    default: written ?? otherwise ?? "",
    refused: refused ?? [],
    doc,
  };
}
