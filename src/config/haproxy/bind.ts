/** `bind [<address>]:<ports>[,…] [options…]` (configuration manual §5.1): where a frontend listens. */
import type { Span } from "../diagnostics.js";
import { BIND_SOCKET_OPTIONS, type BindSocketDraft, initialBindSocket, optionsWithoutEffect } from "./bind-socket.js";
import type { BindDraft, ProxyDraft } from "./draft.js";
import { type Endpoint, expandBareVariables, type LocalEndpoint, readAnyEndpoint } from "./endpoint.js";
import { MOST_LISTENERS } from "./initial.js";
import { PLANNED_BIND_OPTIONS, RARE_BIND_OPTIONS } from "./keywords/planned-bind.js";
import type { Bind } from "./model.js";
import { type LineOption, optionsOn, optionTable, readOptions } from "./option-line.js";
import { type HttpVersion, protocolOption } from "./protocol.js";
import { LONGEST_TIME } from "./quantities.js";
import type { Statement } from "./statement.js";
import { NO_TLS, type TlsDraft } from "./tls-draft.js";
import { BIND_TLS_OPTIONS } from "./tls-options.js";

interface BindSettings {
  transparent: boolean;
  interface: string | undefined;
  name: string | undefined;
  maxConnections: number | undefined;
  v4v6: Span | undefined;
  v6only: boolean;
  tls: TlsDraft;
  socket: BindSocketDraft;
  protocol: HttpVersion | undefined;
}

export const BIND_OPTIONS: readonly LineOption<BindSettings>[] = [
  {
    name: "transparent",
    argument: "",
    default: "off",
    doc: "Accepts connections for addresses that are not this host's.",
    apply: (_, settings) => {
      settings.transparent = true;
    },
  },
  {
    name: "interface",
    argument: "<interface>",
    default: "any",
    doc: "Listens on one network interface only.",
    apply: (_, settings, argument) => {
      settings.interface = argument.text;
    },
  },
  {
    name: "name",
    argument: "<name>",
    doc: "Names the listener for statistics.",
    apply: (_, settings, argument) => {
      settings.name = argument.text;
    },
  },
  {
    name: "maxconn",
    argument: "<n>",
    default: "the frontend's",
    doc: "Connections of each of its listeners; further ones wait in the listen queue.",
    apply: (statement, settings, argument) => {
      // HAProxy reads 0 as "not said".
      settings.maxConnections = statement.integer(argument, 0, LONGEST_TIME, "maxconn") || undefined;
    },
  },
  {
    name: "v4v6",
    argument: "",
    default: "on for ::, as Linux has it",
    doc: "The address :: takes IPv4 connections too.",
    apply: (_, settings, __, option) => {
      settings.v4v6 = option.span;
    },
  },
  {
    name: "v6only",
    argument: "",
    default: "off",
    doc: "The address :: takes IPv6 connections only; overrides v4v6.",
    apply: (_, settings) => {
      settings.v6only = true;
    },
  },
  protocolOption("as agreed by ALPN, or as the client begins", "HTTP version that the clients speak."),
  ...BIND_SOCKET_OPTIONS,
  ...BIND_TLS_OPTIONS,
];

const OPTIONS = optionTable(BIND_OPTIONS, PLANNED_BIND_OPTIONS, RARE_BIND_OPTIONS);

export function readBind(statement: Statement, proxy: ProxyDraft): void {
  const settings: BindSettings = {
    transparent: false,
    interface: undefined,
    name: undefined,
    maxConnections: undefined,
    v4v6: undefined,
    v6only: false,
    tls: NO_TLS,
    socket: initialBindSocket(),
    protocol: undefined,
  };
  readOptions(statement, statement.args.slice(1), OPTIONS, settings);
  readBindAddresses(statement, proxy, settings);
}

/** The address of `frontend main *:80` and `listen web :80`: how HAProxy 1.x declared its first listener. */
export function readLegacyBind(statement: Statement, proxy: ProxyDraft): void {
  readBindAddresses(statement, proxy, {
    transparent: false,
    interface: undefined,
    name: undefined,
    maxConnections: undefined,
    v4v6: undefined,
    v6only: false,
    tls: NO_TLS,
    socket: initialBindSocket(),
    protocol: undefined,
  });
}

/** `bind 80` reads like a port and lacks its colon. */
const ANY_WITHOUT_PORT: Endpoint = { address: "0.0.0.0", family: 4, ports: undefined };

function readBindAddresses(statement: Statement, proxy: ProxyDraft, settings: BindSettings): void {
  const word = expandBareVariables(statement, statement.args[0]!);
  for (const part of word.text.split(",")) {
    const isPortAlone = /^\d+$/.test(part);
    const endpoint = isPortAlone ? ANY_WITHOUT_PORT : readAnyEndpoint(statement, word, part);
    if (endpoint === undefined) continue;
    reportWithoutEffect(statement, endpoint.family, part);
    if (isLocal(endpoint)) {
      if (!takeFromBudget(statement, proxy)) return;
      proxy.binds.push(bindOf(endpoint, 0, settings, word.span));
      continue;
    }
    if (endpoint.ports === undefined) {
      statement.error("missing-port", word.span, `"${part}" has no port to listen on`, {
        remedy: isPortAlone ? `write: bind :${part}` : `write: bind ${portRemedy(part)}`,
      });
      continue;
    }
    if (settings.v4v6 !== undefined && endpoint.address !== "::")
      statement.report("warning", "no-effect", settings.v4v6, `v4v6 does nothing for ${part}`, {
        cause: "it lets the address :: take IPv4 as well",
      });
    for (let port = endpoint.ports.first; port <= endpoint.ports.last; port++) {
      if (!takeFromBudget(statement, proxy)) return;
      proxy.binds.push(bindOf(endpoint, port, settings, word.span));
    }
  }
}

function reportWithoutEffect(statement: Statement, family: Bind["family"], part: string): void {
  const { names, cause } = optionsWithoutEffect(family);
  for (const { text, span } of optionsOn(statement.args.slice(1), OPTIONS))
    if (names.includes(text))
      statement.report("warning", "no-effect", span, `${text} does nothing for ${part}`, { cause });
}

const portRemedy = (part: string): string =>
  part.includes(":") && !part.startsWith("[") ? `[${part}]:80` : `${part}:80`;

/** False, and reported, when there are too many already. */
function takeFromBudget(statement: Statement, { listenerBudget }: ProxyDraft): boolean {
  if (listenerBudget.left-- > 0) return true;
  statement.error("too-many-binds", statement.span, `more than ${MOST_LISTENERS} listeners`);
  return false;
}

const isLocal = (endpoint: Endpoint | LocalEndpoint): endpoint is LocalEndpoint => typeof endpoint.family === "string";

/** IPV6_V6ONLY is off on Linux unless asked for, so `::` takes IPv4 too, as it does under HAProxy. */
function bindOf(endpoint: Endpoint | LocalEndpoint, port: number, settings: BindSettings, span: Span): BindDraft {
  const { address, family } = endpoint;
  const { v6only, v4v6, ...rest } = settings;
  return { address, family, port, ...rest, v4v6: address === "::" && !v6only, span };
}
