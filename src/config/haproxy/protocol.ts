/** `proto` of `bind` and `server` lines, and `ws` (configuration manual §5.1, §5.2): the HTTP version, said beforehand. */
import type { LineOption } from "./option-line.js";

export type HttpVersion = "h1" | "h2";

/** Whatever else the line says. */
interface HasProtocol {
  protocol: HttpVersion | undefined;
}

/** Over which version WebSockets go to a server. */
export type WebSocketVersion = HttpVersion | "auto";

export const WEB_SOCKET_OPTION: LineOption<{ webSocket: WebSocketVersion }> = {
  name: "ws",
  argument: "<auto|h1|h2>",
  default: "auto",
  doc: "HTTP version of WebSockets; auto: that of requests, but HTTP/1.1 where ALPN offers it.",
  apply: (statement, settings, argument) => {
    settings.webSocket = statement.choice(argument, ["auto", "h1", "h2"] as const, [], "ws") ?? "auto";
  },
};

export function protocolOption(fallback: string, doc: string): LineOption<HasProtocol> {
  return {
    name: "proto",
    argument: "<h1|h2>",
    default: fallback,
    doc,
    apply: (statement, settings, argument) => {
      settings.protocol = statement.choice(argument, ["h1", "h2"] as const, ["fcgi", "quic", "none"], "proto");
    },
  };
}
