/** The scenarios as text for a person. */
import type { Holding, Scenario } from "./scenarios.js";

/**
 * A paragraph for each scenario in which something moves, a line for all addresses that fare alike; and one for those in
 * which nothing does.
 */
export function reportText(scenarios: readonly Scenario[]): string {
  const idle = scenarios.filter((scenario) => !isNews(scenario));
  const paragraphs = scenarios.filter(isNews).map(paragraph);
  if (idle.length > 0) paragraphs.push(`nothing moves when\n${idle.map(({ event }) => `  ${event}\n`).join("")}`);
  const note = "Seconds are the longest that it takes: what fails does so right behind an advertisement or a check.\n";
  return [note, ...paragraphs].join("\n");
}

/** Whoever loses the addresses, or nobody, though something has failed: a reader looks for either. */
const isNews = ({ holdings, recovery }: Scenario): boolean =>
  [...holdings, ...(recovery ?? [])].some(({ after, holders }) => after !== undefined || holders.length !== 1);

function paragraph({ event, holdings, recovery }: Scenario): string {
  const lines = alike(holdings).map((sentence) => `  ${sentence}`);
  const back =
    recovery?.filter((holding, index) => holding.after !== undefined || differs(holding, holdings[index])) ?? [];
  if (recovery !== undefined)
    lines.push(
      ...(back.length === 0
        ? ["  when that is over, nothing moves"]
        : alike(back).map((sentence) => `  when that is over: ${sentence}`)),
    );
  return `${event}\n${lines.join("\n")}\n`;
}

/** One sentence for addresses of which the same is to be said. */
function alike(holdings: readonly Holding[]): string[] {
  const addresses = new Map<string, string[]>();
  for (const holding of holdings) {
    const text = predicate(holding);
    addresses.set(text, [...(addresses.get(text) ?? []), holding.address]);
  }
  return [...addresses].map(([text, names]) => `${names.join(", ")}: ${text}`);
}

function predicate({ holders, after }: Holding): string {
  const when = after === undefined ? "" : ` after ${seconds(after)} s`;
  if (holders.length === 0) return `NOBODY holds it${after === undefined ? "" : `, from ${seconds(after)} s on`}`;
  if (holders.length > 1) return `${holders.join(" AND ")} hold it${when}`;
  return after === undefined ? `stays on ${holders[0]}` : `${holders[0]} holds it${when}`;
}

const differs = (a: Holding, b: Holding | undefined): boolean => a.holders.join() !== b?.holders.join();

/** Three digits: what an operator can see of it. */
const seconds = (microseconds: number): string => (microseconds / 1e6).toFixed(microseconds < 1e6 ? 3 : 2);
