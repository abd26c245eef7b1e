/** The names that the servers of one backend are asked for, where they depend on the client (`sni <expr>`). */
import { isIP } from "node:net";
import type { Sample } from "../../config/haproxy/rules/model.js";
import type { Evidence } from "../rules/evidence.js";
import { compileSample, type TakeText } from "../rules/sample.js";

/** By the server's place in its backend; undefined: it is told none. */
export type ServerNames = readonly (string | undefined)[];

/** @returns what takes them, or undefined if no server has a sample */
export function compileServerNames(
  samples: readonly (Sample | undefined)[],
): ((evidence: Evidence) => ServerNames) | undefined {
  if (samples.every((sample) => sample === undefined)) return undefined;
  const takes = samples.map((sample): TakeText => (sample === undefined ? () => undefined : compileSample(sample)));
  return (evidence) => takes.map((take) => hostName(take(evidence)));
}

export const areSameNames = (one: ServerNames | undefined, other: ServerNames | undefined): boolean =>
  one === other || (one?.length === other?.length && one!.every((name, index) => name === other![index]));

/** Host without its port. The handshake has no place for addresses (RFC 6066 §3), nor for what is no name. */
function hostName(text: string | undefined): string | undefined {
  const name = text?.replace(/:\d*$/, "").replace(/\.$/, "");
  return name !== undefined && /^[\w.-]{1,255}$/.test(name) && isIP(name) === 0 ? name : undefined;
}
