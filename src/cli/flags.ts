/** Flags are declared once, in a table; parsing and help text both come from it. */
import { nearest } from "../config/diagnostics.js";

export interface Flag {
  /** As typed, dashes included: `["-f", "--use-file"]`. */
  readonly names: readonly string[];
  /** What the value is called in help; absent: a switch. */
  readonly value?: string;
  /** `attached`: an optional value, glued to the name (`-tFILE`). `rest`: takes all words up to the next flag. */
  readonly arity?: "one" | "attached" | "rest";
  readonly help: string;
  /** Known to the original program, not done here: using it is an error that says so. */
  readonly notSupported?: true;
}

export type FlagTable<Id extends string> = Readonly<Record<Id, Flag>>;

/**
 * `words`: every flag is a word of its own, also those of several letters (`-db -f FILE`), as haproxy has it.
 * `getopt`: one-letter flags may be glued together and to their value (`-lnD`, `-fFILE`), long ones take `=value`.
 */
export type FlagSyntax = "words" | "getopt";

export class ParsedFlags<Id extends string> {
  readonly #values: ReadonlyMap<Id, readonly string[]>;
  /** What was neither a flag nor a flag's value, in order. */
  readonly operands: readonly string[];

  constructor(values: ReadonlyMap<Id, readonly string[]>, operands: readonly string[]) {
    this.#values = values;
    this.operands = operands;
  }

  has(id: Id): boolean {
    return this.#values.has(id);
  }

  /** All values given, in order; a switch has none. */
  all(id: Id): readonly string[] {
    return this.#values.get(id) ?? [];
  }

  /** The last value given: a later flag overrides an earlier one. */
  value(id: Id): string | undefined {
    return this.all(id).at(-1);
  }
}

export type FlagResult<Id extends string> =
  | { readonly kind: "ok"; readonly flags: ParsedFlags<Id> }
  | { readonly kind: "wrong"; readonly problems: readonly string[] };

/** Parses `args` after `table`. Reports every problem, not only the first. */
export function parseFlags<Id extends string>(
  table: FlagTable<Id>,
  syntax: FlagSyntax,
  args: readonly string[],
): FlagResult<Id> {
  const values = new Map<Id, string[]>();
  const operands: string[] = [];
  const problems: string[] = [];
  const byName = new Map<string, Id>();
  for (const id of Object.keys(table) as Id[]) for (const name of table[id].names) byName.set(name, id);

  let next = 0;
  const take = (name: string, glued: string | undefined): void => {
    const id = byName.get(name)!;
    const flag: Flag = table[id];
    if (flag.notSupported) problems.push(`${name} is known but not supported yet (${flag.help})`);
    const given = values.get(id) ?? [];
    values.set(id, given);
    if (flag.arity === "rest") {
      while (next < args.length && !args[next]!.startsWith("-")) given.push(args[next++]!);
    } else if (flag.arity === "attached") {
      if (glued !== undefined) given.push(glued);
    } else if (flag.value !== undefined) {
      const value = glued ?? args[next++];
      if (value === undefined) problems.push(`${name} needs a value: ${flag.value}`);
      else given.push(value);
    } else if (glued !== undefined) problems.push(`${name} takes no value`);
  };

  const takeWord = (word: string): boolean => {
    if (byName.has(word)) {
      take(word, undefined);
      return true;
    }
    const glued = [...byName].find(([name, id]) => table[id].arity === "attached" && word.startsWith(name));
    if (glued === undefined) return false;
    take(glued[0], word.slice(glued[0].length));
    return true;
  };

  const takeLong = (word: string): boolean => {
    const equals = word.indexOf("=");
    const written = equals < 0 ? word : word.slice(0, equals);
    // getopt_long(3): the beginning of a flag is enough, if no other begins so.
    const begun = [...byName.keys()].filter((known) => known.startsWith(written) && written.length > 2);
    const name = byName.has(written) || begun.length !== 1 ? written : begun[0]!;
    if (!byName.has(name)) return false;
    take(name, equals < 0 ? undefined : word.slice(equals + 1));
    return true;
  };

  const takeCluster = (word: string): boolean => {
    for (let at = 1; at < word.length; at++) {
      const name = `-${word[at]}`;
      const id = byName.get(name);
      if (id === undefined) return false;
      const tail = word.slice(at + 1);
      if (table[id].value === undefined) take(name, undefined);
      else {
        take(name, tail === "" ? undefined : tail);
        break;
      }
    }
    return true;
  };

  while (next < args.length) {
    const word = args[next++]!;
    if (word === "--") {
      operands.push(...args.slice(next));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    const known = syntax === "words" ? takeWord(word) : word.startsWith("--") ? takeLong(word) : takeCluster(word);
    if (!known) {
      const supported = [...byName].filter(([, id]) => !table[id].notSupported).map(([name]) => name);
      const meant = nearest(word, supported);
      problems.push(`unknown flag ${word}${meant === undefined ? "" : ` (did you mean ${meant}?)`}`);
    }
  }
  return problems.length > 0 ? { kind: "wrong", problems } : { kind: "ok", flags: new ParsedFlags(values, operands) };
}

/** One line a flag, aligned; those that are not supported are left out. */
export function describeFlags(table: FlagTable<string>): string {
  const lines = Object.values(table)
    .filter((flag) => !flag.notSupported)
    .map((flag) => {
      const glue = flag.arity === "attached" ? `[${flag.value}]` : flag.value === undefined ? "" : ` ${flag.value}`;
      return [`  ${flag.names.join(", ")}${glue}`, flag.help] as const;
    });
  const width = Math.max(...lines.map(([left]) => left.length)) + 2;
  return lines.map(([left, help]) => left.padEnd(width) + help).join("\n");
}
