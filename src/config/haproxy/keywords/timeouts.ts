/** `timeout …` and the names these had in HAProxy 1.x. */
import type { ProxyDraft, TimeoutName } from "../draft.js";
import { type Keyword, sections } from "../keyword.js";

const timeout = (name: TimeoutName, letters: string, fallback: string, doc: string): Keyword<ProxyDraft> => ({
  name: `timeout ${name}`,
  sections: sections(letters),
  arguments: "<time>",
  default: fallback,
  doc,
  apply: (statement, proxy) => {
    const value = statement.timeout(statement.args[0]!);
    if (value !== undefined) proxy.settings.timeouts[name] = value;
  },
});

const legacy = (old: string, name: TimeoutName, letters: string): Keyword<ProxyDraft> => ({
  name: old,
  sections: sections(letters),
  arguments: "<time>",
  doc: `The name of timeout ${name} before HAProxy 1.3.14.`,
  apply: (statement, proxy) => {
    const [word] = statement.args;
    statement.report("warning", "old-keyword", statement.span, `${old} is the old name of timeout ${name}`, {
      remedy: `write: timeout ${name} ${word!.text}`,
    });
    const value = statement.timeout(word!);
    if (value !== undefined) proxy.settings.timeouts[name] = value;
  },
});

export const TIMEOUT_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  timeout("connect", "DLB", "5s, with a warning", "Time to connect to a server."),
  timeout("client", "DFL", "50s, with a warning", "Idle time of a client."),
  timeout("server", "DLB", "50s, with a warning", "Idle time of a server."),
  timeout("http-request", "DFLB", "timeout client", "Time for a whole request head."),
  timeout("http-keep-alive", "DFLB", "timeout http-request", "Time between two requests of a connection."),
  timeout("tunnel", "DLB", "timeout client and server", "Idle time of a TCP session, or of an upgraded HTTP one."),
  timeout("client-fin", "DFL", "timeout client", "Idle time of a client once one direction is closed."),
  timeout("server-fin", "DLB", "timeout server", "Idle time of a server once one direction is closed."),
  timeout("queue", "DLB", "timeout connect", "Time in a queue for a server; then 503."),
  timeout("check", "DLB", "none: inter is the whole budget", "Time for a health check once it is connected."),
  timeout("tarpit", "DFLB", "timeout connect", "How long a rule that tarpits a request holds its answer back."),
  legacy("contimeout", "connect", "DLB"),
  legacy("clitimeout", "client", "DFL"),
  legacy("srvtimeout", "server", "DLB"),
  legacy("timeout contimeout", "connect", "DLB"),
  legacy("timeout clitimeout", "client", "DFL"),
  legacy("timeout srvtimeout", "server", "DLB"),
];
