/** The commands of the admin socket, in the order that `help` lists them. */
import type { Command } from "./command.js";
import { helpText } from "./help.js";
import { showInfo } from "./info.js";
import { showServersState } from "./servers-state.js";
import { showStatisticsCommand } from "./show-stat-command.js";
import { parseIdleTimeout } from "./timeout.js";

export const COMMANDS: readonly Command[] = [
  {
    words: ["clear", "counters"],
    usage: "clear counters [all]",
    help: "clear max statistics counters (or all counters)",
    level: "operator",
    run(words, connection, { state, rates, health }) {
      // Greatest values are a matter of looking; counters that bills are made from are an administrator's.
      const clearsAll = words[2] === "all";
      if (clearsAll && connection.level !== "admin") return "Permission denied\n";
      state.clearGreatest();
      rates.clearGreatest();
      if (clearsAll) {
        state.clearCounters();
        health.clearCounters();
      }
      return "";
    },
  },
  {
    words: ["echo"],
    usage: "echo <text>",
    help: "print text to the output",
    level: "user",
    run: (words) => `${words.slice(1).join(" ")}\n`,
  },
  {
    words: ["operator"],
    usage: "operator",
    help: "lower the level of the current CLI session to operator",
    level: "operator",
    run(_words, connection) {
      connection.level = "operator";
      return "";
    },
  },
  {
    words: ["set", "timeout"],
    usage: "set timeout [cli] <delay>",
    help: "change a timeout setting",
    level: "user",
    run(words, connection) {
      if (words[2] !== "cli") return "'set timeout' only supports 'cli'.\n";
      if (words[3] === undefined) return "Expects an integer value.\n";
      const timeout = parseIdleTimeout(words[3]);
      if (timeout === undefined) return "Invalid timeout value.\n";
      connection.idleTimeout = timeout;
      return "";
    },
  },
  {
    words: ["show", "backend"],
    usage: "show backend",
    help: "list backends in the current running config",
    level: "user",
    run: (_words, _connection, { configuration }) =>
      ["# name", ...configuration.backends.map(({ name }) => name)].map((line) => `${line}\n`).join(""),
  },
  {
    words: ["show", "cli", "level"],
    usage: "show cli level",
    help: "display the level of the current CLI session",
    level: "user",
    run: (_words, { level }) => `${level}\n`,
  },
  {
    words: ["show", "env"],
    usage: "show env [var]",
    help: "dump environment variables known to the process",
    level: "operator",
    run(words) {
      const name = words[2];
      const known = Object.entries(process.env).filter(([variable]) => name === undefined || variable === name);
      if (name !== undefined && known.length === 0) return "Variable not found\n";
      return known.map(([variable, value]) => `${variable}=${value}\n`).join("");
    },
  },
  {
    words: ["show", "info"],
    usage: "show info",
    help: "report information about the running process",
    level: "user",
    run(words, _connection, context) {
      const unknown = words[2];
      if (unknown !== undefined) return `'show info' does not do '${unknown}' yet, only its plain form.\n`;
      return showInfo(context);
    },
  },
  {
    words: ["show", "servers", "state"],
    usage: "show servers state [<backend>]",
    help: "dump volatile server information (all or for a single backend)",
    level: "user",
    run: (words, _connection, context) => showServersState(context, words[3]) ?? "Can't find backend.\n",
  },
  showStatisticsCommand,
  {
    words: ["show", "version"],
    usage: "show version",
    help: "show version of the current process",
    level: "user",
    run: (_words, _connection, { version }) => `${version}\n`,
  },
  {
    words: ["user"],
    usage: "user",
    help: "lower the level of the current CLI session to user",
    level: "user",
    run(_words, connection) {
      connection.level = "user";
      return "";
    },
  },
  {
    words: ["help"],
    usage: "help [<command>]",
    help: "list matching or all commands",
    level: "user",
    run: (words) => helpText(COMMANDS, words.slice(1)),
  },
  {
    words: ["prompt"],
    usage: "prompt [n | i | p]",
    help: "toggle interactive mode with prompt",
    level: "user",
    run(words, connection) {
      const mode = words[1];
      if (mode === undefined) connection.mode = connection.mode === "prompt" ? "once" : "prompt";
      else if (mode === "n") connection.mode = "once";
      else if (mode === "i") connection.mode = "interactive";
      else if (mode === "p") connection.mode = "prompt";
      else return `'prompt' expects 'n' (one line), 'i' (interactive) or 'p' (with a prompt), not '${mode}'.\n`;
      return "";
    },
  },
  {
    words: ["quit"],
    usage: "quit",
    help: "disconnect",
    level: "user",
    run(_words, connection) {
      connection.closing = true;
      return "";
    },
  },
];

/** The command whose name `words` begin with. */
export function findCommand(words: readonly string[]): Command | undefined {
  return COMMANDS.find((command) => command.words.every((word, index) => words[index] === word));
}
