/** Runs the demonstration as a user does, and watches its screen. */
import { type ChildProcess, spawn } from "node:child_process";
import type { TestContext } from "node:test";
import { entry } from "./program.js";

export interface Performance {
  readonly pid: number;
  /** What the screen shows so far, mistakes included. */
  readonly output: () => string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** Ctrl-C. */
  interrupt(): void;
}

/**
 * Starts `bascule demo FLAGS`; killed at the end of the test, should it still run.
 * @param prefix a command that runs the rest of its words in its own place, such as `setpriv …`.
 */
export function startDemo(
  t: TestContext,
  flags: readonly string[],
  temporary: string,
  prefix: readonly string[] = [],
): Performance {
  const [command, ...words] = [...prefix, process.execPath, entry, "demo", ...flags] as [string, ...string[]];
  const child: ChildProcess = spawn(command, words, { env: { ...process.env, TMPDIR: temporary } });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  for (const stream of [child.stdout!, child.stderr!])
    stream.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
  return {
    pid: child.pid!,
    output: () => text,
    ended: new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal))),
    interrupt: () => void child.kill("SIGINT"),
  };
}
