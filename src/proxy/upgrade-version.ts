/**
 * Over which version of HTTP a server gets upgrades (configuration.txt §5.2, `ws`). Few servers of HTTP/2 know the
 * extended CONNECT, and all those of HTTP/1.1 know Upgrade: where both are to be had, it is the latter.
 */
import type { Server } from "../config/haproxy/model.js";

export interface UpgradeVersion {
  /** Undefined: like every other request. */
  readonly version: "h1" | "h2" | undefined;
  /** What alone is offered by ALPN, for it to be that version. Undefined: what the server line says. */
  readonly alpn: "h2" | "http/1.1" | undefined;
}

export function upgradeVersion({ webSocket, protocol, tls }: Server): UpgradeVersion {
  const offered = tls?.alpn ?? [];
  const isEither = protocol === undefined && offered.includes("h2") && offered.includes("http/1.1");
  const version = webSocket !== "auto" ? webSocket : isEither ? "h1" : undefined;
  if (version === undefined || offered.length === 0) return { version, alpn: undefined };
  return { version, alpn: version === "h1" ? "http/1.1" : "h2" };
}
