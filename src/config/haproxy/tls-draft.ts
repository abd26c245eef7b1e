/** What `bind` and `server` lines say about TLS, before the global section's defaults are folded in. */
import type { Span } from "../diagnostics.js";
import type { Word } from "./lexer.js";
import type { TlsVersion } from "./model.js";
import type { Sample } from "./rules/model.js";
import type { IgnoredErrors } from "./verify-errors.js";

/** Undefined: not said. Copied when it changes, so that `default-server` can hand it down. */
export interface TlsDraft {
  readonly ssl: boolean | undefined;
  /** The first option that speaks of TLS, for what is wrong with all of them. */
  readonly span: Span | undefined;
  readonly certificates: readonly string[];
  readonly certificateLists: readonly string[];
  readonly caFile: string | undefined;
  readonly crlFile: string | undefined;
  readonly verify: "none" | "optional" | "required" | undefined;
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
  readonly disabledVersions: readonly TlsVersion[];
  readonly ciphers: string | undefined;
  readonly cipherSuites: string | undefined;
  readonly curves: string | undefined;
  readonly alpn: Word | undefined;
  /** `no-alpn`: none is negotiated, whatever the default. */
  readonly withoutAlpn: boolean | undefined;
  // Of listeners:
  readonly strictSni: boolean | undefined;
  readonly ignoredCaErrors: IgnoredErrors | undefined;
  readonly ignoredCertificateErrors: IgnoredErrors | undefined;
  readonly preferClientCiphers: boolean | undefined;
  readonly tickets: boolean | undefined;
  readonly ticketKeys: string | undefined;
  // Of servers:
  readonly serverName: string | undefined;
  readonly serverNameSample: Sample | undefined;
  readonly verifyHost: string | undefined;
  readonly reuseSessions: boolean | undefined;
}

export const NO_TLS: TlsDraft = {
  ssl: undefined,
  span: undefined,
  certificates: [],
  certificateLists: [],
  caFile: undefined,
  crlFile: undefined,
  verify: undefined,
  minVersion: undefined,
  maxVersion: undefined,
  disabledVersions: [],
  ciphers: undefined,
  cipherSuites: undefined,
  curves: undefined,
  alpn: undefined,
  withoutAlpn: undefined,
  strictSni: undefined,
  ignoredCaErrors: undefined,
  ignoredCertificateErrors: undefined,
  preferClientCiphers: undefined,
  tickets: undefined,
  ticketKeys: undefined,
  serverName: undefined,
  serverNameSample: undefined,
  verifyHost: undefined,
  reuseSessions: undefined,
};

export const TLS_VERSIONS: readonly TlsVersion[] = ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** `tlsv12` in `no-tlsv12` and `force-tlsv12`. */
export const VERSION_WORDS: readonly (readonly [word: string, version: TlsVersion])[] = [
  ["tlsv10", "TLSv1.0"],
  ["tlsv11", "TLSv1.1"],
  ["tlsv12", "TLSv1.2"],
  ["tlsv13", "TLSv1.3"],
];

/** What `ssl-default-bind-options` says. Words that it does not know have been reported by then. */
export function readDefaultOptions(words: readonly string[]): TlsDraft {
  let draft = NO_TLS;
  for (const [index, word] of words.entries()) {
    const version = asVersion(words[index + 1]);
    if (word === "ssl-min-ver") draft = { ...draft, minVersion: version };
    else if (word === "ssl-max-ver") draft = { ...draft, maxVersion: version };
    else if (word === "no-tls-tickets") draft = { ...draft, tickets: false };
    else if (word === "tls-tickets") draft = { ...draft, tickets: true };
    else if (word === "prefer-client-ciphers") draft = { ...draft, preferClientCiphers: true };
    else if (word === "strict-sni") draft = { ...draft, strictSni: true };
    for (const [name, value] of VERSION_WORDS) {
      if (word === `no-${name}`) draft = { ...draft, disabledVersions: [...draft.disabledVersions, value] };
      else if (word === `force-${name}`) draft = { ...draft, minVersion: value, maxVersion: value };
    }
  }
  return draft;
}

/** SSLv3 is the oldest that may be asked for, and TLS 1.0 the oldest that OpenSSL has left. */
const asVersion = (word: string | undefined): TlsVersion | undefined =>
  word === "SSLv3" ? "TLSv1.0" : TLS_VERSIONS.find((version) => version === word);
