/** The table that people read. */
import { type Compared, compare, type Figure, type Pair } from "./comparison.js";
import type { Scenario } from "./scenario.js";

const rows: readonly [figure: Figure, label: string, digits: number, scale: number][] = [
  ["requestsPerSecond", "requests/s", 0, 1],
  ["cpuPerRequest", "proxy CPU µs/request", 2, 1],
  ["busy", "proxy CPU use %", 0, 100],
  ["p50", "latency p50 µs", 0, 1],
  ["p99", "latency p99 µs", 0, 1],
];

export function renderTable(scenario: Scenario, pairs: readonly Pair[]): string {
  const heading = `${scenario.name}: ${scenario.title}`;
  const compared = compare(pairs);
  if (compared === undefined) return `${heading}\n  INVALID: no pair of runs without errors\n`;
  const invalid = pairs.filter((pair) => pair.haproxy.invalid !== undefined || pair.bascule.invalid !== undefined);
  const lines = rows.map(([figure, label, digits, scale]) => renderRow(label, compared[figure], digits, scale));
  const count = `median of ${pairs.length - invalid.length} pairs`;
  if (invalid.length > 0) lines.push(`  INVALID pairs, left out: ${invalid.length} of ${pairs.length}`);
  return [heading, renderCells(count, "HAProxy", "Bascule", "ratio", "lowest–highest"), ...lines, ""].join("\n");
}

function renderRow(
  label: string,
  { haproxy, bascule, ratio, lowest, highest }: Compared,
  digits: number,
  scale: number,
) {
  const show = (value: number): string => (value * scale).toFixed(digits);
  const range = `${lowest.toFixed(2)}–${highest.toFixed(2)}`;
  return renderCells(label, show(haproxy), show(bascule), ratio.toFixed(2), range);
}

const renderCells = (label: string, ...cells: readonly string[]): string =>
  `  ${label.padEnd(22)}${cells.map((cell, index) => cell.padStart(index === 3 ? 16 : 10)).join("")}`;
