/** The lab's own programs, started inside hosts. */
import { fileURLToPath } from "node:url";
import type { Host } from "./host.js";
import type { HostProcess } from "./host-process.js";
import type { ProbeOptions, ProbeSummary } from "./probe.js";

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Starts the lab's web server (see web-server.ts), named as its host, and waits until it listens. */
export async function runWebServer(host: Host, ports: readonly number[] = [80]): Promise<HostProcess> {
  const options = ["--name", host.name, ...ports.flatMap((port) => ["--port", `${port}`])];
  const program = host.start([process.execPath, script("./web-server-main.js"), ...options]);
  await program.waitForLine(/^ready/, 10_000);
  return program;
}

/** Starts a syslog on the host's /dev/log: each line of the program's output is one message, `<134>…`. */
export async function runSyslog(host: Host): Promise<HostProcess> {
  const program = host.start([process.execPath, script("./syslog-main.js")]);
  await program.waitForLine(/^ready/, 10_000);
  return program;
}

export interface RunningProbe {
  /** Its output: one JSON line each second, for live displays. */
  readonly process: HostProcess;
  /** Ends the probe. @returns what the client saw; @throws when the probe died before, or with its host. */
  stop(): Promise<ProbeSummary>;
}

/** Starts a probe inside a host; its first request is on its way when this resolves. */
export async function runProbe(host: Host, options: ProbeOptions): Promise<RunningProbe> {
  const { url, intervalMs = 10, timeoutMs = 1_000 } = options;
  const argv = ["--url", url, "--interval", `${intervalMs}`, "--timeout", `${timeoutMs}`];
  const program = host.start([process.execPath, script("./probe-main.js"), ...argv]);
  await program.waitForLine(/^\{"probing"/, 10_000);
  return {
    process: program,
    stop: async () => {
      program.kill("SIGTERM");
      const line = await program.waitForLine(/^\{"summary"/, timeoutMs + 5_000);
      return (JSON.parse(line.text) as { summary: ProbeSummary }).summary;
    },
  };
}
