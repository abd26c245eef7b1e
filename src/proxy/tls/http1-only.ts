/**
 * TLS that offers HTTP/1.1 alone, whatever else the server would take: for an upgrade. Few servers of HTTP/2 know the
 * extended CONNECT, and all those of HTTP/1.1 know Upgrade (configuration.txt, `ws auto`).
 */
import type { TlsStarter } from "../../reactor/tls-connection.js";
import { offerHttp1 } from "../../sys/ssl.js";

export class Http1Only implements TlsStarter {
  constructor(readonly tls: TlsStarter) {}

  start(fd: number, isLast: boolean): number {
    const ssl = this.tls.start(fd, isLast);
    if (ssl > 0) offerHttp1(ssl);
    return ssl;
  }

  onClose(ssl: number): void {
    this.tls.onClose?.(ssl);
  }
}
