/** What the demonstration shows: short lines of at most 80 columns, coloured only on a terminal that wants it. */
import { print } from "../console.js";

const STYLES = { bold: "1", dim: "2", red: "31", green: "32" } as const;
export type Style = keyof typeof STYLES;

export class Screen {
  readonly #coloured: boolean;
  readonly #write: (line: string) => void;
  readonly #startedAt = performance.now();
  #muted = false;

  constructor(coloured: boolean, write: (line: string) => void = print) {
    this.#coloured = coloured;
    this.#write = write;
  }

  line(text = "", style?: Style): void {
    if (!this.#muted) this.#write(style === undefined ? text : this.paint(text, style));
  }

  mute(): void {
    this.#muted = true;
  }

  unmute(): void {
    this.#muted = false;
  }

  heading(text: string): void {
    this.line();
    this.line(text, "bold");
  }

  /** One moment of the running traffic, with the seconds since the demonstration began. */
  tick(text: string): void {
    const seconds = Math.round((performance.now() - this.#startedAt) / 1000);
    this.line(`${`${seconds}`.padStart(5)} s  ${text}`.trimEnd(), "dim");
  }

  verdict(ok: boolean, text: string): void {
    this.line(`  ${ok ? this.paint("ok", "green") : this.paint("NOT AS PROMISED", "red")}: ${text}`);
  }

  paint(text: string, style: Style): string {
    return this.#coloured ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
  }
}

/** https://no-color.org: any value but the empty one switches colours off. */
export function wantsColour(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb";
}

/** Two texts beside each other, the right one from column `at`. */
export function sideBySide(left: string, right: string, at: number): string[] {
  const [leftLines, rightLines] = [left.split("\n"), right.split("\n")];
  const height = Math.max(leftLines.length, rightLines.length);
  return Array.from({ length: height }, (_, row) =>
    `${(leftLines[row] ?? "").padEnd(at)}${rightLines[row] ?? ""}`.trimEnd(),
  );
}

/** Rows in aligned columns, the first row as their heads. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ")}`.trimEnd());
}

/** `350 ms`, `2.41 s`. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}
