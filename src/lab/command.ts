/** Runs one command to its end, bounded in time: the lab's way to `ip`, and a host's way to run a tool. */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface CommandResult {
  /** The exit code, or null when a signal ended the command. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to the command's standard input, which is then closed. */
  readonly input?: string | Uint8Array;
  /** Milliseconds after which the command and its children are killed and the promise rejects; 10,000 by default. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Milliseconds that output may trail an exit: a daemon that kept the pipe open must not hold up its caller. */
const OUTPUT_GRACE_MS = 200;

/**
 * Runs `argv` and collects its output.
 * @throws when the program cannot be started or outlives its timeout; an exit code is a result, not an error.
 */
export function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { timeoutMs = 10_000 } = options;
  const child = spawn(argv[0]!, argv.slice(1), {
    stdio: ["pipe", "pipe", "pipe"],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on("error", () => {}); // The command may end without reading its input.
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      killTree(child, "SIGKILL");
      reject(new Error(`${argv.join(" ")}: still running after ${timeoutMs} ms`));
    }, timeoutMs);
    child.once("error", (error) => {
      clearTimeout(deadline);
      reject(new Error(`${argv.join(" ")}: ${error.message}`));
    });
    child.once("exit", (code, signal) => {
      clearTimeout(deadline);
      const finish = () => {
        clearTimeout(grace);
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
      };
      const grace = setTimeout(finish, OUTPUT_GRACE_MS);
      child.once("close", finish);
    });
  });
}

/** As `runCommand`, for commands that must succeed. @returns standard output. @throws with stderr otherwise. */
export async function mustRun(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(argv, options);
  if (result.code !== 0) {
    const input = options.input === undefined ? "" : `\n${options.input}`;
    throw new Error(`${argv.join(" ")}: exit ${result.code ?? result.signal}: ${result.stderr.trim()}${input}`);
  }
  return result.stdout;
}

/** Process ids of the direct children of `pid`. */
export function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === pid)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    // proc(5): "pid (comm) state ppid …"; comm may hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

/**
 * Signals the program that runs behind `nsenter --pid`, which forks and passes no signals on; nsenter then ends as its
 * child did. Before that fork the signal goes to nsenter itself.
 */
export function killTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const programs = childrenOf(child.pid);
  for (const pid of programs.length > 0 ? programs : [child.pid]) signalIfAlive(pid, signal);
}

/** Sends a signal; a process that is gone already is no error. */
export function signalIfAlive(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
