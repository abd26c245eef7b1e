/** The options of `server` lines that say how connections to it are made (configuration manual §5.2). */
import type { Milliseconds } from "../units.js";
import type { Word } from "./lexer.js";
import type { LineOption } from "./option-line.js";
import type { Statement } from "./statement.js";

export interface ServerSocketDraft {
  /** Version of the PROXY header that goes first; 2 wins where both are written, as in HAProxy. */
  readonly proxyV1: boolean;
  readonly proxyV2: boolean;
  readonly proxyChecksum: boolean;
  readonly checkSendProxy: boolean;
  readonly tcpUserTimeout: Milliseconds | undefined;
}

export const initialServerSocket: ServerSocketDraft = {
  proxyV1: false,
  proxyV2: false,
  proxyChecksum: false,
  checkSendProxy: false,
  tcpUserTimeout: undefined,
};

/** Whatever else the line says. */
interface HasSocket {
  socket: ServerSocketDraft;
}

type SocketOption = LineOption<HasSocket>;

const change = (name: string, doc: string, changed: Partial<ServerSocketDraft>, fallback = "off"): SocketOption => ({
  name,
  argument: "",
  default: fallback,
  doc,
  apply: (_, settings) => {
    settings.socket = { ...settings.socket, ...changed };
  },
});

export const SERVER_SOCKET_OPTIONS: readonly SocketOption[] = [
  change("send-proxy", "Begins every connection with a PROXY header of version 1.", { proxyV1: true }),
  change("no-send-proxy", "Takes back `send-proxy` of default-server.", { proxyV1: false }),
  change("send-proxy-v2", "Begins every connection with a PROXY header of version 2.", { proxyV2: true }),
  change("no-send-proxy-v2", "Takes back `send-proxy-v2` of default-server.", { proxyV2: false }),
  {
    name: "proxy-v2-options",
    argument: "<option,…>",
    default: "none",
    doc: "What a PROXY header of version 2 says besides; so far crc32c, a checksum.",
    apply: (statement, settings, argument) => {
      const options = argument.text.split(",").map((text) => ({ ...argument, text }));
      if (options.every((option) => isProxyOption(statement, option)))
        settings.socket = { ...settings.socket, proxyChecksum: true };
    },
  },
  change(
    "check-send-proxy",
    "Health checks begin with a PROXY header too, even those with an address or port of their own.",
    { checkSendProxy: true },
    "as send-proxy, for checks of the server's own address and port",
  ),
  {
    name: "tcp-ut",
    argument: "<time>",
    default: "the system's",
    doc: "A server that acknowledges nothing for so long is given up.",
    apply: (statement, settings, argument) => {
      settings.socket = { ...settings.socket, tcpUserTimeout: statement.time(argument, "tcp-ut") };
    },
  },
];

const PLANNED_PROXY_OPTIONS = "ssl cert-cn cert-key cert-sig ssl-cipher authority unique-id".split(" ");

const isProxyOption = (statement: Statement, option: Word): boolean =>
  statement.choice(option, ["crc32c"] as const, PLANNED_PROXY_OPTIONS, "proxy-v2-options") !== undefined;
