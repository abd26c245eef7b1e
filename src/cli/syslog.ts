/** The host's syslog daemon, over /dev/log (RFC 3164's line, as syslog(3) sends it). */
import { UnixDatagrams } from "./datagram.js";

/** RFC 3164 §4.1.1. */
export const FACILITIES = {
  user: 1,
  daemon: 3,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Severity = "err" | "warning" | "notice" | "info" | "debug";
const SEVERITIES: Readonly<Record<Severity, number>> = { err: 3, warning: 4, notice: 5, info: 6, debug: 7 };

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Nov  1 03:04:05`, local time. */
export function bsdTime(at: Date): string {
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
  return `${MONTHS[at.getMonth()]} ${String(at.getDate()).padStart(2, " ")} ${clock}`;
}

/** One datagram for /dev/log; no host name, since it is the local daemon's to add. */
export function syslogLine(facility: number, severity: Severity, tag: string, text: string, at: Date): string {
  return `<${facility * 8 + SEVERITIES[severity]}>${bsdTime(at)} ${tag}[${process.pid}]: ${text}`;
}

/** Sends lines to /dev/log; finds the daemon again after it was restarted. */
export class Syslog {
  readonly #path: string;
  readonly #facility: number;
  readonly #tag: string;
  #socket: UnixDatagrams | undefined;

  constructor(tag: string, facility: number, path = "/dev/log") {
    this.#path = path;
    this.#facility = facility;
    this.#tag = tag;
    this.#socket = UnixDatagrams.open(path);
  }

  /** Whether anybody listened when last tried. */
  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  log(severity: Severity, text: string): void {
    const line = syslogLine(this.#facility, severity, this.#tag, text, new Date());
    this.#socket ??= UnixDatagrams.open(this.#path);
    if (this.#socket === undefined || this.#socket.send(line)) return;
    this.#socket.close();
    this.#socket = UnixDatagrams.open(this.#path);
    this.#socket?.send(line);
  }
}
