/**
 * The notify scripts of one instance or group, one after the other: keepalived starts each at once, so that the script
 * of an older state may well end last. One that hangs holds the others up for a moment only.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { LogLevel } from "../instance.js";
import { launchable, type ScriptCommand } from "../script-command.js";

/** How long a script may keep the next one waiting, in milliseconds. It is not stopped then: it may have good reasons. */
const PATIENCE = 1_000;

export class ScriptQueue {
  #last: Promise<void> = Promise.resolve();

  constructor(readonly log: (line: string, level: LogLevel) => void) {}

  /** @param more arguments behind those of the command */
  run(command: ScriptCommand, more: readonly string[] = []): void {
    this.#last = this.#last.then(() => this.#runOne(command, more));
  }

  /** Resolves when all have ended, or the last has used up its patience. */
  get idle(): Promise<void> {
    return this.#last;
  }

  #runOne(command: ScriptCommand, more: readonly string[]): Promise<void> {
    const child = start({ ...command, argv: [...command.argv, ...more] });
    return new Promise((done) => {
      const patience = setTimeout(done, PATIENCE);
      const ended = (): void => {
        clearTimeout(patience);
        done();
      };
      child.once("error", (error) => {
        this.log(`Error running script ${command.path}: ${error.message}`, "warning");
        ended();
      });
      child.once("exit", (code, signal) => {
        if (code !== 0)
          this.log(
            `script ${command.path} ${code === null ? `ended by ${signal}` : `exited with status ${code}`}`,
            "info",
          );
        ended();
      });
    });
  }
}

/** Its own process group, and nothing of ours open; it may outlive us. */
export function start(command: ScriptCommand): ChildProcess {
  const { path, argv, options } = launchable(command);
  const child = spawn(path, argv, { ...options, detached: true, stdio: "ignore" });
  child.unref();
  return child;
}
