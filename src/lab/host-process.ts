/** A program that runs inside a host: its output line by line with times, its signals, its end. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { wallClock } from "./clock.js";
import { childrenOf, killTree } from "./command.js";

export interface OutputLine {
  /** When it arrived: milliseconds since the Unix epoch, with fractions. */
  readonly at: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Output of one program is kept up to this many lines; a program that writes more loses its oldest. */
const MAXIMUM_LINES = 100_000;

export class HostProcess {
  readonly lines: OutputLine[] = [];
  /** Resolves at the program's end, whatever it was; never rejects. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(line: OutputLine) => void>();
  #exit: Exit | undefined;

  /** @param argv the full command line, `nsenter` included. */
  constructor(
    readonly title: string,
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    this.#child = spawn(argv[0]!, argv.slice(1), { stdio: ["ignore", "pipe", "pipe"], env, detached: true });
    const streams = (["stdout", "stderr"] as const).map((stream) => {
      const reader = createInterface({ input: this.#child[stream]! });
      reader.on("line", (text) => this.#record({ at: wallClock(), stream, text }));
      return new Promise<void>((resolve) => reader.once("close", resolve));
    });
    const ended = new Promise<Exit>((resolve) => {
      this.#child.once("exit", (code, signal) => resolve({ code, signal }));
      this.#child.once("error", (error) => {
        this.#record({ at: wallClock(), stream: "stderr", text: error.message });
        resolve({ code: 127, signal: null });
      });
    });
    this.exited = ended.then(async (exit) => {
      this.#exit = exit;
      // The last lines may still be in the pipe; a daemon that it left behind may hold that pipe for ever.
      await Promise.race([Promise.all(streams), new Promise((resolve) => setTimeout(resolve, 200).unref())]);
      return exit;
    });
  }

  get isRunning(): boolean {
    return this.#exit === undefined;
  }

  /** The program's process id as the machine sees it; undefined until it is forked and after its end. */
  get pid(): number | undefined {
    return this.isRunning && this.#child.pid !== undefined ? childrenOf(this.#child.pid)[0] : undefined;
  }

  /** All output so far, as text. */
  get output(): string {
    return this.lines.map((line) => line.text).join("\n");
  }

  /** Calls `listener` with each further line. @returns how to stop. */
  onLine(listener: (line: OutputLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The first line that matches, past or to come.
   * @param after skip lines that came before this wall-clock time (ms), as in "after I unplugged the cable".
   * @throws at the deadline or when the program ends without such a line, with its last output.
   */
  waitForLine(pattern: RegExp, deadlineMs = 5_000, after = 0): Promise<OutputLine> {
    const matches = (line: OutputLine) => line.at >= after && pattern.test(line.text);
    const known = this.lines.find(matches);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        stop();
        act();
      };
      const fail = (why: string) =>
        settle(() => reject(new Error(`${this.title}: no line like ${pattern} ${why}; its output:\n${this.#tail()}`)));
      const stop = this.onLine((line) => {
        if (matches(line)) settle(() => resolve(line));
      });
      const timer = setTimeout(() => fail(`within ${deadlineMs} ms`), deadlineMs);
      void this.exited.then((exit) => fail(`before it ended (${exit.code ?? exit.signal})`));
    });
  }

  /** Signals the program itself. Does nothing once it has ended. */
  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    killTree(this.#child, signal);
  }

  /** SIGTERM, then SIGKILL after `graceMs`. @returns how the program ended. */
  async stop(graceMs = 5_000): Promise<Exit> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), graceMs);
    return this.exited.finally(() => clearTimeout(timer));
  }

  #record(line: OutputLine): void {
    if (this.lines.length >= MAXIMUM_LINES) this.lines.splice(0, MAXIMUM_LINES / 10);
    this.lines.push(line);
    for (const listener of this.#listeners) listener(line);
  }

  #tail(): string {
    return this.lines
      .slice(-30)
      .map((line) => line.text)
      .join("\n");
  }
}
