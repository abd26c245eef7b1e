/** Commands of scripts: split into words as keepalived splits them, without a shell. */
import { isSpace } from "./white-space.js";

/** Splits at white space; `'…'` and `"…"` keep a word whole and are removed. A quote left open ends with the text. */
export function splitCommand(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (const character of command) {
    if (quote === undefined ? character === "'" || character === '"' : character === quote) {
      quote = quote === undefined ? character : undefined;
      word ??= "";
    } else if (quote === undefined && isSpace(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

const shells = /(?:^|\/)(?:sh|bash|dash|ash|ksh|zsh|busybox)$/;
const operators = /^(?:\|\|?|&&?|;|<|>>?|2>>?|&>>?)|^[0-9]?[<>]|;$|\$\(|`/;

/** The first word that only a shell would understand (`|`, `&&`, `2>&1`, `$(…)`), unless a shell is what runs. */
export function shellSyntax(argv: readonly string[]): string | undefined {
  if (argv[0] === undefined || shells.test(argv[0])) return undefined;
  return argv.find((word) => operators.test(word));
}
