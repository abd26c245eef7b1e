/** "Did you mean …?", bounded: what is not haproxy.cfg at all must not take minutes to be refused. */
import { type Diagnostics, nearest } from "../diagnostics.js";

/** After this many diagnostics the text is in another language, and suggestions no longer help. */
const MOST_DIAGNOSTICS = 300;
const MOST_CANDIDATES = 500;

/** The known word that was probably meant: the nearest one, or the only one that starts like it. */
export function suggest(diagnostics: Diagnostics, word: string, candidates: Iterable<string>): string | undefined {
  if (diagnostics.all.length > MOST_DIAGNOSTICS) return undefined;
  const considered: string[] = [];
  for (const candidate of candidates) if (considered.push(candidate) >= MOST_CANDIDATES) break;
  const near = nearest(word, considered);
  if (near !== undefined || word.length < 3) return near;
  const longer = considered.filter((candidate) => candidate.startsWith(word));
  return longer.length === 1 ? longer[0] : undefined;
}
