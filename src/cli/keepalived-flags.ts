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
  | NotYet;

type NotYet =
  | "checkersOnly"
  | "all"
  | "logFile"
  | "flushLogFile"
  | "releaseVips"
  | "keepVips"
  | "keepIpvs"
  | "dump"
  | "checkersPid"
  | "bfdPid"
  | "monitoring"
  | "namespace"
  | "core"
  | "corePattern"
  | "snmp";

export const keepalivedFlags: FlagTable<KeepalivedFlag> = {
  file: { names: ["-f", "--use-file"], value: "FILE", help: "configuration file (/etc/keepalived/keepalived.conf)" },
  foreground: { names: ["-n", "--dont-fork"], help: "stay in the foreground" },
  test: {
    names: ["-t", "--config-test"],
    value: "LOG",
    arity: "attached",
    help: "check the configuration: 0 good, 5 mistakes, 6 scripts as root; LOG gets the messages",
  },
  console: { names: ["-l", "--log-console"], help: "log to stderr too" },
  detail: { names: ["-D", "--log-detail"], help: "log in detail" },
  facility: {
    names: ["-S", "--log-facility"],
    value: "0-7|daemon",
    help: "syslog facility: local0 to local7, or daemon",
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

  checkersOnly: { names: ["-C", "--check"], help: "runs health checkers only", notSupported: true },
  all: { names: ["--all"], help: "starts all child processes", notSupported: true },
  logFile: {
    names: ["-g", "--log-file"],
    value: "FILE",
    arity: "attached",
    help: "logs to a file",
    notSupported: true,
  },
  flushLogFile: { names: ["--flush-log-file"], help: "flushes the log file", notSupported: true },
  releaseVips: { names: ["-X", "--release-vips"], help: "drops addresses on any stop", notSupported: true },
  keepVips: { names: ["-V", "--dont-release-vrrp"], help: "keeps addresses at a stop", notSupported: true },
  keepIpvs: { names: ["-I", "--dont-release-ipvs"], help: "keeps virtual servers at a stop", notSupported: true },
  dump: { names: ["-d", "--dump-conf"], help: "dumps the configuration", notSupported: true },
  checkersPid: { names: ["-c", "--checkers_pid"], value: "FILE", help: "pid file of checkers", notSupported: true },
  bfdPid: { names: ["-b", "--bfd_pid"], value: "FILE", help: "pid file of BFD", notSupported: true },
  monitoring: { names: ["-a", "--address-monitoring"], help: "logs all address changes", notSupported: true },
  namespace: { names: ["-s", "--namespace"], value: "NAME", help: "runs in a network namespace", notSupported: true },
  core: { names: ["-m", "--core-dump"], help: "writes core dumps", notSupported: true },
  corePattern: { names: ["-M", "--core-dump-pattern"], value: "PATTERN", help: "names core dumps", notSupported: true },
  snmp: { names: ["-x", "--snmp", "-A", "--snmp-agent-socket"], help: "speaks SNMP", notSupported: true },
};
