/** Starts a part as a process of its own: this program again, by another command. */
import { spawn } from "node:child_process";
import { LineSplitter } from "./log-lines.js";
import type { PartMessage } from "./messages.js";
import type { Launch } from "./part.js";
import { PART_MARK } from "./part-side.js";

export interface PartCommand {
  /** The module to run, and its words. */
  readonly entry: string;
  readonly args: readonly string[];
  /** Looked at for each start. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** Takes each line that the part writes to stdout or stderr. */
  readonly onLine: (line: string) => void;
}

const LAST_WORDS_MS = 50;

export function launcher(command: PartCommand): Launch {
  return (events) => {
    const child = spawn(process.execPath, [...process.execArgv, command.entry, ...command.args], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, NOTIFY_SOCKET: undefined, ...command.environment(), [PART_MARK]: "1" },
      // A session of its own: Ctrl-C at the terminal is the supervisor's to pass on, in the right order.
      detached: true,
    });
    for (const stream of [child.stdout!, child.stderr!]) {
      const lines = new LineSplitter(command.onLine);
      stream.on("data", (bytes: Buffer) => lines.push(bytes));
      stream.once("end", () => lines.end());
    }
    let ended = false;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (!ended) events.onEnd({ code, signal });
      ended = true;
    };
    child.on("message", (message) => events.onMessage(message as PartMessage));
    // "close" comes after its last words; but a script that the part left behind may hold its stdout open for long.
    child.once("close", end);
    child.once("exit", (code, signal) => setTimeout(end, LAST_WORDS_MS, code, signal).unref());
    child.once("error", (error) => {
      command.onLine(error.message);
      // Only a process that was never started is over with an error.
      if (child.pid === undefined) end(1, null);
    });
    return {
      pid: child.pid,
      kill: (signal) => void child.kill(signal),
      send: (message) => {
        // The channel may be closing under our hands; the part's end is noticed elsewhere.
        if (child.connected) child.send(message, () => {});
      },
    };
  };
}
