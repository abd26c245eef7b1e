/** The signals that make keepalived tell something, and the files that it writes then (keepalived(8)). */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dataText, type Host, parentDataText } from "../failover/dumps/data.js";
import { jsonText } from "../failover/dumps/json.js";
import { statisticsText } from "../failover/dumps/statistics.js";
import type { Failover } from "../failover/failover.js";
import { Netlink } from "../sys/netlink.js";
import type { KeepalivedLog } from "./keepalived-log.js";
import { dumpFileOf } from "./keepalived-places.js";

/**
 * By the names that `--signum` takes. keepalived has real-time signals for the last two, which Node cannot listen to:
 * theirs are others here, and whoever asks for the number gets the right one.
 */
export const SIGNALS = {
  STOP: { name: "SIGTERM" },
  RELOAD: { name: "SIGHUP" },
  DATA: { name: "SIGUSR1" },
  STATS: { name: "SIGUSR2" },
  JSON: { name: "SIGPWR" },
  STATS_CLEAR: { name: "SIGURG" },
} as const satisfies Record<string, { name: NodeJS.Signals }>;

/** Those that do not stop it. */
export const OTHER_SIGNALS: readonly NodeJS.Signals[] = ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGPWR", "SIGURG"];

/** Writes what `signal` asks for to where keepalived writes it: below TMPDIR, else /tmp. */
export function dump(signal: NodeJS.Signals, failover: Failover, log: KeepalivedLog): void {
  const snapshot = failover.snapshot();
  const { global } = snapshot.configuration;
  const { dumps } = global;
  const [what, path, text] =
    signal === SIGNALS.DATA.name
      ? ["data", dumps.state ?? dumpFileOf("data", global), dataText(snapshot, readHost())]
      : signal === SIGNALS.JSON.name
        ? ["json", dumps.json ?? dumpFileOf("json", global), jsonText(snapshot, dumps.jsonVersion)]
        : ["stats", dumps.statistics ?? dumpFileOf("stats", global), statisticsText(snapshot.status)];
  if (what === "data") {
    const parent = join(tmpdir(), "keepalived_parent.data");
    write(parent, parentDataText(snapshot), `Printing parent data for process(${process.pid}) on signal`, log);
  }
  const name = what === "json" ? "as json" : what;
  write(path, text, `Printing VRRP ${name} for process(${process.pid}) on signal`, log);
}

/** The interfaces and addresses of this host now. */
export function readHost(): Host {
  const netlink = new Netlink();
  try {
    return { links: netlink.links(), addresses: netlink.addresses() };
  } finally {
    netlink.close();
  }
}

function write(path: string, text: string, done: string, log: KeepalivedLog): void {
  try {
    // Passwords stand in it.
    writeFileSync(path, text, { mode: 0o600 });
    log(done);
  } catch (error) {
    log(`Can't open ${path} (${(error as Error).message})`, "warning");
  }
}
