import type { PlannedKeyword } from "../keyword.js";

/**
 * Keywords of the `global` section that HAProxy has and Bascule does not do yet.
 * They are known by name, so that the refusal can say so.
 */
export const PLANNED_GLOBAL_KEYWORDS: readonly PlannedKeyword[] = [
  ["master-worker", "[no-exit-on-failure]", "off"],
  ["mworker-max-reloads", "<n>", "50"],
  ["hard-stop-after", "<time>", "none (old process may live for ever)"],
  ["uid", "<n>", ""],
  ["gid", "<n>", ""],
  ["localpeer", "<name>", "hostname"],
  ["log-send-hostname", "[<string>]", "off; hostname"],
  ["stats maxconn", "<n>", "10"],
  ["stats-file", "<path>", "none"],
  ["server-state-base", "<dir>", "cwd"],
  ["server-state-file", "<file>", "none"],
  ["ssl-default-server-options", "[<opt>]…", "none"],
  ["ssl-dh-param-file", "<file>", "none"],
  ["tune.ssl.default-dh-param", "<bits>", "none ⇒ DHE off"],
  ["ssl-load-extra-files", "<none|all|bundle|sctl|ocsp|issuer|key>*", "all"],
  ["key-base", "<dir>", "none"],
  ["ocsp-update.mode", "{on|off}", "off"],
  ["ulimit-n", "<n>", "computed"],
  ["fd-hard-limit", "<n>", "1048576"],
  ["strict-limits", "", "on"],
  ["cpu-map", "[auto:]<tgroup>[/<threads>] <cpu-set>…", "none"],
  ["spread-checks", "<0..50 %>", "0"],
  ["external-check", "[preserve-env]", "off"],
  ["insecure-fork-wanted", "", "off"],
  ["setcap", "<cap>[,<cap>…]", "none"],
  ["unix-bind", "[prefix P] [mode M] [user U] [uid N] [group G] [gid N]", "none"],
  ["default-path", "{current|config|parent|origin <path>}", "current"],
  ["setenv", "<name> <value>", ""],
  ["presetenv", "<name> <value>", ""],
  ["set-var", "<proc.name> <expr>", ""],
  ["set-var-fmt", "<proc.name> <fmt>", ""],
  ["tune.http.logurilen", "<n>", "1024"],
  ["tune.stick-counters", "<n>", "3"],
  ["tune.comp.maxlevel", "<1-9>", "1"],
  ["maxconnrate", "<n/s>", "0 (off)"],
  ["zero-warning", "", "off"],
  ["expose-experimental-directives", "", "off"],
  ["lua-load", "<file> [args]", "none"],
];

/** Rarely seen ones; their arguments do not matter until they are done. */
export const RARE_GLOBAL_KEYWORDS: readonly string[] = `
acme.scheduler
anonkey
busy-polling
close-spread-time
cluster-secret
cpu-affinity
cpu-policy
cpu-set
debug.counters
deviceatlas-json-file
deviceatlas-log-level
deviceatlas-properties-cookie
deviceatlas-separator
dns-accept-family
expose-deprecated-directives
force-cfg-parser-pause
grace
h1-accept-payload-with-any-method
h1-case-adjust
h1-case-adjust-file
h1-do-not-close-on-insecure-transfer-encoding
h2-workaround-bogus-websocket-clients
harden.reject-privileged-ports.quic
harden.reject-privileged-ports.tcp
http-err-codes
http-fail-codes
httpclient.resolvers.disabled
httpclient.resolvers.id
httpclient.resolvers.prefer
httpclient.retries
httpclient.ssl.ca-file
httpclient.ssl.verify
httpclient.timeout.connect
insecure-setuid-wanted
issuers-chain-path
jwt.decrypt_alg_list
jwt.decrypt_enc_list
limited-quic
lua-load-per-thread
lua-prepend-path
max-spread-checks
max-threads-per-group
maxcompcpuusage
maxcomprate
maxsessrate
maxsslconn
maxsslrate
maxzlibmem
no-memory-trimming
noepoll
noevports
nogetaddrinfo
nokqueue
noktls
nopoll
noreuseport
numa-cpu-mapping
ocsp-update.disable
ocsp-update.httpproxy
ocsp-update.maxdelay
ocsp-update.mindelay
pp2-never-send-local
prealloc-fd
profiling.memory
profiling.tasks
quick-exit
quiet
resetenv
set-dumpable
shm-stats-file
shm-stats-file-max-objects
ssl-default-bind-client-sigalgs
ssl-default-bind-sigalgs
ssl-default-server-client-sigalgs
ssl-default-server-curves
ssl-default-server-sigalgs
ssl-engine
ssl-load-extra-del-ext
ssl-mode-async
ssl-passphrase-cmd
ssl-propquery
ssl-provider
ssl-provider-path
ssl-security-level
ssl-skip-self-issued-ca
stats calculate-max-counters
stress-level
thread-group
thread-groups
thread-hard-limit
tune.applet.zero-copy-forwarding
tune.buffers.limit
tune.buffers.reserve
tune.bufsize.large
tune.bufsize.small
tune.cli.max-payload-size
tune.defaults.purge
tune.disable-fast-forward
tune.disable-zero-copy-forwarding
tune.epoll.mask-events
tune.events.max-events-at-once
tune.fail-alloc
tune.fd.edge-triggered
tune.glitches.kill.cpu-usage
tune.h1.be.glitches-threshold
tune.h1.fe.glitches-threshold
tune.h1.zero-copy-fwd-recv
tune.h1.zero-copy-fwd-send
tune.h2.be.glitches-threshold
tune.h2.be.max-frames-at-once
tune.h2.be.rxbuf
tune.h2.fe.glitches-threshold
tune.h2.fe.max-frames-at-once
tune.h2.fe.max-rst-at-once
tune.h2.fe.max-total-streams
tune.h2.fe.rxbuf
tune.h2.log-errors
tune.h2.zero-copy-fwd-send
tune.http.cookielen
tune.idle-pool.shared
tune.idletimer
tune.listener.default-shards
tune.listener.multi-queue
tune.lua.bool-sample-conversion
tune.lua.burst-timeout
tune.lua.forced-yield
tune.lua.log.loggers
tune.lua.log.stderr
tune.lua.maxmem
tune.lua.openlibs
tune.lua.service-timeout
tune.lua.session-timeout
tune.lua.task-timeout
tune.max-checks-per-thread
tune.max-rules-at-once
tune.maxaccept
tune.maxpollevents
tune.memory.hot-size
tune.notsent-lowat.client
tune.notsent-lowat.server
tune.pattern.cache-size
tune.peers.max-updates-at-once
tune.pipesize
tune.pool-high-fd-ratio
tune.pool-low-fd-ratio
tune.pt.zero-copy-forwarding
tune.quic.be.cc.cubic-min-losses
tune.quic.be.cc.hystart
tune.quic.be.cc.max-frame-loss
tune.quic.be.cc.max-win-size
tune.quic.be.cc.reorder-ratio
tune.quic.be.max-idle-timeout
tune.quic.be.sec.glitches-threshold
tune.quic.be.stream.data-ratio
tune.quic.be.stream.max-concurrent
tune.quic.be.stream.rxbuf
tune.quic.be.tx.pacing
tune.quic.be.tx.udp-gso
tune.quic.cc-hystart
tune.quic.cc.cubic.min-losses
tune.quic.disable-tx-pacing
tune.quic.disable-udp-gso
tune.quic.fe.cc.cubic-min-losses
tune.quic.fe.cc.hystart
tune.quic.fe.cc.max-frame-loss
tune.quic.fe.cc.max-win-size
tune.quic.fe.cc.reorder-ratio
tune.quic.fe.max-idle-timeout
tune.quic.fe.sec.glitches-threshold
tune.quic.fe.sec.retry-threshold
tune.quic.fe.sock-per-conn
tune.quic.fe.stream.data-ratio
tune.quic.fe.stream.max-concurrent
tune.quic.fe.stream.max-total
tune.quic.fe.stream.rxbuf
tune.quic.fe.tx.pacing
tune.quic.fe.tx.udp-gso
tune.quic.frontend.default-max-window-size
tune.quic.frontend.glitches-threshold
tune.quic.frontend.max-data-size
tune.quic.frontend.max-idle-timeout
tune.quic.frontend.max-streams-bidi
tune.quic.frontend.max-tx-mem
tune.quic.frontend.stream-data-ratio
tune.quic.listen
tune.quic.max-frame-loss
tune.quic.mem.tx-max
tune.quic.reorder-ratio
tune.quic.retry-threshold
tune.quic.socket-owner
tune.quic.zero-copy-fwd-send
tune.rcvbuf.backend
tune.rcvbuf.client
tune.rcvbuf.frontend
tune.rcvbuf.server
tune.recv_enough
tune.renice.runtime
tune.renice.startup
tune.ring.queues
tune.runqueue-depth
tune.sched.low-latency
tune.sndbuf.backend
tune.sndbuf.client
tune.sndbuf.frontend
tune.sndbuf.server
tune.ssl.capture-buffer-size
tune.ssl.capture-cipherlist-size
tune.ssl.certificate-compression
tune.ssl.force-private-cache
tune.ssl.hard-maxrecord
tune.ssl.keylog
tune.ssl.maxrecord
tune.ssl.ocsp-update.maxdelay
tune.ssl.ocsp-update.mindelay
tune.ssl.ssl-ctx-cache-size
tune.streams-elasticity
tune.takeover-other-tg-connections
tune.vars.global-max-size
tune.vars.proc-max-size
tune.vars.reqres-max-size
tune.vars.sess-max-size
tune.vars.txn-max-size
tune.zlib.memlevel
tune.zlib.windowsize
unsetenv
warn-blocked-traffic-after
wurfl-cache-size
wurfl-data-file
wurfl-information-list
wurfl-information-list-separator
wurfl-patch-file
`
  .trim()
  .split("\n");
