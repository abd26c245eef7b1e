/** TLS as the bench's clients speak it: never a session taken up again, and no certificate looked at twice. */
import type { TlsStarter } from "../../src/reactor/tls-connection.js";
import { connectSsl } from "../../src/sys/ssl.js";
import { SslContext } from "../../src/sys/ssl-context.js";

export function tlsClient(): TlsStarter {
  const context = SslContext.client({
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    options: 0,
    ciphers: undefined,
    cipherSuites: undefined,
    curves: undefined,
  });
  context.verify("none");
  return { start: (fd) => connectSsl(context.address, fd) };
}
