/** Finds the imports that break the dependency rule. Pure: sources in, violations out. */
import { posix } from "node:path";

export interface Source {
  /** Relative to src/, such as `proxy/http1/parser.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** From the top down, as the architecture page lists the folders. */
const LAYERS = [
  "cli",
  "lab",
  "web",
  "admin",
  "supervisor",
  "failover",
  "proxy",
  "layer4",
  "health",
  "acme",
  "config",
  "reactor",
  "sys",
];

/** Reasons beyond the list: `from` must not import `to`. */
const RIVALS = [
  ["failover", "proxy"],
  ["proxy", "failover"],
];

/** Whoever builds a bench must not lean on what is tested on it. */
const LAB_MAY_IMPORT = ["lab", "sys"];

/** `import … from "x"`, `export … from "x"`, `import "x"`, `import("x")`, `new URL("x", import.meta.url)`. */
const IMPORT =
  /\b(?:import|export)\b[^"'`;()]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']|\bnew\s+URL\(\s*["']([^"']+\.js)["']/g;

export function findViolations(sources: readonly Source[]): Violation[] {
  return sources.flatMap((source) => {
    const folder = folderOf(source.path);
    if (folder !== undefined && !LAYERS.includes(folder))
      return [{ path: source.path, line: 1, message: `${folder}/ is not in the list of folders` }];
    return importsOf(source.text).flatMap(({ specifier, line }) => {
      const message = judge(source.path, specifier);
      return message === undefined ? [] : [{ path: source.path, line, message }];
    });
  });
}

interface Import {
  readonly specifier: string;
  readonly line: number;
}

function importsOf(text: string): Import[] {
  const code = blankComments(text);
  return [...code.matchAll(IMPORT)].map((match) => ({
    specifier: match[1] ?? match[2] ?? match[3]!,
    // An import of many lines is reported where its path stands.
    line: code.slice(0, match.index + match[0].length).split("\n").length,
  }));
}

/** Comments become spaces of the same shape, so that lines keep their numbers; strings stay. */
function blankComments(text: string): string {
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(token, (found) => (found.startsWith("/") ? found.replace(/[^\n]/g, " ") : found));
}

const folderOf = (path: string): string | undefined => (path.includes("/") ? path.split("/", 1)[0] : undefined);

/** @returns what is wrong with importing `specifier` into the file at `path`, if anything is. */
function judge(path: string, specifier: string): string | undefined {
  const from = folderOf(path);
  if (!specifier.startsWith(".")) return judgePackage(from, specifier);
  const target = posix.join(posix.dirname(path), specifier);
  if (target.startsWith("..")) return `${specifier} is outside src/`;
  const to = folderOf(target);
  if (from === undefined || to === undefined || from === to) return undefined;
  if (!LAYERS.includes(to)) return `${to}/ is not in the list of folders`;
  if (RIVALS.some(([a, b]) => a === from && b === to)) return `${from}/ and ${to}/ never import each other`;
  if (from === "lab" && !LAB_MAY_IMPORT.includes(to)) return `lab/ must not import ${target}: it stands on sys/ alone`;
  if (to === "lab" && from !== "cli") return `${from}/ must not import ${target}: only cli/ uses the lab`;
  if (LAYERS.indexOf(to) < LAYERS.indexOf(from)) return `${from}/ must not import ${target}: imports go down the list`;
  return undefined;
}

function judgePackage(from: string | undefined, specifier: string): string | undefined {
  if (specifier.startsWith("node:")) return undefined;
  if (specifier !== "koffi") return `${specifier} is not a dependency`;
  return from === "sys" ? undefined : "only sys/ may import koffi";
}
