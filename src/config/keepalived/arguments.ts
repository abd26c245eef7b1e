/** The kinds of arguments that keywords take: text → value, or the mistake in it. */
import { isIP, isIPv4, isIPv6 } from "node:net";
import type { Diagnostics } from "../diagnostics.js";
import { fromSeconds, type Microseconds } from "../units.js";
import type { Reading } from "./declare.js";
import type { Word } from "./lexer.js";
import type { AddressFamily } from "./model.js";
import { didYouMean, reportExtra, reportMissing } from "./report.js";
import type { Statement } from "./tree.js";

/** What is wrong with an argument; the reader adds where it stands. */
export class Mistake {
  readonly code: string;
  readonly message: string;
  readonly hints: { readonly cause?: string; readonly remedy?: string };

  constructor(code: string, message: string, hints: { readonly cause?: string; readonly remedy?: string } = {}) {
    this.code = code;
    this.message = message;
    this.hints = hints;
  }
}

export interface Argument<T> {
  /** As a manual prints it: `SECONDS`. */
  readonly name: string;
  parse(text: string): T | Mistake;
}

/** Reads the one argument of a statement; undefined once a mistake has been reported. */
export function readArgument<T>(statement: Statement, argument: Argument<T>, reading: Reading): T | undefined {
  const word = statement.arguments[0];
  if (word === undefined) {
    reportMissing(statement, argument.name, reading);
    return undefined;
  }
  reportExtra(statement, 1, reading);
  return readWord(word, argument, reading.diagnostics);
}

/** Reads the argument of a statement that may do without: then `otherwise` holds. */
export function readOptionalArgument<T>(
  statement: Statement,
  argument: Argument<T>,
  otherwise: T,
  reading: Reading,
): T | undefined {
  return statement.arguments.length === 0 ? otherwise : readArgument(statement, argument, reading);
}

/** Reads one word; undefined once a mistake has been reported. */
export function readWord<T>(word: Word, argument: Argument<T>, diagnostics: Diagnostics): T | undefined {
  const value = argument.parse(word.text);
  if (!(value instanceof Mistake)) return value;
  diagnostics.report({
    severity: "error",
    code: value.code,
    span: word.span,
    message: value.message,
    ...value.hints,
  });
  return undefined;
}

interface Range {
  /** The quantity in the messages, such as `priority`; its mistakes have the code `<what>-range`. */
  readonly what: string;
  readonly min: number;
  readonly max: number;
  readonly cause?: string;
  readonly remedy?: string;
}

/** A whole number in decimal. */
export function integer(range: Range): Argument<number> {
  return {
    name: "NUMBER",
    parse: (text) => (/^[+-]?\d+$/.test(text) ? within(range, Number(text), text, "") : notANumber(range, text)),
  };
}

/** Seconds with or without decimals. */
export function seconds(range: Range): Argument<Microseconds> {
  return {
    name: "SECONDS",
    parse(text) {
      if (!/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text)) return notANumber(range, text);
      const value = within(range, Number(text), text, " seconds");
      return value instanceof Mistake ? value : fromSeconds(value);
    },
  };
}

function within(range: Range, value: number, text: string, unit: string): number | Mistake {
  const { what, min, max, cause, remedy } = range;
  if (value >= min && value <= max) return value;
  return new Mistake(codeOf(what), `${what} ${text} is outside ${min < 0 ? `${min} to ` : `${min}–`}${max}${unit}`, {
    ...(cause !== undefined && { cause }),
    remedy: remedy ?? `use a number from ${min} to ${max}`,
  });
}

function notANumber({ what, min, max, remedy }: Range, text: string): Mistake {
  return new Mistake("not-a-number", `${what} ${JSON.stringify(text)} is not a number`, {
    remedy: remedy ?? `use a number from ${min} to ${max}`,
  });
}

const codeOf = (what: string): string => `${what.replaceAll(/[ _]/g, "-")}-range`;

/** One of a few words. */
export function choice<const Value extends string>(what: string, values: readonly Value[]): Argument<Value> {
  return {
    name: values.join("|"),
    parse(text) {
      const value = values.find((one) => one === text);
      if (value !== undefined) return value;
      return new Mistake("unknown-value", `${what} is ${values.join(" or ")}, not ${text}`, didYouMean(text, values));
    },
  };
}

/** Any word. */
export const text = (name: string): Argument<string> => ({ name, parse: (word) => word });

/** Linux allows 15 bytes (IFNAMSIZ less the final zero), no slash and no white space. */
export const interfaceName: Argument<string> = {
  name: "INTERFACE",
  parse(name) {
    if (Buffer.byteLength(name) > 15)
      return new Mistake("interface-name", `${name} is too long for an interface`, {
        cause: "Linux allows 15 characters",
        remedy: "ip -brief link lists the names",
      });
    if (name === "" || name === "." || name === ".." || /[/\s]/.test(name))
      return new Mistake("interface-name", `${JSON.stringify(name)} cannot be the name of an interface`);
    return name;
  },
};

/** `on`, `off` and their like. */
export const bool: Argument<boolean> = {
  name: "BOOL",
  parse(word) {
    if (["on", "true", "yes"].includes(word)) return true;
    if (["off", "false", "no"].includes(word)) return false;
    return new Mistake("unknown-value", `${word} is neither on nor off`, {
      remedy: "use on, off, true, false, yes or no",
    });
  },
};

export interface Address {
  readonly family: AddressFamily;
  /** In the kernel's own form. */
  readonly address: string;
}

/** An IPv4 or IPv6 address without a prefix length. */
export const anyAddress: Argument<Address> = {
  name: "ADDRESS",
  parse(address) {
    if (isIPv4(address)) return { family: 4, address };
    if (isIPv6(address) && !address.includes("%")) return { family: 6, address: canonicalIpv6(address) };
    const bare = address.replace(/\/.*$/, "");
    if (bare !== address && isIP(bare) !== 0)
      return new Mistake("bad-address", `${address} has a prefix length where a plain address stands`, {
        remedy: `write ${bare}`,
      });
    return new Mistake("bad-address", `${JSON.stringify(address)} is not an IP address`, addressHint(address));
  },
};

/** An IPv4 or IPv6 address as text. */
export const addressText: Argument<string> = {
  name: "ADDRESS",
  parse(text) {
    const parsed = anyAddress.parse(text);
    return parsed instanceof Mistake ? parsed : parsed.address;
  },
};

/** An IPv4 address without a prefix length. */
export const ipv4Address: Argument<string> = {
  name: "ADDRESS",
  parse(address) {
    const parsed = anyAddress.parse(address);
    if (parsed instanceof Mistake) return parsed;
    if (parsed.family === 4) return address;
    return new Mistake("bad-address", `${address} is not an IPv4 address`);
  },
};

/** A multicast group of one family; IPv6: of link-local scope, as VRRP's own is. */
export function multicastAddress(family: AddressFamily): Argument<string> {
  const isGroup = family === 4 ? /^(?:22[4-9]|23\d)\./ : /^ff.2:/;
  return {
    name: "ADDRESS",
    parse(text) {
      const parsed = anyAddress.parse(text);
      if (parsed instanceof Mistake) return parsed;
      if (parsed.family === family && isGroup.test(parsed.address)) return parsed.address;
      return new Mistake("bad-address", `${text} is no multicast group of IPv${family}`, {
        remedy: family === 4 ? "VRRP's own is 224.0.0.18" : "VRRP's own is ff02::12; others must be link-local, ffX2::",
      });
    },
  };
}

/** A multicast group of either family. */
export const anyMulticast: Argument<Address> = {
  name: "ADDRESS",
  parse(text) {
    const parsed = anyAddress.parse(text);
    if (parsed instanceof Mistake) return parsed;
    const group = multicastAddress(parsed.family).parse(text);
    return group instanceof Mistake ? group : parsed;
  },
};

/** Lower case and shortened, as the kernel prints it (RFC 5952). */
const canonicalIpv6 = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1);

function addressHint(address: string): { readonly cause?: string; readonly remedy?: string } {
  const parts = address.split(".");
  const wrong = parts.find((part) => /^\d+$/.test(part) && Number(part) > 255);
  if (wrong !== undefined) return { cause: `${wrong} is above 255` };
  if (parts.some((part) => /^0\d+$/.test(part)))
    return { cause: "a leading zero would be octal to some programs", remedy: "write each number without it" };
  if (parts.every((part) => /^\d+$/.test(part)) && parts.length !== 4)
    return { cause: `it has ${parts.length} ${parts.length === 1 ? "number" : "numbers"} instead of four` };
  if (address.includes(":")) return { remedy: "write it such as 2001:db8::1, without a zone" };
  return { remedy: "write an address such as 192.0.2.1 or 2001:db8::1; host names are not looked up here" };
}
