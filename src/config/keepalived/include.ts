/** `include` and its stricter kinds: keepalived.conf(5), "include". */
import type { Diagnostics, SourceFile, Span } from "../diagnostics.js";
import { type Disk, expandBraces, glob, isPattern } from "./glob.js";
import type { Line } from "./line.js";

/** What must not be missing: `r` readable, `m` a match, `w` a match also of wildcards, `b` of each of the braces. */
type Check = "r" | "m" | "w" | "b";

const checksOf: Readonly<Record<string, readonly Check[]>> = {
  include: [],
  includer: ["r"],
  includem: ["r", "m"],
  includew: ["r", "m", "w"],
  includeb: ["r", "b"],
  includea: ["r", "m", "w", "b"],
};

const directive = /^(include[rmwba]?)[ \t]+(\S.*)$/;
const looseOptions: Readonly<Record<string, readonly Check[]>> = {
  readable: ["r"],
  match: ["r", "m"],
  wildcard_match: ["r", "m", "w"],
  brace_match: ["r", "b"],
};
export const INCLUDE_CHECKS = ["readable", "match", "wildcard_match", "brace_match"] as const;
const allChecks: readonly Check[] = ["r", "m", "w", "b"];

/** `include_check`, as it holds while a file is read. */
export type IncludeChecks = ReadonlySet<Check>;
export const noChecks: IncludeChecks = new Set();

/** `include_check [[+-]OPTION…]`: what holds from now on; without options, everything. */
export function changeChecks(before: IncludeChecks, options: readonly string[]): IncludeChecks {
  if (options.length === 0) return new Set(allChecks);
  const checks = new Set(options.some((option) => /^[+-]/.test(option)) ? before : []);
  for (const option of options) {
    for (const check of looseOptions[option.replace(/^[+-]/, "")] ?? []) {
      if (option.startsWith("-")) checks.delete(check);
      else checks.add(check);
    }
  }
  return checks;
}

export interface IncludeDirective {
  readonly keyword: string;
  readonly pattern: string;
  readonly span: Span;
}

export function parseInclude(line: Line): IncludeDirective | undefined {
  const match = directive.exec(line.text);
  if (match === null) return undefined;
  const pattern = match[2]!.replace(/^"(.*)"$/, "$1");
  return { keyword: match[1]!, pattern, span: line.span(line.text.length - match[2]!.length, line.text.length) };
}

/** The files that a directive names, read, in the order of their names. What is wrong with it goes to `diagnostics`. */
export function openIncluded(
  { keyword, pattern, span }: IncludeDirective,
  folder: string,
  checks: IncludeChecks,
  disk: Disk,
  diagnostics: Diagnostics,
): readonly SourceFile[] {
  const wanted = new Set([...(checksOf[keyword] ?? []), ...checks]);
  // A plain include may miss; keepalived says so in its log and goes on, and so does a warning.
  const complain = (strict: boolean, message: string, remedy: string): void =>
    diagnostics.report({ severity: strict ? "error" : "warning", code: "include", span, message, remedy });

  const absolute = pattern.startsWith("/") ? pattern : `${folder}/${pattern}`;
  const patterns = expandBraces(absolute);
  if (patterns === undefined) {
    complain(true, `${pattern} stands for too many names`, "name the files with a wildcard instead");
    return [];
  }
  const files: SourceFile[] = [];
  for (const one of patterns) {
    const paths = glob(one, disk);
    if (paths.length === 0 && !isPattern(one)) {
      const strict = wanted.has(patterns.length > 1 ? "b" : "m");
      complain(strict, `there is no file ${one}`, `create it, or take ${keyword} out`);
    } else if (paths.length === 0 && wanted.has("w"))
      complain(true, `no file matches ${one}`, "write include where there need be none");
    for (const path of paths) {
      const file = open(path, disk);
      if (typeof file !== "string") files.push(file);
      else complain(wanted.has("r"), `${path} ${file}: it is skipped`, "name regular files that can be read");
    }
  }
  return files;
}

function open(path: string, disk: Disk): SourceFile | string {
  const kind = disk.kind(path);
  if (kind === "folder") return "is a folder";
  // keepalived skips what is executable: a script beside the configuration is no part of it.
  if (kind === "executable") return "is executable";
  const file = disk.read(path);
  return "problem" in file ? file.problem : { path, text: file.text };
}
