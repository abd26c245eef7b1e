/** The program as users run it, in a process of its own, seen from outside: its statistics, memory, descriptors, CPU. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.js";

const entry = fileURLToPath(new URL("../../src/cli/entry.js", import.meta.url));

/** A line of `show stat` by the names of its columns. */
export type StatRow = Readonly<Record<string, string>>;

export class ProxyProcess {
  /** All that it has said. */
  output = "";

  private constructor(
    readonly child: ChildProcess,
    readonly folder: string,
  ) {}

  /**
   * Runs until it answers on its stats socket.
   * @param configuration haproxy.cfg without `global`
   * @param isChecked with BASCULE_FFI_CHECK=1
   */
  static async start(configuration: string, threads: number, isChecked: boolean): Promise<ProxyProcess> {
    const folder = mkdtempSync(join(tmpdir(), "bascule-soak-"));
    const file = join(folder, "haproxy.cfg");
    const socket = join(folder, "stats");
    writeFileSync(file, `global\n  nbthread ${threads}\n  stats socket ${socket} mode 600\n${configuration}`);
    const env = { ...process.env, BASCULE_FFI_CHECK: isChecked ? "1" : "" };
    const child = spawn(process.execPath, [entry, "haproxy", "-db", "-f", file], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const proxy = new ProxyProcess(child, folder);
    for (const stream of [child.stdout!, child.stderr!])
      stream.on("data", (bytes) => {
        proxy.output += String(bytes);
      });
    try {
      await eventually(
        () => proxy.statistics(),
        (rows) => rows.length > 0,
        { deadlineMs: 20_000, everyMs: 100 },
      );
    } catch (error) {
      proxy.kill();
      throw new Error(`the proxy does not start: ${proxy.output}`, { cause: error });
    }
    return proxy;
  }

  async statistics(): Promise<StatRow[]> {
    const socket = connect(join(this.folder, "stats"));
    let text = "";
    socket.end("show stat\n");
    for await (const bytes of socket) text += String(bytes);
    const [header, ...lines] = text.trim().split("\n");
    const names = header!.replace(/^# /, "").split(",");
    return lines.map((line) => Object.fromEntries(line.split(",").map((value, index) => [names[index]!, value])));
  }

  /** Bytes resident. */
  get memory(): number {
    return 1024 * Number(/^VmRSS:\s*(\d+) kB/m.exec(this.#proc("status"))![1]);
  }

  /** What each of its descriptors stands for, sorted. */
  get descriptors(): string[] {
    const folder = `/proc/${this.child.pid}/fd`;
    return readdirSync(folder)
      .map((name) => readlinkSync(join(folder, name), "utf8").replace(/:\[\d+\]$/, ""))
      .sort();
  }

  /** Seconds of CPU since its start. */
  get cpuSeconds(): number {
    const fields = this.#proc("stat")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  #proc(name: string): string {
    return readFileSync(`/proc/${this.child.pid}/${name}`, "utf8");
  }

  /** A soft stop. @returns its exit code */
  async stop(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const closed = once(this.child, "close");
    this.child.kill("SIGUSR1");
    const [code] = (await closed) as [number | null];
    return code;
  }

  kill(): void {
    this.child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
