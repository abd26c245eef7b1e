/** Runs this build's program as its users do. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export const entry = fileURLToPath(new URL("../../src/cli/entry.js", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `bascule WORDS…` to its end, at most 20 s. */
export function bascule(...words: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...words], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { code: status, stdout, stderr };
}

/** A program that goes on running; killed at the end of the test. `output` grows. */
export function start(
  t: TestContext,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): { child: ChildProcess; output: () => string; ended: Promise<number | NodeJS.Signals | null> } {
  let output = "";
  const child = spawn(process.execPath, [entry, ...words], { env: { ...process.env, ...environment } });
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
  t.after(() => child.kill("SIGKILL"));
  return { child, output: () => output, ended };
}

/** A folder with these files, removed at the end of the test. @returns its path. */
export function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), "bascule-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}
