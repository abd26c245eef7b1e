/** What the figures were taken on and with. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release } from "node:os";

const tools = [
  { program: "haproxy", version: ["-v"], packageName: "haproxy" },
  { program: "nginx", version: ["-v"], packageName: "nginx" },
  { program: "wrk", version: ["-v"], packageName: "wrk" },
  { program: "h2load", version: ["--version"], packageName: "nghttp2-client" },
  { program: "openssl", version: ["version"], packageName: "openssl" },
  { program: "taskset", version: ["--version"], packageName: "util-linux" },
] as const;

export type Machine = Readonly<Record<string, string>>;

/** @throws Error that names every program that is missing, and how to get it */
export function describeMachine(): Machine {
  const versions: Record<string, string> = {
    processor: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`,
    linux: release(),
    node: process.version,
  };
  const missing: string[] = [];
  for (const { program, version, packageName } of tools) {
    // wrk and nginx write their version to the other stream, and wrk exits with 1 after it.
    const { error, stdout, stderr } = spawnSync(program, version, { encoding: "utf8", timeout: 5_000 });
    if (error === undefined) versions[program] = /\d+\.\d+[^\s,;]*/.exec(stdout + stderr)?.[0] ?? "unknown";
    else missing.push(packageName);
  }
  if (missing.length === 0) return versions;
  throw new Error(`not installed: ${missing.join(", ")} (on Debian, as root: apt-get install ${missing.join(" ")})`);
}

/** Descriptors that a program started from here may have at most: Node has raised its own limit that far. */
export function openFileLimit(): number {
  const limit = /^Max open files\s+\d+\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
  return limit === undefined || limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}
