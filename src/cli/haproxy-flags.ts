/** The flags of `bascule haproxy`: haproxy's own (its management guide, "Starting HAProxy"). */
import type { FlagTable } from "./flags.js";

export type HaproxyFlag =
  | "file"
  | "check"
  | "daemon"
  | "foreground"
  | "debug"
  | "verbose"
  | "quiet"
  | "pidFile"
  | "version"
  | "build"
  | "help"
  | "maxConnections"
  | "directory"
  | "localPeer"
  | "masterWorker"
  | "masterWorkerNotify"
  | "strict"
  | "finish"
  | "terminate"
  | NotYet;

type NotYet =
  | "condition"
  | "memory"
  | "masterSocket"
  | "takeSockets"
  | "proxyMaxConnections"
  | "poison"
  | "keywords"
  | "integrity"
  | "ignoreResolution"
  | "diagnosticMode"
  | "tuning";

export const haproxyFlags: FlagTable<HaproxyFlag> = {
  file: { names: ["-f"], value: "FILE|DIR", help: "configuration file, or a folder of .cfg files; may be repeated" },
  check: { names: ["-c"], help: "check the configuration and exit: 0 valid, 1 not" },
  daemon: { names: ["-D"], help: "go to the background once it serves" },
  foreground: { names: ["-db"], help: "stay in the foreground, whatever the configuration says" },
  debug: { names: ["-d"], help: "stay in the foreground and log debug messages too" },
  verbose: { names: ["-V"], help: "say more, such as that the configuration is valid" },
  quiet: { names: ["-q"], help: "print no messages at start" },
  pidFile: { names: ["-p"], value: "FILE", help: "write the process id there" },
  version: { names: ["-v"], help: "print the version" },
  build: { names: ["-vv"], help: "print the version and what it can do" },
  help: { names: ["-h", "--help"], help: "print this" },
  maxConnections: { names: ["-n"], value: "N", help: "limit of concurrent connections, over global maxconn" },
  directory: { names: ["-C"], value: "DIR", help: "change there before reading files" },
  localPeer: { names: ["-L"], value: "NAME", help: "local peer name: HAPROXY_LOCALPEER while files are read" },
  masterWorker: { names: ["-W"], help: "master-worker mode" },
  masterWorkerNotify: { names: ["-Ws"], help: "master-worker mode that tells systemd when it is ready" },
  strict: { names: ["-dW"], help: "a warning is an error" },
  finish: {
    names: ["-sf"],
    value: "PID…",
    arity: "rest",
    help: "take over from these processes; they finish what they have",
  },
  terminate: {
    names: ["-st"],
    value: "PID…",
    arity: "rest",
    help: "take over from these processes; they stop at once",
  },

  condition: { names: ["-cc"], value: "EXPR", help: "evaluates a condition", notSupported: true },
  memory: { names: ["-m"], value: "MB", help: "limits memory", notSupported: true },
  masterSocket: { names: ["-S"], value: "ADDRESS", help: "the master's socket", notSupported: true },
  takeSockets: { names: ["-x"], value: "SOCKET", help: "takes listeners over from a process", notSupported: true },
  proxyMaxConnections: { names: ["-N"], value: "N", help: "default maxconn of a proxy", notSupported: true },
  poison: { names: ["-dM"], value: "…", arity: "attached", help: "memory debugging", notSupported: true },
  keywords: { names: ["-dK"], value: "CLASS", arity: "attached", help: "lists keywords", notSupported: true },
  integrity: { names: ["-dI"], help: "memory integrity checks", notSupported: true },
  ignoreResolution: { names: ["-dr"], help: "starts without unresolved names", notSupported: true },
  diagnosticMode: { names: ["-dD"], help: "warns of suspicious settings; see `bascule check`", notSupported: true },
  tuning: {
    names: ["-de", "-dp", "-dS", "-dG", "-dR", "-dL", "-dV", "-dF", "-dC", "-dZ", "-dt"],
    help: "switches an internal of HAProxy",
    notSupported: true,
  },
};
