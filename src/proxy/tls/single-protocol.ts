/** TLS that offers one protocol by ALPN, whatever else the server would take: for what needs that version of HTTP. */
import type { TlsStarter } from "../../reactor/tls-connection.js";
import { offerProtocol } from "../../sys/ssl.js";

export class SingleProtocol implements TlsStarter {
  constructor(
    readonly tls: TlsStarter,
    readonly protocol: "h2" | "http/1.1",
  ) {}

  start(fd: number, isLast: boolean): number {
    const ssl = this.tls.start(fd, isLast);
    if (ssl > 0) offerProtocol(ssl, this.protocol);
    return ssl;
  }

  onClose(ssl: number): void {
    this.tls.onClose?.(ssl);
  }
}
