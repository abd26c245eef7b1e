/** One TLS connection: `SSL` of OpenSSL over a non-blocking socket (SSL_new(3), SSL_read(3), SSL_get_error(3)). */
import { declare } from "./libc.js";
import { allocate, cString } from "./memory.js";
import {
  clearErrors,
  declareOpenssl,
  declareOpensslString,
  declareOpensslVoid,
  OpensslError,
  takeErrorText,
} from "./openssl.js";

export const SSL_ERROR_WANT_READ = 2;
export const SSL_ERROR_WANT_WRITE = 3;
export const SSL_ERROR_SYSCALL = 5;
export const SSL_ERROR_ZERO_RETURN = 6;

const SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;
const TLSEXT_NAMETYPE_HOST_NAME = 0;
/** Bytes of plaintext in a record at most (RFC 8446 §5.1). */
const MAX_FRAGMENT = 16_384;
const POINTER_SIZE = 8;
const copyMemory = declare("memcpy", ["uintptr_t", "uintptr_t", "size_t"]);
/** Where OpenSSL says which protocol was selected: pointer, length, and our copy. */
const selected = allocate(64);

const nativeNew = declareOpenssl("SSL_new", "uintptr_t", ["uintptr_t"]);
const nativeFree = declareOpensslVoid("SSL_free", ["uintptr_t"]);
const nativeSetFd = declareOpenssl("SSL_set_fd", "int", ["uintptr_t", "int"]);
const nativeAcceptState = declareOpensslVoid("SSL_set_accept_state", ["uintptr_t"]);
const nativeConnectState = declareOpensslVoid("SSL_set_connect_state", ["uintptr_t"]);
const nativeSetContext = declareOpenssl("SSL_set_SSL_CTX", "uintptr_t", ["uintptr_t", "uintptr_t"]);
const nativeControl = declareOpenssl("SSL_ctrl", "int", ["uintptr_t", "int", "int", "uintptr_t"]);
const nativeSetHost = declareOpenssl("SSL_set1_host", "int", ["uintptr_t", "uintptr_t"]);
const nativeUseCertificate = declareOpenssl("SSL_use_cert_and_key", "int", [
  "uintptr_t",
  "uintptr_t",
  "uintptr_t",
  "uintptr_t",
  "int",
]);
const nativeGetSession = declareOpenssl("SSL_get1_session", "uintptr_t", ["uintptr_t"]);
const nativeCurrentSession = declareOpenssl("SSL_get_session", "uintptr_t", ["uintptr_t"]);
const nativeSetSession = declareOpenssl("SSL_set_session", "int", ["uintptr_t", "uintptr_t"]);
const nativeIsResumable = declareOpenssl("SSL_SESSION_is_resumable", "int", ["uintptr_t"]);
const nativeFreeSession = declareOpensslVoid("SSL_SESSION_free", ["uintptr_t"]);
const nativeGetServerName = declareOpensslString("SSL_get_servername", ["uintptr_t", "int"]);
const nativeAlpn = declareOpensslVoid("SSL_get0_alpn_selected", ["uintptr_t", "uintptr_t", "uintptr_t"]);
const nativeSetAlpn = declareOpenssl("SSL_set_alpn_protos", "int", ["uintptr_t", "uintptr_t", "uint32_t"]);
const nativeFragmentCode = declareOpenssl("SSL_SESSION_get_max_fragment_length", "int", ["uintptr_t"]);

/** (ssl) → 1 when done, else see `sslError` */
export const sslHandshake = declareOpenssl("SSL_do_handshake", "int", ["uintptr_t"]);
/** (ssl, address, length) → bytes read, else see `sslError` */
export const sslRead = declareOpenssl("SSL_read", "int", ["uintptr_t", "uintptr_t", "int"]);
/** (ssl, address, length) → bytes taken, else see `sslError` */
export const sslWrite = declareOpenssl("SSL_write", "int", ["uintptr_t", "uintptr_t", "int"]);
/** (ssl) → 1 if bytes of the socket, decrypted or not, wait inside */
export const sslHasPending = declareOpenssl("SSL_has_pending", "int", ["uintptr_t"]);
/** (ssl) sends close_notify → 0 or 1 when sent, else see `sslError` */
export const sslShutdown = declareOpenssl("SSL_shutdown", "int", ["uintptr_t"]);
/** (ssl, result) → SSL_ERROR_*; the queue of errors keeps its own for `takeErrorText`. */
export const sslError = declareOpenssl("SSL_get_error", "int", ["uintptr_t", "int"]);
/** (ssl) → 1 if the handshake took up an earlier session */
export const sslIsResumed = declareOpenssl("SSL_session_reused", "int", ["uintptr_t"]);
/** (ssl) → `TLSv1.3` */
export const sslVersion = declareOpensslString("SSL_get_version", ["uintptr_t"]);

/** `SSL`s and `SSL_SESSION`s that this thread holds: none may be left when its connections are closed. */
export const liveHandles = { connections: 0, sessions: 0 };

/**
 * Makes the server's side of a connection.
 * @param sessions the SSL_CTX that keeps sessions and the keys of tickets
 * @param context the SSL_CTX that all else comes from; may be the same
 */
export function acceptSsl(sessions: number, context: number, fd: number): number {
  const ssl = create(sessions, fd);
  // From here on SSL asks `context`, except for sessions, which stay where SSL_new found them (SSL_set_SSL_CTX).
  if (context !== sessions) nativeSetContext(ssl, context);
  nativeAcceptState(ssl);
  return ssl;
}

/** Makes the client's side of a connection. */
export function connectSsl(context: number, fd: number): number {
  const ssl = create(context, fd);
  nativeConnectState(ssl);
  return ssl;
}

function create(context: number, fd: number): number {
  const ssl = nativeNew(context);
  if (ssl === 0) throw new OpensslError("SSL_new");
  liveHandles.connections++;
  if (nativeSetFd(ssl, fd) === 1) return ssl;
  freeSsl(ssl);
  throw new OpensslError("SSL_set_fd");
}

export function freeSsl(ssl: number): void {
  liveHandles.connections--;
  nativeFree(ssl);
}

/** Adds a certificate, its key and the chain behind it (STACK_OF(X509) or 0); one of each type of key. */
export function useCertificate(ssl: number, certificate: number, key: number, chain: number): boolean {
  if (nativeUseCertificate(ssl, certificate, key, chain, 1) === 1) return true;
  clearErrors();
  return false;
}

/** The server's name that the ClientHello carries (RFC 6066 §3). @param name address of a C string */
export const setServerName = (ssl: number, name: number): boolean =>
  nativeControl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_HOST_NAME, name) === 1;

/** Offers one protocol, in place of what the context says (RFC 7301 §3.1). To be called before the handshake. */
export function offerProtocol(ssl: number, protocol: "h2" | "http/1.1"): void {
  const list = protocol === "h2" ? http2List : http1List;
  // 0 is success here, and only here.
  if (nativeSetAlpn(ssl, list.address, protocol.length + 1) !== 0) throw new OpensslError("SSL_set_alpn_protos");
}
const http1List = cString("\x08http/1.1");
const http2List = cString("\x02h2");

/** The name that the peer's certificate must be for. @param name address of a C string */
export const setVerifiedName = (ssl: number, name: number): boolean => nativeSetHost(ssl, name) === 1;

/** The session of a client's connection, if it can be taken up later; the caller frees it. 0: it cannot. */
export function takeSession(ssl: number): number {
  const session = nativeGetSession(ssl);
  if (session === 0) return 0;
  if (nativeIsResumable(session) === 1) {
    liveHandles.sessions++;
    return session;
  }
  nativeFreeSession(session);
  return 0;
}

export function freeSession(session: number): void {
  liveHandles.sessions--;
  nativeFreeSession(session);
}

/** Offers to take up a session; the caller still owns it. */
export function offerSession(ssl: number, session: number): void {
  if (nativeSetSession(ssl, session) !== 1) clearErrors();
}

/** The name in the ClientHello, or of the session that was taken up (SSL_get_servername(3)). */
export const requestedName = (ssl: number): string | undefined =>
  nativeGetServerName(ssl, TLSEXT_NAMETYPE_HOST_NAME) ?? undefined;

/** Whether `h2` is the protocol that the handshake agreed on (RFC 7301). */
export function isHttp2(ssl: number): boolean {
  nativeAlpn(ssl, selected.address, selected.address + POINTER_SIZE);
  if (selected.bytes.readUInt32LE(POINTER_SIZE) !== 2) return false;
  copyMemory(selected.address + 2 * POINTER_SIZE, Number(selected.bytes.readBigUInt64LE(0)), 2);
  return selected.bytes.toString("latin1", 2 * POINTER_SIZE, 2 * POINTER_SIZE + 2) === "h2";
}

/** Bytes that go into one record: fewer than usual where the client asked for that (RFC 6066 §4). */
export function recordSize(ssl: number): number {
  const session = nativeCurrentSession(ssl);
  const code = session === 0 ? 0 : nativeFragmentCode(session) & 0xff;
  return code === 0 ? MAX_FRAGMENT : 256 << code;
}

/** Why the last call on this thread failed, for people: `certificate verify failed`. Empties the queue. */
export const takeSslError = takeErrorText;
