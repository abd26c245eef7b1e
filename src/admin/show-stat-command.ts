/** The arguments of `show stat`. */
import type { Command } from "./command.js";
import { EVERYTHING, type StatSelection, showStatistics } from "./statistics.js";

export const showStatisticsCommand: Command = {
  words: ["show", "stat"],
  usage: "show stat [<px> <type> <sid>] [up|no-maint]",
  help: "report counters for each proxy and server",
  level: "user",
  run(words, _connection, context) {
    const selection = parseSelection(words.slice(2));
    return typeof selection === "string" ? selection : showStatistics(context, selection);
  },
};

/** @returns the selection, or the answer that says what is wrong with it */
function parseSelection(words: readonly string[]): StatSelection | string {
  const flags = words.filter((word) => ["up", "no-maint"].includes(word));
  const rest = words.filter((word) => !flags.includes(word));
  const unsupported = rest.find((word) => ["typed", "json", "desc", "domain"].includes(word));
  if (unsupported !== undefined) return `'show stat' does not do '${unsupported}' yet, only CSV of the proxies.\n`;
  const upOnly = flags.includes("up");
  const withoutMaintenance = flags.includes("no-maint");
  const [proxy, types, server] = rest;
  // HAProxy reads a selection only when all three are there, and shows everything otherwise.
  if (proxy === undefined || types === undefined || server === undefined)
    return { ...EVERYTHING, upOnly, withoutMaintenance };
  return {
    proxy: proxy === "-1" ? undefined : proxy,
    types: asInteger(types),
    server: asInteger(server),
    upOnly,
    withoutMaintenance,
  };
}

/** As C's atoi(3) does: 0 for what is no number, which selects nothing. */
function asInteger(text: string): number {
  const value = Number.parseInt(text, 10);
  return Number.isNaN(value) ? 0 : value;
}
