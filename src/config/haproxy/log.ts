/** `log <target> [len <n>] [format <format>] <facility> [<level> [<minimum level>]]` (configuration manual §4.2 "log"). */
import { isIPv6 } from "node:net";
import { expandBareVariables, readEndpoint } from "./endpoint.js";
import { MOST_LOGS } from "./initial.js";
import type { Word } from "./lexer.js";
import type { LogFormat, LogLevel, LogTarget } from "./model.js";
import type { Statement } from "./statement.js";

/** In the order of their numbers, 0–23 (RFC 5424 §6.2.1, names as HAProxy has them). */
const FACILITIES =
  "kern user mail daemon auth syslog lpr news uucp cron auth2 ftp ntp audit alert cron2 local0 local1 local2 local3 local4 local5 local6 local7".split(
    " ",
  );
const LEVELS: readonly LogLevel[] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const FORMATS: readonly LogFormat[] = ["local", "rfc3164", "rfc5424", "priority", "short", "timed", "iso", "raw"];
const SYSLOG_PORT = 514;
const PLANNED_OPTIONS = ["sample", "profile"];
/** What a `log` line may say in HAProxy and is not done yet. */
export const PLANNED_LOG_WORDS: readonly string[] = [
  ...["ring@<name>", "backend@<name>", "tcp@<address>"],
  ...PLANNED_OPTIONS,
];

/** @returns undefined when a mistake was reported. */
export function readLogTarget(statement: Statement): LogTarget | undefined {
  const [first, ...rest] = statement.args;
  const target = readTarget(statement, expandBareVariables(statement, first!));
  let length = 1024;
  let format: LogFormat | undefined = "local";
  let at = 0;
  for (; at + 1 < rest.length; at += 2) {
    const option = rest[at]!;
    const argument = rest[at + 1]!;
    if (option.text === "len") length = statement.integer(argument, 80, 65_535, "len") ?? length;
    else if (option.text === "format") format = statement.choice(argument, FORMATS, [], "format");
    else if (PLANNED_OPTIONS.includes(option.text)) statement.notSupported(option.span, `log … ${option.text}`);
    else break;
  }
  const levels = readLevels(statement, rest.slice(at));
  return target === undefined || format === undefined || levels === undefined
    ? undefined
    : { target, length, format, ...levels };
}

/** Whether one more line may join; reports if not. */
export function hasRoomForLog(statement: Statement, logs: readonly unknown[]): boolean {
  if (logs.length < MOST_LOGS) return true;
  statement.error("too-many-logs", statement.span, `a section has at most ${MOST_LOGS} log lines`);
  return false;
}

function readTarget(statement: Statement, word: Word): LogTarget["target"] | undefined {
  const { text } = word;
  if (text === "stdout") return { kind: "fd", fd: 1 };
  if (text === "stderr") return { kind: "fd", fd: 2 };
  if (text.startsWith("/")) return { kind: "unix", path: text };
  if (text.startsWith("unix@/")) return { kind: "unix", path: text.slice("unix@".length) };
  const fd = /^fd@(\d{1,9})$/.exec(text);
  if (fd !== null) return { kind: "fd", fd: Number(fd[1]) };
  const other = /^(ring|backend|tcp[46]?|stream\+\w+)@/.exec(text);
  if (other !== null) {
    statement.notSupported(word.span, `a log target of the kind ${other[0]}`, {
      remedy: "use /dev/log, the address of a UDP syslog server, stdout or stderr",
    });
    return undefined;
  }
  const endpoint = readEndpoint(statement, { ...word, text: isIPv6(text) ? `[${text}]` : text });
  if (endpoint === undefined) return undefined;
  return { kind: "udp", address: endpoint.address, port: endpoint.ports?.first ?? SYSLOG_PORT };
}

type Levels = Pick<LogTarget, "facility" | "maxLevel" | "minLevel">;

function readLevels(statement: Statement, words: readonly Word[]): Levels | undefined {
  const [facilityWord, maxWord, minWord, extra] = words;
  if (facilityWord === undefined) {
    statement.error("missing-argument", statement.span, "log needs a facility after its target", {
      remedy: `write: log ${statement.args[0]!.text} local0`,
    });
    return undefined;
  }
  if (extra !== undefined)
    statement.error("extra-argument", extra.span, `"${extra.text}" is too much: two levels are all that log takes`);
  const facility = statement.choice(facilityWord, FACILITIES, [], "log facility");
  const maxLevel = maxWord === undefined ? "debug" : statement.choice(maxWord, LEVELS, [], "log level");
  const minLevel = minWord === undefined ? "emerg" : statement.choice(minWord, LEVELS, [], "log level");
  if (facility === undefined || maxLevel === undefined || minLevel === undefined) return undefined;
  return { facility: FACILITIES.indexOf(facility), maxLevel, minLevel };
}
