/** `server <name> <address>:<port> [options…]` and `default-server [options…]` (configuration manual §5.2). */
import type { ProxyDraft, ServerSettings } from "./draft.js";
import { expandBareVariables, readEndpoint } from "./endpoint.js";
import { PLANNED_SERVER_OPTIONS, RARE_SERVER_OPTIONS } from "./keywords/planned-server.js";
import type { Word } from "./lexer.js";
import { type LineOption, optionTable, readOptions } from "./option-line.js";
import { LONGEST_TIME } from "./quantities.js";
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
  key: "weight" | "rise" | "fall" | "checkPort",
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
  count("weight", "weight", [0, 256], "1", "Share of the traffic, relative to the other servers; 0 takes none."),
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
  const word = expandBareVariables(statement, statement.args[1]!);
  const endpoint = readEndpoint(statement, word);
  if (endpoint === undefined) return;
  const { address, family, ports } = endpoint;
  if (ports === undefined || ports.first !== ports.last || address === "0.0.0.0" || address === "::") {
    reportIncomplete(statement, word, address, ports !== undefined);
    return;
  }
  const name = uniqueName(statement, proxy);
  proxy.servers.push({ ...settings, name, address, family, port: ports.first, span: statement.args[0]!.span });
}

function reportIncomplete(statement: Statement, word: Word, address: string, hasPort: boolean): void {
  const isAny = address === "0.0.0.0" || address === "::";
  const what = isAny
    ? "a server at the address the client asked for"
    : hasPort
      ? "a port range of a server"
      : "a server without a port (the port the client asked for)";
  const host = address.includes(":") ? `[${address}]` : address;
  statement.notSupported(word.span, what, { remedy: isAny ? "write the server's address" : `write: ${host}:<port>` });
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
