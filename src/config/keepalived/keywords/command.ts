/** `COMMAND [USER [GROUP]]`, as notify scripts and their like are written. */
import { shellSyntax, splitCommand } from "../command.js";
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import type { Command } from "../model.js";
import { reportExtra, reportMissing } from "../report.js";
import type { Statement } from "../tree.js";
import { userOf } from "./user.js";

export const COMMAND_FORM = "COMMAND [USER [[:]GROUP]]";

/** The first word is the command, quoted where it has arguments. undefined once a mistake has been reported. */
export function readCommand(statement: Statement, reading: Reading): Command | undefined {
  const [command, user, group] = statement.arguments;
  const argv = command === undefined ? [] : splitCommand(command.text);
  if (command === undefined || argv.length === 0 || argv[0] === "") {
    reportMissing(statement, "COMMAND", reading);
    return undefined;
  }
  reportExtra(statement, 3, reading);
  warnOfShellSyntax(argv, command, reading);
  return { argv, user: user === undefined ? undefined : userOf(user, group, reading) };
}

export function warnOfShellSyntax(argv: readonly string[], command: Word, { diagnostics }: Reading): void {
  const syntax = shellSyntax(argv);
  if (syntax === undefined) return;
  diagnostics.report({
    severity: "warning",
    code: "shell-syntax",
    span: command.span,
    message: `${syntax} is passed to ${argv[0]} as a plain word`,
    cause: "no shell runs the command",
    remedy: `write "/bin/sh -c '…'" if it needs one`,
  });
}
