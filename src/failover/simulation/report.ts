/** The scenarios as text for a person. */
import type { Holding, Scenario } from "./scenarios.js";

/** A paragraph for each scenario, a line for each address of which it has something to say. */
export const reportText = (scenarios: readonly Scenario[]): string => scenarios.map(paragraph).join("\n");

function paragraph({ event, holdings, recovery }: Scenario): string {
  const lines = holdings.map((holding) => `  ${sentence(holding)}`);
  const back =
    recovery?.filter((holding, index) => holding.after !== undefined || differs(holding, holdings[index])) ?? [];
  if (recovery !== undefined)
    lines.push(
      ...(back.length === 0
        ? ["  when that is over, nothing moves"]
        : back.map((holding) => `  when that is over: ${sentence(holding)}`)),
    );
  return `${event}\n${lines.join("\n")}\n`;
}

function sentence({ address, holders, after }: Holding): string {
  const when = after === undefined ? "" : ` after ${seconds(after)} s`;
  if (holders.length === 0)
    return `${address}: NOBODY holds it${after === undefined ? "" : `, from ${seconds(after)} s on`}`;
  if (holders.length > 1) return `${address}: ${holders.join(" AND ")} hold it${when}`;
  return after === undefined ? `${address}: stays on ${holders[0]}` : `${address}: ${holders[0]} holds it${when}`;
}

const differs = (a: Holding, b: Holding | undefined): boolean => a.holders.join() !== b?.holders.join();

/** Three digits: what an operator can see of it. */
const seconds = (microseconds: number): string => (microseconds / 1e6).toFixed(microseconds < 1e6 ? 3 : 2);
