/** The keywords that keep silent TCP connections alive, and tell dead ones (configuration manual §4.2). */
import type { Milliseconds } from "../../units.js";
import type { ProxyDraft } from "../draft.js";
import { type Keyword, sections } from "../keyword.js";

type Side = "clientKeepAlive" | "serverKeepAlive";

/** The kernel's limits (tcp(7)): 127 probes, 32,767 seconds. */
const MOST_PROBES = 127;
const LONGEST_SECONDS = 32_767;

function option(name: string, letters: string, sides: readonly Side[], doc: string): Keyword<ProxyDraft> {
  return {
    name: `option ${name}`,
    sections: sections(letters),
    arguments: "",
    default: "off",
    doc,
    isNegatable: true,
    apply: ({ prefix }, { settings }) => {
      for (const side of sides) settings[side] = { ...settings[side], isOn: prefix === undefined };
    },
  };
}

function probes(name: string, letters: string, side: Side): Keyword<ProxyDraft> {
  return {
    name,
    sections: sections(letters),
    arguments: "<count>",
    default: "the system's",
    doc: "Unanswered keep-alive probes after which a connection is given up.",
    apply: (statement, { settings }) => {
      const count = statement.integer(statement.args[0]!, 1, MOST_PROBES);
      settings[side] = { ...settings[side], count };
    },
  };
}

function time(name: string, letters: string, side: Side, key: "idle" | "interval", doc: string): Keyword<ProxyDraft> {
  return {
    name,
    sections: sections(letters),
    arguments: "<time>",
    default: "the system's",
    doc,
    apply: (statement, { settings }) => {
      // A number without a unit means seconds here, as in HAProxy.
      const [word] = statement.args;
      const hasUnit = !/^\d+$/.test(word!.text);
      const value = statement.time(hasUnit ? word! : { ...word!, text: `${word!.text}s` });
      if (value === undefined) return;
      if (value < 1000 || value > LONGEST_SECONDS * 1000) {
        statement.error("bad-time", word!.span, `${name} is outside 1–${LONGEST_SECONDS} seconds`, {
          cause: "the kernel counts whole seconds",
        });
        return;
      }
      settings[side] = { ...settings[side], [key]: value as Milliseconds };
    },
  };
}

export const KEEP_ALIVE_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  option("clitcpka", "DFL", ["clientKeepAlive"], "Sends TCP keep-alive probes to clients."),
  option("srvtcpka", "DLB", ["serverKeepAlive"], "Sends TCP keep-alive probes to servers."),
  option("tcpka", "DFLB", ["clientKeepAlive", "serverKeepAlive"], "Sends TCP keep-alive probes on both sides."),
  probes("clitcpka-cnt", "DFL", "clientKeepAlive"),
  probes("srvtcpka-cnt", "DLB", "serverKeepAlive"),
  time("clitcpka-idle", "DFL", "clientKeepAlive", "idle", "Silence of a client before the first probe."),
  time("srvtcpka-idle", "DLB", "serverKeepAlive", "idle", "Silence of a server before the first probe."),
  time("clitcpka-intvl", "DFL", "clientKeepAlive", "interval", "Time between two probes to a client."),
  time("srvtcpka-intvl", "DLB", "serverKeepAlive", "interval", "Time between two probes to a server."),
];
