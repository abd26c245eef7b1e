/** The keywords of the `global` section (configuration manual §3). */
import type { GlobalDraft } from "../draft.js";
import { arity, type Keyword } from "../keyword.js";
import { hasRoomForLog, PLANNED_LOG_WORDS, readLogTarget } from "../log.js";
import { LONGEST_TIME } from "../quantities.js";
import { readStatsSocket } from "../stats-socket.js";
import { PLANNED_GLOBAL_KEYWORDS, RARE_GLOBAL_KEYWORDS } from "./planned-global.js";
import { TUNING_KEYWORDS } from "./tuning.js";

type TextKey =
  | "chroot"
  | "user"
  | "group"
  | "pidFile"
  | "node"
  | "logTag"
  | "caBase"
  | "crtBase"
  | "bindCiphers"
  | "bindCipherSuites"
  | "bindCurves"
  | "serverCiphers"
  | "serverCipherSuites";

const text = (name: string, form: string, key: TextKey, doc: string, fallback?: string): Keyword<GlobalDraft> => ({
  name,
  sections: ["global"],
  arguments: form,
  ...(fallback === undefined ? {} : { default: fallback }),
  doc,
  apply: ({ args }, global) => {
    global[key] = args[0]!.text;
  },
});

const count = (
  name: string,
  key: "maxConnections" | "maxPipes" | "threads" | "tlsCacheSize",
  [least, most]: readonly [number, number],
  fallback: string,
  doc: string,
): Keyword<GlobalDraft> => ({
  name,
  sections: ["global"],
  arguments: "<n>",
  default: fallback,
  doc,
  apply: (statement, global) => {
    const value = statement.integer(statement.args[0]!, least, most);
    if (value !== undefined) global[key] = value;
  },
});

const TLS_VERSIONS = ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const TLS_OPTIONS = [
  ...["no-sslv3", "no-tlsv10", "no-tlsv11", "no-tlsv12", "no-tlsv13"],
  ...["force-sslv3", "force-tlsv10", "force-tlsv11", "force-tlsv12", "force-tlsv13"],
  ...["ssl-min-ver", "ssl-max-ver", "no-tls-tickets", "tls-tickets", "prefer-client-ciphers", "strict-sni"],
];

const isVersionArgument = (option: string | undefined, word: string): boolean =>
  (option === "ssl-min-ver" || option === "ssl-max-ver") && TLS_VERSIONS.includes(word);

const DONE: readonly Keyword<GlobalDraft>[] = [
  {
    name: "log",
    sections: ["global"],
    arguments: "<target> [len <n>] [format <f>] <facility> [<level>] [<min>] …",
    default: "none",
    refused: PLANNED_LOG_WORDS,
    doc: "Where log lines go; proxies join with `log global`.",
    apply: (statement, global) => {
      const target = readLogTarget(statement);
      if (target !== undefined && hasRoomForLog(statement, global.logs)) global.logs.push(target);
    },
  },
  text("chroot", "<directory>", "chroot", "The only directory that the proxy sees once it runs.", "none"),
  text("user", "<name>", "user", "Whom the proxy runs as once its sockets are open.", "who starts it"),
  text("group", "<name>", "group", "The group the proxy runs as once its sockets are open.", "that of who starts it"),
  {
    name: "daemon",
    sections: ["global"],
    arguments: "",
    default: "foreground",
    doc: "Runs in the background.",
    isNegatable: true,
    apply: ({ prefix }, global) => {
      global.daemon = prefix === undefined;
    },
  },
  {
    name: "stats socket",
    sections: ["global"],
    arguments: "<path|address:port> [option…]",
    doc: "Where the runtime API listens.",
    apply: readStatsSocket,
  },
  {
    name: "stats timeout",
    sections: ["global"],
    arguments: "<time>",
    default: "10s",
    doc: "Idle time after which the runtime API closes a connection.",
    apply: (statement, global) => {
      global.statsTimeout = statement.timeout(statement.args[0]!) ?? global.statsTimeout;
    },
  },
  text("ca-base", "<directory>", "caBase", "Where `ca-file` looks for relative names."),
  text("crt-base", "<directory>", "crtBase", "Where `crt` looks for relative names."),
  text("ssl-default-bind-ciphers", "<list>", "bindCiphers", "Ciphers of TLS listeners up to TLS 1.2."),
  text("ssl-default-bind-ciphersuites", "<list>", "bindCipherSuites", "Cipher suites of TLS 1.3 listeners."),
  text("ssl-default-bind-curves", "<list>", "bindCurves", "Curves of TLS listeners."),
  text("ssl-default-server-ciphers", "<list>", "serverCiphers", "Ciphers towards servers up to TLS 1.2."),
  text("ssl-default-server-ciphersuites", "<list>", "serverCipherSuites", "Cipher suites of TLS 1.3 towards servers."),
  {
    name: "ssl-server-verify",
    sections: ["global"],
    arguments: "<none|required>",
    default: "required",
    doc: "Whether servers' certificates are verified where `verify` does not say.",
    apply: (statement, global) => {
      global.serverVerify = statement.choice(statement.args[0]!, ["none", "required"]) ?? global.serverVerify;
    },
  },
  count("tune.ssl.cachesize", "tlsCacheSize", [0, LONGEST_TIME], "20000", "TLS sessions that a listener remembers."),
  {
    name: "tune.ssl.lifetime",
    sections: ["global"],
    arguments: "<time>",
    default: "300s",
    doc: "How long a TLS session can be taken up again.",
    apply: (statement, global) => {
      global.tlsLifetime = statement.time(statement.args[0]!) ?? global.tlsLifetime;
    },
  },
  {
    name: "ssl-default-bind-options",
    sections: ["global"],
    arguments: "<option> [option…]",
    doc: "Options of TLS listeners.",
    apply: (statement, global) => {
      for (const [index, word] of statement.args.entries())
        if (!isVersionArgument(statement.args[index - 1]?.text, word.text)) statement.choice(word, TLS_OPTIONS);
      global.bindTlsOptions = statement.args.map((word) => word.text);
    },
  },
  count(
    "maxconn",
    "maxConnections",
    [1, LONGEST_TIME],
    "as many as file descriptors allow",
    "Connections of the process.",
  ),
  count("nbthread", "threads", [1, 1024], "one for each core", "Worker threads."),
  ...TUNING_KEYWORDS,
  count("maxpipes", "maxPipes", [0, LONGEST_TIME], "maxconn / 4", "Pipes for `option splice-auto` and its like."),
  {
    name: "nosplice",
    sections: ["global"],
    arguments: "",
    default: "off",
    doc: "Copies all bytes, whatever `option splice-…` says.",
    apply: (_, global) => {
      global.splices = false;
    },
  },
  text("pidfile", "<path>", "pidFile", "Where the process id is written.", "none"),
  text("node", "<name>", "node", "This host's name in statistics.", "the host name"),
  {
    name: "description",
    sections: ["global"],
    arguments: "<text> [word…]",
    doc: "Free text in statistics.",
    apply: ({ args }, global) => {
      global.description = args.map((word) => word.text).join(" ");
    },
  },
  text("log-tag", "<text>", "logTag", "The program's name in log lines.", "haproxy"),
];

const planned = (name: string, form: string, fallback: string): Keyword<GlobalDraft> => ({
  name,
  sections: ["global"],
  arguments: form,
  ...(fallback === "" ? {} : { default: fallback }),
  doc: "Not supported yet.",
  isNegatable: arity(form).least === 0,
  apply: undefined,
});

export const GLOBAL_KEYWORDS: readonly Keyword<GlobalDraft>[] = [
  ...DONE,
  ...PLANNED_GLOBAL_KEYWORDS.map(([name, form, fallback]) => planned(name, form, fallback)),
  ...RARE_GLOBAL_KEYWORDS.map((name) => planned(name, "[argument…]", "")),
];
