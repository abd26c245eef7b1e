/**
 * How a keyword of keepalived.conf is declared: once, with its name, where it stands, its arguments, its default, what
 * it sets and what it is for. The parser, "not supported yet", "it belongs in …" and "did you mean …" all read these.
 */
import type { Diagnostics } from "../diagnostics.js";
import { type Argument, bool, Mistake, readArgument, readOptionalArgument } from "./arguments.js";
import { interpret } from "./interpret.js";
import type { RouteNames } from "./keywords/route-names.js";
import { reportNoBlock } from "./report.js";
import type { Statement } from "./tree.js";

/** What anyone may know of a keyword without knowing what it sets. */
export interface KeywordInfo {
  readonly name: string;
  /** As a manual would print them: `SECONDS`, `NAME [weight N]`; empty for none. */
  readonly arguments: string;
  /** As one would write it. */
  readonly default?: string;
  /** What holds where the keyword is absent, if that is not a value one would write. */
  readonly otherwise?: string;
  readonly doc: string;
  /** The block that follows it, if one does. */
  readonly block?: BlockInfo;
  /** "moot": keepalived needs it for its own making; here it changes nothing, and a warning says why. */
  readonly status: "read" | "moot" | "unsupported";
}

export interface BlockInfo {
  /** The keyword that opens it; empty for the top of the file. */
  readonly name: string;
  /** The form of a line, where the lines are entries (addresses, peers, trackers). */
  readonly entry?: string;
  /** Empty where the lines are entries. */
  readonly keywords: ReadonlyMap<string, KeywordInfo>;
}

/** What the keywords of one block set, while it is being read. */
export interface Draft {
  /** Where each keyword was written last: later checks point there. */
  readonly written: Map<string, Statement>;
}

/** Everything a keyword may need to know while its statement is read. */
export interface Reading {
  readonly diagnostics: Diagnostics;
  readonly root: BlockInfo;
  /** What is read and not carried out yet: see planned.ts. */
  readonly planned: ReadonlySet<string>;
  /** The words that lead here: `vrrp_instance track_script`. */
  readonly path: string;
  /** Names of routing tables and the like, as this host has them. */
  readonly names: RouteNames;
  /** Words that nobody knows → what may be meant; bounded, since each costs a look at all keywords. */
  readonly suggestions: Map<string, { readonly remedy: string } | undefined>;
}

export interface Keyword<D extends Draft> extends KeywordInfo {
  /** Absent: known, but not read. */
  readonly read?: (draft: D, statement: Statement, reading: Reading) => void;
  /** Fills its default in. */
  readonly reset?: (draft: D) => void;
  /** May be written several times; else the last one counts and a warning says so. */
  readonly repeats?: boolean;
}

export interface Block<D extends Draft> extends BlockInfo {
  readonly keywords: ReadonlyMap<string, Keyword<D>>;
}

type Declared = Pick<KeywordInfo, "name" | "otherwise" | "doc">;

/** The vocabulary of one block: functions that declare keywords setting fields of `D`. */
export function keywordsFor<D extends Draft>() {
  return {
    /** One argument, one field. */
    setting<Field extends keyof D>(
      declared: Declared & {
        readonly sets: Field;
        readonly argument: Argument<NonNullable<D[Field]>>;
        readonly default?: string;
      },
    ): Keyword<D> {
      const { sets, argument, default: written, ...info } = declared;
      const initial = written === undefined ? undefined : argument.parse(written);
      if (initial instanceof Mistake) throw new Error(`the default of ${info.name} is wrong: ${initial.message}`);
      return {
        ...info,
        arguments: argument.name,
        status: "read",
        ...(written !== undefined && { default: written }),
        reset(draft) {
          if (initial !== undefined) draft[sets] = initial as D[Field];
        },
        read(draft, statement, reading) {
          const value = readArgument(statement, argument, reading);
          if (value !== undefined) draft[sets] = value as D[Field];
        },
      };
    },

    /** No argument: being there is the value. */
    flag(declared: Declared & { readonly set: (draft: D) => void }): Keyword<D> {
      const { set, ...info } = declared;
      return { ...info, arguments: "", status: "read", read: set };
    },

    /** `[BOOL]`: being there is true, unless it says otherwise. */
    toggle(declared: Declared & { readonly set: (draft: D, on: boolean) => void }): Keyword<D> {
      const { set, ...info } = declared;
      return {
        otherwise: "off",
        ...info,
        arguments: "[BOOL]",
        status: "read",
        read(draft, statement, reading) {
          const on = readOptionalArgument(statement, bool, true, reading);
          if (on !== undefined) set(draft, on);
        },
      };
    },

    /** Several arguments. `read` checks them. */
    custom(
      declared: Declared & {
        readonly arguments: string;
        readonly repeats?: boolean;
        readonly read: Keyword<D>["read"] & {};
      },
    ): Keyword<D> {
      return { ...declared, status: "read" };
    },

    /** A block of keywords of its own. `open` gives its draft (undefined: skip it). */
    block<Inner extends Draft>(
      declared: Declared & {
        readonly arguments?: string;
        readonly repeats?: boolean;
        readonly keywords: readonly Keyword<Inner>[];
        readonly open: (draft: D, statement: Statement, reading: Reading) => Inner | undefined;
      },
    ): Keyword<D> {
      const { keywords, open, ...info } = declared;
      const block = blockOf(info.name, keywords);
      return {
        arguments: "",
        ...info,
        block,
        status: "read",
        read(draft, statement, reading) {
          const inner = open(draft, statement, reading);
          if (inner !== undefined) interpret(statement.block ?? [], block, inner, reading);
        },
      };
    },

    /** A block whose lines are entries: an address, a peer, a tracker each. */
    entries(
      declared: Declared & {
        readonly entry: string;
        readonly read: (draft: D, entry: Statement, reading: Reading) => void;
      },
    ): Keyword<D> {
      const { entry, read, ...info } = declared;
      return {
        ...info,
        arguments: "",
        status: "read",
        block: { name: info.name, entry, keywords: new Map() },
        repeats: true,
        read(draft, statement, reading) {
          for (const entry of statement.block ?? []) {
            if (entry.block !== undefined) reportNoBlock(entry, reading);
            else read(draft, entry, reading);
          }
        },
      };
    },

    /** The same where each entry makes one item of a list. `parse`: undefined once a mistake has been reported. */
    list<T>(
      declared: Declared & {
        readonly entry: string;
        readonly parse: (entry: Statement, reading: Reading) => T | undefined;
        readonly into: (draft: D) => T[];
      },
    ): Keyword<D> {
      const { parse, into, ...info } = declared;
      return keywordsFor<D>().entries({
        ...info,
        read(draft, entry, reading) {
          const item = parse(entry, reading);
          if (item !== undefined) into(draft).push(item);
        },
      });
    },
  };
}

/** Keywords that are known and not read, one a line: `name ARGUMENTS: what it is for`. */
export const unsupported = (lines: string): Keyword<Draft>[] => listed(lines, "unsupported");

/** Keywords that keepalived needs and that change nothing here, one a line: `name ARGUMENTS: why`. */
export const moot = (lines: string): Keyword<Draft>[] => listed(lines, "moot");

function listed(lines: string, status: "moot" | "unsupported"): Keyword<Draft>[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => {
      const match = /^\s*(\S+?)(?: (.*?))?: (.*)$/.exec(line);
      if (match === null) throw new Error(`a keyword has no description: ${line}`);
      return { name: match[1]!, arguments: match[2] ?? "", doc: match[3]!, status };
    });
}

/** A block that is known, with the keywords inside it (none: its lines are entries), and not read. */
export function unsupportedBlock(line: string, keywords: readonly Keyword<Draft>[] = []): Keyword<Draft> {
  const keyword = unsupported(line)[0]!;
  return { ...keyword, block: blockOf(keyword.name, keywords) };
}

export function blockOf<D extends Draft>(name: string, keywords: readonly Keyword<D>[]): Block<D> {
  return { name, keywords: new Map(keywords.map((keyword) => [keyword.name, keyword])) };
}

/** Fills in the defaults that the keywords of a block declare. */
export function reset<D extends Draft>(keywords: readonly Keyword<D>[], draft: D): D {
  for (const keyword of keywords) keyword.reset?.(draft);
  return draft;
}
