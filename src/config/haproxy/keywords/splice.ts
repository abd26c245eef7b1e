/** Keywords for bytes that go from socket to socket inside the kernel (splice(2)). */
import type { ProxyDraft } from "../draft.js";
import { type Keyword, sections } from "../keyword.js";
import type { Splicing } from "../model.js";

const option = (name: string, key: keyof Splicing, fallback: string, doc: string): Keyword<ProxyDraft> => ({
  name: `option ${name}`,
  sections: sections("DFLB"),
  arguments: "",
  default: fallback,
  doc,
  isNegatable: true,
  apply: ({ prefix }, proxy) => {
    proxy.settings.splicing = { ...proxy.settings.splicing, [key]: prefix === undefined };
  },
});

export const SPLICE_KEYWORDS: readonly Keyword<ProxyDraft>[] = [
  option(
    "splice-auto",
    "auto",
    "on",
    "Bulk of TCP and of tunnels, unless under TLS, is passed on by the kernel, uncopied.",
  ),
  option("splice-request", "request", "off", "So is all that clients send there, be it bulk or not."),
  option("splice-response", "response", "off", "So is all that servers send there, be it bulk or not."),
];
