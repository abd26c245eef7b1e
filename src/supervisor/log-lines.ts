/** Several processes' output as one log: whole lines, each with its time and origin. */

/** A line that never ends is cut here, so that a part gone wild does not eat the supervisor's memory. */
const LONGEST_LINE = 64 * 1024;

/** Puts bytes together into lines; a character or line that a read cuts in two comes out whole. */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  readonly #take: (line: string) => void;
  #rest = "";

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  push(bytes: Uint8Array): void {
    this.#split(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The stream has ended: what is left is a line too. */
  end(): void {
    this.#split(this.#decoder.decode());
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
  }

  #split(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line.replace(/\r$/, ""));
    while (this.#rest.length >= LONGEST_LINE) {
      this.#take(this.#rest.slice(0, LONGEST_LINE));
      this.#rest = this.#rest.slice(LONGEST_LINE);
    }
  }
}

const WIDTH = "failover".length;

/** `2026-11-21 03:04:05.006 failover  (VI_1) Entering MASTER STATE`, local time. */
export function logLine(at: Date, origin: string, text: string): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${date} ${time}.${String(at.getMilliseconds()).padStart(3, "0")} ${origin.padEnd(WIDTH)}  ${text}`;
}
