/** The keywords of `defaults`, `frontend`, `listen` and `backend` (configuration manual §4). */
import { readBind } from "../bind.js";
import type { ProxyDraft } from "../draft.js";
import { readErrorFile } from "../error-file.js";
import { arity, type Keyword, sections } from "../keyword.js";
import { hasRoomForLog, PLANNED_LOG_WORDS, readLogTarget } from "../log.js";
import { LONGEST_TIME } from "../quantities.js";
import { readDefaultServer, readServer } from "../server.js";
import { readSource } from "../source.js";
import { PLANNED_TABLE_TYPES, PLANNED_TABLE_WORDS, readStickRule, readStickTable } from "../stick.js";
import { HTTP_CONNECTION_KEYWORDS } from "./http-connections.js";
import { KEEP_ALIVE_KEYWORDS } from "./keep-alive.js";
import { PLANNED_PROXY_KEYWORDS, RARE_PROXY_KEYWORDS } from "./planned-proxy.js";
import { RETRY_KEYWORDS } from "./retries.js";
import { RULE_KEYWORDS } from "./rules.js";
import { SPLICE_KEYWORDS } from "./splice.js";
import { TIMEOUT_KEYWORDS } from "./timeouts.js";

const PLANNED_MODES = ["log", "spop", "health"];
const PLANNED_BALANCE = "source static-rr first uri url_param hdr hash random rdp-cookie log-hash sticky".split(" ");

const stick = (name: string, doc: string, does: { match: boolean; store: boolean }): Keyword<ProxyDraft> => ({
  name,
  sections: sections("LB"),
  arguments: "src [table <proxy>] …",
  refused: ["any sample but src", "if", "unless"],
  doc,
  apply: (statement, proxy) => readStickRule(statement, proxy, does),
});

const logOption = (name: "httplog" | "tcplog", doc: string): Keyword<ProxyDraft> => ({
  name: `option ${name}`,
  sections: sections("DFL"),
  arguments: "[clf]",
  default: "off",
  refused: ["clf"],
  doc,
  apply: (statement, proxy) => {
    const [clf] = statement.args;
    if (clf !== undefined) return statement.notSupported(clf.span, `option ${name} ${clf.text}`);
    proxy.settings.logFormat = { value: name, span: statement.span };
  },
});

const DONE: readonly Keyword<ProxyDraft>[] = [
  {
    name: "mode",
    sections: sections("DFLB"),
    arguments: "<tcp|http>",
    default: "tcp",
    refused: PLANNED_MODES,
    doc: "What is balanced: connections, or HTTP requests.",
    apply: (statement, proxy) => {
      const [word] = statement.args;
      const value = statement.choice(word!, ["tcp", "http"] as const, PLANNED_MODES);
      if (value !== undefined) proxy.settings.mode = { value, span: word!.span };
    },
  },
  {
    name: "log",
    sections: sections("DFLB"),
    arguments: "[global|<target>] [len <n>] [format <f>] [<facility>] [<level>] [<min>] …",
    default: "none",
    refused: PLANNED_LOG_WORDS,
    doc: "Where log lines go; `log global` takes the global section's targets, `no log` none.",
    isNegatable: true,
    apply: (statement, proxy) => {
      if (statement.prefix !== undefined) proxy.settings.logs = [];
      else if (statement.args.length === 0)
        statement.error("missing-argument", statement.span, "log needs a target", { remedy: "write: log global" });
      else if (statement.args.length === 1 && statement.args[0]!.text === "global") {
        if (!proxy.settings.logs.includes("global")) proxy.settings.logs.push("global");
      } else {
        const target = readLogTarget(statement);
        if (target !== undefined && hasRoomForLog(statement, proxy.settings.logs)) proxy.settings.logs.push(target);
      }
    },
  },
  {
    name: "bind",
    sections: sections("FL"),
    arguments: "<address[,…]> [option…]",
    doc: "Where a frontend listens.",
    apply: readBind,
  },
  {
    name: "default_backend",
    sections: sections("DFL"),
    arguments: "<backend>",
    default: "none: 503",
    doc: "The backend of requests that no rule sends elsewhere.",
    apply: ({ args }, proxy) => {
      proxy.settings.defaultBackend = args[0];
    },
  },
  {
    name: "balance",
    sections: sections("DLB"),
    arguments: "<roundrobin|leastconn> [argument…]",
    default: "roundrobin",
    refused: PLANNED_BALANCE,
    doc: "How a backend chooses a server.",
    apply: (statement, proxy) => {
      const [word, extra] = statement.args;
      // `hdr(host)`, `random(3)`: the argument is part of the word.
      const algorithm = { ...word!, text: word!.text.replace(/\(.*/s, "") };
      const choice = statement.choice(algorithm, ["roundrobin", "leastconn"] as const, PLANNED_BALANCE);
      if (choice === undefined) return;
      proxy.settings.balance = choice;
      if (extra !== undefined) statement.error("extra-argument", extra.span, `balance ${choice} takes no argument`);
    },
  },
  {
    name: "server",
    sections: sections("LB"),
    arguments: "<name> <address[:port]> [option…]",
    doc: "One server of a backend.",
    apply: readServer,
  },
  {
    name: "default-server",
    sections: sections("DLB"),
    arguments: "<option> [option…]",
    doc: "Options of the servers that follow.",
    apply: readDefaultServer,
  },
  logOption("httplog", "Logs a line a request, with its timers and status."),
  logOption("tcplog", "Logs a line a connection, with its timers and state."),
  {
    name: "option dontlognull",
    sections: sections("DFL"),
    arguments: "",
    default: "off",
    doc: "Does not log connections that carried no data.",
    isNegatable: true,
    apply: ({ prefix }, proxy) => {
      proxy.settings.dontLogNull = prefix === undefined;
    },
  },
  {
    name: "option tcp-check",
    sections: sections("DLB"),
    arguments: "",
    doc: "Checks servers by connecting: what `check` does here anyway, since no other kind of check is done yet.",
    isNegatable: true,
    apply: () => {},
  },
  {
    name: "maxconn",
    sections: sections("DFL"),
    arguments: "<n>",
    default: "the global maxconn",
    doc: "Connections of a frontend; further ones wait in the listen queue.",
    apply: (statement, proxy) => {
      const value = statement.integer(statement.args[0]!, 0, LONGEST_TIME);
      // HAProxy reads 0 as "not said".
      if (value !== undefined) proxy.settings.maxConnections = value === 0 ? undefined : value;
    },
  },
  {
    name: "backlog",
    sections: sections("DFL"),
    arguments: "<n>",
    default: "4096",
    doc: "Connections that wait in the kernel to be accepted.",
    apply: (statement, proxy) => {
      // HAProxy reads 0 as "not said".
      proxy.settings.backlog = statement.integer(statement.args[0]!, 0, LONGEST_TIME) || undefined;
    },
  },
  {
    name: "errorfile",
    sections: sections("DFLB"),
    arguments: "<code> <file>",
    default: "built-in pages",
    doc: "A raw HTTP response in place of the built-in page.",
    apply: readErrorFile,
  },
  {
    name: "source",
    sections: sections("DLB"),
    arguments: "<address>[:<port>] [usesrc client|clientip] [interface <name>] …",
    default: "the kernel chooses",
    refused: ["usesrc <address>", "usesrc hdr_ip(…)"],
    doc: "Where connections to servers come from; usesrc shows them the client's address.",
    apply: readSource,
  },
  {
    name: "stick-table",
    sections: sections("FLB"),
    arguments: "type ip size <n> [expire <time>] [nopurge] …",
    refused: [...PLANNED_TABLE_TYPES.map((type) => `type ${type}`), ...PLANNED_TABLE_WORDS, "in a frontend"],
    doc: "Remembers the server of each client.",
    apply: readStickTable,
  },
  stick("stick on", "Sends a known client to its server, and remembers new ones.", { match: true, store: true }),
  stick("stick match", "Sends a known client to its server.", { match: true, store: false }),
  stick("stick store-request", "Remembers the server of a client.", { match: false, store: true }),
  {
    name: "enabled",
    sections: sections("DFLB"),
    arguments: "",
    default: "on",
    doc: "The opposite of `disabled`, which is not supported yet: so every proxy is.",
    apply: () => {},
  },
];

const planned = (name: string, form: string, letters: string, fallback: string): Keyword<ProxyDraft> => ({
  name,
  sections: sections(letters),
  arguments: form,
  ...(fallback === "" ? {} : { default: fallback }),
  doc: "Not supported yet.",
  isNegatable: name.startsWith("option ") && arity(form).least === 0,
  apply: undefined,
});

export const PROXY_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  ...DONE,
  ...RULE_KEYWORDS,
  ...TIMEOUT_KEYWORDS,
  ...HTTP_CONNECTION_KEYWORDS,
  ...KEEP_ALIVE_KEYWORDS,
  ...RETRY_KEYWORDS,
  ...SPLICE_KEYWORDS,
  ...PLANNED_PROXY_KEYWORDS.map(([name, form, letters, fallback]) => planned(name, form, letters, fallback)),
  ...RARE_PROXY_KEYWORDS.map((name) => planned(name, "[argument…]", "DFLB", "")),
];
