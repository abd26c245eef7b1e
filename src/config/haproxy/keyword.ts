/** What a keyword of haproxy.cfg is: declared once, read by the parser, by `check` and by the diagnostics. */
import type { Statement } from "./statement.js";

export type ProxyKind = "defaults" | "frontend" | "listen" | "backend";
export type SectionKind = "global" | ProxyKind;

export interface Keyword<Target> {
  /** One to three words: `timeout connect`. */
  readonly name: string;
  readonly sections: readonly SectionKind[];
  /** As the manual writes them: `<time>`; `[…]` is optional, a trailing `…` takes any number. */
  readonly arguments: string;
  /** What holds where the keyword is absent. */
  readonly default?: string;
  /** Words that its arguments may be in HAProxy and that are not done yet. */
  readonly refused?: readonly string[];
  readonly doc: string;
  /** `no <keyword>` and `default <keyword>` are allowed. */
  readonly isNegatable?: boolean;
  /** Undefined: known, not done yet. Runs only on a statement whose number of arguments is right. */
  readonly apply: ((statement: Statement, target: Target) => void) | undefined;
}

/** Name, arguments, default (empty: none). */
export type PlannedKeyword = readonly [name: string, form: string, fallback: string];
/** Name, arguments, sections by their letters, default (empty: none). */
export type PlannedProxyKeyword = readonly [name: string, form: string, sections: string, fallback: string];

const SECTION_OF_LETTER: Readonly<Record<string, ProxyKind>> = {
  D: "defaults",
  F: "frontend",
  L: "listen",
  B: "backend",
};

/** `"DFL"`, the manual's columns, as section names. */
export const sections = (letters: string): ProxyKind[] => [...letters].map((letter) => SECTION_OF_LETTER[letter]!);

/** How many arguments a form such as `<code> <file> [option…]` takes. */
export function arity(form: string): { readonly least: number; readonly most: number } {
  let least = 0;
  let most = 0;
  for (const token of form.match(/\[[^\]]*\](?=\s|$)|\S+/g) ?? []) {
    most = token.includes("…") ? Number.POSITIVE_INFINITY : most + 1;
    if (!token.startsWith("[") && token !== "…") least += 1;
  }
  return { least, most };
}

/** Keywords by name; the longest name that a line starts with wins. */
export class KeywordTable<Target> {
  private readonly byName = new Map<string, Keyword<Target>>();
  /** First words of names of several words: `timeout`, `option`. */
  private readonly families = new Map<string, string[]>();

  constructor(keywords: readonly Keyword<Target>[]) {
    for (const keyword of keywords) {
      this.byName.set(keyword.name, keyword);
      const [family, ...rest] = keyword.name.split(" ");
      if (rest.length > 0) this.families.set(family!, [...(this.families.get(family!) ?? []), keyword.name]);
    }
  }

  /** The keyword that `words` start with, and how many of them are its name. */
  find(words: readonly string[]): { readonly keyword: Keyword<Target>; readonly length: number } | undefined {
    for (let length = Math.min(3, words.length); length >= 1; length--) {
      const name = words.slice(0, length).join(" ");
      // `http-check set-var(txn.x)`: what stands in parentheses is an argument.
      const keyword = this.byName.get(name) ?? this.byName.get(name.replace(/\(.*/s, ""));
      if (keyword !== undefined) return { keyword, length };
    }
    return undefined;
  }

  /** The names that begin with this word and another: candidates for a mistyped second word. */
  family(word: string): readonly string[] | undefined {
    return this.families.get(word);
  }

  /** Every first word. */
  firstWords(): Iterable<string> {
    return new Set([...this.byName.keys()].map((name) => name.split(" ", 1)[0]!));
  }

  all(): Iterable<Keyword<Target>> {
    return this.byName.values();
  }
}
