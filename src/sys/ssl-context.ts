/** What TLS connections are made from: `SSL_CTX`, certificates and keys of OpenSSL. All of it is set-up, and throws. */
import {
  checkOpenssl,
  declareOpenssl,
  declareOpensslText,
  declareOpensslVoid,
  lend,
  OpensslError,
  opensslAddress,
} from "./openssl.js";

export type TlsVersion = "TLSv1.0" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
export type VerifyMode = "none" | "optional" | "required";

const VERSION_NUMBERS: Readonly<Record<TlsVersion, number>> = {
  "TLSv1.0": 0x0301,
  "TLSv1.1": 0x0302,
  "TLSv1.2": 0x0303,
  "TLSv1.3": 0x0304,
};

/** Options of SSL_CTX_set_options(3). */
export const SSL_OP = {
  ignoreUnexpectedEof: 2 ** 7,
  noTicket: 2 ** 14,
  cipherServerPreference: 2 ** 22,
  noCompression: 2 ** 17,
  noTls1: 2 ** 26,
  noTls12: 2 ** 27,
  noTls11: 2 ** 28,
  noTls13: 2 ** 29,
  noRenegotiation: 2 ** 30,
  prioritizeChacha: 2 ** 21,
} as const;

// SSL_CTX_ctrl(3) commands.
const CTRL_MODE = 33;
const CTRL_SET_READ_AHEAD = 41;
const CTRL_SET_SESS_CACHE_SIZE = 42;
const CTRL_SET_SESS_CACHE_MODE = 44;
const CTRL_SET_SERVERNAME_CALLBACK = 53;
const CTRL_SET_GROUPS_LIST = 92;
const CTRL_SET_MIN_PROTO_VERSION = 123;
const CTRL_SET_MAX_PROTO_VERSION = 124;

const MODE_ENABLE_PARTIAL_WRITE = 1;
const MODE_ACCEPT_MOVING_WRITE_BUFFER = 2;
/** An idle connection gives its two buffers back, which is most of its memory. */
const MODE_RELEASE_BUFFERS = 16;
const SESS_CACHE_OFF = 0;
const SESS_CACHE_SERVER = 2;
const VERIFY = { none: 0, optional: 1, required: 3 } as const;
const FILETYPE_PEM = 1;
const EVP_PKEY_DH = 28;
const CRL_CHECK_ALL = 0x4 | 0x8;

const serverMethod = declareOpenssl("TLS_server_method", "uintptr_t", []);
const clientMethod = declareOpenssl("TLS_client_method", "uintptr_t", []);
const nativeNew = declareOpenssl("SSL_CTX_new", "uintptr_t", ["uintptr_t"]);
const nativeFree = declareOpensslVoid("SSL_CTX_free", ["uintptr_t"]);
const control = declareOpenssl("SSL_CTX_ctrl", "int", ["uintptr_t", "int", "int64_t", "uintptr_t"]);
const controlText = declareOpensslText("SSL_CTX_ctrl", "int", ["uintptr_t", "int", "int64_t", "str"]);
const callbackControl = declareOpenssl("SSL_CTX_callback_ctrl", "int", ["uintptr_t", "int", "uintptr_t"]);
const nativeSetOptions = declareOpenssl("SSL_CTX_set_options", "uint64_t", ["uintptr_t", "uint64_t"]);
const nativeSetTimeout = declareOpenssl("SSL_CTX_set_timeout", "int", ["uintptr_t", "int64_t"]);
const nativeSetCiphers = declareOpensslText("SSL_CTX_set_cipher_list", "int", ["uintptr_t", "str"]);
const nativeSetCipherSuites = declareOpensslText("SSL_CTX_set_ciphersuites", "int", ["uintptr_t", "str"]);
const nativeSetSessionContext = declareOpenssl("SSL_CTX_set_session_id_context", "int", [
  "uintptr_t",
  "uintptr_t",
  "uint32_t",
]);
const nativeUseCertificate = declareOpenssl("SSL_CTX_use_cert_and_key", "int", [
  "uintptr_t",
  "uintptr_t",
  "uintptr_t",
  "uintptr_t",
  "int",
]);
const nativeSetVerify = declareOpensslVoid("SSL_CTX_set_verify", ["uintptr_t", "int", "uintptr_t"]);
const nativeLoadCa = declareOpensslText("SSL_CTX_load_verify_locations", "int", ["uintptr_t", "str", "str"]);
const nativeLoadClientCa = declareOpensslText("SSL_load_client_CA_file", "uintptr_t", ["str"]);
const nativeSetClientCa = declareOpensslVoid("SSL_CTX_set_client_CA_list", ["uintptr_t", "uintptr_t"]);
const nativeGetStore = declareOpenssl("SSL_CTX_get_cert_store", "uintptr_t", ["uintptr_t"]);
const nativeAddLookup = declareOpenssl("X509_STORE_add_lookup", "uintptr_t", ["uintptr_t", "uintptr_t"]);
const nativeLookupFile = declareOpenssl("X509_LOOKUP_file", "uintptr_t", []);
const nativeLoadCrl = declareOpensslText("X509_load_crl_file", "int", ["uintptr_t", "str", "int"]);
const nativeSetStoreFlags = declareOpenssl("X509_STORE_set_flags", "int", ["uintptr_t", "uint64_t"]);
const nativeSetAlpnCallback = declareOpensslVoid("SSL_CTX_set_alpn_select_cb", ["uintptr_t", "uintptr_t", "uintptr_t"]);
const nativeSetAlpn = declareOpenssl("SSL_CTX_set_alpn_protos", "int", ["uintptr_t", "uintptr_t", "uint32_t"]);
const parseCertificate = declareOpenssl("d2i_X509", "uintptr_t", ["uintptr_t", "uintptr_t", "int64_t"]);
const parseKey = declareOpenssl("d2i_AutoPrivateKey", "uintptr_t", ["uintptr_t", "uintptr_t", "int64_t"]);
const parseParameters = declareOpenssl("d2i_KeyParams", "uintptr_t", ["int", "uintptr_t", "uintptr_t", "int64_t"]);
const nativeSetDhParameters = declareOpenssl("SSL_CTX_set0_tmp_dh_pkey", "int", ["uintptr_t", "uintptr_t"]);
const freeX509 = declareOpensslVoid("X509_free", ["uintptr_t"]);
const freeKey = declareOpensslVoid("EVP_PKEY_free", ["uintptr_t"]);
const newStack = declareOpenssl("OPENSSL_sk_new_null", "uintptr_t", []);
const pushOnStack = declareOpenssl("OPENSSL_sk_push", "int", ["uintptr_t", "uintptr_t"]);
const freeStack = declareOpensslVoid("OPENSSL_sk_free", ["uintptr_t"]);

/**
 * Only where a callback has taken note of the name that a client asks for does OpenSSL acknowledge it (RFC 6066 §3) and
 * keep it with the session. A callback of ours would be JavaScript, on one thread; this function of OpenSSL's own gives
 * 0, which is what a callback says in agreement (SSL_TLSEXT_ERR_OK), as long as the handshake goes on.
 */
const acknowledge = opensslAddress("SSL_is_init_finished");

/** Contexts and certificates that are alive: their owner frees each once. */
export const liveContexts = { contexts: 0, certificates: 0 };

/** What servers' and clients' contexts have in common. */
export interface ContextSettings {
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
  /** SSL_OP, added together. */
  readonly options: number;
  /** OpenSSL's list for TLS up to 1.2; undefined: OpenSSL's own choice, as for the next two. */
  readonly ciphers: string | undefined;
  /** For TLS 1.3. */
  readonly cipherSuites: string | undefined;
  readonly curves: string | undefined;
}

/** One SSL_CTX. It may make connections on any thread; freed when the last of them is. */
export class SslContext {
  #isFree = false;

  private constructor(readonly address: number) {
    liveContexts.contexts++;
  }

  /** @throws OpensslError if OpenSSL does not take a setting */
  static server(settings: ContextSettings): SslContext {
    const context = SslContext.#create(serverMethod(), settings);
    callbackControl(context.address, CTRL_SET_SERVERNAME_CALLBACK, acknowledge);
    return context;
  }

  static client(settings: ContextSettings): SslContext {
    return SslContext.#create(clientMethod(), settings);
  }

  static #create(method: number, settings: ContextSettings): SslContext {
    const context = new SslContext(checkOpenssl(nativeNew(method), "SSL_CTX_new"));
    try {
      context.#apply(settings);
      return context;
    } catch (error) {
      context.free();
      throw error;
    }
  }

  #apply(settings: ContextSettings): void {
    const { address } = this;
    const mode = MODE_ENABLE_PARTIAL_WRITE | MODE_ACCEPT_MOVING_WRITE_BUFFER | MODE_RELEASE_BUFFERS;
    control(address, CTRL_MODE, mode, 0);
    control(address, CTRL_SET_READ_AHEAD, 1, 0);
    control(address, CTRL_SET_SESS_CACHE_MODE, SESS_CACHE_OFF, 0);
    nativeSetOptions(address, settings.options);
    const { minVersion, maxVersion, ciphers, cipherSuites, curves } = settings;
    if (minVersion !== undefined)
      checkOpenssl(control(address, CTRL_SET_MIN_PROTO_VERSION, VERSION_NUMBERS[minVersion], 0), "ssl-min-ver");
    if (maxVersion !== undefined)
      checkOpenssl(control(address, CTRL_SET_MAX_PROTO_VERSION, VERSION_NUMBERS[maxVersion], 0), "ssl-max-ver");
    if (ciphers !== undefined) checkOpenssl(nativeSetCiphers(address, ciphers), "ciphers", ciphers);
    if (cipherSuites !== undefined)
      checkOpenssl(nativeSetCipherSuites(address, cipherSuites), "ciphersuites", cipherSuites);
    if (curves !== undefined) checkOpenssl(controlText(address, CTRL_SET_GROUPS_LIST, 0, curves), "curves", curves);
  }

  /**
   * Keeps sessions, to be taken up by connections of any thread.
   * @param name at most 32 bytes: contexts of other names do not take them up
   * @param size sessions that are remembered at most, 0: none; those in tickets need no memory
   * @param seconds how long a session lives
   */
  keepSessions(name: string, size: number, seconds: number): void {
    const bytes = Buffer.from(name);
    const result = lend(bytes, (address) => nativeSetSessionContext(this.address, address, bytes.length));
    checkOpenssl(result, "SSL_CTX_set_session_id_context");
    // To OpenSSL a size of 0 is no limit.
    control(this.address, CTRL_SET_SESS_CACHE_MODE, size === 0 ? SESS_CACHE_OFF : SESS_CACHE_SERVER, 0);
    control(this.address, CTRL_SET_SESS_CACHE_SIZE, size, 0);
    nativeSetTimeout(this.address, seconds);
  }

  /** Adds a certificate: one for each type of key. */
  use(certificate: SslCertificate): void {
    const { address } = this;
    const { leaf, key, chain } = certificate;
    checkOpenssl(nativeUseCertificate(address, leaf, key, chain, 1), "SSL_CTX_use_cert_and_key");
  }

  /**
   * Lets clients up to TLS 1.2 agree on keys over finite fields (DHE).
   * @param parameters DER, of PKCS #3
   */
  useDhParameters(parameters: Uint8Array): void {
    const key = parse((...args) => parseParameters(EVP_PKEY_DH, ...args), parameters, "d2i_KeyParams");
    checkOpenssl(nativeSetDhParameters(this.address, key), "DH parameters");
  }

  /** Whether the peer must show a certificate. Without a call it need not. */
  verify(mode: VerifyMode): void {
    nativeSetVerify(this.address, VERIFY[mode], 0);
  }

  /** Trusts the certificates of a PEM file. */
  trust(caFile: string): void {
    checkOpenssl(nativeLoadCa(this.address, caFile, null), "ca-file", caFile);
  }

  /** Tells clients which authorities' certificates they may show. */
  announce(caFile: string): void {
    nativeSetClientCa(this.address, checkOpenssl(nativeLoadClientCa(caFile), "ca-file", caFile));
  }

  /** Refuses the certificates on the lists of a PEM file, and those whose authority has none there. */
  revoke(crlFile: string): void {
    const store = nativeGetStore(this.address);
    const lookup = checkOpenssl(nativeAddLookup(store, nativeLookupFile()), "X509_STORE_add_lookup");
    checkOpenssl(nativeLoadCrl(lookup, crlFile, FILETYPE_PEM), "crl-file", crlFile);
    nativeSetStoreFlags(store, CRL_CHECK_ALL);
  }

  /** The protocols that a client offers, as they stand in the extension (RFC 7301 §3.1). */
  offerAlpn(list: Uint8Array): void {
    const result = lend(list, (address) => nativeSetAlpn(this.address, address, list.length));
    if (result !== 0) throw new OpensslError("SSL_CTX_set_alpn_protos");
  }

  free(): void {
    if (this.#isFree) return;
    this.#isFree = true;
    liveContexts.contexts--;
    nativeFree(this.address);
  }
}

/** A certificate with its key and the certificates between it and the root. */
export class SslCertificate {
  readonly leaf: number;
  readonly key: number;
  /** STACK_OF(X509). */
  readonly chain: number;
  readonly #links: number[] = [];
  #isFree = false;

  /**
   * @param leaf DER
   * @param key DER, PKCS#8 or of its type
   * @param chain DER
   */
  constructor(leaf: Uint8Array, key: Uint8Array, chain: readonly Uint8Array[]) {
    this.leaf = parse(parseCertificate, leaf, "d2i_X509");
    this.key = parse(parseKey, key, "d2i_AutoPrivateKey");
    this.chain = newStack();
    for (const link of chain) {
      const certificate = parse(parseCertificate, link, "d2i_X509");
      this.#links.push(certificate);
      pushOnStack(this.chain, certificate);
    }
    liveContexts.certificates++;
  }

  free(): void {
    if (this.#isFree) return;
    this.#isFree = true;
    liveContexts.certificates--;
    for (const link of this.#links) freeX509(link);
    freeStack(this.chain);
    freeKey(this.key);
    freeX509(this.leaf);
  }
}

function parse(decode: (...args: number[]) => number, der: Uint8Array, call: string): number {
  // The function is given a pointer to the pointer to the bytes, which it moves.
  const result = lend(der, (address) => {
    const pointer = Buffer.alloc(8);
    pointer.writeBigUInt64LE(BigInt(address));
    return lend(pointer, (pointerAddress) => decode(0, pointerAddress, der.length));
  });
  return checkOpenssl(result, call);
}

/** Puts the callback of alpn.ts on a context that another thread made; `argument` is what it gets last. */
export const setAlpnCallback = (context: number, callback: number, argument: number): void =>
  nativeSetAlpnCallback(context, callback, argument);
