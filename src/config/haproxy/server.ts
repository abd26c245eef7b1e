/** `server <name> <address>:<port> [options…]` and `default-server [options…]` (configuration manual §5.2). */
import type { ProxyDraft, ServerDraft, ServerSettings } from "./draft.js";
import { expandBareVariables, readAnyEndpoint, readEndpoint } from "./endpoint.js";
import { PLANNED_SERVER_OPTIONS, RARE_SERVER_OPTIONS } from "./keywords/planned-server.js";
import { type LineOption, optionTable, readOptions } from "./option-line.js";
import { protocolOption, WEB_SOCKET_OPTION } from "./protocol.js";
import { LONGEST_TIME } from "./quantities.js";
import { SERVER_POOL_OPTIONS } from "./server-pool.js";
import { SERVER_SOCKET_OPTIONS } from "./server-socket.js";
import type { Statement } from "./statement.js";
import { SERVER_TLS_OPTIONS } from "./tls-options.js";

type ServerOption = LineOption<ServerSettings>;

const flag = (name: string, doc: string, set: (settings: ServerSettings) => void): ServerOption => ({
  name,
  argument: "",
  default: "off",
  doc,
  apply: (_, settings) => set(settings),
});

const interval = (
  name: string,
  key: "interval" | "fastInterval" | "downInterval",
  fallback: string,
  doc: string,
): ServerOption => ({
  name,
  argument: "<time>",
  default: fallback,
  doc,
  apply: (statement, settings, argument) => {
    const value = statement.time(argument, name);
    if (value === 0) statement.error("bad-time", argument.span, `${name} cannot be 0`, { remedy: `write: ${name} 2s` });
    else if (value !== undefined) settings[key] = value;
  },
});

const count = (
  name: string,
  key: "weight" | "rise" | "fall" | "checkPort" | "maxConnections" | "minConnections" | "maxQueue",
  [least, most]: readonly [number, number],
  fallback: string,
  doc: string,
): ServerOption => ({
  name,
  argument: "<n>",
  default: fallback,
  doc,
  apply: (statement, settings, argument) => {
    const value = statement.integer(argument, least, most, name);
    if (value !== undefined) settings[key] = value;
  },
});

export const SERVER_OPTIONS: readonly ServerOption[] = [
  flag("check", "Checks the server's health; without it the server always counts as up.", (settings) => {
    settings.check = true;
  }),
  flag("no-check", "Takes back `check` of default-server.", (settings) => {
    settings.check = false;
  }),
  interval("inter", "interval", "2s", "Time between two checks."),
  interval("fastinter", "fastInterval", "inter", "Time between two checks while going up or down."),
  interval("downinter", "downInterval", "inter", "Time between two checks while down."),
  count("rise", "rise", [1, LONGEST_TIME], "2", "Successful checks that bring a server up."),
  count("fall", "fall", [1, LONGEST_TIME], "3", "Failed checks that take a server down."),
  count("port", "checkPort", [1, 65_535], "the server's port", "Port that the checks connect to."),
  {
    name: "addr",
    argument: "<address>",
    default: "the server's address",
    doc: "Address that the checks connect to.",
    apply: (statement, settings, argument) => {
      const endpoint = readEndpoint(statement, expandBareVariables(statement, argument));
      if (endpoint?.ports !== undefined) settings.checkPort = endpoint.ports.first;
      if (endpoint !== undefined) settings.checkAddress = endpoint.address;
    },
  },
  flag("check-ssl", "Checks see a TLS handshake through, whatever the traffic is.", (settings) => {
    settings.checkTls = true;
  }),
  flag("no-check-ssl", "Checks are plain, whatever the traffic is.", (settings) => {
    settings.checkTls = false;
  }),
  {
    name: "check-sni",
    argument: "<name>",
    default: "that of sni str(…)",
    doc: "The server's name in the handshakes of checks.",
    apply: (_, settings, argument) => {
      settings.checkServerName = argument.text;
    },
  },
  count("weight", "weight", [0, 256], "1", "Share of the traffic, relative to the other servers; 0 takes none."),
  count(
    "maxconn",
    "maxConnections",
    [0, LONGEST_TIME],
    "0 (no limit)",
    "Requests, or connections in mode tcp, at a time.",
  ),
  count(
    "minconn",
    "minConnections",
    [0, LONGEST_TIME],
    "= maxconn",
    "The limit while the backend is idle; see fullconn.",
  ),
  count("maxqueue", "maxQueue", [0, LONGEST_TIME], "0 (no limit)", "Requests that wait for this server and no other."),
  flag("backup", "Serves only when no other server is up.", (settings) => {
    settings.backup = true;
  }),
  flag("no-backup", "Takes back `backup` of default-server.", (settings) => {
    settings.backup = false;
  }),
  flag("disabled", "Starts in maintenance.", (settings) => {
    settings.disabled = true;
  }),
  flag("enabled", "Takes back `disabled` of default-server.", (settings) => {
    settings.disabled = false;
  }),
  protocolOption("as agreed by ALPN; h1", "HTTP version that the server speaks."),
  WEB_SOCKET_OPTION,
  ...SERVER_POOL_OPTIONS,
  ...SERVER_SOCKET_OPTIONS,
  ...SERVER_TLS_OPTIONS,
];

const OPTIONS = optionTable(SERVER_OPTIONS, PLANNED_SERVER_OPTIONS, RARE_SERVER_OPTIONS);

/** Holds for the servers below it in the section, and through `defaults` for later sections. */
export function readDefaultServer(statement: Statement, proxy: ProxyDraft): void {
  readOptions(statement, statement.args, OPTIONS, proxy.settings.server);
}

export function readServer(statement: Statement, proxy: ProxyDraft): void {
  const settings = { ...proxy.settings.server };
  readOptions(statement, statement.args.slice(2), OPTIONS, settings);
  const where = readServerAddress(statement);
  if (where === undefined) return;
  const name = uniqueName(statement, proxy);
  proxy.servers.push({ ...settings, name, ...where, span: statement.args[0]!.span });
}

type ServerAddress = Pick<ServerDraft, "address" | "family" | "port" | "portOffset">;

/** Without a port, or with one that begins with a sign, it is the port that the client connected to, plus that. */
function readServerAddress(statement: Statement): ServerAddress | undefined {
  const word = expandBareVariables(statement, statement.args[1]!);
  const [, host, offset] = /^(.*):([+-]\d{1,5})$/.exec(word.text) ?? [];
  const endpoint = readAnyEndpoint(statement, word, host ?? word.text);
  if (endpoint === undefined) return undefined;
  const { address, family, ports } = endpoint;
  if (family === "fd") {
    statement.error("bad-address", word.span, "a server cannot be an inherited descriptor");
    return undefined;
  }
  if (family !== 4 && family !== 6) return { address, family, port: 0, portOffset: undefined };
  if (ports === undefined) return { address, family, port: 0, portOffset: Number(offset ?? 0) };
  if (ports.first === ports.last) return { address, family, port: ports.first, portOffset: undefined };
  statement.error("bad-address", word.span, "a server has one port", {
    remedy: `write one server a port, such as: ${word.text.replace(/-\d+$/, "")}`,
  });
  return undefined;
}

/** HAProxy 1.x let two servers share a name; recent versions refuse that. Statistics need one name each. */
function uniqueName(statement: Statement, proxy: ProxyDraft): string {
  const { text, span } = statement.args[0]!;
  if (!proxy.serverNames.has(text)) {
    proxy.serverNames.add(text);
    return text;
  }
  let suffix = proxy.nextServerSuffix.get(text) ?? 2;
  while (proxy.serverNames.has(`${text}-${suffix}`)) suffix += 1;
  const name = `${text}-${suffix}`;
  proxy.nextServerSuffix.set(text, suffix + 1);
  proxy.serverNames.add(name);
  statement.report("warning", "duplicate-server", span, `${proxy.name} already has a server "${text}"`, {
    cause: `this one is called "${name}"`,
    remedy: `give it a name of its own: server ${name} ${statement.args[1]!.text}`,
  });
  return name;
}
