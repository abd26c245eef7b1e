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
  /** The SSL_SESSION of the connection that closed last, and the name that it was for; 0: none. */
  #session = 0;
  #sessionName: string | undefined;

  constructor(readonly handle: ServerTlsHandle) {
    const { serverName, verifyHost } = handle;
    this.#serverName = serverName === undefined ? undefined : cString(serverName);
    this.#verifyHost = verifyHost === undefined ? undefined : cString(verifyHost);
  }

  start(fd: number): number {
    return this.#connect(fd, undefined, this.#serverName, this.#verifyHost);
  }

  /** For a connection that is one client's: the name that this client asks for. */
  named(name: string): TlsStarter {
    return {
      start: (fd) => {
        const memory = cString(name);
        return this.#connect(fd, name, memory, this.handle.verifiesName ? memory : this.#verifyHost);
      },
      onClose: (ssl) => this.onClose(ssl, name),
    };
  }

  #connect(fd: number, name: string | undefined, serverName: Memory | undefined, verified: Memory | undefined): number {
    const ssl = connectSsl(this.handle.context, fd);
    const isNamed = serverName === undefined || setServerName(ssl, serverName.address);
    const isVerified = verified === undefined || setVerifiedName(ssl, verified.address);
    if (!isNamed || !isVerified) {
      freeSsl(ssl);
      return -1;
    }
    if (this.#session !== 0 && this.#sessionName === name) offerSession(ssl, this.#session);
    return ssl;
  }

  /** By now the tickets of TLS 1.3 are there, which follow the handshake. */
  onClose(ssl: number, name?: string): void {
    if (!this.handle.reuseSessions) return;
    const session = takeSession(ssl);
    if (session === 0) return;
    this.release();
    this.#session = session;
    this.#sessionName = name;
  }

  /** Forgets the session. */
  release(): void {
    if (this.#session !== 0) freeSession(this.#session);
    this.#session = 0;
  }
}
