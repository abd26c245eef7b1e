/** How a line of the admin socket falls into commands and words (management.txt §9.3). */

/** What follows the line: lines up to an empty one, or up to `mark`, belong to it. */
export interface PayloadStart {
  readonly mark: string;
}

export interface ParsedLine {
  /** Each command as its words; a command may be empty. */
  readonly commands: readonly (readonly string[])[];
  readonly payload: PayloadStart | undefined;
}

/** Splits at `;` and white space. A backslash takes away the next character's meaning. */
export function parseLine(line: string): ParsedLine {
  const payloadMatch = /(?:^|\s)<<(\S*)\s*$/.exec(line);
  const text = payloadMatch === null ? line : line.slice(0, payloadMatch.index);
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    commands.push(words);
    words = [];
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "\\" && at + 1 < text.length) word = (word ?? "") + text[++at]!;
    else if (character === ";") endCommand();
    // NUL too: it cannot be part of a name, and must not hide what follows it.
    else if (/[\s\0]/.test(character)) endWord();
    else word = (word ?? "") + character;
  }
  endCommand();
  return { commands, payload: payloadMatch === null ? undefined : { mark: payloadMatch[1]! } };
}
