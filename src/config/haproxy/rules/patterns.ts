/** The patterns of a test, by what they are compared with (configuration manual §7.1). */
import { isIPv4, isIPv6 } from "node:net";
import type { Word } from "../lexer.js";
import type { Statement } from "../statement.js";
import type { Network, Range } from "./model.js";

const OPERATORS = ["eq", "ge", "gt", "le", "lt"] as const;
const MOST = Number.MAX_SAFE_INTEGER;

/** Undefined: it is no number. */
type ReadNumber = (text: string) => number | undefined;

const readInteger: ReadNumber = (text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : undefined);

/** `3.1`; `3` is 3.0, also as a bound. */
const readVersion: ReadNumber = (text) => {
  const [, major, minor] = /^(\d{1,5})(?:\.(\d{1,5}))?$/.exec(text) ?? [];
  if (major === undefined) return undefined;
  return Number(major) * 65_536 + Number(minor ?? 0);
};

/** `5`, `1:5`, `:5`, `5:`, and operators that hold for what follows them: `gt 5`. Mistakes are reported. */
export function readRanges(statement: Statement, words: readonly Word[], isVersion: boolean): Range[] {
  const read = isVersion ? readVersion : readInteger;
  const ranges: Range[] = [];
  let operator: (typeof OPERATORS)[number] = "eq";
  for (const word of words) {
    const named = OPERATORS.find((name) => name === word.text);
    if (named !== undefined) {
      operator = named;
      continue;
    }
    const range = readRange(word.text, operator, read);
    if (range !== undefined) ranges.push(range);
    else
      statement.error("bad-pattern", word.span, `"${word.text}" is not a number`, {
        remedy: isVersion ? "write a version, such as 3.1, or a range: 3.1:3.3" : "write a number, or a range: 1:10",
      });
  }
  return ranges;
}

function readRange(text: string, operator: (typeof OPERATORS)[number], read: ReadNumber): Range | undefined {
  const [first, last, extra] = text.split(":") as [string, string?, string?];
  if (extra !== undefined || (last !== undefined && operator !== "eq")) return undefined;
  if (last !== undefined) {
    const least = first === "" ? -MOST : read(first);
    const most = last === "" ? MOST : read(last);
    return least === undefined || most === undefined || first + last === "" ? undefined : { least, most };
  }
  const value = read(first);
  if (value === undefined) return undefined;
  switch (operator) {
    case "eq":
      return { least: value, most: value };
    case "ge":
      return { least: value, most: MOST };
    case "gt":
      return { least: value + 1, most: MOST };
    case "le":
      return { least: -MOST, most: value };
    case "lt":
      return { least: -MOST, most: value - 1 };
  }
}

/** `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `2001:db8::/32`, or an address alone. Mistakes are reported. */
export function readNetworks(statement: Statement, words: readonly Word[]): Network[] {
  return words.flatMap((word) => {
    const network = readNetwork(word.text);
    if (network === undefined)
      statement.error("bad-pattern", word.span, `"${word.text}" is not an address or a network`, {
        remedy: "write it in numbers, such as 192.0.2.0/24 or 2001:db8::/32",
      });
    return network ?? [];
  });
}

function readNetwork(text: string): Network | undefined {
  const [address, mask, extra] = text.split("/") as [string, string?, string?];
  const family = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined;
  if (family === undefined || extra !== undefined) return undefined;
  const width = family === 4 ? 32 : 128;
  const bits = mask === undefined ? width : family === 4 && isIPv4(mask) ? bitsOfMask(mask) : readBits(mask, width);
  return bits === undefined ? undefined : { family, address, bits };
}

const readBits = (text: string, width: number): number | undefined =>
  /^\d{1,3}$/.test(text) && Number(text) <= width ? Number(text) : undefined;

/** Undefined for masks with holes. */
function bitsOfMask(mask: string): number | undefined {
  const digits = mask
    .split(".")
    .map((byte) => Number(byte).toString(2).padStart(8, "0"))
    .join("");
  const bits = digits.indexOf("0") < 0 ? 32 : digits.indexOf("0");
  return digits.lastIndexOf("1") < bits ? bits : undefined;
}

/** Whether a regular expression can be compiled; a mistake is reported. */
export function isExpression(statement: Statement, word: Word): boolean {
  try {
    new RegExp(word.text);
    return true;
  } catch (error) {
    statement.error("bad-pattern", word.span, `"${word.text}" is not a regular expression`, {
      cause: (error as Error).message.replace(/^Invalid regular expression: /, ""),
    });
    return false;
  }
}
