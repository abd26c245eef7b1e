/** Lines of unicast_peer: `ADDRESS [min_ttl N] [max_ttl N]`. */
import { type Address, anyAddress, integer } from "../arguments.js";
import type { Reading } from "../declare.js";
import type { Word } from "../lexer.js";
import type { Statement } from "../tree.js";
import { OptionLine } from "./option-line.js";

export const PEER_FORM = "ADDRESS [min_ttl NUMBER] [max_ttl NUMBER]";

export interface PeerDraft extends Address {
  readonly word: Word;
  readonly minTtl: number | undefined;
  readonly maxTtl: number | undefined;
}

const ttl = integer({ what: "ttl", min: 0, max: 255 });

/** undefined once a mistake has been reported. */
export function readPeer(entry: Statement, reading: Reading): PeerDraft | undefined {
  const line = new OptionLine([entry.keyword, ...entry.arguments], reading);
  const address = line.read(line.next()!, anyAddress);
  const limits: { minTtl: number | undefined; maxTtl: number | undefined } = { minTtl: undefined, maxTtl: undefined };
  for (let option = line.next(); option !== undefined; option = line.next()) {
    line.option(option);
    if (option.text === "min_ttl") limits.minTtl = line.value(option, ttl);
    else if (option.text === "max_ttl") limits.maxTtl = line.value(option, ttl);
    else
      line.wrong(
        option,
        "extra-argument",
        `${option.text} is one word too many for a peer`,
        "put each peer on a line of its own",
      );
  }
  if ((limits.minTtl ?? 0) > (limits.maxTtl ?? 255))
    line.wrong(entry.keyword, "ttl-range", "min_ttl is above max_ttl: nothing this peer sends would be accepted");
  return address === undefined || line.failed ? undefined : { ...address, word: entry.keyword, ...limits };
}
