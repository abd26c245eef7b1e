/** Addresses within a statement: read, variables expanded, host names resolved, mistakes reported. */
import { isIPv6 } from "node:net";
import { type Address, type LocalAddress, otherTransport, parseAddress, parseLocalAddress } from "./address.js";
import type { Word } from "./lexer.js";
import type { Statement } from "./statement.js";

export interface Endpoint {
  /** Numeric; "0.0.0.0" or "::" for any. */
  readonly address: string;
  readonly family: 4 | 6;
  readonly ports: { readonly first: number; readonly last: number } | undefined;
}

/** A `LocalAddress`, in the words of the model. */
export interface LocalEndpoint {
  readonly address: string;
  readonly family: LocalAddress["kind"];
  readonly ports: undefined;
}

/** As `readEndpoint`, for places that also take UNIX sockets and inherited descriptors. */
export function readAnyEndpoint(
  statement: Statement,
  word: Word,
  text = word.text,
): Endpoint | LocalEndpoint | undefined {
  const local = parseLocalAddress(text);
  if (local === undefined) return readEndpoint(statement, word, text);
  if (local.ok) return { address: local.value.name, family: local.value.kind, ports: undefined };
  statement.error("bad-address", word.span, `"${text}" is not an address`, { cause: local.why });
  return undefined;
}

/**
 * Reads `text` (the whole of `word`, or one of its comma-separated parts) as an internet address.
 * @returns undefined when a mistake, a transport not done yet or an unresolvable name was reported.
 */
export function readEndpoint(statement: Statement, word: Word, text = word.text): Endpoint | undefined {
  const transport = parseLocalAddress(text) === undefined ? otherTransport(text) : `the address ${text}`;
  if (transport !== undefined) {
    statement.notSupported(word.span, `${transport} in ${statement.name}`, { remedy: "use address:port" });
    return undefined;
  }
  const address = parseAddress(text);
  if (!address.ok) {
    statement.error("bad-address", word.span, `"${text}" is not an address`, {
      cause: address.why,
      remedy: "write 192.0.2.1:80, [2001:db8::1]:80, or a host name and a port",
    });
    return undefined;
  }
  return resolveHost(statement, word, address.value);
}

function resolveHost(statement: Statement, word: Word, { host, ports }: Address): Endpoint | undefined {
  if (host.kind === "any") return { address: host.family === 4 ? "0.0.0.0" : "::", family: host.family, ports };
  if (host.kind === "numeric") return { address: host.address, family: host.family, ports };
  const address = statement.options.resolve?.(host.name);
  if (address === undefined) {
    statement.error("cannot-resolve", word.span, `cannot resolve the host name "${host.name}"`, {
      cause: "names are resolved when the configuration is loaded",
      remedy: "check the spelling and the resolver, put it into /etc/hosts, or write the numeric address",
    });
    return undefined;
  }
  const family = isIPv6(address) ? 6 : 4;
  if (host.family !== undefined && host.family !== family) {
    statement.error("cannot-resolve", word.span, `"${host.name}" has no IPv${host.family} address`);
    return undefined;
  }
  return { address, family, ports };
}

/** Addresses are the one place where HAProxy expands `${NAME}` without double quotes. */
export function expandBareVariables(statement: Statement, word: Word): Word {
  if (!word.hasBareVariable) return word;
  const text = word.text.replace(
    /\$(?:\{([A-Za-z_]\w*)(?:-([^}]*))?\}|([A-Za-z_]\w*))/g,
    (_, braced: string | undefined, fallback: string | undefined, plain: string | undefined) =>
      statement.options.environment?.[braced ?? plain!] ?? fallback ?? "",
  );
  return { ...word, text };
}
