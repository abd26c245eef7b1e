/** TCP keep-alive probes on a socket (tcp(7), `option clitcpka`, `option srvtcpka`). */
import type { KeepAlive } from "../config/haproxy/model.js";
import {
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SOL_SOCKET,
  setOption,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
} from "../sys/socket.js";

/** On a socket that listens it holds for all that it accepts. */
export function keepAlive(fd: number, { count, idle, interval }: KeepAlive): void {
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (count !== undefined) setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, count);
  // The kernel counts whole seconds.
  if (idle !== undefined) setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, Math.round(idle / 1000));
  if (interval !== undefined) setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, Math.round(interval / 1000));
}
