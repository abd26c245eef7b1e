/** `stats socket <path|address:port> [options…]` (configuration manual §3.1): where the runtime API listens. */
import type { GlobalDraft } from "./draft.js";
import { expandBareVariables, readEndpoint } from "./endpoint.js";
import { PLANNED_BIND_OPTIONS, RARE_BIND_OPTIONS } from "./keywords/planned-bind.js";
import type { Word } from "./lexer.js";
import type { StatsSocket } from "./model.js";
import { type LineOption, optionTable, readOptions } from "./option-line.js";
import type { Statement } from "./statement.js";

type SocketSettings = { -readonly [Key in "mode" | "user" | "group" | "level"]: StatsSocket[Key] };

export const STATS_SOCKET_OPTIONS: readonly LineOption<SocketSettings>[] = [
  {
    name: "mode",
    argument: "<octal>",
    default: "as the umask leaves it",
    doc: "File mode of the socket.",
    apply: (statement, settings, argument) => {
      if (/^[0-7]{1,4}$/.test(argument.text)) settings.mode = Number.parseInt(argument.text, 8);
      else
        statement.error("bad-mode", argument.span, `"${argument.text}" is not a file mode`, {
          remedy: "write: mode 660",
        });
    },
  },
  {
    name: "user",
    argument: "<name>",
    doc: "Owner of the socket.",
    apply: (_, settings, argument) => {
      settings.user = argument.text;
    },
  },
  {
    name: "group",
    argument: "<name>",
    doc: "Group of the socket.",
    apply: (_, settings, argument) => {
      settings.group = argument.text;
    },
  },
  {
    name: "level",
    argument: "user|operator|admin",
    default: "operator",
    doc: "What its commands may do.",
    apply: (statement, settings, argument) => {
      settings.level =
        statement.choice(argument, ["user", "operator", "admin"] as const, [], "level") ?? settings.level;
    },
  },
];

const OPTIONS = optionTable(STATS_SOCKET_OPTIONS, PLANNED_BIND_OPTIONS, RARE_BIND_OPTIONS);

export function readStatsSocket(statement: Statement, global: GlobalDraft): void {
  const settings: SocketSettings = { mode: undefined, user: undefined, group: undefined, level: "operator" };
  readOptions(statement, statement.args.slice(1), OPTIONS, settings);
  const word = expandBareVariables(statement, statement.args[0]!);
  const where = readWhere(statement, word);
  if (where !== undefined) global.statsSockets.push({ ...where, ...settings, span: word.span });
}

function readWhere(statement: Statement, word: Word): Pick<StatsSocket, "path" | "address" | "port"> | undefined {
  const path = word.text.startsWith("unix@/") ? word.text.slice("unix@".length) : word.text;
  if (path.startsWith("/")) {
    if (path.length <= LONGEST_PATH) return { path, address: undefined, port: undefined };
    statement.error("bad-path", word.span, `a socket's path has at most ${LONGEST_PATH} bytes`);
    return undefined;
  }
  const endpoint = readEndpoint(statement, word);
  if (endpoint === undefined) return undefined;
  if (endpoint.ports !== undefined) return { path: undefined, address: endpoint.address, port: endpoint.ports.first };
  statement.error("missing-port", word.span, `"${word.text}" has no port`, {
    remedy: "write a path that starts with /, or address:port",
  });
  return undefined;
}

/** `sun_path` holds 108 bytes, the last of them NUL (unix(7)). */
const LONGEST_PATH = 107;
