/** Comments: `#` or `!` outside quotes, anywhere in a line. */
import type { Line } from "./line.js";

/**
 * The line without its comment and without the white space around it. Escapes stay as written: the lexer reads them.
 */
export function withoutComment(line: Line): Line {
  return line.slice(0, commentStart(line.text)).trim();
}

/** Where the comment begins; the length of the text if there is none. A quote left open protects to the end. */
export function commentStart(text: string): number {
  if (!/[#!]/.test(text)) return text.length;
  let quote: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === "\\") index++;
    else if (quote !== undefined) {
      if (character === quote) quote = undefined;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "#" || character === "!") return index;
  }
  return text.length;
}
