/** TLS settings of servers as Node's client takes them, for health checks: files are read while that is permitted. */
import { constants } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ConnectionOptions, checkServerIdentity, createSecureContext, DEFAULT_CIPHERS } from "node:tls";
import type { CheckTls, HaproxyConfiguration, ServerTls, TlsVersion } from "../../config/haproxy/model.js";
import { readCertificateFile } from "./certificate-file.js";
import { authoritiesOf } from "./settings.js";

const VERSIONS = { "TLSv1.0": "TLSv1", "TLSv1.1": "TLSv1.1", "TLSv1.2": "TLSv1.2", "TLSv1.3": "TLSv1.3" } as const;
const DISABLED: Readonly<Record<TlsVersion, number>> = {
  "TLSv1.0": constants.SSL_OP_NO_TLSv1,
  "TLSv1.1": constants.SSL_OP_NO_TLSv1_1,
  "TLSv1.2": constants.SSL_OP_NO_TLSv1_2,
  "TLSv1.3": constants.SSL_OP_NO_TLSv1_3,
};
const isSuite = (name: string): boolean => name.startsWith("TLS_");

/**
 * What every check needs for its handshakes.
 * @throws CertificateError, or Node's own words about a file that is no good
 */
export function checkOptions({ backends }: HaproxyConfiguration): ReadonlyMap<CheckTls, ConnectionOptions> {
  const checks = backends.flatMap(({ servers }) => servers.flatMap(({ check }) => check?.tls ?? []));
  return new Map(checks.map((tls) => [tls, optionsOf(tls)]));
}

function optionsOf({ settings, serverName }: CheckTls): ConnectionOptions {
  const { verify, verifyHost } = settings;
  return {
    secureContext: createSecureContext(contextOf(settings)),
    ...(serverName === undefined ? {} : { servername: serverName }),
    rejectUnauthorized: verify === "required",
    checkServerIdentity: (_, certificate) =>
      verifyHost === undefined ? undefined : checkServerIdentity(verifyHost, certificate),
  };
}

function contextOf(settings: ServerTls): Parameters<typeof createSecureContext>[0] {
  const { minVersion, maxVersion, disabledVersions, crlFile, certificate } = settings;
  const authorities = authoritiesOf(settings);
  const own = certificate === undefined ? undefined : readCertificateFile(certificate);
  const ciphers = ciphersOf(settings);
  return {
    ...(minVersion && { minVersion: VERSIONS[minVersion] }),
    ...(maxVersion && { maxVersion: VERSIONS[maxVersion] }),
    secureOptions: disabledVersions.reduce((sum, version) => sum | DISABLED[version], 0),
    ...(ciphers && { ciphers }),
    ...(authorities && { ca: readFileSync(authorities) }),
    ...(crlFile && { crl: readFileSync(crlFile) }),
    ...(own && {
      cert: [own.leaf, ...own.chain].map((link) => link.toString()).join(""),
      key: own.key.export({ type: "pkcs8", format: "pem" }),
    }),
  };
}

/** Node has one list for both kinds; where only one kind is given, the other is Node's own. */
function ciphersOf({ ciphers, cipherSuites }: ServerTls): string | undefined {
  if (ciphers === undefined && cipherSuites === undefined) return undefined;
  const defaults = DEFAULT_CIPHERS.split(":");
  const suites = cipherSuites ?? defaults.filter(isSuite).join(":");
  return `${suites}:${ciphers ?? defaults.filter((name) => !isSuite(name)).join(":")}`;
}
