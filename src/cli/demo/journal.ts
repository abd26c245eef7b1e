/** Everything that the demonstration's programs say, in one file; the screen shows it only if something goes wrong. */
import { appendFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostProcess } from "../../lab/host-process.js";

const REMEMBERED = 20;

export class Journal {
  /** A folder of this run alone; the journal stays in it. */
  readonly folder = mkdtempSync(join(tmpdir(), "bascule-demo-"));
  readonly path = join(this.folder, "demo.log");
  readonly #last: string[] = [];

  /** Writes each line of `program` down, with the time and with `name` before it. */
  follow(name: string, program: HostProcess): void {
    for (const { at, text } of program.lines) this.#record(name, at, text);
    program.onLine(({ at, text }) => this.#record(name, at, text));
  }

  /** The newest lines, for the screen. */
  get last(): readonly string[] {
    return this.#last;
  }

  #record(name: string, at: number, text: string): void {
    const line = `${new Date(at).toISOString().slice(11, 23)} ${name.padEnd(5)} ${text}`;
    appendFileSync(this.path, `${line}\n`);
    this.#last.push(line);
    if (this.#last.length > REMEMBERED) this.#last.shift();
  }
}
