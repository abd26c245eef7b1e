/** A `server … ssl` in one worker: makes the client's side of each connection, and takes sessions up again. */
import type { TlsStarter } from "../../reactor/tls-connection.js";
import { cString, type Memory } from "../../sys/memory.js";
import {
  connectSsl,
  freeSession,
  freeSsl,
  offerSession,
  setServerName,
  setVerifiedName,
  takeSession,
} from "../../sys/ssl.js";
import type { ServerTlsHandle } from "./contexts.js";

export class ServerTls implements TlsStarter {
  readonly #serverName: Memory | undefined;
  readonly #verifyHost: Memory | undefined;
  /** The SSL_SESSION of the connection that closed last; 0: none. */
  #session = 0;

  constructor(readonly handle: ServerTlsHandle) {
    const { serverName, verifyHost } = handle;
    this.#serverName = serverName === undefined ? undefined : cString(serverName);
    this.#verifyHost = verifyHost === undefined ? undefined : cString(verifyHost);
  }

  start(fd: number): number {
    const ssl = connectSsl(this.handle.context, fd);
    const isNamed = this.#serverName === undefined || setServerName(ssl, this.#serverName.address);
    const isVerified = this.#verifyHost === undefined || setVerifiedName(ssl, this.#verifyHost.address);
    if (!isNamed || !isVerified) {
      freeSsl(ssl);
      return -1;
    }
    if (this.#session !== 0) offerSession(ssl, this.#session);
    return ssl;
  }

  /** By now the tickets of TLS 1.3 are there, which follow the handshake. */
  onClose(ssl: number): void {
    if (!this.handle.reuseSessions) return;
    const session = takeSession(ssl);
    if (session === 0) return;
    this.release();
    this.#session = session;
  }

  /** Forgets the session. */
  release(): void {
    if (this.#session !== 0) freeSession(this.#session);
    this.#session = 0;
  }
}
