/** Blocks for balancing in the kernel (IPVS) and for BFD: known by name and place, and not read. */
import { type Draft, type Keyword, unsupported, unsupportedBlock } from "../declare.js";

/** What every check that opens a connection takes. */
const connection = `
  connect_ip ADDRESS: check this address instead
  connect_port PORT: check this port instead
  bindto ADDRESS: connect from this address
  bind_port PORT: connect from this port
  bind_if INTERFACE: connect through this interface
  connect_timeout SECONDS: how long to wait
  fwmark NUMBER: firewall mark of the check's packets
  retry NUMBER: tries before it has failed
  delay_before_retry SECONDS: time between tries
  warmup SECONDS: longest random wait before the first check
  delay_loop SECONDS: time between checks
  alpha [BOOL]: down until a check has passed
  log_all_failures [BOOL]: log every failed check
`;

const httpCheck = [
  unsupportedBlock(
    "url: what to ask for",
    unsupported(`
      path PATH: the path
      status_code CODES: codes that pass
      digest MD5: digest of the body that passes
      virtualhost NAME: Host header
      regex PATTERN: pattern that passes
      regex_no_match: the pattern must not match
      regex_options OPTIONS: options of the pattern
      regex_min_offset NUMBER: where to look first
      regex_max_offset NUMBER: where to look last
      regex_stack START MAX: memory for matching
    `),
  ),
  ...unsupported(connection),
  ...unsupported(`
    http_protocol 1.0|1.1|1.0C|1.1C: version to speak
    nb_get_retry NUMBER: older name of retry
    fast_recovery: up after the first url that passes
    virtualhost NAME: Host header of all urls
    enable_sni: send the host name in TLS
    sni_name NAME: name to send in TLS
    tls_compliant: expect a proper end of TLS
  `),
];

const checkers = [
  unsupportedBlock("TCP_CHECK: a server passes that accepts a connection", unsupported(connection)),
  unsupportedBlock("HTTP_GET: a server passes that answers all urls", httpCheck),
  unsupportedBlock("SSL_GET: the same over TLS", httpCheck),
  unsupportedBlock(
    "MISC_CHECK: a script decides",
    unsupported(`
      misc_path COMMAND: the script
      misc_timeout SECONDS: how long it may take
      misc_dynamic: its exit code sets the weight
      user USER [GROUP]: whom it runs as
      retry NUMBER: tries before it has failed
      delay_before_retry SECONDS: time between tries
      warmup SECONDS: longest random wait before the first check
      delay_loop SECONDS: time between checks
      alpha [BOOL]: down until a check has passed
    `),
  ),
  unsupportedBlock("SMTP_CHECK: a mail server answers", [
    ...unsupported(connection),
    ...unsupported("helo_name NAME: the name said to it"),
    unsupportedBlock("host: another server to ask", unsupported(connection)),
  ]),
  unsupportedBlock("DNS_CHECK: a name server answers", [
    ...unsupported(connection),
    ...unsupported(`
      type TYPE: record type to ask for
      name NAME: name to ask for
    `),
  ]),
  unsupportedBlock("UDP_CHECK: no ICMP error comes back", [
    ...unsupported(connection),
    ...unsupported(`
      payload HEX: what to send
      require_reply HEX: what must come back
      min_reply_length BYTES: shortest reply
      max_reply_length BYTES: longest reply
    `),
  ]),
  unsupportedBlock("PING_CHECK: it answers a ping", unsupported(connection)),
  unsupportedBlock(
    "BFD_CHECK: a BFD session is up",
    unsupported(`
      name NAME: the session
      alpha [BOOL]: down until it is up
    `),
  ),
  unsupportedBlock(
    "FILE_CHECK: a number in a file",
    unsupported(`
      track_file NAME: the file
      weight NUMBER [reverse]: factor
      dynamic: the number sets the weight
    `),
  ),
];

/** Words that a virtual server and its real servers share. */
const server = `
  lvs_method NAT|DR|TUN: how packets are forwarded
  delay_loop SECONDS: time between checks
  retry NUMBER: tries before a check has failed
  delay_before_retry SECONDS: time between tries
  connect_timeout SECONDS: how long to wait
  warmup SECONDS: longest random wait before the first check
  alpha [BOOL]: down until a check has passed
  inhibit_on_failure [BOOL]: weight 0 instead of removal
  smtp_alert [BOOL]: mail on changes of state
  snmp_name NAME: name in SNMP
  virtualhost NAME: Host header of checks
`;

const realServer = unsupportedBlock("real_server ADDRESS [PORT]: a server behind a virtual one", [
  ...unsupported(server),
  ...unsupported(`
    weight NUMBER: share of the connections
    notify_up COMMAND [USER [GROUP]]: run when it comes up
    notify_down COMMAND [USER [GROUP]]: run when it goes down
    uthreshold NUMBER: most connections
    lthreshold NUMBER: take connections again below this
  `),
  ...checkers,
]);

const virtualServer = unsupportedBlock("virtual_server ADDRESS PORT|fwmark N|group NAME: balance in the kernel", [
  ...unsupported(server),
  ...unsupported(`
    lb_algo NAME: which server gets a connection
    lvs_sched NAME: the same as lb_algo
    lb_kind NAT|DR|TUN: the same as lvs_method
    protocol TCP|UDP|SCTP: what is balanced
    persistence_timeout [SECONDS]: how long a client stays with a server
    persistence_granularity MASK: clients of one network stay together
    persistence_engine NAME: how clients are told apart
    omega [BOOL]: notify also at the end
    quorum NUMBER: weight needed to be up
    hysteresis NUMBER: distance between up and down
    quorum_up COMMAND [USER [GROUP]]: run when the quorum is reached
    quorum_down COMMAND [USER [GROUP]]: run when it is lost
    sorry_server ADDRESS [PORT]: used while the quorum is lost
    sorry_server_inhibit: weight 0 instead of removal for it
    sorry_server_lvs_method NAT|DR|TUN: how packets are forwarded to it
    ha_suspend: no checks while the address is elsewhere
    ip_family inet|inet6: family of a fwmark
    ops: one packet scheduling
    sh-port: option of sh
    sh-fallback: option of sh
    mh-port: option of mh
    mh-fallback: option of mh
    flag-1: option 1 of the scheduler
    flag-2: option 2 of the scheduler
    flag-3: option 3 of the scheduler
    hashed: keep entries in a hash table
  `),
  realServer,
  ...checkers,
]);

/** Everything at the top of a file that keepalived has and Bascule does not. */
export const unsupportedBlocks: readonly Keyword<Draft>[] = [
  virtualServer,
  unsupportedBlock("virtual_server_group NAME: addresses of one virtual server"),
  unsupportedBlock(
    "SSL: what SSL_GET shows to servers",
    unsupported(`
      password PASSWORD: of the key
      ca FILE: trusted certificates
      certificate FILE: own certificate
      key FILE: own key
    `),
  ),
  unsupportedBlock(
    "bfd_instance NAME: a BFD session (RFC 5880)",
    unsupported(`
      neighbor_ip ADDRESS: the other end
      neighbour_ip ADDRESS: the other end
      source_ip ADDRESS: this end
      min_rx MILLISECONDS: least time between packets received
      min_tx MILLISECONDS: least time between packets sent
      idle_tx MILLISECONDS: time between packets while down
      multiplier NUMBER: packets missed before it is down
      passive: wait for the other end
      ttl NUMBER: time to live
      hoplimit NUMBER: hop limit
      max_hops NUMBER: hops allowed
      multihop: the other end is not on this network
      weight NUMBER [reverse]: what it adds to a priority
      vrrp: used by VRRP only
      checker: used by checks only
    `),
  ),
];
