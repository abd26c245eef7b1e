/** Addresses as haproxy.cfg writes them (configuration manual §11 "Address formats"). Pure: names are resolved elsewhere. */
import { isIPv4, isIPv6 } from "node:net";
import { type Parsed, parsed, unparsed } from "./quantities.js";

/** One address of a `bind`, `server`, `source`, `log` or `stats socket`. */
export interface Address {
  readonly host: HostPart;
  /** Undefined: none was written. First and last are equal unless a range was. */
  readonly ports: { readonly first: number; readonly last: number } | undefined;
}

export type HostPart =
  | { readonly kind: "any"; readonly family: 4 | 6 }
  | { readonly kind: "numeric"; readonly address: string; readonly family: 4 | 6 }
  | { readonly kind: "name"; readonly name: string; readonly family: 4 | 6 | undefined };

const FAMILY_PREFIX: Readonly<Record<string, 4 | 6 | undefined>> = {
  "ipv4@": 4,
  "ipv6@": 6,
  "tcp4@": 4,
  "tcp6@": 6,
  "udp4@": 4,
  "udp6@": 6,
  "ip@": undefined,
  "tcp@": undefined,
  "udp@": undefined,
};

/** An address on this host alone: a path, a name in the abstract space, or the number of an inherited descriptor. */
export interface LocalAddress {
  readonly kind: "unix" | "abns" | "fd";
  /** A path that starts with /, a name, or digits. */
  readonly name: string;
}

const LOCAL_PREFIX: Readonly<Record<string, LocalAddress["kind"]>> = {
  unix: "unix",
  uxst: "unix",
  abns: "abns",
  fd: "fd",
};

/** `sun_path` holds 108 bytes; the last of a path, the first of an abstract name is NUL (unix(7)). */
const LONGEST_NAME = 107;

/** `/path`, `unix@/path`, `abns@name`, `fd@3`. Undefined: it is no local address. */
export function parseLocalAddress(text: string): Parsed<LocalAddress> | undefined {
  const [, prefix, name] = /^(unix|uxst|abns|fd)@(.*)$/s.exec(text) ?? [];
  if (prefix === undefined && !text.startsWith("/")) return undefined;
  const local = { kind: LOCAL_PREFIX[prefix ?? "unix"]!, name: name ?? text };
  if (local.kind === "fd")
    return /^\d{1,7}$/.test(local.name) ? parsed(local) : unparsed("a number is expected behind fd@");
  if (local.kind === "unix" && !local.name.startsWith("/")) return unparsed("the path of a socket starts with /");
  if (local.name === "") return unparsed(`a name is expected behind ${prefix}@`);
  const excess = Buffer.byteLength(local.name) - LONGEST_NAME;
  return excess > 0 ? unparsed(`a socket's name has at most ${LONGEST_NAME} bytes`) : parsed(local);
}

/** The transport that an address names and that is not done: `sockpair@3`, `quic4@…`. */
export function otherTransport(text: string): string | undefined {
  const prefix = /^(abnsz|sockpair|uxdg|mptcp[46]?|quic[46]|rhttp|stream\+\w+|dgram\+\w+)@/.exec(text);
  return prefix === null ? undefined : `an address of the kind ${prefix[0]}`;
}

/**
 * `192.0.2.1:80`, `:80`, `*:80`, `[2001:db8::1]:80`, `:::80`, `name:80`, `ipv6@:80`, `10.0.0.1:8000-8010`.
 * The last colon separates the port, unless brackets or a whole IPv6 address say otherwise.
 */
export function parseAddress(text: string): Parsed<Address> {
  const prefix = /^[a-z]+[46]?@/.exec(text)?.[0] ?? "";
  if (prefix !== "" && !(prefix in FAMILY_PREFIX)) return unparsed(`there is no address of the kind ${prefix}`);
  const [host, port] = splitPort(text.slice(prefix.length));
  const hostPart = parseHost(host, FAMILY_PREFIX[prefix]);
  if (!hostPart.ok) return hostPart;
  if (port === undefined) return parsed({ host: hostPart.value, ports: undefined });
  const ports = parsePorts(port);
  return ports.ok ? parsed({ host: hostPart.value, ports: ports.value }) : ports;
}

function splitPort(text: string): [host: string, port: string | undefined] {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null && isIPv6(bracketed[1]!)) return [bracketed[1]!, bracketed[2]];
  const colon = text.lastIndexOf(":");
  if (colon === -1) return [text, undefined];
  const host = text.slice(0, colon);
  // An IPv6 address without brackets and without a port: cutting at its last colon would leave no address.
  if (host.includes(":") && host !== "::" && !isIPv6(host) && isIPv6(text)) return [text, undefined];
  return [host, text.slice(colon + 1)];
}

function parseHost(host: string, family: 4 | 6 | undefined): Parsed<HostPart> {
  if (host === "" || host === "*") return parsed({ kind: "any", family: family ?? 4 });
  if (host === "0.0.0.0" && family !== 6) return parsed({ kind: "any", family: 4 });
  if (host === "::" && family !== 4) return parsed({ kind: "any", family: 6 });
  const actual = isIPv4(host) ? 4 : isIPv6(host) ? 6 : undefined;
  if (actual !== undefined) {
    if (family !== undefined && family !== actual) return unparsed(`${host} is not an IPv${family} address`);
    return parsed({ kind: "numeric", address: host, family: actual });
  }
  if (/^[\d.]+$/.test(host)) return unparsed(`${host} is not an IPv4 address: it takes four numbers of 0–255`);
  if (host.includes(":")) return unparsed(`${host} is not an IPv6 address`);
  if (!/^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})$/.test(host)) return unparsed(`"${shorten(host)}" is not a host name`);
  return parsed({ kind: "name", name: host, family });
}

function parsePorts(text: string): Parsed<{ first: number; last: number }> {
  const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text);
  if (match === null) return unparsed(`"${shorten(text)}" is not a port: a number of 1–65535 is expected`);
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  if (first < 1 || last > 65_535 || first > 65_535) return unparsed(`port ${text} is outside 1–65535`);
  if (last < first) return unparsed(`the port range ${text} runs backwards`);
  return parsed({ first, last });
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text);
