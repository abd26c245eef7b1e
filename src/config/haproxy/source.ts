/** `source <address>[:<port>] [usesrc client|clientip] [interface <name>]` (configuration manual §4.2): where connections to servers come from. */
import type { ProxyDraft } from "./draft.js";
import { expandBareVariables, readEndpoint } from "./endpoint.js";
import type { Word } from "./lexer.js";
import type { SourceAddress } from "./model.js";
import type { Statement } from "./statement.js";

export function readSource(statement: Statement, proxy: ProxyDraft): void {
  const endpoint = readEndpoint(statement, expandBareVariables(statement, statement.args[0]!));
  const { words, device } = splitInterface(statement, statement.args.slice(1));
  const useSource = readUseSource(statement, words);
  if (endpoint === undefined || useSource === "mistaken") return;
  if (endpoint.ports !== undefined && endpoint.ports.first !== endpoint.ports.last) {
    statement.notSupported(statement.args[0]!.span, "a port range in source");
    return;
  }
  const isAny = endpoint.address === "0.0.0.0" || endpoint.address === "::";
  proxy.settings.source = {
    address: isAny ? undefined : endpoint.address,
    port: endpoint.ports?.first ?? 0,
    useSource,
    interface: device,
  };
}

/** `interface <name>` stands at the end, with or without usesrc before it. */
function splitInterface(
  statement: Statement,
  words: readonly Word[],
): { words: readonly Word[]; device: string | undefined } {
  const at = words.findIndex(({ text }) => text === "interface");
  if (at < 0) return { words, device: undefined };
  const [keyword, name, ...rest] = words.slice(at) as [Word, ...Word[]];
  if (name !== undefined) return { words: [...words.slice(0, at), ...rest], device: name.text };
  statement.error("missing-argument", keyword.span, "interface needs a name", { remedy: "write: interface eth0" });
  return { words: words.slice(0, at), device: undefined };
}

function readUseSource(statement: Statement, words: readonly Word[]): SourceAddress["useSource"] | "mistaken" {
  const [keyword, argument, extra] = words;
  if (keyword === undefined) return undefined;
  if (keyword.text !== "usesrc" || argument === undefined) {
    statement.error("bad-value", keyword.span, `source: "${keyword.text}" does not fit here`, {
      remedy: "write: source 0.0.0.0 usesrc clientip",
    });
    return "mistaken";
  }
  if (extra !== undefined) {
    statement.error("extra-argument", extra.span, `"${extra.text}" is too much: source ends after usesrc`);
    return "mistaken";
  }
  if (argument.text === "client" || argument.text === "clientip") return argument.text;
  if (/^hdr_ip\(|^[\d.:[\]*]+$/.test(argument.text)) statement.notSupported(argument.span, `usesrc ${argument.text}`);
  else statement.choice(argument, ["client", "clientip"], [], "usesrc");
  return "mistaken";
}
