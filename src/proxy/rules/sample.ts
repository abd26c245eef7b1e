/** Samples as values (configuration manual §7.3): what `sni <expr>` and its like take from a client. */
import type { Sample } from "../../config/haproxy/rules/model.js";
import { converting } from "./converters.js";
import type { Evidence } from "./evidence.js";
import { type Accepts, TAKE } from "./fetches.js";

export type TakeText = (evidence: Evidence) => string | undefined;

/** @param sample a text. Of several values the last one counts, as it does in HAProxy. */
export function compileSample({ fetch, argument, converters }: Sample): TakeText {
  let taken: string | undefined;
  const keeps: Accepts = {
    number: () => false,
    address: () => false,
    text: (value) => {
      taken = value;
      return false;
    },
  };
  const take = TAKE[fetch];
  const accepts = converting(converters, keeps);
  const name = argument?.toLowerCase() ?? "";
  return (evidence) => {
    taken = undefined;
    take(evidence, accepts, name);
    return taken;
  };
}
