/** The socket from which a connection to a server starts (configuration.txt, `source`). */
import type { KeepAlive, Server, SourceAddress } from "../config/haproxy/model.js";
import { AF_INET6, AF_UNIX, internetAddress, type SocketAddress } from "../sys/address.js";
import {
  bind,
  bindToDevice,
  close,
  IP_BIND_ADDRESS_NO_PORT,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_TRANSPARENT,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  setOption,
  socket,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from "../sys/socket.js";
import type { ClientAddress } from "./client-address.js";
import { keepAlive } from "./keep-alive.js";

/** What else a backend and a server say of the socket. */
export interface ServerSocketOptions {
  readonly keepAlive: KeepAlive | undefined;
  readonly tcpUserTimeout: number | undefined;
}

/**
 * Where to connect to, for a server whose address or port is the one that the client connected to.
 * @returns undefined if the client came over a UNIX socket, and so connected to no address
 */
export function addressForClient(server: Server, destination: ClientAddress): SocketAddress | undefined {
  if (destination.family === AF_UNIX) return undefined;
  const address = isAny(server) ? destination.text : server.address;
  // 16 bits, as the kernel would have it: an offset may lead around.
  const port = server.portOffset === undefined ? server.port : (destination.port + server.portOffset) & 0xffff;
  return internetAddress(address, port);
}

/** `server s 0.0.0.0`, `server s *:80`: the address that the client connected to. */
export const isAny = ({ address }: Server): boolean => address === "0.0.0.0" || address === "::";

/**
 * @param family of the server's address
 * @returns a descriptor ready to connect, or a negated errno (-EPERM: `usesrc` without CAP_NET_ADMIN)
 */
export function openServerSocket(
  family: number,
  source: SourceAddress | undefined,
  client: ClientAddress,
  options: ServerSocketOptions,
): number {
  const fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || family === AF_UNIX) return fd;
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (options.keepAlive !== undefined) keepAlive(fd, options.keepAlive);
  if (options.tcpUserTimeout !== undefined) setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, options.tcpUserTimeout);
  if (source === undefined) return fd;
  const result = bindSource(fd, family, source, client);
  if (result >= 0) return fd;
  close(fd);
  return result;
}

function bindSource(fd: number, family: number, source: SourceAddress, client: ClientAddress): number {
  const device = source.interface === undefined ? 0 : bindToDevice(fd, source.interface);
  if (device < 0) return device;
  return source.useSource === undefined ? bindTo(fd, family, source) : bindAsClient(fd, family, source, client);
}

function bindTo(fd: number, family: number, source: SourceAddress): number {
  if (source.address === undefined && source.port === 0) return 0;
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (source.port === 0) setOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return bind(fd, internetAddress(source.address ?? (family === AF_INET6 ? "::" : "0.0.0.0"), source.port));
}

/** The server sees the client's address; the way back is the transparent plumbing's. */
function bindAsClient(fd: number, family: number, source: SourceAddress, client: ClientAddress): number {
  const isIpv4 = client.ipv4 !== undefined;
  // A client of the other family cannot be impersonated towards this server.
  if (family !== client.family) return bindTo(fd, family, source);
  const transparent = isIpv4
    ? setOption(fd, IPPROTO_IP, IP_TRANSPARENT, 1)
    : setOption(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
  if (transparent < 0) return transparent;
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const port = source.useSource === "client" ? client.port : 0;
  if (port === 0) setOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return bind(fd, internetAddress(client.text, port));
}
