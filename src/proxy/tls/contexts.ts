/**
 * What TLS needs that is made once for all workers: contexts, certificates, keys. The control thread makes them,
 * while files can still be read, and frees them; workers get addresses, for all threads share one memory.
 */
import type { BindTls, HaproxyConfiguration, ServerTls } from "../../config/haproxy/model.js";
import { withCertificateOptions } from "../../config/haproxy/tls-build.js";
import { SSL_OP, SslCertificate, SslContext } from "../../sys/ssl-context.js";
import type { TicketKeys } from "../../sys/ssl-tickets.js";
import type { PassedErrors } from "../../sys/ssl-verify.js";
import {
  bundlePaths,
  CertificateError,
  type CertificateFile,
  certificatePaths,
  readCertificateFile,
} from "./certificate-file.js";
import { type ListedCertificate, readCertificateList } from "./certificate-list.js";
import { applyTrust, contextSettings } from "./settings.js";
import type { Staple } from "./staple.js";
import { readTicketKeys } from "./ticket-keys.js";

/** A certificate in OpenSSL's memory. */
export interface CertificateHandle {
  readonly leaf: number;
  readonly key: number;
  readonly chain: number;
  readonly names: readonly string[];
  /** Not for these, though a wildcard among the names covers them. */
  readonly excluded: readonly string[];
  readonly keyType: string;
  readonly staple: Staple | undefined;
  /** Where its line of a `crt-list` has settings of its own. */
  readonly contexts: HandshakeContexts | undefined;
}

/** What handshakes of one kind are made from, for one worker. */
export interface HandshakeContexts {
  /** The SSL_CTX of sessions and the keys of tickets: shared by all workers unless the keys are given (`ticketKeys`). */
  readonly sessions: number;
  readonly ticketKeys: TicketKeys | undefined;
  /** The SSL_CTX for this worker's handshakes: its own if callbacks are needed in them, else the shared one. */
  readonly context: number;
  readonly alpn: readonly string[];
  readonly verify: "none" | "optional" | "required";
}

/** A `bind … ssl`, for one worker. */
export interface BindTlsHandle extends HandshakeContexts {
  readonly certificates: readonly CertificateHandle[];
  readonly strictSni: boolean;
  /** Undefined: every error of a client's certificate counts. */
  readonly passed: PassedErrors | undefined;
}

export interface ServerTlsHandle {
  readonly context: number;
  readonly serverName: string | undefined;
  /** A client's name, once it is known, must be the certificate's. */
  readonly verifiesName: boolean;
  readonly verifyHost: string | undefined;
  readonly reuseSessions: boolean;
}

/** Handles in the order of the configuration; undefined where there is no TLS. Crosses to a worker as it is. */
export interface TlsHandles {
  /** By frontend and bind. */
  readonly binds: readonly (readonly (BindTlsHandle | undefined)[])[];
  /** By backend and server. */
  readonly servers: readonly (readonly (ServerTlsHandle | undefined)[])[];
}

/** What the files of a listener's certificates bring along. */
interface FromCertificates {
  readonly isStapling: boolean;
  readonly dhParameters: DhParameters | undefined;
}

interface DhParameters {
  /** The file that they are from. */
  readonly path: string;
  readonly der: Uint8Array;
}

/** For all workers. */
interface ContextSet {
  readonly settings: BindTls;
  readonly sessions: SslContext;
  readonly ticketKeys: TicketKeys | undefined;
  /** One a worker, or none. */
  readonly own: readonly SslContext[];
}

interface BindContexts extends ContextSet {
  readonly certificates: readonly { readonly handle: CertificateHandle; readonly contexts: ContextSet | undefined }[];
}

/** TLS could not be set up. The message has a line for each thing that is wrong. */
export class TlsSetupError extends Error {}

export class TlsContexts {
  readonly #files = new Map<string, CertificateFile>();
  readonly #certificates = new Map<string, SslCertificate>();
  readonly #contexts: SslContext[] = [];
  readonly #binds: (BindContexts | undefined)[][];
  readonly #servers: (ServerTlsHandle | undefined)[][];
  readonly #problems: string[] = [];
  readonly warnings: string[] = [];

  /**
   * Reads every file and makes every context.
   * @throws TlsSetupError naming every file that is no good; nothing is left then
   */
  constructor(configuration: HaproxyConfiguration, workers: number) {
    this.#binds = configuration.frontends.map(({ name, binds }, frontend) =>
      binds.map(({ tls }, index) => {
        if (tls === undefined) return undefined;
        const where = `frontend ${name}, bind ${index + 1}`;
        return this.#attempt(where, () => this.#bind(where, tls, `bascule/${frontend}/${index}`, workers));
      }),
    );
    this.#servers = configuration.backends.map((backend) =>
      backend.servers.map(({ name, tls }) => {
        if (tls === undefined) return undefined;
        return this.#attempt(`server ${backend.name}/${name}`, () => this.#server(tls));
      }),
    );
    if (this.#problems.length === 0) return;
    this.free();
    throw new TlsSetupError([...new Set(this.#problems)].join("\n"));
  }

  handles(worker: number): TlsHandles {
    return {
      binds: this.#binds.map((binds) => binds.map((bind) => bind && handleOf(bind, worker))),
      servers: this.#servers,
    };
  }

  /** Connections that are still open keep what they need of it. */
  free(): void {
    for (const context of this.#contexts.splice(0)) context.free();
    for (const certificate of this.#certificates.values()) certificate.free();
    this.#certificates.clear();
    this.#files.clear();
  }

  #bind(where: string, settings: BindTls, sessionName: string, workers: number): BindContexts {
    const certificates = [
      ...settings.certificates
        .flatMap((path) => this.#attempt(where, () => certificatePaths(path)) ?? [])
        .map((path): ListedCertificate => ({ path, names: [], excluded: [], options: undefined })),
      ...settings.certificateLists
        .flatMap((path) => this.#attempt(where, () => readCertificateList(path, settings.listFolder)) ?? [])
        .flatMap((listed) => bundlePaths(listed.path).map((path): ListedCertificate => ({ ...listed, path }))),
    ].flatMap((listed) => this.#attempt(where, () => ({ listed, handle: this.#certificate(listed) })) ?? []);
    const [dhParameters, ...others] = certificates.flatMap(({ listed: { path } }): DhParameters[] => {
      const der = this.#files.get(path)?.dhParameters;
      return der === undefined ? [] : [{ path, der }];
    });
    // Certificates are chosen within one context of OpenSSL, and that has one group.
    for (const { path, der } of others)
      if (Buffer.compare(der, dhParameters!.der) !== 0)
        this.warnings.push(`${where}: DH parameters of ${path} are not used, for ${dhParameters!.path} comes first`);
    const isStapling = certificates.some(({ handle }) => handle.staple !== undefined);
    return {
      ...this.#contextSet(settings, sessionName, workers, { isStapling, dhParameters }),
      certificates: certificates.map(({ listed, handle }, index) => {
        if (listed.options === undefined) return { handle, contexts: undefined };
        const own = withCertificateOptions(settings, listed.options);
        // Sessions of another name: what was agreed for one certificate must not be taken up for another.
        const contexts = this.#attempt(`${where}, ${listed.path}`, () =>
          this.#contextSet(own, `${sessionName}/${index}`, workers, { isStapling, dhParameters }),
        );
        return { handle, contexts };
      }),
    };
  }

  #contextSet(settings: BindTls, sessionName: string, workers: number, files: FromCertificates): ContextSet {
    if (settings.verify !== "none" && settings.caFile === undefined)
      throw new CertificateError("verify needs authorities: ca-file <file>");
    const make = (): SslContext => {
      const { tickets, preferClientCiphers, curves, verify } = settings;
      const options =
        (tickets ? 0 : SSL_OP.noTicket) +
        (preferClientCiphers ? 0 : SSL_OP.cipherServerPreference + SSL_OP.prioritizeChacha);
      const context = this.#keep(SslContext.server(contextSettings(settings, curves, options)));
      context.verify(verify);
      if (files.dhParameters !== undefined) applyDhParameters(context, files.dhParameters);
      const authorities = applyTrust(context, settings);
      if (authorities !== undefined) context.announce(authorities);
      // Clients without tickets need it. All contexts offer it, and all use that of `sessions`, which OpenSSL locks.
      context.keepSessions(sessionName, settings.cacheSize, Math.ceil(settings.lifetime / 1000));
      return context;
    };
    const sessions = make();
    const ticketKeys = settings.ticketKeys === undefined ? undefined : this.#ticketKeys(settings.ticketKeys);
    const needsCallbacks = settings.alpn.length > 0 || files.isStapling || ticketKeys !== undefined;
    return { settings, sessions, ticketKeys, own: needsCallbacks ? Array.from({ length: workers }, make) : [] };
  }

  #ticketKeys(path: string): TicketKeys {
    const { keys, warnings } = readTicketKeys(path);
    this.warnings.push(...warnings.filter((warning) => !this.warnings.includes(warning)));
    return keys;
  }

  #server(settings: ServerTls): ServerTlsHandle {
    const context = this.#keep(SslContext.client(contextSettings(settings, undefined, 0)));
    context.verify(settings.verify);
    applyTrust(context, settings);
    if (settings.certificate !== undefined) context.use(this.#loaded(settings.certificate));
    if (settings.alpn.length > 0) context.offerAlpn(alpnList(settings.alpn));
    const { serverName, verifyHost, reuseSessions, verify } = settings;
    return {
      context: context.address,
      serverName,
      verifiesName: verify !== "none" && verifyHost === undefined,
      verifyHost: verify === "none" ? undefined : verifyHost,
      reuseSessions,
    };
  }

  #certificate({ path, names, excluded }: ListedCertificate): CertificateHandle {
    const { leaf, key, chain } = this.#loaded(path);
    const file = this.#files.get(path)!;
    const keyType = file.key.asymmetricKeyType ?? "";
    const { staple } = file;
    const inside = file.names.filter((name) => !excluded.includes(name));
    const own = { names: names.length > 0 ? names : inside, excluded };
    return { leaf, key, chain, ...own, keyType, staple, contexts: undefined };
  }

  /** A file that several lines name is read once. */
  #loaded(path: string): SslCertificate {
    const known = this.#certificates.get(path);
    if (known !== undefined) return known;
    const file = readCertificateFile(path);
    this.warnings.push(...file.warnings);
    const key = file.key.export({ type: "pkcs8", format: "der" });
    const chain = file.chain.map((link) => link.raw);
    const certificate = new SslCertificate(file.leaf.raw, key, chain);
    this.#files.set(path, file);
    this.#certificates.set(path, certificate);
    return certificate;
  }

  /** What goes wrong is kept, so that all of it can be told. */
  #attempt<T>(where: string, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      this.#problems.push(`${where}: ${(error as Error).message}`);
      return undefined;
    }
  }

  #keep(context: SslContext): SslContext {
    this.#contexts.push(context);
    return context;
  }
}

function handleOf(bind: BindContexts, worker: number): BindTlsHandle {
  return {
    ...contextsOf(bind, worker),
    certificates: bind.certificates.map(({ handle, contexts }) => ({
      ...handle,
      contexts: contexts && contextsOf(contexts, worker),
    })),
    strictSni: bind.settings.strictSni,
    passed: passedErrors(bind.settings),
  };
}

function passedErrors({ ignoredCaErrors, ignoredCertificateErrors }: BindTls): PassedErrors | undefined {
  if (ignoredCaErrors.length + ignoredCertificateErrors.length === 0) return undefined;
  return { ofAuthorities: ignoredCaErrors, ofPeer: ignoredCertificateErrors };
}

function applyDhParameters(context: SslContext, { path, der }: DhParameters): void {
  try {
    context.useDhParameters(der);
  } catch (error) {
    throw new CertificateError(`${path}: the DH parameters cannot be read (${(error as Error).message})`);
  }
}

function contextsOf({ settings, sessions, ticketKeys, own }: ContextSet, worker: number): HandshakeContexts {
  const context = own[worker]?.address ?? sessions.address;
  const { alpn, verify } = settings;
  return { sessions: ticketKeys === undefined ? sessions.address : context, ticketKeys, context, alpn, verify };
}

/** Names with their lengths in front, as the extension has them (RFC 7301 §3.1). */
function alpnList(protocols: readonly string[]): Uint8Array {
  return Buffer.concat(protocols.map((name) => Buffer.concat([Buffer.of(name.length), Buffer.from(name, "latin1")])));
}
