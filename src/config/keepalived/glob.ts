/** Patterns of file names, as `include` takes them: glob(7), with braces. */

/** What the disk says; injected, so that reading a configuration stays a function of its input. */
export interface Disk {
  /** Names in a folder; undefined: there is none, or it cannot be read. */
  list(folder: string): readonly string[] | undefined;
  kind(path: string): "file" | "executable" | "folder" | "missing";
  /** The text of a file, or why it cannot be read, in a clause. */
  read(path: string): { readonly text: string } | { readonly problem: string };
}

/** A pattern that stands for more than this is a mistake, or an attack. */
const mostPatterns = 1000;

export const isPattern = (path: string): boolean => /[*?[]/.test(path);

/** `{a,b}c` → `ac`, `bc`; undefined if there would be too many. */
export function expandBraces(pattern: string): readonly string[] | undefined {
  let patterns = [pattern];
  for (let index = 0; index < patterns.length; ) {
    // The innermost group first, so that nesting needs no recursion.
    const match = /\{([^{}]*,[^{}]*)\}/.exec(patterns[index]!);
    if (match === null) {
      index++;
      continue;
    }
    const [before, after] = [match.input.slice(0, match.index), match.input.slice(match.index + match[0].length)];
    const replaced = match[1]!.split(",").map((choice) => before + choice + after);
    if (patterns.length + replaced.length > mostPatterns) return undefined;
    patterns = [...patterns.slice(0, index), ...replaced, ...patterns.slice(index + 1)];
  }
  return [...new Set(patterns)];
}

/** The paths that exist and match, sorted; a pattern without wildcards matches itself if it is there. */
export function glob(pattern: string, disk: Disk): readonly string[] {
  if (!isPattern(pattern)) return disk.kind(pattern) === "missing" ? [] : [pattern];
  let found = [pattern.startsWith("/") ? "/" : ""];
  for (const part of pattern.split("/").filter((name) => name !== "")) {
    if (!isPattern(part)) {
      found = found.map((folder) => folder + part).filter((path) => disk.kind(path) !== "missing");
    } else {
      const matches = matcher(part);
      found = found.flatMap((folder) =>
        (disk.list(folder === "" ? "." : folder) ?? []).filter(matches).map((name) => folder + name),
      );
    }
    found = found.map((path) => `${path}/`);
  }
  return found.map((path) => path.slice(0, -1)).sort();
}

/** One part of a path: `*`, `?` and `[…]`; a leading dot must be written. Linear in the name for each `*`. */
function matcher(pattern: string): (name: string) => boolean {
  const items = [...pattern.matchAll(/\[([!^]?)(\]?[^\]]*)\]|[\s\S]/g)];
  const fits = (item: RegExpMatchArray, character: string): boolean => {
    if (item[2] === undefined) return item[0] === "?" || item[0] === character;
    return inClass(item[2], character) !== (item[1] !== "");
  };
  return (name) => {
    if (name.startsWith(".") && !pattern.startsWith(".")) return false;
    let [at, item, star, resume] = [0, 0, -1, 0];
    while (at < name.length) {
      const next = items[item];
      if (next?.[0] === "*") [star, resume, item] = [item, at, item + 1];
      else if (next !== undefined && fits(next, name[at]!)) [at, item] = [at + 1, item + 1];
      else if (star >= 0) [item, resume, at] = [star + 1, resume + 1, resume + 1];
      else return false;
    }
    return items.slice(item).every((rest) => rest[0] === "*");
  };
}

/** `a-z` and single characters. */
function inClass(set: string, character: string): boolean {
  return [...set.matchAll(/([\s\S])-([\s\S])|[\s\S]/g)].some(([one, first, last]) =>
    first === undefined || last === undefined ? one === character : first <= character && character <= last,
  );
}
