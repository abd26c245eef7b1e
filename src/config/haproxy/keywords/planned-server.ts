import type { PlannedKeyword } from "../keyword.js";

/**
 * Options of `server` and `default-server` lines that HAProxy has and Bascule does not do yet.
 * They are known by name, so that the refusal can say so.
 */
export const PLANNED_SERVER_OPTIONS: readonly PlannedKeyword[] = [
  ["cookie", "<value>", "none"],
  ["resolvers", "<section>", ""],
  ["init-addr", "{last|libc|none|<ip>},…", "last,libc (start fails if unresolved)"],
  ["check-alpn", "<p>", ""],
  ["check-proto", "<p>", ""],
  ["init-state", "{fully-up|up|down|fully-down|none}", "none (UP before first check)"],
  ["agent-check", "", "off"],
  ["agent-port", "<n>", ""],
  ["agent-addr", "<ip>", "server"],
  ["agent-inter", "<time>", "2s"],
  ["agent-send", "<string>", ""],
  ["no-agent-check", "", ""],
  ["observe", "{layer4|layer7}", "off"],
  ["error-limit", "<n>", "10"],
  ["on-error", "{fastinter|fail-check|sudden-death|mark-down}", "fail-check"],
  ["on-marked-down", "shutdown-sessions", "off"],
  ["on-marked-up", "shutdown-backup-sessions", "off"],
  ["slowstart", "<time>", "off"],
  ["track", "[<backend>/]<server>", ""],
  ["id", "<n>", "auto"],
  ["no-sni-auto", "", ""],
  ["sni-auto", "", "on"],
  ["source", "<addr>[:<pl>[-<ph>]] [usesrc …] [interface I]", "backend source"],
  ["redir", "<prefix>", ""],
  ["resolve-prefer", "{ipv4|ipv6}", "ipv6"],
  ["resolve-opts", "allow-dup-ip,ignore-weight,prevent-dup-ip", "prevent-dup-ip"],
  ["resolve-net", "<net>,…", ""],
  ["max-reuse", "<n>", "−1"],
  ["non-stick", "", "off"],
  ["stick", "", "on"],
  ["tfo", "", "off"],
  ["namespace", "<ns>", ""],
  ["log-proto", "{legacy|octet-count}", "legacy"],
];

/** Rarely seen ones; their arguments do not matter until they are done. */
export const RARE_SERVER_OPTIONS: readonly string[] = `
allow-0rtt
cc
check-pool-conn-name
check-reuse-pool
check-sni-auto
check-via-socks4
client-sigalgs
curves
force-sslv3
guid
hash-key
healthcheck
idle-ping
ktls
log-bufsize
no-check-reuse-pool
no-check-sni-auto
no-renegotiate
no-tfo
no-tls-tickets
npn
pool-conn-name
quic-cc-algo
renegotiate
set-proxy-v2-tlv-fmt
shard
sigalgs
socks4
ssl-reuse
strict-maxconn
tcp-md5sig
tls-tickets
`
  .trim()
  .split("\n");
