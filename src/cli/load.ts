/** Configuration files: read from the disk, told apart by language, made into the typed models. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { type Diagnostic, Diagnostics, render, type SourceFile } from "../config/diagnostics.js";
import type { HaproxyConfiguration } from "../config/haproxy/model.js";
import type { KeepalivedConfiguration } from "../config/keepalived/model.js";
import { printError } from "./console.js";
import { hostSources } from "./keepalived-sources.js";

export interface SourceFiles {
  readonly files: readonly SourceFile[];
  /** One line for each file that could not be read. */
  readonly problems: readonly string[];
}

export function readSources(paths: readonly string[]): SourceFiles {
  const files: SourceFile[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    try {
      files.push({ path, text: readFileSync(path, "utf8") });
    } catch (error) {
      problems.push(`${path}: ${whyUnreadable(error as NodeJS.ErrnoException)}`);
    }
  }
  return { files, problems };
}

function whyUnreadable(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "no such file";
  if (error.code === "EACCES") return "permission denied";
  if (error.code === "EISDIR") return "is a directory";
  return error.message;
}

/** The readers are loaded when they are needed: each start pays for its own language only. */
export async function loadHaproxy(
  files: readonly SourceFile[],
  diagnostics: Diagnostics,
): Promise<HaproxyConfiguration> {
  const { readHaproxy } = await import("../config/haproxy/read.js");
  const options = { readFile: readBytes, resolve: resolveHost, environment: process.env };
  return readHaproxy(files, diagnostics, options);
}

/** A character a byte: pages are sent as they are on the disk, whatever their encoding. */
function readBytes(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/**
 * The address that the host's own resolver prefers (/etc/hosts, DNS: what nsswitch.conf says), once, at start, as
 * HAProxy does. Node has no call that waits for it; getent is libc's own front end.
 */
function resolveHost(host: string): string | undefined {
  const answer = spawnSync("getent", ["ahosts", host], { encoding: "utf8", timeout: 10_000 });
  const address = answer.stdout?.split(/\s/, 1)[0] ?? "";
  return isIP(address) === 0 ? undefined : address;
}

export interface KeepalivedOptions {
  /** `-i`; undefined: the host's name. */
  readonly configId?: string;
  /** `-e`: an included file that is missing is an error, as with includea. */
  readonly allFiles?: boolean;
  /** Mistakes that keepalived would log and go on from are warnings. */
  readonly lenient?: boolean;
}

export async function loadKeepalived(
  files: readonly SourceFile[],
  diagnostics: Diagnostics,
  { configId, allFiles = false, lenient = false }: KeepalivedOptions = {},
): Promise<KeepalivedConfiguration> {
  const { readKeepalived } = await import("../config/keepalived/read.js");
  const { softened } = await import("../config/keepalived/verdict.js");
  const found = new Diagnostics();
  const configuration = readKeepalived(files, found, {
    sources: { ...hostSources(configId), needsAllFiles: allFiles },
  });
  for (const diagnostic of found.all) diagnostics.report(lenient ? softened(diagnostic) : diagnostic);
  return configuration;
}

/** All files of one start, read and understood as far as they go. */
export interface Loaded {
  readonly haproxyFiles: readonly SourceFile[];
  readonly keepalivedFiles: readonly SourceFile[];
  readonly haproxy: HaproxyConfiguration | undefined;
  readonly keepalived: KeepalivedConfiguration | undefined;
  readonly diagnostics: Diagnostics;
  /** Files that could not be read, or whose language is not one of ours. */
  readonly problems: readonly string[];
}

/** Reads the files of one box, of any language; several of one language are one configuration, in the order given. */
export async function loadAll(paths: readonly string[], options: KeepalivedOptions = {}): Promise<Loaded> {
  const loaded = await loadProxy(paths);
  const { keepalivedFiles, diagnostics } = loaded;
  if (keepalivedFiles.length === 0) return loaded;
  return { ...loaded, keepalived: await loadKeepalived(keepalivedFiles, diagnostics, options) };
}

/** The same for checking only: a second keepalived.conf is another box's, and each is judged by itself. */
export async function loadEach(paths: readonly string[], options: KeepalivedOptions = {}): Promise<Loaded> {
  const loaded = await loadProxy(paths);
  for (const file of loaded.keepalivedFiles) await loadKeepalived([file], loaded.diagnostics, options);
  return loaded;
}

/** Tells the files apart, and understands those of the proxy. */
async function loadProxy(paths: readonly string[]): Promise<Loaded> {
  const { recogniseLanguage } = await import("../config/recognise.js");
  const diagnostics = new Diagnostics();
  const sources = readSources(paths);
  const problems = [...sources.problems];
  const haproxyFiles: SourceFile[] = [];
  const keepalivedFiles: SourceFile[] = [];
  for (const file of sources.files) {
    const language = recogniseLanguage(file);
    if (language === "haproxy") haproxyFiles.push(file);
    else if (language === "keepalived") keepalivedFiles.push(file);
    else if (language === "caddyfile") problems.push(`${file.path}: a Caddyfile; this language is not supported yet`);
    else problems.push(`${file.path}: neither a haproxy.cfg nor a keepalived.conf`);
  }
  const haproxy = haproxyFiles.length > 0 ? await loadHaproxy(haproxyFiles, diagnostics) : undefined;
  return { haproxyFiles, keepalivedFiles, haproxy, keepalived: undefined, diagnostics, problems };
}

/** Beyond this nobody reads on, and mending the first ones mends most of the others. */
const MOST_SHOWN = 200;

export function printDiagnostics(diagnostics: Diagnostics): void {
  for (const text of renderedDiagnostics(diagnostics)) printError(text);
}

/** In the order of the files. Errors come before warnings where there are too many to show. */
export function renderedDiagnostics(diagnostics: Diagnostics): string[] {
  const sorted = diagnostics.sorted();
  const errors = sorted.filter(({ severity }) => severity === "error");
  const others = sorted.filter(({ severity }) => severity !== "error");
  const shown = new Set([...errors, ...others].slice(0, MOST_SHOWN));
  const texts = sorted.filter((diagnostic) => shown.has(diagnostic)).map((diagnostic) => `${render(diagnostic)}\n`);
  if (sorted.length > shown.size) texts.push(`… and ${sorted.length - shown.size} more\n`);
  return texts;
}

/** `2 errors, 1 warning`, or the empty string. */
export function countText(diagnostics: readonly Diagnostic[], problems = 0): string {
  const count = (severity: Diagnostic["severity"]) => diagnostics.filter((each) => each.severity === severity).length;
  const parts = [
    [count("error") + problems, "error"],
    [count("warning"), "warning"],
  ] as const;
  return parts
    .filter(([n]) => n > 0)
    .map(([n, noun]) => `${n} ${noun}${n === 1 ? "" : "s"}`)
    .join(", ");
}
