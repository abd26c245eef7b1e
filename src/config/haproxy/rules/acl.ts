/** One test: `<criterion> [flags] [operator] [<value>…]`, as `acl` lines and `{ … }` have it (configuration manual §7.1). */
import type { Word } from "../lexer.js";
import type { Statement } from "../statement.js";
import { suggest } from "../suggest.js";
import {
  CONVERTERS,
  type ConverterName,
  FETCHES,
  type Fetch,
  fetchNames,
  findFetch,
  type SampleType,
} from "./fetches.js";
import type { AclTest, Matcher, Sample, TextMethod } from "./model.js";
import { isExpression, readNetworks, readRanges } from "./patterns.js";
import { PLANNED_FETCHES } from "./planned-fetches.js";

const TEXT_METHODS: readonly TextMethod[] = ["str", "beg", "end", "sub", "dir", "dom", "reg"];
/** What `-m` may say here, by the type of the sample. */
const METHODS: Readonly<Record<SampleType, readonly string[]>> = {
  boolean: ["bool", "found"],
  number: ["int", "bool", "found"],
  version: ["int", "found"],
  address: ["ip", "found"],
  text: [...TEXT_METHODS, "len", "found"],
};
const DEFAULT_METHOD: Readonly<Record<SampleType, string>> = {
  boolean: "bool",
  number: "int",
  version: "int",
  address: "ip",
  text: "str",
};
const ALL_METHODS = ["found", "bool", "int", "ip", "bin", "len", ...TEXT_METHODS];

/** @returns undefined when a mistake was reported */
export function readTest(statement: Statement, words: readonly Word[]): AclTest | undefined {
  const [criterion, ...rest] = words;
  const read = readCriterion(statement, criterion!);
  const options = readFlags(statement, rest);
  if (read === undefined || options === undefined) return undefined;
  const { sample, type, method: suffix } = read;
  if (suffix !== undefined && options.method !== undefined) {
    statement.error("bad-value", options.method.span, `${criterion!.text} says by its name how it compares`, {
      remedy: `write: ${sample.fetch} -m ${options.method.text}`,
    });
    return undefined;
  }
  const method = readMethod(statement, type, suffix, options.method);
  const matcher = method === undefined ? undefined : readMatcher(statement, criterion!, type, method, options);
  return matcher === undefined ? undefined : { sample, matcher };
}

interface Criterion {
  readonly sample: Sample;
  readonly type: SampleType;
  readonly method: string | undefined;
}

/** `<fetch>[(<argument>)][,<converter>…]` */
export function readCriterion(statement: Statement, word: Word): Criterion | undefined {
  const [, name, argument, converters = ""] = /^([^(),]+)(?:\(([^)]*)\))?(?:,(.+))?$/.exec(word.text) ?? [];
  const named = findFetch(name ?? "");
  if (name === undefined || named === undefined) {
    reportUnknownFetch(statement, word, name ?? word.text);
    return undefined;
  }
  const fetch: Fetch = FETCHES[named.name];
  if (!isArgumentRight(statement, word, fetch, argument)) return undefined;
  const names = converters === "" ? [] : converters.split(",");
  const unknown = names.find((converter) => !(converter in CONVERTERS));
  if (unknown !== undefined) {
    statement.notSupported(word.span, `the converter ${unknown}`, { remedy: "known are: lower, upper" });
    return undefined;
  }
  if (names.length > 0 && fetch.type !== "text") {
    statement.error("bad-value", word.span, `${name} is not a text that ${names[0]} could change`);
    return undefined;
  }
  const sample = { fetch: named.name, argument, converters: names as ConverterName[] };
  return { sample, type: fetch.type, method: named.method };
}

function isArgumentRight(statement: Statement, word: Word, fetch: Fetch, argument: string | undefined): boolean {
  if (fetch.argument === "") {
    if (argument === undefined || argument === "") return true;
    statement.error("extra-argument", word.span, `${word.text.replace(/\(.*/s, "")} takes no argument`);
    return false;
  }
  if (argument === undefined || argument === "") {
    statement.notSupported(word.span, `${word.text} without ${fetch.argument}`);
    return false;
  }
  if (!argument.includes(",")) return true;
  statement.notSupported(word.span, `${word.text} with more than ${fetch.argument}`);
  return false;
}

function reportUnknownFetch(statement: Statement, { span }: Word, name: string): void {
  const stem = name.replace(/_(beg|dir|dom|end|len|reg|sub|cnt|ip)$/, "");
  if (PLANNED_FETCHES.has(name) || PLANNED_FETCHES.has(stem)) {
    statement.notSupported(span, `the sample ${name}`);
    return;
  }
  const meant = suggest(statement.diagnostics, name, [...fetchNames(), ...PLANNED_FETCHES]);
  statement.error("unknown-sample", span, `there is no sample "${name}"`, {
    ...(meant === undefined ? {} : { remedy: `did you mean "${meant}"?` }),
  });
}

interface Options {
  readonly ignoreCase: boolean;
  readonly method: Word | undefined;
  readonly patterns: readonly Word[];
}

/** Flags stand before the patterns; `--` ends them. */
function readFlags(statement: Statement, words: readonly Word[]): Options | undefined {
  let ignoreCase = false;
  let method: Word | undefined;
  const patterns: Word[] = [];
  let at = 0;
  for (; at < words.length && /^-[^\d]/.test(words[at]!.text); at++) {
    const flag = words[at]!;
    if (flag.text === "--") {
      at++;
      break;
    }
    if (flag.text === "-i") ignoreCase = true;
    // Addresses are written in numbers here anyway.
    else if (flag.text === "-n") continue;
    else if (flag.text === "-m" || flag.text === "-f") {
      const argument = words[++at];
      if (argument === undefined) {
        statement.error(
          "missing-argument",
          flag.span,
          `${flag.text} needs ${flag.text === "-m" ? "a method" : "a file"}`,
        );
        return undefined;
      }
      if (flag.text === "-m") method = argument;
      else {
        const lines = readPatternFile(statement, argument);
        if (lines === undefined) return undefined;
        for (const line of lines) patterns.push(line);
      }
    } else if (flag.text === "-M" || flag.text === "-u") {
      statement.notSupported(flag.span, `the flag ${flag.text}`);
      return undefined;
    } else {
      statement.error("unknown-option", flag.span, `there is no flag ${flag.text}`, {
        remedy: `if it is a value, write before it: --`,
      });
      return undefined;
    }
  }
  for (const word of words.slice(at)) patterns.push(word);
  return { ignoreCase, method, patterns };
}

/** A pattern a line; empty lines and comments do not count. */
function readPatternFile(statement: Statement, word: Word): Word[] | undefined {
  const text = statement.options.readFile(word.text);
  if (text === undefined) {
    statement.error("unreadable-file", word.span, `${word.text} cannot be read`);
    return undefined;
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/^[ \t]+/, ""))
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ ...word, text: line }));
}

function readMethod(
  statement: Statement,
  type: SampleType,
  suffix: string | undefined,
  said: Word | undefined,
): string | undefined {
  if (said === undefined) return suffix ?? DEFAULT_METHOD[type];
  if (METHODS[type].includes(said.text)) return said.text;
  const planned = ALL_METHODS.filter((method) => !METHODS[type].includes(method));
  return statement.choice(said, METHODS[type], planned, `-m for this sample`);
}

function readMatcher(
  statement: Statement,
  criterion: Word,
  type: SampleType,
  method: string,
  { ignoreCase, patterns }: Options,
): Matcher | undefined {
  if (method === "found" || method === "bool") {
    const [extra] = patterns;
    if (extra === undefined) return { kind: method === "bool" ? "boolean" : "found" };
    statement.error("extra-argument", extra.span, `${criterion.text} is there or not, so "${extra.text}" is too much`);
    return undefined;
  }
  if (patterns.length === 0)
    statement.report("warning", "no-pattern", criterion.span, `nothing to compare ${criterion.text} with`, {
      cause: "it never fits",
      remedy: `write a value behind it, or ask whether it is there at all: ${criterion.text} -m found`,
    });
  if (method === "int") return { kind: "number", ranges: readRanges(statement, patterns, type === "version") };
  if (method === "len") return { kind: "length", ranges: readRanges(statement, patterns, false) };
  if (method === "ip") return { kind: "address", networks: readNetworks(statement, patterns) };
  const isReadable = method !== "reg" || patterns.every((word) => isExpression(statement, word));
  if (!isReadable) return undefined;
  return { kind: "text", method: method as TextMethod, ignoreCase, patterns: patterns.map((word) => word.text) };
}
