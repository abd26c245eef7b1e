/** Bascule's own second sign of life: keepalived has nothing like it. */
import type { Span } from "../../diagnostics.js";
import type { Microseconds } from "../../units.js";

/**
 * `heartbeat_path NAME { … }`: datagrams beside the advertisements, over another network, so that two hosts that have
 * lost sight of each other on one of them do not both hold the addresses. Signed with HMAC-SHA-256 and numbered, so
 * that they can be neither forged nor replayed.
 */
export interface HeartbeatPath {
  readonly name: string;
  readonly transport: "udp" | "tcp";
  /** The interface they are bound to; undefined: as the routing table says. */
  readonly interface: string | undefined;
  /** Where they come from and are received; undefined: any address of this host. */
  readonly localAddress: string | undefined;
  /** The other routers; at least one. */
  readonly peers: readonly string[];
  readonly port: number;
  readonly key: HeartbeatKey;
  /** undefined: as often as the quickest instance advertises. */
  readonly interval: Microseconds | undefined;
  readonly span: Span;
}

export type HeartbeatKey =
  | { readonly kind: "text"; readonly text: string }
  /** `key_file`: its content, without the newline at the end; readable by its owner only. */
  | { readonly kind: "file"; readonly path: string };
