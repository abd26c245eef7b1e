/** The options at the end of `bind`, `server` and `stats socket` lines: declared as keywords are, read one after another. */
import type { PlannedKeyword } from "./keyword.js";
import type { Word } from "./lexer.js";
import type { Statement } from "./statement.js";
import { suggest } from "./suggest.js";

export interface LineOption<Target> {
  readonly name: string;
  /** `""` for a switch, otherwise the one argument. */
  readonly argument: string;
  readonly default?: string;
  readonly doc: string;
  readonly apply: (statement: Statement, target: Target, argument: Word, option: Word) => void;
}

export interface OptionTable<Target> {
  readonly done: ReadonlyMap<string, LineOption<Target>>;
  /** Known and not done yet, with the number of arguments; -1: it takes the rest of the line. */
  readonly planned: ReadonlyMap<string, number>;
}

export function optionTable<Target>(
  done: readonly LineOption<Target>[],
  planned: readonly PlannedKeyword[],
  rare: readonly string[] = [],
): OptionTable<Target> {
  const argumentsOf = (form: string): number => (form === "" ? 0 : / \[/.test(form) ? -1 : 1);
  return {
    done: new Map(done.map((option) => [option.name, option])),
    planned: new Map([
      ...planned.map(([name, form]): [string, number] => [name, argumentsOf(form)]),
      ...rare.map((name): [string, number] => [name, -1]),
    ]),
  };
}

/** Applies the options in `words`; those that are not done yet are reported together, once a line. */
export function readOptions<Target>(
  statement: Statement,
  words: readonly Word[],
  table: OptionTable<Target>,
  target: Target,
): void {
  const refused: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const option = table.done.get(word.text);
    if (option !== undefined) {
      const argument = option.argument === "" ? word : words[++at];
      if (argument === undefined) reportMissing(statement, word, option.argument);
      else option.apply(statement, target, argument, word);
      continue;
    }
    const taken = table.planned.get(word.text);
    if (taken === undefined) reportUnknown(statement, word, table);
    else refused.push(word);
    if (taken === -1) break;
    at += taken ?? 0;
  }
  reportRefused(statement, refused);
}

/** The options among `words`, without their arguments, of a line that `readOptions` has read. */
export function optionsOn<Target>(words: readonly Word[], table: OptionTable<Target>): Word[] {
  const options: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const option = table.done.get(words[at]!.text);
    if (option === undefined) continue;
    options.push(words[at]!);
    if (option.argument !== "") at++;
  }
  return options;
}

function reportMissing(statement: Statement, word: Word, argument: string): void {
  statement.error("missing-argument", word.span, `${word.text} needs ${argument}`, {
    remedy: `write: ${word.text} ${argument}`,
  });
}

function reportUnknown<Target>(statement: Statement, word: Word, table: OptionTable<Target>): void {
  const meant = suggest(statement.diagnostics, word.text, [...table.done.keys(), ...table.planned.keys()]);
  statement.error("unknown-option", word.span, `${statement.name} has no option "${word.text}"`, {
    ...(meant === undefined ? {} : { remedy: `did you mean "${meant}"?` }),
  });
}

function reportRefused(statement: Statement, refused: readonly Word[]): void {
  const [first, ...others] = refused;
  if (first === undefined) return;
  const rest = others.length === 0 ? "" : ` (nor ${others.map((word) => word.text).join(", ")} on this line)`;
  statement.notSupported(first.span, `${statement.name} … ${first.text}${rest}`);
}
