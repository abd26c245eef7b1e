/** The options of `bind` (configuration manual §5.1) and `server` (§5.2) lines that speak of TLS. */
import type { Word } from "./lexer.js";
import type { TlsVersion } from "./model.js";
import type { LineOption } from "./option-line.js";
import { readCriterion } from "./rules/acl.js";
import type { Statement } from "./statement.js";
import { TLS_VERSIONS, type TlsDraft, VERSION_WORDS } from "./tls-draft.js";
import { readIgnoredErrors } from "./verify-errors.js";

/** Whatever line it is, its settings hold a draft. */
interface HasTls {
  tls: TlsDraft;
}

type TlsOption = LineOption<HasTls>;

/** Undefined: the argument is wrong, and reported. */
type Change = (statement: Statement, tls: TlsDraft, argument: Word) => Partial<TlsDraft> | undefined;

function option(name: string, argument: string, fallback: string, doc: string, change: Change): TlsOption {
  return {
    name,
    argument,
    ...(fallback === "" ? {} : { default: fallback }),
    doc,
    apply: (statement, settings, word, self) => {
      const changed = change(statement, settings.tls, word);
      settings.tls = { ...settings.tls, span: settings.tls.span ?? self.span, ...changed };
    },
  };
}

/** Both kinds of lines. */
const COMMON: readonly TlsOption[] = [
  option(
    "ca-file",
    "<file|@system-ca>",
    "",
    "Authorities that the peer's certificate must come from.",
    (_, __, word) => ({
      caFile: word.text,
    }),
  ),
  option("crl-file", "<file>", "", "Lists of certificates that are revoked.", (_, __, word) => ({
    crlFile: word.text,
  })),
  option("ciphers", "<list>", "global", "Ciphers up to TLS 1.2, in OpenSSL's format.", (_, __, word) => ({
    ciphers: word.text,
  })),
  option("ciphersuites", "<list>", "global", "Cipher suites of TLS 1.3.", (_, __, word) => ({
    cipherSuites: word.text,
  })),
  option(
    "alpn",
    "<p,p>",
    "h2,http/1.1 on binds in mode http",
    "Protocols to agree on in the handshake, the preferred one first.",
    readAlpn,
  ),
  option("ssl-min-ver", "<SSLv3…TLSv1.3>", "TLSv1.2", "Oldest version of TLS.", (statement, _, word) => {
    // The oldest version that OpenSSL has left.
    if (word.text === "SSLv3") return { minVersion: "TLSv1.0" };
    const minVersion = statement.choice(word, TLS_VERSIONS, [], "ssl-min-ver");
    return minVersion && { minVersion };
  }),
  option("ssl-max-ver", "<TLSv1.0…TLSv1.3>", "highest", "Newest version of TLS.", (statement, _, word) => {
    const maxVersion = statement.choice(word, TLS_VERSIONS, [], "ssl-max-ver");
    return maxVersion && { maxVersion };
  }),
  option("no-sslv3", "", "always", "SSL 3.0 is never spoken anyway.", () => ({})),
  ...VERSION_WORDS.flatMap(([word, version]): TlsOption[] => [
    option(`no-${word}`, "", "off", `Does not speak ${version}.`, (_, tls) => ({
      disabledVersions: [...tls.disabledVersions, version],
    })),
    option(`force-${word}`, "", "off", `Speaks ${version} only.`, () => forced(version)),
  ]),
];

const forced = (version: TlsVersion): Partial<TlsDraft> => ({ minVersion: version, maxVersion: version });

export const BIND_TLS_OPTIONS: readonly TlsOption[] = [
  option("ssl", "", "off", "Speaks TLS to the clients of this listener.", () => ({ ssl: true })),
  option("crt", "<file|dir>", "", "PEM file of certificate, chain and key, or a folder of them.", readCertificate),
  option("crt-list", "<file>", "", "Certificates, each with the names that it is for.", (_, tls, word) => ({
    certificateLists: [...tls.certificateLists, word.text],
  })),
  ...COMMON,
  option("verify", "{none|optional|required}", "none", "Whether clients show a certificate.", (statement, _, word) => {
    const verify = statement.choice(word, ["none", "optional", "required"] as const, [], "verify");
    return verify && { verify };
  }),
  option(
    "ca-ignore-err",
    "{all|<error>,…}",
    "none",
    "What may be wrong with the authorities of a client.",
    (...args) => {
      const ignoredCaErrors = readIgnoredErrors(args[0], args[2], "ca-ignore-err");
      return ignoredCaErrors && { ignoredCaErrors };
    },
  ),
  option("crt-ignore-err", "{all|<error>,…}", "none", "What may be wrong with a client's certificate.", (...args) => {
    const ignoredCertificateErrors = readIgnoredErrors(args[0], args[2], "crt-ignore-err");
    return ignoredCertificateErrors && { ignoredCertificateErrors };
  }),
  option("strict-sni", "", "off", "Refuses clients that name no server with a certificate.", () => ({
    strictSni: true,
  })),
  option("curves", "<list>", "global", "Curves of the key exchange.", (_, __, word) => ({ curves: word.text })),
  option("ecdhe", "<curve>", "OpenSSL's", "The one curve of the key exchange.", (_, __, word) => ({
    curves: word.text,
  })),
  option("no-alpn", "", "", "Takes back `alpn`.", () => ({ alpn: undefined, withoutAlpn: true })),
  option("prefer-client-ciphers", "", "server order", "The client's order of ciphers counts.", () => ({
    preferClientCiphers: true,
  })),
  option("no-tls-tickets", "", "tickets on", "Sessions are kept here, not in tickets.", () => ({ tickets: false })),
  option("tls-ticket-keys", "<file>", "made up at start", "Keys of tickets, to share over a pair.", (_, __, word) => ({
    ticketKeys: word.text,
  })),
  option("tls-tickets", "", "on", "Sessions are kept in tickets that clients hold.", () => ({ tickets: true })),
];

/** Those that a line of a `crt-list` may have for its certificate. */
export const CERTIFICATE_OPTIONS: readonly TlsOption[] = BIND_TLS_OPTIONS.filter(({ name }) =>
  "alpn no-alpn ca-file ciphers ciphersuites crl-file curves ecdhe ssl-min-ver ssl-max-ver verify"
    .split(" ")
    .includes(name),
);

export const SERVER_TLS_OPTIONS: readonly TlsOption[] = [
  option("ssl", "", "off", "Speaks TLS to the server.", () => ({ ssl: true })),
  option("no-ssl", "", "off", "Takes back `ssl` of default-server.", () => ({ ssl: false })),
  option("crt", "<file>", "", "PEM file of a certificate and key, for servers that ask.", readCertificate),
  ...COMMON,
  option("verify", "{none|required}", "required", "Whether the server's certificate counts.", (statement, _, word) => {
    const verify = statement.choice(word, ["none", "required"] as const, [], "verify");
    return verify && { verify };
  }),
  option("verifyhost", "<name>", "sni", "The name that the server's certificate must be for.", (_, __, word) => ({
    verifyHost: word.text,
  })),
  option("no-verifyhost", "", "", "Takes back `verifyhost` of default-server.", () => ({ verifyHost: undefined })),
  option(
    "sni",
    "<expr>",
    "none",
    "The server's name in the handshake: str(<name>), or a sample of the client.",
    readServerName,
  ),
  option("no-ssl-reuse", "", "reuse", "Every connection makes a session of its own.", () => ({ reuseSessions: false })),
];

function readCertificate(statement: Statement, tls: TlsDraft, word: Word): Partial<TlsDraft> | undefined {
  if (word.text.startsWith("@")) {
    statement.notSupported(word.span, "a certificate in a crt-store", { remedy: "name its PEM file" });
    return undefined;
  }
  return { certificates: [...tls.certificates, word.text] };
}

function readAlpn(statement: Statement, _: TlsDraft, word: Word): Partial<TlsDraft> | undefined {
  const protocols = word.text.split(",");
  if (protocols.every((name) => name.length > 0 && name.length <= 255)) return { alpn: word, withoutAlpn: false };
  statement.error("bad-value", word.span, `"${word.text}" is not a list of protocols`, {
    cause: "the name of a protocol has 1 to 255 bytes (RFC 7301 §3.1)",
    remedy: "write: alpn http/1.1",
  });
  return undefined;
}

function readServerName(statement: Statement, _: TlsDraft, word: Word): Partial<TlsDraft> | undefined {
  const name = /^str\(([^()]+)\)$/.exec(word.text)?.[1];
  if (name !== undefined) return { serverName: name, serverNameSample: undefined };
  const criterion = readCriterion(statement, word);
  if (criterion === undefined) return undefined;
  if (criterion.type === "text" && criterion.method === undefined)
    return { serverName: undefined, serverNameSample: criterion.sample };
  statement.error("bad-value", word.span, `${word.text} is not a name`, {
    remedy: "write: sni req.hdr(host), sni ssl_fc_sni or sni str(<name>)",
  });
  return undefined;
}
