/** `help`, and what an unknown command is answered with: HAProxy's words, which scripts look for. */
import { nearest } from "../config/diagnostics.js";
import type { Command } from "./command.js";

const USAGE_WIDTH = 40;
/** Closes every list. */
const ALWAYS_LISTED = ["help", "prompt", "quit"];

export function helpText(commands: readonly Command[], words: readonly string[]): string {
  return `The following commands are valid at this level:\n${list(commands, words)}`;
}

export function unknownCommandText(commands: readonly Command[], words: readonly string[]): string {
  const name = words[0] ?? "";
  const rest =
    name === ""
      ? ". Please enter one of the following commands only:"
      : ", but maybe one of the following ones is a better match:";
  return `Unknown command: '${name}'${rest}\n${list(commands, words)}`;
}

function list(commands: readonly Command[], words: readonly string[]): string {
  const matching = bestMatches(commands, words);
  const shown = commands.filter(
    (command) => matching.includes(command) || ALWAYS_LISTED.includes(command.words.join(" ")),
  );
  return shown.map(({ usage, help }) => `  ${usage.padEnd(USAGE_WIDTH)}: ${help}\n`).join("");
}

/** The commands that have the most first words in common with `words`, one word being perhaps mistyped; or all. */
function bestMatches(commands: readonly Command[], words: readonly string[]): readonly Command[] {
  let candidates = commands;
  for (const [position, word] of words.entries()) {
    const known = new Set(candidates.flatMap((command) => command.words[position] ?? []));
    const meant = known.has(word) ? word : nearest(word, known);
    if (meant === undefined) break;
    candidates = candidates.filter((command) => command.words[position] === meant);
  }
  return candidates;
}
