import type { PlannedProxyKeyword } from "../keyword.js";

/**
 * Keywords of proxies (`defaults`, `frontend`, `listen`, `backend`) that HAProxy has and Bascule does not do yet.
 * They are known by name, so that the refusal can say so.
 */
export const PLANNED_PROXY_KEYWORDS: readonly PlannedProxyKeyword[] = [
  ["option forwardfor", "[except <net>] [header <name>] [if-none]", "DFLB", "off; X-Forwarded-For"],
  ["option httpchk", "[[<method>] <uri> [<version> [<host>]]]", "DLB", "OPTIONS / HTTP/1.0"],
  ["http-check send", "[meth M] [uri U|uri-lf F] [ver V] [hdr N F]* [body S|body-lf F] [comment C]", "DLB", ""],
  [
    "http-check expect",
    "[min-recv n] [comment C] [ok-status s] [error-status s] [tout-status s] [on-success F] [on-error F] [status-code E] [!] {status|rstatus|hdr|fhdr|string|rstring} <pattern>",
    "DLB",
    "2xx or 3xx",
  ],
  [
    "cookie",
    "<name> [rewrite|insert|prefix] [indirect] [nocache] [postonly] [preserve] [httponly] [secure] [domain D]* [maxidle T] [maxlife T] [dynamic] [attr V]*",
    "DLB",
    "off",
  ],
  ["http-response", "<action> [args] [{if|unless} <cond>]", "DFLB", "allow"],
  [
    "redirect",
    "{location L|prefix P|scheme S} [code 301|302|303|307|308] [drop-query] [append-slash] [ignore-empty] [keep-query] [set-cookie N[=v]] [clear-cookie N[=]] [{if|unless} C]",
    "FLB",
    "302",
  ],
  ["stats enable", "", "DFLB", "off"],
  ["stats uri", "<prefix>", "DFLB", "/haproxy?stats"],
  ["stats auth", "<user>:<pw>", "DFLB", "none"],
  ["stats refresh", "<time>", "DFLB", "off"],
  ["stats admin", "{if|unless} C", "FLB", "read-only"],
  ["stats realm", "<realm>", "DFLB", '"HAProxy Statistics"'],
  ["stats hide-version", "", "DFLB", "on"],
  ["disabled", "", "DFLB", ""],
  ["description", "<text>", "FLB", ""],
  ["id", "<n>", "FLB", "auto"],
  ["hash-type", "{map-based|consistent} [sdbm|djb2|wt6|crc32|none] [avalanche]", "DLB", "map-based sdbm"],
  ["hash-balance-factor", "<%>", "DLB", "0 (off)"],
  ["use-server", "<server> {if|unless} C", "LB", ""],
  ["server-template", "<prefix> <n|a-b> <fqdn>[:port] [options]", "LB", ""],
  ["load-server-state-from-file", "{global|local|none}", "DLB", "none"],
  ["server-state-file-name", "[use-backend-name|<file>]", "DLB", "backend name"],
  ["force-persist", "{if|unless} C", "LB", ""],
  ["ignore-persist", "{if|unless} C", "LB", ""],
  ["persist", "rdp-cookie[(<name>)]", "DLB", "msts"],
  ["stick store-response", "<expr> [table T] [{if|unless} C]", "LB", ""],
  ["http-after-response", "<action> … [{if|unless} C]", "DFLB", "allow"],
  ["http-error", "status <code> …", "DFLB", ""],
  ["errorfiles", "<http-errors-section> [<code>…]", "DFLB", ""],
  ["errorloc", "<code> <url>", "DFLB", ""],
  ["errorloc302", "<code> <url>", "DFLB", ""],
  ["errorloc303", "<code> <url>", "DFLB", ""],
  ["error-log-format", "<fmt>", "DFL", "connection-error format"],
  ["log-format", "<fmt>", "DFL", "by option *log"],
  ["log-format-sd", "<fmt>", "DFL", "none"],
  ["log-tag", "<string>", "DFLB", "global log-tag"],
  ["unique-id-format", "<fmt>", "DFLB", "none"],
  ["unique-id-header", "<name>", "DFL", "none"],
  ["capture request header", "<name> len <n>", "FL", ""],
  ["capture response header", "<name> len <n>", "FL", ""],
  ["capture cookie", "<name> len <n>", "FL", ""],
  ["declare capture request", "len <n>", "FL", ""],
  ["declare capture response", "len <n>", "FL", ""],
  [
    "compression",
    "{algo <gzip|deflate|raw-deflate|identity>…|algo-req A|algo-res A…|type <mime>…|type-req|type-res|minsize-req n|minsize-res n|offload|direction {request|response|both}}",
    "DFLB",
    "off; direction response; minsize 0",
  ],
  ["filter", "<name> [params]", "FLB", ""],
  ["monitor-uri", "<uri>", "DFL", ""],
  ["monitor fail", "{if|unless} C", "FL", ""],
  ["rate-limit sessions", "<n/s>", "DFL", "0"],
  ["option httpslog", "", "DFL", "off"],
  ["option dontlog-normal", "", "DFL", "off"],
  ["option log-health-checks", "", "DLB", "off"],
  ["option log-separate-errors", "", "DFL", "off"],
  ["option logasap", "", "DFL", "off"],
  ["option contstats", "", "DFL", "off"],
  ["option socket-stats", "", "DFL", "off"],
  [
    "option forwarded",
    "[proto] [host|host-expr E] [by|by-expr E] [by_port|…] [for|for-expr E] [for_port|…]",
    "DLB",
    "off; proto + for",
  ],
  ["option originalto", "[except N] [header H]", "DFLB", "off; X-Original-To"],
  ["option http-buffer-request", "", "DFLB", "off"],
  ["option http-ignore-probes", "", "DFL", "off"],
  ["option allbackups", "", "DLB", "off"],
  ["option persist", "", "DLB", "off"],
  ["option nolinger", "", "DFLB", "off"],
  ["option tcp-smart-accept", "", "DFL", "auto in HTTP"],
  ["option tcp-smart-connect", "", "DLB", "off"],
  ["option transparent", "", "DLB", "off"],
  ["transparent", "", "DLB", "off"],
  ["option external-check", "", "DLB", "off"],
  ["external-check command", "<cmd>", "DLB", ""],
  ["external-check path", "<path>", "DLB", "empty"],
  ["option ldap-check", "", "DLB", "off"],
  ["option mysql-check", "[user U [post-41|pre-41|post-80]]", "DLB", "off; post-41"],
  ["option pgsql-check", "user <user>", "DLB", "off"],
  ["option redis-check", "", "DLB", "off"],
  ["option smtpchk", "[HELO|EHLO <domain>]", "DLB", "HELO localhost"],
  ["option ssl-hello-chk", "", "DLB", "off"],
  [
    "http-check connect",
    "[default] [port E] [addr A] [send-proxy] [via-socks4] [ssl] [sni S] [alpn A] [linger] [proto P] [comment C]",
    "DLB",
    "",
  ],
  ["http-check disable-on-404", "", "DLB", "off"],
  ["http-check send-state", "", "DLB", "off"],
  ["http-check set-var", "(<name>) <expr>", "DLB", ""],
  ["http-check set-var-fmt", "(<name>) <fmt>", "DLB", ""],
  ["http-check unset-var", "(<name>)", "DLB", ""],
  ["http-check comment", "C", "DLB", ""],
  [
    "tcp-check connect",
    "[default] [port E] [addr A] [send-proxy] [via-socks4] [ssl] [sni S] [alpn A] [linger] [proto P] [comment C]",
    "DLB",
    "",
  ],
  ["tcp-check send", "<data> [comment C]", "DLB", ""],
  ["tcp-check send-lf", "<fmt> [comment C]", "DLB", ""],
  ["tcp-check send-binary", "<hex> [comment C]", "DLB", ""],
  ["tcp-check send-binary-lf", "<fmt> [comment C]", "DLB", ""],
  [
    "tcp-check expect",
    "[min-recv n] [comment C] [ok-status s] [error-status s] [tout-status s] [on-success F] [on-error F] [status-code E] [!] {string|rstring|string-lf|binary|rbinary|binary-lf} <p>",
    "DLB",
    "",
  ],
  ["tcp-check comment", "C", "DLB", ""],
  ["tcp-check set-var", "(<name>) <expr>", "DLB", ""],
  ["tcp-check set-var-fmt", "(<name>) <fmt>", "DLB", ""],
  ["tcp-check unset-var", "(<name>)", "DLB", ""],
  ["tcp-request session", "<action> [{if|unless} C]", "DFL", "accept"],
  ["tcp-response content", "<action> [{if|unless} C]", "DLB", "accept"],
  ["tcp-response inspect-delay", "<time>", "DLB", "0"],
  ["timeout client-hs", "<time>", "DFL", "timeout client"],
  ["stats http-request", "{allow|deny|auth [realm R]} [{if|unless} C]", "FLB", ""],
  ["stats scope", "{<name>|.}", "DFLB", "all"],
  ["stats show-desc", "[D]", "DFLB", "off"],
  ["stats show-legends", "", "DFLB", "off"],
  ["stats show-node", "[N]", "DFLB", "off"],
  ["stats show-version", "", "DFLB", "off"],
  ["email-alert from", "<addr>", "DFLB", ""],
  ["email-alert to", "<addr>", "DFLB", ""],
  ["email-alert mailers", "<section>", "DFLB", ""],
  ["email-alert level", "<level>", "DFLB", "alert"],
  ["email-alert myhostname", "<name>", "DFLB", "hostname"],
  ["dynamic-cookie-key", "<string>", "DLB", ""],
];

/** Rarely seen ones; their arguments do not matter until they are done. */
export const RARE_PROXY_KEYWORDS: readonly string[] = `
crt
dispatch
filter-sequence
force-be-switch
guid
hash-preserve-affinity
http-send-name-header
log-steps
max-keep-alive-queue
max-session-srv-conns
option accept-invalid-http-request
option accept-invalid-http-response
option accept-unsafe-violations-in-http-request
option accept-unsafe-violations-in-http-response
option checkcache
option disable-h2-upgrade
option h1-case-adjust-bogus-client
option h1-case-adjust-bogus-server
option http-drop-request-trailers
option http-drop-response-trailers
option http-no-delay
option http-restrict-req-hdr-names
option http-use-proxy-header
option idle-close-on-response
option independent-streams
option spop-check
option use-small-buffers
quic-initial
ssl-f-use
stats show-modules
use-fcgi-app
`
  .trim()
  .split("\n");
