/** Where the fail-over engine's log lines go, as keepalived has it: syslog, and the console where somebody reads it. */
import { openSync, writeSync } from "node:fs";
import { isatty } from "node:tty";
import { isSupervised } from "../supervisor/part-side.js";
import { printError } from "./console.js";
import { FACILITIES, type Severity, Syslog } from "./syslog.js";

/** "detail" is what keepalived says with -D only. */
export type KeepalivedLog = (line: string, level?: "detail" | Severity) => void;

export interface LogOptions {
  /** -l */
  readonly console: boolean;
  /** -n */
  readonly foreground: boolean;
  /** Not -G. */
  readonly syslog: boolean;
  /** -S, as typed. */
  readonly facility: string | undefined;
  /** -D */
  readonly detail: boolean;
  /** What stands before each line in syslog. */
  readonly ident: string;
  /** -g */
  readonly file: string | undefined;
}

/** Parses the value of -S. */
export function facilityNumber(text: string): number | undefined {
  if (text === "daemon" || text === "user") return FACILITIES[text];
  return /^(local)?[0-7]$/.test(text) ? FACILITIES.local0 + Number(text.at(-1)) : undefined;
}

export function keepalivedLog(options: LogOptions): KeepalivedLog {
  const isShown = (level: string): boolean => options.detail || level !== "detail";
  // A supervisor merges what its parts say and stamps it.
  if (isSupervised()) return (line, level = "info") => isShown(level) && printError(line);
  const facility = facilityNumber(options.facility ?? "daemon") ?? FACILITIES.daemon;
  const syslog = options.syslog ? new Syslog(options.ident, facility) : undefined;
  const file = options.file === undefined ? undefined : openSync(options.file, "a", 0o644);
  // In the foreground with nobody behind /dev/log (a container), stderr is the only place where a line is seen.
  const console = options.console || (options.foreground && (isatty(2) || syslog === undefined || !syslog.isOpen));
  return (line, level = "info") => {
    if (!isShown(level)) return;
    syslog?.log(level === "detail" ? "info" : level, line);
    const stamped = `${consoleTime(new Date())}: ${line}`;
    if (file !== undefined) writeSync(file, `${stamped}\n`);
    if (console) printError(stamped);
  };
}

/** `Sat Nov 21 03:04:05 2026`, as ctime(3) has it and keepalived -l prints it. */
export function consoleTime(at: Date): string {
  const [weekday, month, day, year] = at.toDateString().split(" ");
  return `${weekday} ${month} ${String(Number(day)).padStart(2, " ")} ${at.toTimeString().slice(0, 8)} ${year}`;
}
