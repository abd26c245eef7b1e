import type { PlannedKeyword } from "../keyword.js";

/**
 * Options of a `bind` line that HAProxy has and Bascule does not do yet.
 * They are known by name, so that the refusal can say so.
 */
export const PLANNED_BIND_OPTIONS: readonly PlannedKeyword[] = [
  ["level", "{user|operator|admin}", "operator"],
  ["default-crt", "<file>", "first crt"],
  ["ca-verify-file", "<file>", ""],
  ["sigalgs", "<list>", "library"],
  ["npn", "<p,p>", ""],
  ["allow-0rtt", "", "off"],
  ["nice", "<-1024..1024>", "0"],
  ["id", "<n>", "auto"],
  ["expose-fd", "listeners", ""],
  ["namespace", "<ns>", ""],
  ["shards", "{<n>|by-thread|by-group}", "1"],
  ["thread", "<set>", "all"],
];

/** Rarely seen ones; their arguments do not matter until they are done. */
export const RARE_BIND_OPTIONS: readonly string[] = `
accept-netscaler-cip
ca-sign-file
ca-sign-pass
cc
client-sigalgs
ech
force-sslv3
generate-certificates
guid-prefix
idle-ping
ktls
label
nbconn
no-ca-names
no-strict-sni
quic-cc-algo
quic-force-retry
quic-socket
severity-output
tcp-md5sig
tcp-ss
`
  .trim()
  .split("\n");
