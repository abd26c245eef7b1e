/**
 * A second process of a part, loaded and waiting: when the first one dies it takes its place within milliseconds, where
 * a new one would first have to load the program. The one that it was makes room for the next.
 */
import type { ChildProcess } from "node:child_process";
import { Backoff } from "./backoff.js";

export class Spare {
  #process: ChildProcess | undefined;
  readonly #backoff = new Backoff(0);

  /** @param open starts a process that waits for "begin". */
  constructor(readonly open: () => ChildProcess) {}

  /** Has one wait, unless one does. One that dies is replaced, ever more seldom if it cannot live. */
  refill(): void {
    if (this.#process !== undefined) return;
    const process = this.open();
    const since = performance.now();
    this.#process = process;
    // It is no reason for this process to go on.
    process.unref();
    process.channel?.unref();
    process.once("error", () => {});
    process.once("exit", () => {
      if (this.#process !== process) return;
      this.#process = undefined;
      setTimeout(() => this.refill(), this.#backoff.afterCrash(performance.now() - since)).unref();
    });
  }

  /** Who waits, to be told to begin; it may be loading still. undefined: nobody. */
  take(): ChildProcess | undefined {
    const process = this.#process;
    this.#process = undefined;
    if (process?.connected !== true || process.exitCode !== null || process.signalCode !== null) return undefined;
    process.ref();
    process.channel?.ref();
    return process;
  }
}
