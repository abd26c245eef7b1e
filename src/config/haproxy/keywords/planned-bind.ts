import type { PlannedKeyword } from "../keyword.js";

/**
 * Options of a `bind` line that HAProxy has and Bascule does not do yet.
 * They are known by name, so that the refusal can say so.
 */
export const PLANNED_BIND_OPTIONS: readonly PlannedKeyword[] = [
  ["ssl", "", "off"],
  ["crt", "<file|dir|@store/alias>", ""],
  ["alpn", "<p,p>", "h2,http/1.1 on HTTP TLS; h3 on QUIC"],
  ["accept-proxy", "", "off"],
  ["mode", "<octal>", "umask"],
  ["level", "{user|operator|admin}", "operator"],
  ["user", "<name>", ""],
  ["group", "<name>", ""],
  ["ca-file", "<file|@system-ca>", ""],
  ["verify", "{none|optional|required}", "none"],
  ["ssl-min-ver", "<SSLv3…TLSv1.3>", "TLSv1.2"],
  ["ssl-max-ver", "<V>", "highest"],
  ["strict-sni", "", "off"],
  ["ciphers", "<list>", "global"],
  ["ciphersuites", "<list>", "global"],
  ["crt-list", "<file>", ""],
  ["default-crt", "<file>", "first crt"],
  ["crl-file", "<file>", ""],
  ["ca-verify-file", "<file>", ""],
  ["ca-ignore-err", "{all|<id>,…}", ""],
  ["crt-ignore-err", "<ids>", ""],
  ["curves", "<list>", "global"],
  ["ecdhe", "<curve>", "prime256v1"],
  ["sigalgs", "<list>", "library"],
  ["no-alpn", "", ""],
  ["npn", "<p,p>", ""],
  ["allow-0rtt", "", "off"],
  ["prefer-client-ciphers", "", "server order"],
  ["no-tls-tickets", "", "tickets on"],
  ["tls-tickets", "", "on"],
  ["tls-ticket-keys", "<file>", "random"],
  ["no-sslv3", "", "off by default"],
  ["no-tlsv10", "", ""],
  ["no-tlsv11", "", ""],
  ["no-tlsv12", "", ""],
  ["no-tlsv13", "", ""],
  ["force-tlsv12", "", ""],
  ["force-tlsv13", "", ""],
  ["backlog", "<n>", "frontend's"],
  ["maxconn", "<n>", "frontend's"],
  ["defer-accept", "", "off"],
  ["tfo", "", "off"],
  ["tcp-ut", "<ms>", "system"],
  ["mss", "<n>", "system"],
  ["nice", "<-1024..1024>", "0"],
  ["id", "<n>", "auto"],
  ["uid", "<n>", ""],
  ["gid", "<n>", ""],
  ["proto", "<h1|h2|…>", "ALPN/detect"],
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
force-tlsv10
force-tlsv11
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
