/** HAProxy's log lines (configuration manual, chapter 8), byte for byte: people grep and parse them. */

/** One finished TCP session or HTTP exchange. Times are milliseconds, -1 where that stage was not reached. */
export interface SessionRecord {
  readonly clientAddress: string;
  readonly clientPort: number;
  /** Where the client connected to. */
  readonly frontendAddress: string;
  readonly frontendPort: number;
  /** Wall clock: when the connection was accepted; for HTTP when the request's first byte came. */
  readonly date: number;
  /** With "~" behind it when the client spoke TLS. */
  readonly frontendName: string;
  /** The frontend's own name if no backend was chosen. */
  readonly backendName: string;
  /** NO_SERVER if none was chosen. */
  readonly serverName: string;
  /** Tw: in queues. */
  readonly queueTime: number;
  /** Tc: until the connection to the server stood. */
  readonly connectTime: number;
  /** Tt of a session, Ta of an exchange: all of it. */
  readonly totalTime: number;
  /** To the client. */
  readonly bytes: number;
  /** Two letters for a session (cause, stage), four for an exchange (and two of cookies): `--`, `SC--`. */
  readonly terminationState: string;
  /** Connections now, this one included: of the process, the frontend, the backend, the server. */
  readonly processConnections: number;
  readonly frontendConnections: number;
  readonly backendConnections: number;
  readonly serverConnections: number;
  readonly retries: number;
  /** The request went to another server than was tried first. */
  readonly redispatched: boolean;
  /** Requests before this one in the server's and in the backend's queue. */
  readonly serverQueue: number;
  readonly backendQueue: number;
}

export interface HttpRecord extends SessionRecord {
  /** TR: until the request head was whole. */
  readonly requestTime: number;
  /** Tr: until the response head was whole. */
  readonly responseTime: number;
  /** As the client saw it; -1 if it saw none. */
  readonly status: number;
  /** Method, target and version, one character a byte; BAD_REQUEST if they could not be read. */
  readonly requestLine: string;
}

export const NO_SERVER = "<NOSRV>";
export const BAD_REQUEST = "<BADREQ>";
/** HAProxy's tune.http.logurilen is 1024, of which one byte is a NUL. */
export const MAX_REQUEST_LINE = 1023;

/** `option httplog`. Cookie captures are "-", since none are configurable. */
export function httpLogLine(record: HttpRecord): string {
  const r = record;
  const timers = `${r.requestTime}/${r.queueTime}/${r.connectTime}/${r.responseTime}/${r.totalTime}`;
  return `${origin(r)} ${timers} ${r.status} ${r.bytes} - - ${r.terminationState} ${load(r)} "${requestText(r.requestLine)}"`;
}

/** `option tcplog`. */
export function tcpLogLine(record: SessionRecord): string {
  const r = record;
  const timers = `${r.queueTime}/${r.connectTime}/${r.totalTime}`;
  return `${origin(r)} ${timers} ${r.bytes} ${r.terminationState} ${load(r)}`;
}

/** Neither option: the line that is written as soon as a session is there. */
export function connectLogLine(record: SessionRecord, mode: "tcp" | "http"): string {
  const r = record;
  const to = `${r.frontendAddress}:${r.frontendPort}`;
  return `Connect from ${r.clientAddress}:${r.clientPort} to ${to} (${r.frontendName}/${mode.toUpperCase()})`;
}

/** A connection that ended before its session began (8.2.2, "error log format"). @param listener frontend/bind */
export function handshakeLogLine(
  clientAddress: string,
  clientPort: number,
  date: number,
  listener: string,
  reason: string,
): string {
  return `${clientAddress}:${clientPort} [${logDate(date)}] ${listener}: ${reason}`;
}

/**
 * Characters that could break a line up or end its quotes, as "#" and two hexadecimal digits. HAProxy leaves ASCII as
 * it is but for control characters, the quote and "#" itself. `text` has one character a byte.
 */
export function escapeRequest(text: string): string {
  return text.replace(UNSAFE, (character) => `#${hexByte(character.charCodeAt(0) & 0xff)}`);
}

const UNSAFE = /[\x00-\x1f"#\x7f-\uffff]/g;
const hexByte = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, "0");

const requestText = (line: string): string =>
  line === BAD_REQUEST ? line : escapeRequest(line.length > MAX_REQUEST_LINE ? line.slice(0, MAX_REQUEST_LINE) : line);

function origin(r: SessionRecord): string {
  const client = `${r.clientAddress}:${r.clientPort}`;
  return `${client} [${logDate(r.date)}] ${r.frontendName} ${r.backendName}/${r.serverName}`;
}

function load(r: SessionRecord): string {
  const connections = `${r.processConnections}/${r.frontendConnections}/${r.backendConnections}/${r.serverConnections}`;
  return `${connections}/${r.redispatched ? "+" : ""}${r.retries} ${r.serverQueue}/${r.backendQueue}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`);

// Calendars are slow and lines come in bursts: the text of a second is kept until another second is asked for.
let cachedSecond = -1;
let cachedText = "";

/** `06/Feb/2009:12:14:14.655`, local time, of milliseconds since 1970. */
export function logDate(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== cachedSecond) {
    const date = new Date(second * 1000);
    const day = `${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}`;
    cachedText = `${day}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    cachedSecond = second;
  }
  return `${cachedText}.${String(Math.floor(ms - second * 1000)).padStart(3, "0")}`;
}
