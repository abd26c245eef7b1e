/** A `bind … ssl` in one worker: makes the server's side of each connection, for the name asked for. */
import type { TlsStarter } from "../../reactor/tls-connection.js";
import { selectAlpn } from "../../sys/alpn.js";
import { EAGAIN, EINTR } from "../../sys/errno.js";
import { allocate } from "../../sys/memory.js";
import { MSG_NOSIGNAL, MSG_PEEK, recv, send } from "../../sys/socket.js";
import { acceptSsl, freeSsl, useCertificate } from "../../sys/ssl.js";
import { stapleResponses } from "../../sys/ssl-staple.js";
import { useTicketKeys } from "../../sys/ssl-tickets.js";
import { verifyLeniently } from "../../sys/ssl-verify.js";
import { CertificateChoice } from "./certificate-choice.js";
import { parseClientHello } from "./client-hello.js";
import type { BindTlsHandle, CertificateHandle } from "./contexts.js";

/** A ClientHello that is longer is OpenSSL's to judge, with the certificate for clients that name no server. */
const LONGEST_HELLO = 16_384 + 5;
const peeked = allocate(LONGEST_HELLO);

/** A fatal alert unrecognized_name (RFC 6066 §3, RFC 8446 §6). */
const unrecognizedName = allocate(7);
unrecognizedName.bytes.set([21, 3, 1, 0, 2, 2, 112]);

export class BindTls implements TlsStarter {
  readonly #choice: CertificateChoice<CertificateHandle>;
  readonly #needsHello: boolean;

  constructor(readonly handle: BindTlsHandle) {
    const { certificates, strictSni } = handle;
    this.#choice = new CertificateChoice(
      certificates.map((value) => ({
        // What is for all that no other is for is a default, and strict-sni has none.
        names: strictSni ? value.names.filter((name) => name !== "*") : value.names,
        excluded: value.excluded,
        keyType: value.keyType,
        value,
      })),
    );
    this.#needsHello = strictSni || this.#choice.dependsOnName;
    const staples = certificates.flatMap(({ leaf, staple }) => (staple === undefined ? [] : [{ leaf, ...staple }]));
    for (const { context, alpn, ticketKeys } of [handle, ...certificates.flatMap(({ contexts }) => contexts ?? [])]) {
      if (alpn.length > 0) selectAlpn(context, alpn);
      if (ticketKeys !== undefined) useTicketKeys(context, ticketKeys);
      if (staples.length > 0) stapleResponses(context, staples);
    }
  }

  start(fd: number, isLast: boolean): number {
    if (!this.#needsHello) return this.#accept(fd, this.#choice.fallback);
    const count = recv(fd, peeked.address, LONGEST_HELLO, MSG_PEEK);
    if (count < 0) return count === -EAGAIN || count === -EINTR ? 0 : -1;
    const hello = parseClientHello(peeked.bytes, count);
    if (hello === "incomplete" && !isLast && count < LONGEST_HELLO) return 0;
    // What is no ClientHello is left to OpenSSL, which knows the proper alert.
    if (typeof hello === "string") return this.#accept(fd, this.#choice.fallback);
    const certificates = hello.serverName === undefined ? undefined : this.#choice.find(hello.serverName);
    if (certificates === undefined && this.handle.strictSni) {
      send(fd, unrecognizedName.address, 7, MSG_NOSIGNAL);
      return -1;
    }
    return this.#accept(fd, certificates ?? this.#choice.fallback);
  }

  #accept(fd: number, certificates: readonly CertificateHandle[]): number {
    const { passed } = this.handle;
    const { sessions, context, verify } = certificates[0]?.contexts ?? this.handle;
    const ssl = acceptSsl(sessions, context, fd);
    if (passed !== undefined && verify !== "none") verifyLeniently(ssl, verify, passed);
    for (const { leaf, key, chain } of certificates) {
      if (useCertificate(ssl, leaf, key, chain)) continue;
      freeSsl(ssl);
      return -1;
    }
    return ssl;
  }
}
