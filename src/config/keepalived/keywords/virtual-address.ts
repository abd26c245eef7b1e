/** Lines of virtual_ipaddress: `ADDRESS[/PREFIX] [dev IF] [label L] [scope S] [brd A|+|-]`, as ip-address(8) has them. */
import { isIPv4 } from "node:net";
import { type Argument, interfaceName, ipv4Address, Mistake, readWord } from "../arguments.js";
import type { Reading } from "../declare.js";
import { broadcastOf, networkOf, prefixLengthOf, toNumber } from "../ipv4.js";
import type { Word } from "../lexer.js";
import type { VirtualAddress } from "../model.js";
import { didYouMean } from "../report.js";
import type { Statement } from "../tree.js";

export const VIRTUAL_ADDRESS_FORM = "ADDRESS[/PREFIX] [dev INTERFACE] [label LABEL] [scope SCOPE] [brd ADDRESS|+|-]";

const scopes: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };
const takesValue = new Set(["dev", "label", "scope", "brd", "peer", "preferred_lft"]);
const supported = ["dev", "label", "scope", "brd"];
export const PLANNED_ADDRESS_OPTIONS: readonly string[] = [
  "peer",
  "home",
  "-nodad",
  "mngtmpaddr",
  "noprefixroute",
  "autojoin",
  "use_vmac",
  "no_track",
  "preferred_lft",
];

/** undefined once a mistake has been reported. */
export function readVirtualAddress(entry: Statement, reading: Reading): VirtualAddress | undefined {
  const { diagnostics } = reading;
  const before = diagnostics.all.length;
  const network = readWord(entry.keyword, addressWithPrefix, diagnostics);
  const options = readOptions(entry, reading);
  const device = readOption(options, "dev", interfaceName, reading);
  const label = readOption(options, "label", labelText, reading);
  const scope = readOption(options, "scope", scopeNumber, reading) ?? 0;
  const brd = options.get("brd");
  if (network === undefined) return undefined;
  const broadcast = brd === undefined ? undefined : readBroadcast(brd, network, reading);
  if (diagnostics.all.slice(before).some((one) => one.severity === "error")) return undefined;
  warnOfNetworkAddress(entry.keyword, network, reading);
  return {
    family: 4,
    ...network,
    device,
    virtualMac: false,
    label,
    scope,
    broadcast,
    peer: undefined,
    home: false,
    noDad: false,
    manageTemporary: false,
    noPrefixRoute: false,
    autoJoin: false,
    preferredLifetime: "forever",
    track: true,
    span: entry.keyword.span,
  };
}

interface Network {
  readonly address: string;
  readonly prefixLength: number;
}

const addressWithPrefix: Argument<Network> = {
  name: "ADDRESS[/PREFIX]",
  parse(text) {
    const slash = text.indexOf("/");
    const address = slash < 0 ? text : text.slice(0, slash);
    const prefix = slash < 0 ? "32" : text.slice(slash + 1);
    const parsed = isIPv4(address) ? address : ipv4Address.parse(text);
    if (parsed instanceof Mistake) return parsed;
    if (toNumber(address) === 0 || toNumber(address) >= 0xe0000000)
      return new Mistake("bad-address", `${address} cannot be the address of a host`, {
        cause: "0.0.0.0 means any address, and 224.0.0.0 and above are multicast or reserved",
      });
    if (/^\d+$/.test(prefix) && Number(prefix) <= 32) return { address, prefixLength: Number(prefix) };
    if (text.endsWith(","))
      return new Mistake("bad-address", `${text} ends in a comma`, {
        cause: "each line holds one address",
        remedy: `write ${text.slice(0, -1)}, and the next address on the next line`,
      });
    const length = isIPv4(prefix) ? prefixLengthOf(prefix) : undefined;
    if (length !== undefined)
      return new Mistake("prefix-range", `the mask of ${address} is written as an address`, {
        remedy: `write ${address}/${length}`,
      });
    return new Mistake("prefix-range", `prefix length ${prefix} is outside 0–32`, {
      cause: "it counts the leading bits of an IPv4 address that name the network",
      remedy: `write ${address}/24, or ${address} alone for /32`,
    });
  },
};

/** The kernel keeps a label in an interface's name: 15 characters. */
const labelText: Argument<string> = {
  name: "LABEL",
  parse: (text) =>
    Buffer.byteLength(text) <= 15
      ? text
      : new Mistake("label-length", `label ${text} is longer than 15 characters`, {
          cause: "the kernel stores no more",
          remedy: "labels usually read INTERFACE:NUMBER, such as eth0:1",
        }),
};

const scopeNumber: Argument<number> = {
  name: "SCOPE",
  parse(text) {
    const scope = Object.hasOwn(scopes, text) ? scopes[text] : undefined;
    if (scope !== undefined) return scope;
    if (/^\d+$/.test(text) && Number(text) <= 255) return Number(text);
    const names = Object.keys(scopes);
    return new Mistake(
      "unknown-value",
      `there is no scope ${text}`,
      didYouMean(text, names) ?? { remedy: `use ${names.join(", ")} or a number from 0 to 255` },
    );
  },
};

/** Option → its value's word. */
function readOptions(entry: Statement, { diagnostics }: Reading): Map<string, Word> {
  const options = new Map<string, Word>();
  for (let index = 0; index < entry.arguments.length; index++) {
    const word = entry.arguments[index]!;
    const value = takesValue.has(word.text) ? entry.arguments[++index] : undefined;
    if (PLANNED_ADDRESS_OPTIONS.includes(word.text))
      diagnostics.report({
        severity: "error",
        code: "not-supported",
        span: word.span,
        message: `${word.text} is not supported yet for a virtual address`,
        remedy: "take it out to run without it",
      });
    else if (!supported.includes(word.text)) reportUnknownOption(word, { diagnostics });
    else if (value === undefined)
      diagnostics.report({
        severity: "error",
        code: "missing-argument",
        span: word.span,
        message: `${word.text} needs a value`,
      });
    else if (options.has(word.text))
      diagnostics.report({
        severity: "error",
        code: "extra-argument",
        span: word.span,
        message: `${word.text} stands twice on this line`,
        remedy: "keep one of the two",
      });
    else options.set(word.text, value);
  }
  return options;
}

function reportUnknownOption(word: Word, { diagnostics }: Pick<Reading, "diagnostics">): void {
  const another = isIPv4(word.text.replace(/\/.*$/, "").replace(/,$/, ""));
  diagnostics.report({
    severity: "error",
    code: "unknown-option",
    span: word.span,
    message: `${word.text} is no option of a virtual address`,
    ...(another
      ? { cause: "each line holds one address", remedy: `put ${word.text} on the next line` }
      : (didYouMean(word.text, [...supported, ...PLANNED_ADDRESS_OPTIONS]) ?? {
          remedy: `use ${supported.join(", ")}`,
        })),
  });
}

function readOption<T>(
  options: ReadonlyMap<string, Word>,
  name: string,
  argument: Argument<T>,
  { diagnostics }: Reading,
): T | undefined {
  const word = options.get(name);
  return word === undefined ? undefined : readWord(word, argument, diagnostics);
}

/** `+` sets the host bits, `-` clears them, as ip-address(8) has it. */
function readBroadcast(word: Word, { address, prefixLength }: Network, { diagnostics }: Reading): string | undefined {
  if (word.text !== "+" && word.text !== "-") return readWord(word, ipv4Address, diagnostics);
  if (prefixLength < 31)
    return word.text === "+" ? broadcastOf(address, prefixLength) : networkOf(address, prefixLength);
  diagnostics.report({
    severity: "warning",
    code: "no-broadcast",
    span: word.span,
    message: `brd ${word.text} has no effect on a /${prefixLength}`,
    cause: "no host bits are left to make a broadcast address of",
    remedy: `give ${address} the prefix length of its network, such as ${address}/24`,
  });
  return undefined;
}

function warnOfNetworkAddress(word: Word, { address, prefixLength }: Network, { diagnostics }: Reading): void {
  if (prefixLength > 30) return;
  const isNetwork = networkOf(address, prefixLength) === address;
  if (!isNetwork && broadcastOf(address, prefixLength) !== address) return;
  diagnostics.report({
    severity: "warning",
    code: "network-address",
    span: word.span,
    message: `${address} is the ${isNetwork ? "network" : "broadcast"} address of its /${prefixLength}`,
    cause: "hosts do not answer to it",
    remedy: "use one of the addresses between them",
  });
}
