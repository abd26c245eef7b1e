/** `proto` of `bind` and `server` lines (configuration manual §5.1, §5.2): the HTTP version, said beforehand. */
import type { LineOption } from "./option-line.js";

export type HttpVersion = "h1" | "h2";

/** Whatever else the line says. */
interface HasProtocol {
  protocol: HttpVersion | undefined;
}

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
