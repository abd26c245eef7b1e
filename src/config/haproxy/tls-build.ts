/** TLS drafts into the typed model: the global section's defaults and folders are folded in, what cannot work reported. */
import { isAbsolute, join } from "node:path";
import type { Diagnostics, Span } from "../diagnostics.js";
import type { GlobalDraft } from "./draft.js";
import type { BindTls, ServerTls, TlsSettings, TlsVersion } from "./model.js";
import { readDefaultOptions, type TlsDraft } from "./tls-draft.js";

/** HAProxy's since 2.2; older versions are broken or forbidden (RFC 8996). */
const DEFAULT_MIN_VERSION: TlsVersion = "TLSv1.2";

export class TlsBuilder {
  /** One line may make many listeners, and `default-server` many servers: each mistake is told once. */
  readonly #reported = new Set<string>();

  constructor(
    readonly global: GlobalDraft,
    readonly diagnostics: Diagnostics,
  ) {}

  /** @param protocols what is offered where the line says nothing of ALPN */
  bind(draft: TlsDraft, span: Span, protocols: readonly string[]): BindTls | undefined {
    const at = draft.span ?? span;
    if (draft.ssl !== true) {
      if (draft.span !== undefined) this.#report("warning", "no-effect", at, ...WITHOUT_SSL);
      return undefined;
    }
    const { global } = this;
    const defaults = readDefaultOptions(global.bindTlsOptions);
    const said = mergeDefaults(draft, defaults);
    const verify = draft.verify ?? "none";
    if (draft.certificates.length + draft.certificateLists.length === 0)
      this.#report("error", "no-certificate", at, ...WITHOUT_CERTIFICATE);
    if (verify !== "none" && draft.caFile === undefined) this.#report("error", "no-ca-file", at, ...WITHOUT_CA);
    if (said.tickets === false && draft.ticketKeys !== undefined)
      this.#report("warning", "no-effect", at, ...WITHOUT_TICKETS);
    return {
      ...this.#settings(said, at),
      alpn: draft.alpn === undefined && draft.withoutAlpn !== true ? protocols : alpnOf(draft),
      ciphers: draft.ciphers ?? global.bindCiphers,
      cipherSuites: draft.cipherSuites ?? global.bindCipherSuites,
      curves: draft.curves ?? global.bindCurves,
      certificates: draft.certificates.map((path) => inFolder(global.crtBase, path)),
      certificateLists: draft.certificateLists,
      listFolder: global.crtBase,
      authorityFolder: global.caBase,
      verify,
      ignoredCaErrors: draft.ignoredCaErrors ?? [],
      ignoredCertificateErrors: draft.ignoredCertificateErrors ?? [],
      strictSni: said.strictSni ?? false,
      preferClientCiphers: said.preferClientCiphers ?? false,
      tickets: said.tickets ?? true,
      ticketKeys: said.tickets === false ? undefined : draft.ticketKeys,
      cacheSize: global.tlsCacheSize,
      lifetime: global.tlsLifetime,
      span: at,
    };
  }

  server(draft: TlsDraft, span: Span): ServerTls | undefined {
    // Without `ssl` the other options wait for a `default-server ssl` that may come and go.
    if (draft.ssl !== true) return undefined;
    const { global } = this;
    const verify = draft.verify === "none" || draft.verify === "required" ? draft.verify : global.serverVerify;
    if (verify === "required" && draft.caFile === undefined) this.#report("error", "no-ca-file", span, ...UNVERIFIABLE);
    return {
      ...this.#settings(draft, draft.span ?? span),
      ciphers: draft.ciphers ?? global.serverCiphers,
      cipherSuites: draft.cipherSuites ?? global.serverCipherSuites,
      verify,
      certificate: draft.certificates.map((path) => inFolder(global.crtBase, path)).at(-1),
      serverName: draft.serverName,
      serverNameSample: draft.serverNameSample,
      verifyHost: draft.verifyHost ?? draft.serverName,
      reuseSessions: draft.reuseSessions ?? true,
      span,
    };
  }

  #settings(draft: TlsDraft, span: Span): TlsSettings {
    const { caBase } = this.global;
    const { minVersion, maxVersion, disabledVersions, ciphers, cipherSuites, caFile, crlFile } = draft;
    if (minVersion !== undefined && maxVersion !== undefined && minVersion > maxVersion)
      this.#report("error", "no-tls-version", span, `no version of TLS is left from ${minVersion} to ${maxVersion}`, {
        remedy: `write: ssl-min-ver ${maxVersion}`,
      });
    const lowest = maxVersion !== undefined && maxVersion < DEFAULT_MIN_VERSION ? maxVersion : DEFAULT_MIN_VERSION;
    return {
      minVersion: minVersion ?? lowest,
      maxVersion,
      disabledVersions,
      ciphers,
      cipherSuites,
      caFile: caFile === undefined ? undefined : inFolder(caBase, caFile),
      crlFile: crlFile === undefined ? undefined : inFolder(caBase, crlFile),
      alpn: alpnOf(draft),
    };
  }

  #report(severity: "error" | "warning", code: string, span: Span, message: string, more: Reasons): void {
    const key = `${code} ${span.file.path} ${span.line} ${span.column}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.diagnostics.report({ severity, code, span, message, ...more });
  }
}

const alpnOf = ({ alpn }: TlsDraft): readonly string[] => alpn?.text.split(",") ?? [];

/** What a line of a `crt-list` says about its certificate goes before what the listener says. */
export function withCertificateOptions(tls: BindTls, draft: TlsDraft): BindTls {
  const file = (path: string | undefined): string | undefined => path && inFolder(tls.authorityFolder, path);
  return {
    ...tls,
    minVersion: draft.minVersion ?? tls.minVersion,
    maxVersion: draft.maxVersion ?? tls.maxVersion,
    ciphers: draft.ciphers ?? tls.ciphers,
    cipherSuites: draft.cipherSuites ?? tls.cipherSuites,
    curves: draft.curves ?? tls.curves,
    caFile: file(draft.caFile) ?? tls.caFile,
    crlFile: file(draft.crlFile) ?? tls.crlFile,
    verify: draft.verify ?? tls.verify,
    alpn: draft.alpn === undefined && draft.withoutAlpn !== true ? tls.alpn : alpnOf(draft),
  };
}

interface Reasons {
  readonly cause?: string;
  readonly remedy: string;
}

const WITHOUT_SSL = [
  "this does nothing without `ssl`",
  { cause: "the listener speaks plain bytes", remedy: "write `ssl` before it on the line" },
] as const;

const WITHOUT_TICKETS = [
  "tls-ticket-keys does nothing where no-tls-tickets is set",
  { remedy: "take one of the two out" },
] as const;

const WITHOUT_CERTIFICATE = [
  "a TLS listener needs a certificate",
  { remedy: "name its PEM file, with the chain and the private key: crt <file>" },
] as const;

const WITHOUT_CA = [
  "clients' certificates cannot be verified without authorities",
  { remedy: "name the PEM file of those that may sign them: ca-file <file>" },
] as const;

const UNVERIFIABLE = [
  "the server's certificate cannot be verified without authorities",
  {
    cause: "verification is on unless the line says otherwise",
    remedy: "write: ca-file @system-ca, or the file of your own authority; in a network that you trust: verify none",
  },
] as const;

/** What the line says goes before what the global section says; versions that either forbids are forbidden. */
const mergeDefaults = (draft: TlsDraft, defaults: TlsDraft): TlsDraft => ({
  ...draft,
  minVersion: draft.minVersion ?? defaults.minVersion,
  maxVersion: draft.maxVersion ?? defaults.maxVersion,
  disabledVersions: [...defaults.disabledVersions, ...draft.disabledVersions],
  strictSni: draft.strictSni ?? defaults.strictSni,
  preferClientCiphers: draft.preferClientCiphers ?? defaults.preferClientCiphers,
  tickets: draft.tickets ?? defaults.tickets,
});

const inFolder = (folder: string | undefined, path: string): string =>
  folder === undefined || isAbsolute(path) || path.startsWith("@") ? path : join(folder, path);
