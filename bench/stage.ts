/** What a bench puts on the machine, a folder and processes, and that nothing of it stays. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

const STOP_GRACE_MS = 5_000;
const START_DEADLINE_MS = 15_000;

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "bascule-bench-"));
  readonly #running = new Set<StageProcess>();
  readonly #clear = (): void => {
    for (const program of this.#running) program.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  };

  /** @param signal aborted when the bench is to end early: every wait then rejects with its reason */
  constructor(readonly signal: AbortSignal) {
    process.once("exit", this.#clear);
  }

  /** Writes a file into the stage's folder. @returns its path */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Starts a program on the given processors (`0`, `1-3`). */
  start(title: string, processors: string, argv: readonly string[]): StageProcess {
    this.signal.throwIfAborted();
    const program = new StageProcess(title, ["taskset", "--cpu-list", processors, ...argv]);
    this.#running.add(program);
    void program.exited.finally(() => this.#running.delete(program));
    return program;
  }

  /** Waits until `program` accepts connections. @throws if it ends, or does not within the deadline. */
  listening(program: StageProcess, place: string): Promise<void> {
    return this.#until(program, "does not listen", START_DEADLINE_MS, () => accepts(place));
  }

  /** Waits until `program` has written `word`. @throws if it ends, or does not within the deadline. */
  says(program: StageProcess, word: string, deadlineMs: number): Promise<void> {
    return this.#until(program, `does not say ${word}`, deadlineMs, () => program.output.includes(word));
  }

  /** Runs a program to its end. @throws if it fails, or takes longer than `deadlineMs`; with its output. */
  async run(title: string, processors: string, argv: readonly string[], deadlineMs: number): Promise<string> {
    const program = this.start(title, processors, argv);
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      program.kill("SIGKILL");
    }, deadlineMs);
    const stop = (): void => program.kill("SIGKILL");
    this.signal.addEventListener("abort", stop);
    const { code, signal, stdout } = await program.exited;
    clearTimeout(timer);
    this.signal.removeEventListener("abort", stop);
    this.signal.throwIfAborted();
    if (isLate) throw new Error(`${title} still ran after ${deadlineMs} ms:\n${program.output}`);
    if (code !== 0) throw new Error(`${title} failed (${code ?? `somebody sent it ${signal}`}):\n${program.output}`);
    return stdout;
  }

  async #until(
    program: StageProcess,
    complaint: string,
    deadlineMs: number,
    isSo: () => boolean | Promise<boolean>,
  ): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    while (!(await isSo())) {
      if (!program.isRunning) throw new Error(`${program.title} ended at its start:\n${program.output}`);
      if (performance.now() > deadline) throw new Error(`${program.title} ${complaint}:\n${program.output}`);
      await delay(20, undefined, { signal: this.signal });
    }
  }

  /** Stops every process and removes the folder. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((program) => program.stop()));
    this.#clear();
    process.removeListener("exit", this.#clear);
  }
}

export class StageProcess {
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #isRunning = true;

  constructor(
    readonly title: string,
    argv: readonly string[],
  ) {
    this.#child = spawn(argv[0]!, argv.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout!.on("data", (chunk: Buffer) => this.#stdout.push(chunk));
    this.#child.stderr!.on("data", (chunk: Buffer) => this.#stderr.push(chunk));
    this.exited = new Promise((resolve) => {
      const settle = (code: number | null, signal: NodeJS.Signals | null = null): void => {
        this.#isRunning = false;
        resolve({ code, signal, stdout: Buffer.concat(this.#stdout).toString() });
      };
      this.#child.once("close", settle);
      this.#child.once("error", (error) => {
        this.#stderr.push(Buffer.from(error.message));
        settle(127);
      });
    });
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** taskset replaces itself with the program, so this is the program's own process id. */
  get pid(): number {
    return this.#child.pid!;
  }

  get output(): string {
    return Buffer.concat([...this.#stdout, ...this.#stderr]).toString();
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#isRunning) this.#child.kill(signal);
  }

  /** SIGTERM, and SIGKILL for what is still there after a grace. */
  async stop(): Promise<Exit> {
    this.kill("SIGTERM");
    const timer = setTimeout(() => this.kill("SIGKILL"), STOP_GRACE_MS);
    return this.exited.finally(() => clearTimeout(timer));
  }
}

/** `address:port` pairs on loopback that nobody listens on, all different. */
export async function freePlaces(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const places = await Promise.all(
    servers.map(
      (server) =>
        new Promise<string>((resolve, reject) => {
          server.once("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(`127.0.0.1:${(server.address() as { port: number }).port}`));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return places;
}

function accepts(place: string): Promise<boolean> {
  const { hostname, port } = new URL(`http://${place}`);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
