/** haproxy.cfg as it can be written here. */
import type { Chapter, KeywordEntry, Reference } from "../reference.js";
import { BIND_OPTIONS } from "./bind.js";
import type { Keyword, PlannedKeyword } from "./keyword.js";
import { PLANNED_BIND_OPTIONS, RARE_BIND_OPTIONS } from "./keywords/planned-bind.js";
import { PLANNED_SERVER_OPTIONS, RARE_SERVER_OPTIONS } from "./keywords/planned-server.js";
import { REMOVED_KEYWORDS } from "./keywords/removed.js";
import { PLANNED_SECTIONS } from "./keywords/sections.js";
import { GLOBAL_TABLE, PROXY_TABLE } from "./keywords/tables.js";
import type { LineOption } from "./option-line.js";
import { CONVERTERS, FETCHES, type Fetch } from "./rules/fetches.js";
import { PLANNED_FETCHES } from "./rules/planned-fetches.js";
import { PLANNED_ACLS } from "./rules/predefined.js";
import { SERVER_OPTIONS } from "./server.js";
import { STATS_SOCKET_OPTIONS } from "./stats-socket.js";

export function haproxyReference(): Reference {
  return {
    language: "haproxy.cfg",
    chapters: [
      ofKeywords("global", "What holds for the process.", [...GLOBAL_TABLE.all()], false),
      ofKeywords(
        "defaults, frontend, listen, backend",
        "The proxies, and what later ones inherit; a letter stands for each section that takes the keyword.",
        [...PROXY_TABLE.all()],
        true,
      ),
      ofOptions("bind …", "Options of `bind` lines.", BIND_OPTIONS, PLANNED_BIND_OPTIONS, RARE_BIND_OPTIONS),
      ofOptions(
        "server …",
        "Options of `server` and `default-server` lines.",
        SERVER_OPTIONS,
        PLANNED_SERVER_OPTIONS,
        RARE_SERVER_OPTIONS,
      ),
      ofOptions(
        "stats socket …",
        "Options of `stats socket` lines.",
        STATS_SOCKET_OPTIONS,
        PLANNED_BIND_OPTIONS,
        RARE_BIND_OPTIONS,
      ),
      ofSamples(),
      {
        title: "keywords that HAProxy has dropped",
        doc: "They are refused, and the message shows the modern form.",
        supported: [],
        planned: [],
        removed: REMOVED_KEYWORDS,
      },
      {
        title: "the language itself",
        doc: "Quotes, escapes and environment variables are read as HAProxy reads them.",
        supported: [],
        planned: [".if", ".elif", ".else", ".endif"],
      },
      {
        title: "other sections",
        doc: "None of them is read yet.",
        supported: [],
        planned: [...PLANNED_SECTIONS.keys()],
      },
    ],
  };
}

function ofKeywords(title: string, doc: string, keywords: readonly Keyword<never>[], placed: boolean): Chapter {
  const entry = ({
    name,
    arguments: form,
    default: fallback,
    refused,
    doc,
    sections,
  }: Keyword<never>): KeywordEntry => ({
    name,
    // The last "…" lets a reader see what is too much on the line, so as to say what is wrong with it.
    arguments: form.replace(/ …$/, ""),
    default: fallback ?? "",
    refused: refused ?? [],
    doc,
    ...(placed && { places: sections }),
  });
  return {
    title,
    doc,
    supported: keywords.filter((keyword) => keyword.apply !== undefined).map(entry),
    planned: keywords.filter((keyword) => keyword.apply === undefined).map((keyword) => keyword.name),
  };
}

function ofSamples(): Chapter {
  const samples = Object.entries(FETCHES).map(
    ([name, { argument, doc, aliases = [], suffixes = [] }]: [string, Fetch]): KeywordEntry => ({
      name: argument === "" ? name : `${name}(${argument})`,
      arguments: [...aliases, ...suffixes.map((suffix) => `_${suffix}`)].join(" "),
      default: "",
      refused: [],
      doc,
    }),
  );
  const converters = Object.entries(CONVERTERS).map(
    ([name, doc]): KeywordEntry => ({ name: `…,${name}`, arguments: "", default: "", refused: [], doc }),
  );
  return {
    title: "if …, unless …, acl …",
    doc: "Samples that conditions may look at, and converters; in place of arguments, other names and the suffixes that stand for `-m`. Flags: `-i`, `-f`, `-m`, `-n`, `--`.",
    supported: [...samples, ...converters],
    planned: [...PLANNED_FETCHES, ...PLANNED_ACLS],
  };
}

function ofOptions(
  title: string,
  doc: string,
  options: readonly LineOption<never>[],
  planned: readonly PlannedKeyword[],
  rare: readonly string[],
): Chapter {
  const supported = options.map(
    (option): KeywordEntry => ({
      name: option.name,
      arguments: option.argument,
      default: option.default ?? "",
      refused: [],
      doc: option.doc,
    }),
  );
  // A stats socket takes some of bind's options and shares the list of the others.
  const done = new Set(supported.map((option) => option.name));
  return {
    title,
    doc,
    supported,
    planned: [...planned.map(([name]) => name), ...rare].filter((name) => !done.has(name)),
  };
}
