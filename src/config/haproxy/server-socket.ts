/** The options of `server` lines that say how connections to it are made (configuration manual §5.2). */
import type { Milliseconds } from "../units.js";
import type { ProxyTlvName } from "./model.js";
import type { LineOption } from "./option-line.js";

export interface ServerSocketDraft {
  /** Version of the PROXY header that goes first; 2 wins where both are written, as in HAProxy. */
  readonly proxyV1: boolean;
  readonly proxyV2: boolean;
  readonly proxyChecksum: boolean;
  readonly proxyTlvs: readonly ProxyTlvName[];
  readonly checkSendProxy: boolean;
  readonly tcpUserTimeout: Milliseconds | undefined;
}

export const initialServerSocket: ServerSocketDraft = {
  proxyV1: false,
  proxyV2: false,
  proxyChecksum: false,
  proxyTlvs: [],
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

const withSsl = (name: string, doc: string, tlvs: readonly ProxyTlvName[]): SocketOption => ({
  name,
  argument: "",
  default: "off",
  doc,
  apply: (_, settings) => {
    const { socket } = settings;
    settings.socket = { ...socket, proxyV2: true, proxyTlvs: withTlvs(socket.proxyTlvs, tlvs) };
  },
});

export const SERVER_SOCKET_OPTIONS: readonly SocketOption[] = [
  change("send-proxy", "Begins every connection with a PROXY header of version 1.", { proxyV1: true }),
  change("no-send-proxy", "Takes back `send-proxy` of default-server.", { proxyV1: false }),
  change("send-proxy-v2", "Begins every connection with a PROXY header of version 2.", { proxyV2: true }),
  withSsl("send-proxy-v2-ssl", "As send-proxy-v2, with what the client's TLS is.", ["ssl"]),
  withSsl("send-proxy-v2-ssl-cn", "As send-proxy-v2-ssl, with the common name of the client's certificate.", [
    "cert-cn",
  ]),
  change("no-send-proxy-v2-ssl", "Takes back `send-proxy-v2-ssl` of default-server.", {
    proxyV2: false,
    proxyTlvs: [],
  }),
  change("no-send-proxy-v2-ssl-cn", "Takes back `send-proxy-v2-ssl-cn` of default-server.", {
    proxyV2: false,
    proxyTlvs: [],
  }),
  change("no-send-proxy-v2", "Takes back `send-proxy-v2` of default-server.", { proxyV2: false }),
  {
    name: "proxy-v2-options",
    argument: "<option,…>",
    default: "none",
    doc: "What a PROXY header of version 2 says besides: ssl, cert-cn, cert-key, cert-sig, ssl-cipher, authority, crc32c.",
    apply: (statement, settings, argument) => {
      const options = argument.text.split(",").map((text) => ({ ...argument, text }));
      const names = options.flatMap(
        (option) => statement.choice(option, PROXY_OPTIONS, ["unique-id"], "proxy-v2-options") ?? [],
      );
      const { socket } = settings;
      settings.socket = {
        ...socket,
        proxyChecksum: socket.proxyChecksum || names.includes("crc32c"),
        proxyTlvs: withTlvs(
          socket.proxyTlvs,
          names.filter((name) => name !== "crc32c"),
        ),
      };
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

const PROXY_OPTIONS = ["ssl", "cert-cn", "cert-key", "cert-sig", "ssl-cipher", "authority", "crc32c"] as const;

/** What is part of `ssl` brings `ssl` along. */
function withTlvs(had: readonly ProxyTlvName[], more: readonly ProxyTlvName[]): readonly ProxyTlvName[] {
  const needsSsl = more.some((name) => name !== "authority");
  return [...new Set([...had, ...(needsSsl ? (["ssl"] as const) : []), ...more])];
}
