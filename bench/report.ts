/** The table that people read. */
import { type Compared, compare, isValid, type Ratio, type Round } from "./comparison.js";
import { figures } from "./figures.js";
import type { Scenario, Target } from "./scenario.js";

export const tableHead = (): string =>
  renderCells("", "HAProxy", "nginx", "Bascule", "Bascule/HAProxy", "nginx/HAProxy", "target");

export function renderScenario(scenario: Scenario, rounds: readonly Round[]): string {
  const lines = [`${scenario.name}: ${scenario.title}`, ...compare(scenario, rounds).map(renderRow)];
  const invalid = rounds.length - rounds.filter(isValid).length;
  if (invalid > 0) lines.push(`  INVALID rounds, left out: ${invalid} of ${rounds.length}`);
  return lines.join("\n");
}

function renderRow({ figure, values, ratios, target, isMet }: Compared): string {
  const { label, digits, scale } = figures[figure];
  const show = (value: number | undefined): string => (value === undefined ? "–" : (value * scale).toFixed(digits));
  return renderCells(
    label,
    show(values.haproxy),
    show(values.nginx),
    show(values.bascule),
    renderRatio(ratios.bascule),
    renderRatio(ratios.nginx),
    target === undefined ? "" : `${renderTarget(target)} ${isMet ? "met" : "MISSED"}`,
  );
}

const renderRatio = (ratio: Ratio | undefined): string =>
  ratio === undefined ? "–" : `${ratio.median.toFixed(2)} (${ratio.lowest.toFixed(2)}–${ratio.highest.toFixed(2)})`;

const renderTarget = ({ atMost, absolute }: Target): string => `≤ ${absolute ? atMost : atMost.toFixed(1)}`;

const WIDTHS = [22, 9, 9, 9, 19, 19, 0];

function renderCells(...cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = WIDTHS[index]!;
    return index === 0 ? cell.padEnd(width) : width === 0 ? `  ${cell}` : cell.padStart(width);
  });
  return `  ${padded.join("")}`.trimEnd();
}
