/** `notify_fifo`: a line for each event, in order, for a program that reads (keepalived.conf(5)). */
import { type ChildProcess, execFileSync } from "node:child_process";
import { chownSync, closeSync, constants, openSync, rmSync, statSync, writeSync } from "node:fs";
import type { LogLevel } from "../instance.js";
import type { ScriptCommand } from "../script-command.js";
import { fifoLine, type News } from "./news.js";
import { start } from "./script-queue.js";

export interface FifoOwner {
  readonly uid: number;
  readonly gid: number;
}

export class Fifo {
  #fd: number;
  readonly #isOurs: boolean;
  #reader: ChildProcess | undefined;
  #lost = 0;

  /** Makes the FIFO if it is not there. Throws an Error with a sentence if something else is in its place. */
  constructor(
    readonly path: string,
    owner: FifoOwner,
    script: ScriptCommand | undefined,
    readonly log: (line: string, level: LogLevel) => void,
  ) {
    this.#isOurs = makeFifo(path, owner);
    // For reading as well: so it opens without a reader, and survives that one goes and another comes.
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    if (script === undefined) return;
    this.#reader = start({ ...script, argv: [...script.argv, path] });
    this.#reader.once("error", (error) => log(`Error running ${script.path}: ${error.message}`, "warning"));
  }

  /** A full FIFO loses the event rather than hold us up; the log says so, once until there is room again. */
  write(news: News): void {
    if (this.#fd < 0) return;
    try {
      writeSync(this.#fd, fifoLine(news));
      if (this.#lost > 0) this.log(`${this.path}: ${this.#lost} events were lost, for nobody read it`, "warning");
      this.#lost = 0;
    } catch (error) {
      if (this.#lost === 0) this.log(`cannot write to ${this.path}: ${(error as Error).message}`, "warning");
      this.#lost++;
    }
  }

  close(): void {
    if (this.#fd < 0) return;
    closeSync(this.#fd);
    this.#fd = -1;
    this.#reader?.kill("SIGTERM");
    if (this.#isOurs) rmSync(this.path, { force: true });
  }
}

/** @returns whether it was not there before. */
function makeFifo(path: string, { uid, gid }: FifoOwner): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFIFO()) return false;
  if (found !== undefined) throw new Error(`${path} is there, and no FIFO`);
  // Node has no call for it.
  execFileSync("mkfifo", ["-m", "0600", path], { stdio: ["ignore", "ignore", "pipe"], timeout: 5_000 });
  chownSync(path, uid, gid);
  return true;
}
