/** A line in the clothes that a log target wants (RFC 3164, RFC 5424 and HAProxy's short forms). */
import type { LogLevel, LogTarget } from "../../config/haproxy/model.js";

/** Who speaks. */
export interface SyslogIdentity {
  /** `log-tag`, else the program's name. */
  readonly tag: string;
  readonly pid: number;
  /** Only RFC 3164's form shows it. */
  readonly hostname: string;
}

/** RFC 5424 §6.2.1: 0 is the most urgent. */
export const SEVERITIES: Readonly<Record<LogLevel, number>> = {
  emerg: 0,
  alert: 1,
  crit: 2,
  err: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

/**
 * The line for `target`, without its line end.
 * @param now Milliseconds since 1970; a fraction shows as microseconds.
 * @returns undefined if the target does not want lines of this level.
 */
export function syslogLine(
  target: LogTarget,
  identity: SyslogIdentity,
  level: LogLevel,
  text: string,
  now: number,
): string | undefined {
  if (SEVERITIES[level] > SEVERITIES[target.maxLevel]) return undefined;
  const severity = Math.max(SEVERITIES[level], SEVERITIES[target.minLevel]);
  const priority = target.facility * 8 + severity;
  const { tag, pid, hostname } = identity;
  switch (target.format) {
    case "local":
      return `<${priority}>${bsdDate(now)} ${tag}[${pid}]: ${text}`;
    case "rfc3164":
      return `<${priority}>${bsdDate(now)} ${hostname} ${tag}[${pid}]: ${text}`;
    case "rfc5424":
      // The host name is the nil value unless log-send-hostname asks for it; receivers know the sender.
      return `<${priority}>1 ${isoDate(now)} - ${tag} ${pid} - - ${text}`;
    case "priority":
      return `<${priority}>${text}`;
    case "short":
      return `<${severity}>${text}`;
    case "timed":
      return `<${severity}>${isoDate(now)} ${text}`;
    case "iso":
      return `${isoDate(now)} ${text}`;
    case "raw":
      return text;
    default:
      return unreachable(target.format);
  }
}

/**
 * Writes a line and its LF into `into` as UTF-8, cut to `length` bytes in all (`len`), never inside a character.
 * @returns the bytes written.
 */
export function encodeLine(line: string, length: number, into: Buffer): number {
  const room = Math.max(0, Math.min(length, into.length) - 1);
  const written = into.write(line, 0, room, "utf8");
  into[written] = 0x0a;
  return written + 1;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const two = (n: number): string => String(n).padStart(2, "0");

// The text of a second is kept: lines come in bursts.
let cachedSecond = -1;
let cachedBsd = "";
let cachedIso = "";
let cachedOffset = "";

function refresh(ms: number): void {
  const second = Math.floor(ms / 1000);
  if (second === cachedSecond) return;
  const date = new Date(second * 1000);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const offset = -date.getTimezoneOffset();
  const minutes = Math.abs(offset);
  // RFC 3164 §4.1.2: a day below 10 has a space in front.
  cachedBsd = `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${time}`;
  cachedIso = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${time}`;
  cachedOffset = `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  cachedSecond = second;
}

/** `Feb  6 12:14:14`, local time. */
function bsdDate(ms: number): string {
  refresh(ms);
  return cachedBsd;
}

/** `2009-02-06T12:14:14.655000+01:00`, local time. */
function isoDate(ms: number): string {
  refresh(ms);
  const micros = Math.floor((ms - cachedSecond * 1000) * 1000);
  return `${cachedIso}.${String(micros).padStart(6, "0")}${cachedOffset}`;
}

function unreachable(value: never): never {
  throw new Error(`log format ${String(value)}`);
}
