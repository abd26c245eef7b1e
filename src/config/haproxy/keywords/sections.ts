/** The sections of haproxy.cfg besides `global` and the proxies. None is done yet; their keywords are known by name. */

const words = (text: string): readonly string[] => text.split(" ");

export const PLANNED_SECTIONS: ReadonlyMap<string, readonly string[]> = new Map([
  ["userlist", words("group user")],
  ["resolvers", words("nameserver parse-resolv-conf resolve_retries timeout hold accepted_payload_size")],
  ["peers", words("peer bind default-bind server default-server table disabled enabled log shards")],
  ["cache", words("total-max-size max-age max-object-size process-vary max-secondary-entries")],
  ["http-errors", words("errorfile")],
  ["ring", words("description format maxlen size server timeout backing-file")],
  ["mailers", words("mailer timeout")],
  ["crt-store", words("crt-base key-base load")],
  [
    "acme",
    words(
      "directory account-key contact challenge keytype bits curves map reuse-key challenge-ready dns-delay dns-timeout " +
        "eab-key-id eab-mac-key eab-mac-alg profile provider-name acme-vars",
    ),
  ],
  ["healthcheck", words("type http-check tcp-check")],
  ["log-forward", words("bind dgram-bind log maxconn backlog timeout option")],
  ["log-profile", words("log-tag on")],
  ["program", words("command user group option")],
  ["fcgi-app", words("docroot index path-info pass-header set-param log-stderr acl option")],
  ["traces", words("trace")],
]);

export const SECTION_NAMES: readonly string[] = [
  ...["global", "defaults", "frontend", "backend", "listen"],
  ...PLANNED_SECTIONS.keys(),
];
