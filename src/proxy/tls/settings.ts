/** TLS settings of the configuration as OpenSSL's contexts take them. */
import { existsSync } from "node:fs";
import type { TlsSettings, TlsVersion } from "../../config/haproxy/model.js";
import { type ContextSettings, SSL_OP, type SslContext } from "../../sys/ssl-context.js";
import { CertificateError } from "./certificate-file.js";

const DISABLED: Readonly<Record<TlsVersion, number>> = {
  "TLSv1.0": SSL_OP.noTls1,
  "TLSv1.1": SSL_OP.noTls11,
  "TLSv1.2": SSL_OP.noTls12,
  "TLSv1.3": SSL_OP.noTls13,
};

/** Where distributions keep the authorities that they trust: Debian, Red Hat, SUSE, Alpine. */
const SYSTEM_AUTHORITIES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** @param options SSL_OP of this kind of context alone */
export function contextSettings(settings: TlsSettings, curves: string | undefined, options: number): ContextSettings {
  const { minVersion, maxVersion, disabledVersions, ciphers, cipherSuites } = settings;
  let sum = options + SSL_OP.noCompression + SSL_OP.noRenegotiation + SSL_OP.ignoreUnexpectedEof;
  for (const version of new Set(disabledVersions)) sum += DISABLED[version];
  return { minVersion, maxVersion, options: sum, ciphers, cipherSuites, curves };
}

/** Applies `ca-file` and `crl-file`. @returns the file of the authorities, if there is one */
export function applyTrust(context: SslContext, settings: TlsSettings): string | undefined {
  const { crlFile } = settings;
  const authorities = authoritiesOf(settings);
  if (authorities !== undefined) context.trust(authorities);
  if (crlFile !== undefined) context.revoke(crlFile);
  return authorities;
}

/** The file that `ca-file` stands for. @throws CertificateError if this host has no authorities of its own */
export const authoritiesOf = ({ caFile }: TlsSettings): string | undefined =>
  caFile === "@system-ca" ? systemAuthorities() : caFile;

function systemAuthorities(): string {
  const found = SYSTEM_AUTHORITIES.find((path) => existsSync(path));
  if (found === undefined)
    throw new CertificateError(`ca-file @system-ca: this host has none of ${SYSTEM_AUTHORITIES.join(", ")}`);
  return found;
}
