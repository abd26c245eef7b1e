/** How a sample is compared (configuration manual §7.1), compiled once. */
import type { Matcher, Network, Range, TextMethod } from "../../config/haproxy/rules/model.js";
import { ipv4Number, ipv6Bytes } from "../../sys/address.js";
import type { ClientAddress } from "../client-address.js";
import type { Accepts } from "./fetches.js";

const NEVER: Accepts = { number: () => false, text: () => false, address: () => false };

export function compileMatcher(matcher: Matcher): Accepts {
  switch (matcher.kind) {
    case "found":
      return { number: () => true, text: () => true, address: () => true };
    case "boolean":
      return { ...NEVER, number: (value) => value !== 0 };
    case "number": {
      const fits = inRanges(matcher.ranges);
      return { ...NEVER, number: fits };
    }
    case "length": {
      const fits = inRanges(matcher.ranges);
      return { ...NEVER, text: (value) => fits(value.length) };
    }
    case "text":
      return { ...NEVER, text: compileText(matcher.method, matcher.patterns, matcher.ignoreCase) };
    case "address":
      return { ...NEVER, address: inNetworks(matcher.networks) };
  }
}

const inRanges =
  (ranges: readonly Range[]) =>
  (value: number): boolean =>
    ranges.some(({ least, most }) => value >= least && value <= most);

type TextTest = (value: string) => boolean;

function compileText(method: TextMethod, patterns: readonly string[], ignoreCase: boolean): TextTest {
  if (method === "reg") {
    const expressions = patterns.map((pattern) => new RegExp(pattern, ignoreCase ? "i" : ""));
    return (value) => expressions.some((expression) => expression.test(value));
  }
  const known = ignoreCase ? patterns.map((pattern) => pattern.toLowerCase()) : patterns;
  const test = compileLiteral(method, known);
  return ignoreCase ? (value) => test(value.toLowerCase()) : test;
}

function compileLiteral(method: Exclude<TextMethod, "reg">, patterns: readonly string[]): TextTest {
  switch (method) {
    case "str": {
      // Lists of names from a file may be long.
      const set = new Set(patterns);
      return (value) => set.has(value);
    }
    case "beg":
      return (value) => patterns.some((pattern) => value.startsWith(pattern));
    case "end":
      return (value) => patterns.some((pattern) => value.endsWith(pattern));
    case "sub":
      return (value) => patterns.some((pattern) => value.includes(pattern));
    case "dir":
      return (value) => patterns.some((pattern) => containsBetween(value, pattern, "/?"));
    case "dom":
      return (value) => patterns.some((pattern) => containsBetween(value, pattern, "/?.:"));
  }
}

/** Whether the pattern, without delimiters at its ends, stands in `value` with a delimiter or an end on both sides. */
function containsBetween(value: string, pattern: string, delimiters: string): boolean {
  let [start, end] = [0, pattern.length];
  while (start < end && delimiters.includes(pattern[start]!)) start++;
  while (end > start && delimiters.includes(pattern[end - 1]!)) end--;
  const word = pattern.slice(start, end);
  if (word === "") return false;
  for (let at = value.indexOf(word); at >= 0; at = value.indexOf(word, at + 1)) {
    const isStart = at === 0 || delimiters.includes(value[at - 1]!);
    const after = at + word.length;
    if (isStart && (after === value.length || delimiters.includes(value[after]!))) return true;
  }
  return false;
}

function inNetworks(networks: readonly Network[]): (address: ClientAddress) => boolean {
  const ipv4 = networks.filter(({ family }) => family === 4).map(compileIpv4);
  const ipv6 = networks.filter(({ family }) => family === 6).map(compileIpv6);
  return ({ ipv4: number, text }) => {
    if (number !== undefined && ipv4.some((contains) => contains(number))) return true;
    if (ipv6.length === 0) return false;
    // An IPv4 address is in the networks that its IPv6 form is in (RFC 4291 §2.5.5.2).
    const bytes = ipv6Bytes(number === undefined ? text : `::ffff:${text}`);
    return ipv6.some((contains) => contains(bytes));
  };
}

function compileIpv4({ address, bits }: Network): (address: number) => boolean {
  const size = 2 ** (32 - bits);
  const prefix = Math.floor(ipv4Number(address) / size);
  return (number) => Math.floor(number / size) === prefix;
}

function compileIpv6({ address, bits }: Network): (address: Uint8Array) => boolean {
  const prefix = ipv6Bytes(address);
  const whole = bits >> 3;
  const rest = 0xff00 >> (bits & 7);
  return (bytes) => {
    for (let at = 0; at < whole; at++) if (bytes[at] !== prefix[at]) return false;
    return (bits & 7) === 0 || ((bytes[whole]! ^ prefix[whole]!) & rest & 0xff) === 0;
  };
}
