/** The flags of `bascule keepalived`: keepalived's own (keepalived(8)). */
import type { FlagTable } from "./flags.js";

export type KeepalivedFlag =
  | "file"
  | "foreground"
  | "test"
  | "console"
  | "detail"
  | "facility"
  | "noSyslog"
  | "vrrpOnly"
  | "noRespawn"
  | "pidFile"
  | "vrrpPidFile"
  | "umask"
  | "configId"
  | "lenient"
  | "signum"
  | "version"
  | "help"
  | "logFile"
  | "flushLogFile"
  | "releaseVips"
  | "keepVips"
  | "keepIpvs"
  | "dump"
  | "monitoring"
  | "namespace"
  | "core"
  | "corePattern"
  | "allFiles"
  | "all"
  | "noBfd"
  | "checkersPid"
  | "bfdPid"
  | "checkersOnly"
  | "genhash"
  | "snmp";

export const keepalivedFlags: FlagTable<KeepalivedFlag> = {
  file: { names: ["-f", "--use-file"], value: "FILE", help: "configuration file (/etc/keepalived/keepalived.conf)" },
  foreground: { names: ["-n", "--dont-fork"], help: "stay in the foreground" },
  test: {
    names: ["-t", "--config-test"],
    value: "LOG",
    arity: "attached",
    help: "check the configuration: 0 good, 2 a value is missing, 5 mistakes, 6 scripts as root; LOG gets the messages",
  },
  console: { names: ["-l", "--log-console"], help: "log to stderr too" },
  detail: { names: ["-D", "--log-detail"], help: "log in detail" },
  facility: {
    names: ["-S", "--log-facility"],
    value: "FACILITY",
    help: "syslog facility: 0 to 7 (local0 to local7), user, or daemon",
  },
  noSyslog: { names: ["-G", "--no-syslog"], help: "do not log to syslog" },
  vrrpOnly: { names: ["-P", "--vrrp"], help: "run VRRP only; always so" },
  noRespawn: { names: ["-R", "--dont-respawn"], help: "do not restart after a crash; always so" },
  pidFile: { names: ["-p", "--pid"], value: "FILE", help: "pid file (/run/keepalived.pid)" },
  vrrpPidFile: { names: ["-r", "--vrrp_pid"], value: "FILE", help: "pid file of VRRP (/run/vrrp.pid)" },
  configId: { names: ["-i", "--config-id"], value: "ID", help: "which @ID lines count (the host's name)" },
  lenient: { names: ["--lenient"], help: "go on from mistakes, as is done anyway outside a supervisor" },
  umask: { names: ["-u", "--umask"], value: "OCTAL", help: "file mode creation mask" },
  signum: {
    names: ["--signum"],
    value: "NAME",
    help: "print the number of a signal: DATA, STATS, JSON, STATS_CLEAR …",
  },
  version: { names: ["-v", "--version"], help: "print the version" },
  help: { names: ["-h", "--help"], help: "print this" },
  logFile: { names: ["-g", "--log-file"], value: "FILE", arity: "attached", help: "log to FILE too (keepalived.log)" },
  flushLogFile: { names: ["--flush-log-file"], help: "write each line to the file at once; always so" },
  releaseVips: { names: ["-X", "--release-vips"], help: "remove virtual addresses whenever not master; always so" },
  keepVips: {
    names: ["-V", "--dont-release-vrrp"],
    help: "stop without a word: virtual addresses, routes and rules stay where they are",
  },
  keepIpvs: { names: ["-I", "--dont-release-ipvs"], help: "keep virtual servers at a stop; there are none" },
  dump: { names: ["-d", "--dump-conf"], help: "write the configuration to the log at the start" },
  monitoring: { names: ["-a", "--address-monitoring"], help: "log all addresses that are added and removed" },
  namespace: { names: ["-s", "--namespace"], value: "NAME", help: "run in a network namespace (ip-netns(8))" },
  core: { names: ["-m", "--core-dump"], help: "allow core dumps" },
  corePattern: {
    names: ["-M", "--core-dump-pattern"],
    value: "PATTERN",
    arity: "attached",
    help: "allow core dumps, and have the kernel name all of them so (core)",
  },
  allFiles: { names: ["-e", "--all-config"], help: "an included file that is missing is an error" },
  all: { names: ["--all"], help: "run VRRP even without an instance; always so" },
  noBfd: { names: ["-B", "--no_bfd"], help: "run no BFD; always so" },
  checkersPid: { names: ["-c", "--checkers_pid"], value: "FILE", help: "pid file of checkers; there are none" },
  bfdPid: { names: ["-b", "--bfd_pid"], value: "FILE", help: "pid file of BFD; there is none" },

  checkersOnly: { names: ["-C", "--check"], help: "runs health checkers of virtual servers only", notSupported: true },
  genhash: { names: ["-T", "--genhash"], help: "digests a page, for HTTP_GET", notSupported: true },
  snmp: { names: ["-x", "--snmp", "-A", "--snmp-agent-socket"], help: "speaks SNMP", notSupported: true },
};
