/** Lines of unicast_peer: `ADDRESS`. */
import { ipv4Address, readWord } from "../arguments.js";
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import type { Statement } from "../tree.js";

export const PLANNED_PEER_OPTIONS: readonly string[] = ["min_ttl", "max_ttl"];

/** The word of the peer's address; undefined once a mistake has been reported. */
export function readPeer(entry: Statement, { diagnostics }: Reading): Word | undefined {
  const address = readWord(entry.keyword, ipv4Address, diagnostics);
  const option = entry.arguments[0];
  if (option === undefined) return address === undefined ? undefined : entry.keyword;
  const known = PLANNED_PEER_OPTIONS.includes(option.text);
  diagnostics.report({
    severity: "error",
    code: known ? "not-supported" : "extra-argument",
    span: option.span,
    message: known ? `${option.text} is not supported yet` : `${option.text} is one word too many for a peer`,
    remedy: known ? "take it out to run without it" : "put each peer on a line of its own",
  });
  return undefined;
}
