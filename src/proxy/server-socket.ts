/** The socket from which a connection to a server starts (configuration.txt, `source`). */
import type { SourceAddress } from "../config/haproxy/model.js";
import { AF_INET, AF_INET6, internetAddress } from "../sys/address.js";
import {
  bind,
  close,
  IP_BIND_ADDRESS_NO_PORT,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_TRANSPARENT,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  setOption,
  socket,
} from "../sys/socket.js";
import type { ClientAddress } from "./client-address.js";

/**
 * @param family of the server's address
 * @returns a descriptor ready to connect, or a negated errno (-EPERM: `usesrc` without CAP_NET_ADMIN)
 */
export function openServerSocket(family: number, source: SourceAddress | undefined, client: ClientAddress): number {
  const fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || source === undefined) return fd;
  const result = source.useSource === undefined ? bindTo(fd, source) : bindAsClient(fd, family, source, client);
  if (result >= 0) return fd;
  close(fd);
  return result;
}

function bindTo(fd: number, source: SourceAddress): number {
  if (source.address === undefined && source.port === 0) return 0;
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (source.port === 0) setOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return bind(fd, internetAddress(source.address ?? "0.0.0.0", source.port));
}

/** The server sees the client's address; the way back is the transparent plumbing's. */
function bindAsClient(fd: number, family: number, source: SourceAddress, client: ClientAddress): number {
  const isIpv4 = client.ipv4 !== undefined;
  // A client of the other family cannot be impersonated towards this server.
  if (family !== (isIpv4 ? AF_INET : AF_INET6)) return bindTo(fd, source);
  const transparent = isIpv4
    ? setOption(fd, IPPROTO_IP, IP_TRANSPARENT, 1)
    : setOption(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
  if (transparent < 0) return transparent;
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const port = source.useSource === "client" ? client.port : 0;
  if (port === 0) setOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return bind(fd, internetAddress(client.text, port));
}
