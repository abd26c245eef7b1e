/** The keywords that say how long HTTP connections live, and who shares them (configuration manual §4.2). */
import type { ProxyDraft } from "../draft.js";
import { type Keyword, sections } from "../keyword.js";
import type { HttpConnectionMode, HttpReuse } from "../model.js";

const mode = (name: string, value: HttpConnectionMode, fallback: string, doc: string): Keyword<ProxyDraft> => ({
  name: `option ${name}`,
  sections: sections("DFLB"),
  arguments: "",
  default: fallback,
  doc,
  isNegatable: true,
  apply: ({ prefix }, { settings }) => {
    if (prefix === undefined) settings.connectionMode = value;
    // Taking back what does not hold changes nothing.
    else if (settings.connectionMode === value) settings.connectionMode = "keep-alive";
  },
});

const flag = (
  name: string,
  key: "pretendKeepAlive" | "preferLastServer",
  letters: string,
  doc: string,
): Keyword<ProxyDraft> => ({
  name: `option ${name}`,
  sections: sections(letters),
  arguments: "",
  default: "off",
  doc,
  isNegatable: true,
  apply: ({ prefix }, { settings }) => {
    settings[key] = prefix === undefined;
  },
});

export const HTTP_CONNECTION_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  mode("http-keep-alive", "keep-alive", "on", "Keeps connections open between requests, on both sides."),
  mode("http-server-close", "server-close", "off", "Closes connections to servers after each response."),
  mode("httpclose", "close", "off", "Closes connections after each response, on both sides."),
  flag(
    "http-pretend-keepalive",
    "pretendKeepAlive",
    "DLB",
    "Does not tell servers that their connections will be closed after the response.",
  ),
  flag(
    "prefer-last-server",
    "preferLastServer",
    "DLB",
    "A client whose connection to a server is still open, and no one else's, goes there again.",
  ),
  {
    name: "http-reuse",
    sections: sections("DLB"),
    arguments: "<never|safe|aggressive|always>",
    default: "safe",
    doc: "Which requests may go on a connection that another client has left idle.",
    apply: (statement, { settings }) => {
      const modes: readonly HttpReuse[] = ["never", "safe", "aggressive", "always"];
      settings.httpReuse = statement.choice(statement.args[0]!, modes) ?? settings.httpReuse;
    },
  },
];
