/** Starts a part as a process of its own: this program again, by another command. */
import { type ChildProcess, spawn } from "node:child_process";
import { LineSplitter } from "./log-lines.js";
import type { PartMessage, SupervisorMessage } from "./messages.js";
import type { Launch, PartEvents } from "./part.js";
import { PART_MARK, SPARE_MARK } from "./part-side.js";
import { Spare } from "./spare.js";

export interface PartCommand {
  /** The module to run, and its words. */
  readonly entry: string;
  readonly args: readonly string[];
  /** Looked at for each start. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** Takes each line that the part writes to stdout or stderr. */
  readonly onLine: (line: string) => void;
}

/** So long what a part has said before it exited may be on its way. */
const LAST_WORDS_MS = 50;

/** @param keepsSpare a second process is kept loaded, for when the first one dies */
export function launcher(command: PartCommand, keepsSpare = false): Launch {
  const spare = keepsSpare ? new Spare(() => open(command, { [SPARE_MARK]: "1" })) : undefined;
  let cleaner: ChildProcess | undefined;
  const launch: Launch = (events) => {
    // A start cleans up itself, and then nobody else may.
    cleaner?.kill("SIGKILL");
    const waiting = spare?.take();
    const child = waiting ?? open(command, command.environment());
    if (waiting !== undefined) tell(waiting, { kind: "begin", environment: command.environment() });
    follow(child, {
      onEnd: events.onEnd,
      onMessage: (message) => {
        events.onMessage(message);
        // Not earlier: it would be in the way of who is in a hurry.
        if (message.kind === "ready") spare?.refill();
      },
    });
    return {
      pid: child.pid,
      kill: (signal) => void child.kill(signal),
      send: (message) => tell(child, message),
    };
  };
  if (spare !== undefined)
    launch.cleanUp = () => {
      cleaner = spare.take() ?? open(command, { [SPARE_MARK]: "1" });
      tell(cleaner, { kind: "clean-up" });
      cleaner.once("exit", () => {
        cleaner = undefined;
        spare.refill();
      });
    };
  return launch;
}

function open(command: PartCommand, environment: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, [...process.execArgv, command.entry, ...command.args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, NOTIFY_SOCKET: undefined, ...environment, [PART_MARK]: "1" },
    // A session of its own: Ctrl-C at the terminal is the supervisor's to pass on, in the right order.
    detached: true,
  });
  for (const stream of [child.stdout!, child.stderr!]) {
    const lines = new LineSplitter(command.onLine);
    stream.on("data", (bytes: Buffer) => lines.push(bytes));
    stream.once("end", () => lines.end());
  }
  child.once("error", (error) => command.onLine(error.message));
  return child;
}

function follow(child: ChildProcess, events: PartEvents): void {
  let ended = false;
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (!ended) events.onEnd({ code, signal });
    ended = true;
  };
  child.on("message", (message) => events.onMessage(message as PartMessage));
  child.once("exit", (code, signal) => {
    // Who was killed has nothing to say of it, and may have been master: each millisecond counts.
    if (signal !== null) end(code, signal);
    else setTimeout(end, LAST_WORDS_MS, code, signal).unref();
  });
  // "close" comes after its last words; but a script that the part left behind may hold its stdout open for long.
  child.once("close", end);
  child.once("error", () => {
    // Only a process that was never started is over with an error.
    if (child.pid === undefined) end(1, null);
  });
}

function tell(child: ChildProcess, message: SupervisorMessage): void {
  // The channel may be closing under our hands; the part's end is noticed elsewhere.
  if (child.connected) child.send(message, () => {});
}
