/**
 * Going to the background. Node cannot fork, so the command is started anew in a session of its own; the caller waits
 * until that process serves, or has said why it does not. Its pid is the daemon's own: nothing stays in between.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { replaceDescriptor } from "../sys/process.js";
import { printError } from "./console.js";

/** Set for the process that is to be the daemon. */
const MARK = "BASCULE_DAEMON";
/** Where the daemon says that it is ready. */
const READY_FD = 3;

export const isDaemonChild = (): boolean => process.env[MARK] !== undefined;

const entry = fileURLToPath(new URL("./entry.js", import.meta.url));

/**
 * Starts `bascule ARGV…` in the background and waits for `daemonReady` there.
 * @returns 0 once it serves; its exit code if it ended before that.
 */
export function daemonise(argv: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...process.execArgv, entry, ...argv], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      env: { ...process.env, [MARK]: "1" },
    });
    child.stderr!.on("data", (bytes: Buffer) => printError(bytes.toString().replace(/\n$/, "")));
    const saidAll = new Promise((ended) => child.stderr!.once("close", ended));
    // The daemon closes its end of stderr first; a program that it started meanwhile may hold it a little longer.
    const ready = () => Promise.race([saidAll, new Promise((late) => setTimeout(late, 1000))]).then(() => resolve(0));
    child.stdio[READY_FD]!.once("data", ready);
    child.once("error", (error) => {
      printError(error.message);
      resolve(1);
    });
    // "close" comes after the last of its words, "exit" may not.
    child.once("close", (code) => resolve(code === null || code === 0 ? 1 : code));
  });
}

/** In the daemon: lets go of the caller's terminal, then tells the caller that the service runs. */
export function daemonReady(): void {
  if (!isDaemonChild()) return;
  // Children of ours are not the daemon.
  delete process.env[MARK];
  const nowhere = openSync("/dev/null", "w");
  replaceDescriptor(2, nowhere);
  closeSync(nowhere);
  try {
    writeSync(READY_FD, "ready\n");
    closeSync(READY_FD);
  } catch {
    // The caller has gone; the daemon serves all the same.
  }
}
