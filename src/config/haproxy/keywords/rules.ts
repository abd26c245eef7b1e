/** The keywords that decide about clients and where they go: ACLs, inspection, choice of a backend. */
import type { ProxyDraft } from "../draft.js";
import { type Keyword, sections } from "../keyword.js";
import { readTest } from "../rules/acl.js";
import { PLANNED_REQUEST_ACTIONS, readHttpRequestRule } from "../rules/http-request.js";
import {
  PLANNED_CONNECTION_ACTIONS,
  PLANNED_CONTENT_ACTIONS,
  readConnectionRule,
  readContentRule,
  readRuleCondition,
} from "../rules/tcp-request.js";

const IN_DEFAULTS = "in a defaults section";

export const RULE_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  {
    name: "acl",
    sections: sections("DFLB"),
    arguments: "<name> <sample> [flags] [operator] [value…]",
    refused: [IN_DEFAULTS],
    doc: "Names a test; several lines of one name are alternatives.",
    apply: (statement, proxy) => {
      const [name, ...words] = statement.args;
      if (proxy.kind === "defaults") return statement.notSupported(statement.span, `acl ${IN_DEFAULTS}`);
      if (!/^[A-Za-z0-9_.:-]+$/.test(name!.text) || ["or", "if", "unless"].includes(name!.text))
        statement.error("bad-name", name!.span, `"${name!.text}" is not an ACL's name`, {
          remedy: "use letters, digits, and the characters - _ . :",
        });
      const tests = proxy.acls.get(name!.text) ?? [];
      // Also without its test: a rule that names it should not be told that it is not there.
      proxy.acls.set(name!.text, tests);
      const test = readTest(statement, words);
      if (test !== undefined) tests.push(test);
    },
  },
  {
    name: "use_backend",
    sections: sections("FL"),
    arguments: "<backend> [{if|unless} <condition>] …",
    refused: ["%[<sample>] as the name"],
    doc: "The backend of the clients or requests that meet the condition; the first rule that holds decides.",
    apply: (statement, proxy) => {
      const [name, ...words] = statement.args;
      if (name!.text.includes("%["))
        return statement.notSupported(name!.span, "use_backend with a name that is made up for each request");
      const read = readRuleCondition(statement, proxy, words, "content");
      // Also without its condition: the backend is not one that nothing uses.
      proxy.rules.useBackend.push({ action: name!, condition: read?.condition });
    },
  },
  {
    name: "tcp-request connection",
    sections: sections("DFL"),
    arguments: "<accept|reject|silent-drop|expect-proxy> [layer4] [{if|unless} <condition>] …",
    default: "accept",
    refused: [...PLANNED_CONNECTION_ACTIONS, IN_DEFAULTS],
    doc: "Decides about a client as soon as it is accepted; expect-proxy awaits a PROXY header and goes on to the next rule.",
    apply: readConnectionRule,
  },
  {
    name: "tcp-request content",
    sections: sections("DFLB"),
    arguments: "<accept|reject|silent-drop> [{if|unless} <condition>] …",
    default: "accept",
    refused: [...PLANNED_CONTENT_ACTIONS, IN_DEFAULTS, "in a backend"],
    doc: "Decides about a client by what it has sent; in mode http, about each request.",
    apply: readContentRule,
  },
  {
    name: "tcp-request inspect-delay",
    sections: sections("DFLB"),
    arguments: "<time>",
    default: "0",
    refused: [IN_DEFAULTS, "in a backend"],
    doc: "How long content rules wait for the bytes that they ask about.",
    apply: (statement, proxy) => {
      if (proxy.kind === "defaults" || proxy.kind === "backend")
        return statement.notSupported(statement.span, `${statement.name} in a ${proxy.kind} section`);
      proxy.rules.inspectDelay = statement.time(statement.args[0]!) ?? proxy.rules.inspectDelay;
    },
  },
  {
    name: "http-request",
    sections: sections("DFLB"),
    arguments: "<action> [argument…] [{if|unless} <condition>] …",
    default: "allow",
    refused: [...PLANNED_REQUEST_ACTIONS, "lf-string, lf-file, errorfiles", "hdr with a log format", IN_DEFAULTS],
    doc: "Decides about each request: allow, deny, tarpit, return, reject, silent-drop; disable-l7-retry has it sent once only, where it reaches a server.",
    apply: readHttpRequestRule,
  },
];
