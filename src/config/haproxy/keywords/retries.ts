/** Keywords for requests that cannot have a server at once: how often to try, how long to wait, when to give up. */
import type { ProxyDraft } from "../draft.js";
import { type Keyword, sections } from "../keyword.js";
import { LONGEST_TIME } from "../quantities.js";
import { readRetryOn } from "../retry-on.js";

const MOST_RETRIES = 1_000_000;

export const RETRY_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  {
    name: "retries",
    sections: sections("DLB"),
    arguments: "<n>",
    default: "3",
    doc: "Attempts after the first.",
    apply: (statement, proxy) => {
      proxy.settings.retries = statement.integer(statement.args[0]!, 0, MOST_RETRIES) ?? proxy.settings.retries;
    },
  },
  {
    name: "retry-on",
    sections: sections("DLB"),
    arguments: "<event> …",
    default: "conn-failure",
    doc: "none, or after what to try again: conn-failure empty-response junk-response response-timeout 0rtt-rejected <status> all-retryable-errors.",
    apply: readRetryOn,
  },
  {
    name: "option redispatch",
    sections: sections("DLB"),
    arguments: "[<interval>]",
    default: "off; -1: the last retry",
    doc: "At which retries a client that sticks to its server may go to another; others go there at once anyway.",
    isNegatable: true,
    apply: (statement, proxy) => {
      const [interval] = statement.args;
      const value = interval === undefined ? -1 : statement.integer(interval, -MOST_RETRIES, MOST_RETRIES);
      if (value !== undefined) proxy.settings.redispatch = statement.prefix === undefined ? value : 0;
    },
  },
  {
    name: "option abortonclose",
    sections: sections("DLB"),
    arguments: "",
    default: "off",
    doc: "Gives up a request whose client has closed before there is an answer.",
    isNegatable: true,
    apply: ({ prefix }, proxy) => {
      proxy.settings.abortOnClose = prefix === undefined;
    },
  },
  {
    name: "fullconn",
    sections: sections("DLB"),
    arguments: "<n>",
    default: "10 % of the frontends' maxconn",
    doc: "Sessions of a backend with which servers that have a minconn take their maxconn.",
    apply: (statement, proxy) => {
      const value = statement.integer(statement.args[0]!, 0, LONGEST_TIME);
      // HAProxy reads 0 as "not said".
      if (value !== undefined) proxy.settings.fullConnections = value === 0 ? undefined : value;
    },
  },
];
