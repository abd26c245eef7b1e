/** What a keepalived asks of its host before it runs: its pid files, its network namespace, core dumps. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { errnoText } from "../sys/errno.js";
import { enterNetworkNamespace } from "../sys/namespace.js";
import { allowCores } from "../sys/process.js";
import type { KeepalivedLog } from "./keepalived-log.js";
import { isProcessNamed, PidFile, readPid } from "./pid-file.js";

/** @returns undefined if another keepalived holds one of them; without those that cannot be written. */
export function claimPidFiles(paths: readonly string[], log: KeepalivedLog): PidFile[] | undefined {
  const files: PidFile[] = [];
  for (const path of paths) {
    const pid = readPid(path);
    if (pid !== undefined && pid !== process.pid) {
      if (isProcessNamed(pid, "keepalived")) return undefined;
      log(`Remove a zombie pid file ${path}`);
    }
    try {
      if (dirname(path) !== "/run") mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      files.push(new PidFile(path));
    } catch (error) {
      log(`Cannot write pid file ${path}: ${(error as Error).message}`, "warning");
    }
  }
  return files;
}

/** All that this thread opens or starts from now on is there. @returns why it cannot be done, or undefined. */
export function enterNamespace(name: string): string | undefined {
  const refusal = (reason: string): string => `Unable to set network namespace ${name} - exiting (${reason})`;
  try {
    const result = enterNetworkNamespace(name);
    return result < 0 ? refusal(errnoText(-result)) : undefined;
  } catch (error) {
    return refusal((error as Error).message);
  }
}

/** -m, -M: a process that crashes leaves its memory to be looked at. @param pattern undefined: where the kernel puts it. */
export function allowCoreDumps(pattern: string | undefined, log: KeepalivedLog): void {
  const result = allowCores();
  if (result < 0) log(`cannot raise the limit of core dumps: ${errnoText(-result)}`, "warning");
  if (pattern === undefined) return;
  try {
    writeFileSync("/proc/sys/kernel/core_pattern", pattern);
  } catch (error) {
    log(`cannot set core_pattern: ${(error as Error).message}`, "warning");
  }
}
