/** Lines of virtual_ipaddress and static_ipaddress, as ip-address(8) has them. */
import { isIP, isIPv4 } from "node:net";
import { type Argument, anyAddress, interfaceName, ipv4Address, Mistake, text } from "../arguments.js";
import type { Reading } from "../declare.js";
import { broadcastOf, networkOf, prefixLengthOf, toNumber } from "../ipv4.js";
import type { Word } from "../lexer.js";
import type { AddressFamily, VirtualAddress } from "../model.js";
import { didYouMean } from "../report.js";
import type { Statement } from "../tree.js";
import { OptionLine } from "./option-line.js";
import { routeScope } from "./route-names.js";

const COMMON_FORM =
  "ADDRESS[/PREFIX] [dev INTERFACE] [label LABEL] [scope SCOPE] [brd ADDRESS|+|-] [peer ADDRESS[/PREFIX]] [home] " +
  "[-nodad] [mngtmpaddr] [noprefixroute] [autojoin] [preferred_lft SECONDS|forever] [no_track]";
export const VIRTUAL_ADDRESS_FORM = `${COMMON_FORM} [use_vmac]`;
export const STATIC_ADDRESS_FORM = `${COMMON_FORM} [track_group GROUP]`;

type Writable = { -readonly [Field in keyof VirtualAddress]: VirtualAddress[Field] };
export interface AddressLine extends VirtualAddress {
  readonly trackGroup: Word | undefined;
}

/** undefined once a mistake has been reported. */
export function readAddressLine(
  entry: Statement,
  reading: Reading,
  kind: "virtual" | "static",
): AddressLine | undefined {
  const line = new OptionLine([entry.keyword, ...entry.arguments], reading);
  const network = line.read(line.next()!, addressWithPrefix);
  const into: Writable = {
    ...(network ?? { family: 4, address: "", prefixLength: 32 }),
    device: undefined,
    virtualMac: false,
    label: undefined,
    scope: 0,
    broadcast: undefined,
    peer: undefined,
    home: false,
    // keepalived's: an address that moves must answer at once, and duplicate address detection takes a second.
    noDad: network?.family === 6 && kind === "virtual",
    manageTemporary: false,
    noPrefixRoute: false,
    autoJoin: false,
    preferredLifetime: network?.family === 6 && network.prefixLength === 128 ? 0 : "forever",
    track: true,
    span: entry.keyword.span,
  };
  const seen: Seen = { broadcast: undefined, trackGroup: undefined };
  for (let word = line.next(); word !== undefined; word = line.next()) readOption(word, line, into, seen, kind);
  if (network === undefined || line.failed) return undefined;
  if (seen.broadcast !== undefined) into.broadcast = broadcastFor(seen.broadcast, into, line);
  refuseIpv4Options(into, entry, line, seen);
  if (line.failed) return undefined;
  warnOfNetworkAddress(entry.keyword, into, reading);
  return { ...into, trackGroup: seen.trackGroup };
}

interface Seen {
  broadcast: Word | undefined;
  trackGroup: Word | undefined;
}

const flags: Readonly<Record<string, Partial<Writable>>> = {
  home: { home: true },
  "-nodad": { noDad: false },
  mngtmpaddr: { manageTemporary: true },
  noprefixroute: { noPrefixRoute: true },
  autojoin: { autoJoin: true },
  no_track: { track: false },
};
const options = ["dev", "label", "scope", "brd", "broadcast", "peer", "preferred_lft", ...Object.keys(flags)];

function readOption(word: Word, line: OptionLine, into: Writable, seen: Seen, kind: "virtual" | "static"): void {
  const name = word.text === "broadcast" ? "brd" : word.text;
  line.option(word, name);
  if (Object.hasOwn(flags, name)) {
    Object.assign(into, flags[name]);
    return;
  }
  switch (name) {
    case "dev":
      into.device = line.value(word, interfaceName);
      return;
    case "label":
      into.label = line.value(word, labelText);
      return;
    case "scope":
      into.scope = line.value(word, routeScope) ?? 0;
      return;
    case "brd":
      seen.broadcast = line.next() ?? undefined;
      if (seen.broadcast === undefined) line.wrong(word, "missing-value", "brd needs a value", "write brd +");
      return;
    case "peer": {
      const peer = line.value(word, addressWithPrefix);
      if (peer === undefined) return;
      if (peer.family !== into.family) line.wrong(word, "other-family", "the peer is of the other address family");
      into.peer = peer.address;
      into.prefixLength = peer.prefixLength;
      return;
    }
    case "preferred_lft":
      into.preferredLifetime = line.value(word, lifetime) ?? "forever";
      return;
    case "use_vmac":
      if (kind === "static") reportUnknownOption(word, line, kind);
      into.virtualMac = true;
      return;
    case "track_group":
      if (kind === "virtual") reportUnknownOption(word, line, kind);
      seen.trackGroup = line.next();
      return;
    default:
      reportUnknownOption(word, line, kind);
  }
}

export interface Network {
  readonly family: AddressFamily;
  readonly address: string;
  readonly prefixLength: number;
}

const addressWithPrefix: Argument<Network> = {
  name: "ADDRESS[/PREFIX]",
  parse(text) {
    const slash = text.indexOf("/");
    const written = slash < 0 ? text : text.slice(0, slash);
    const parsed = anyAddress.parse(isIP(written) === 0 ? text : written);
    if (parsed instanceof Mistake) return parsed;
    const { family, address } = parsed;
    const longest = family === 4 ? 32 : 128;
    const prefix = slash < 0 ? String(longest) : text.slice(slash + 1);
    if (!isHostAddress(family, address))
      return new Mistake("bad-address", `${address} cannot be the address of a host`, {
        cause: "it means any address, or is multicast or reserved",
      });
    if (/^\d{1,3}$/.test(prefix) && Number(prefix) <= longest) return { family, address, prefixLength: Number(prefix) };
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
    return new Mistake("prefix-range", `prefix length ${prefix} is outside 0–${longest}`, {
      cause: `it counts the leading bits of an IPv${family} address that name the network`,
      remedy: `write ${address}/${family === 4 ? 24 : 64}, or ${address} alone for /${longest}`,
    });
  },
};

const isHostAddress = (family: AddressFamily, address: string): boolean =>
  family === 4 ? toNumber(address) !== 0 && toNumber(address) < 0xe0000000 : address !== "::" && !/^ff/.test(address);

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

const lifetime: Argument<number | "forever"> = {
  name: "SECONDS|forever",
  parse: (text) =>
    text === "forever" || (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32)
      ? text === "forever" || Number(text) === 2 ** 32 - 1
        ? "forever"
        : Number(text)
      : new Mistake("not-a-number", `preferred_lft ${text} is no lifetime`, { remedy: "use seconds, or forever" }),
};

function reportUnknownOption(word: Word, line: OptionLine, kind: "virtual" | "static"): void {
  const another = isIP(word.text.replace(/\/.*$/, "").replace(/,$/, "")) !== 0;
  const known = [...options, kind === "virtual" ? "use_vmac" : "track_group"];
  line.wrong(
    word,
    "unknown-option",
    `${word.text} is no option of a ${kind} address`,
    another
      ? `put ${word.text} on the next line`
      : (didYouMean(word.text, known)?.remedy ?? `use ${known.slice(0, 4).join(", ")} and their like`),
    another ? "each line holds one address" : undefined,
  );
}

/** `+` sets the host bits, `-` clears them, as ip-address(8) has it. */
function broadcastFor(word: Word, { family, address, prefixLength }: Network, line: OptionLine): string | undefined {
  if (family === 6) {
    line.wrong(word, "other-family", "IPv6 has no broadcast", "take brd out");
    return undefined;
  }
  if (word.text !== "+" && word.text !== "-") return line.read(word, ipv4Address);
  if (prefixLength < 31)
    return word.text === "+" ? broadcastOf(address, prefixLength) : networkOf(address, prefixLength);
  line.reading.diagnostics.report({
    severity: "warning",
    code: "no-broadcast",
    span: word.span,
    message: `brd ${word.text} has no effect on a /${prefixLength}`,
    cause: "no host bits are left to make a broadcast address of",
    remedy: `give ${address} the prefix length of its network, such as ${address}/24`,
  });
  return undefined;
}

/** Labels and scopes are IPv4's; keepalived says so and leaves them out. */
function refuseIpv4Options(into: Writable, entry: Statement, line: OptionLine, seen: Seen): void {
  if (seen.broadcast !== undefined && into.peer !== undefined)
    line.wrong(seen.broadcast, "extra-argument", "a line with peer has no broadcast address", "take brd out");
  if (into.family === 4) return;
  for (const name of ["label", "scope"]) {
    const word = entry.arguments.find((argument) => argument.text === name);
    if (word === undefined) continue;
    line.reading.diagnostics.report({
      severity: "warning",
      code: "ipv4-only",
      span: word.span,
      message: `${name} has no effect on an IPv6 address`,
      cause: "the kernel has it for IPv4 only",
      remedy: "take it out",
    });
  }
  into.label = undefined;
  into.scope = 0;
}

function warnOfNetworkAddress(word: Word, { family, address, prefixLength }: Network, { diagnostics }: Reading): void {
  if (family === 6 || prefixLength > 30) return;
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

/** A name that is written in a file: an interface, a group. */
export const anyName = text("NAME");
