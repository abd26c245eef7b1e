/** The PROXY header that a server gets in front of a client's bytes (`send-proxy`, `send-proxy-v2`). */
import type { Socket } from "node:net";
import type { SendProxy } from "../config/haproxy/model.js";
import type { TlsStarter } from "../reactor/tls-connection.js";
import { AF_UNIX } from "../sys/address.js";
import { allocate } from "../sys/memory.js";
import { MSG_NOSIGNAL, send } from "../sys/socket.js";
import type { ClientAddress } from "./client-address.js";
import { encodeV1, encodeV2, type ProxiedConnection, type ProxyTlv } from "./proxy-protocol.js";
import { proxyTlvs } from "./proxy-tlvs.js";

/** The texts in a header's TLVs have 256 bytes at most. */
const scratch = allocate(2048);

/** @param proxied undefined: whose connection it is cannot be said (UNKNOWN, or LOCAL) */
export function encodeProxyHeader(
  settings: SendProxy,
  proxied: ProxiedConnection | undefined,
  tlvs: readonly ProxyTlv[] = [],
): Buffer {
  return settings.version === 1 ? encodeV1(proxied) : encodeV2(proxied, { tlvs, crc32c: settings.checksum });
}

/**
 * Sends it as the first bytes of a connection that has just been established: the kernel's buffer is empty, and takes
 * all of it at once.
 * @param destination where the client connected to
 * @param ssl the client's; 0: it speaks no TLS
 * @returns false if the connection is broken already
 */
export function sendProxyHeader(
  fd: number,
  settings: SendProxy,
  client: ClientAddress,
  destination: ClientAddress,
  ssl: number,
): boolean {
  // UNIX clients have no address that the protocol's families of streams could show.
  const isKnown = client.family !== AF_UNIX && destination.family !== AF_UNIX;
  const proxied = isKnown ? { source: endOf(client), destination: endOf(destination) } : undefined;
  const header = encodeProxyHeader(settings, proxied, settings.version === 2 ? proxyTlvs(settings.tlvs, ssl) : []);
  scratch.bytes.set(header);
  return send(fd, scratch.address, header.length, MSG_NOSIGNAL) === header.length;
}

/**
 * The header of a health check, which is nobody's connection but ours: version 2 can say so (LOCAL), version 1 shows the
 * check's own ends.
 */
export function checkGreeting(settings: SendProxy, socket: Socket): Buffer {
  const { localAddress, localPort = 0, remoteAddress, remotePort = 0 } = socket;
  if (settings.version === 2 || localAddress === undefined || remoteAddress === undefined)
    return encodeProxyHeader(settings, undefined);
  const source = { address: localAddress, port: localPort };
  return encodeProxyHeader(settings, { source, destination: { address: remoteAddress, port: remotePort } });
}

const endOf = ({ text, port }: ClientAddress) => ({ address: text, port });

/** The header goes before TLS does. */
export class HeaderBeforeTls implements TlsStarter {
  /** @param sendHeader false: the connection is broken */
  constructor(
    readonly tls: TlsStarter,
    readonly sendHeader: (fd: number) => boolean,
  ) {}

  start(fd: number, isLast: boolean): number {
    return this.sendHeader(fd) ? this.tls.start(fd, isLast) : -1;
  }

  onClose(ssl: number): void {
    this.tls.onClose?.(ssl);
  }
}
