/** Starting the proxy and its admin sockets, in the place of older processes if there are any. */
import type { HaproxyConfiguration, LogLevel } from "../config/haproxy/model.js";
import type { RunningProxy } from "../proxy/control.js";
import { lowerHelpers, otherThreads } from "../proxy/helper-threads.js";
import type { AdminSockets } from "./admin-sockets.js";
import type { ParsedFlags } from "./flags.js";
import type { HaproxyFlag } from "./haproxy-flags.js";

type Flags = ParsedFlags<HaproxyFlag>;
export type Log = (line: string, level: LogLevel) => void;

/** How long processes named by -sf and -st may take to let go of an address. */
const HAND_OVER_MS = 5_000;

/**
 * Starts the proxy in the place of the processes that -sf and -st name. They are told once it serves and has all new
 * connections; or before, if they do not let it listen beside them.
 */
export async function takeOver(
  flags: Flags,
  configuration: HaproxyConfiguration,
  log: Log,
): Promise<[RunningProxy, AdminSockets]> {
  lowerHelpers(otherThreads(), configuration.global.threads);
  let told = !flags.has("finish") && !flags.has("terminate");
  const succeeds = !told;
  const patience = told ? 0 : performance.now() + HAND_OVER_MS;
  const tell = (): void => {
    if (!told) tellPredecessors(flags, log);
    told = true;
  };
  for (;;) {
    try {
      const started = await startAll(configuration, succeeds, log);
      if (succeeds) started[0].takeOver();
      tell();
      return started;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || performance.now() >= patience) throw error;
      tell();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Everything that needs root is open when privileges go. @throws Error if anything cannot be; nothing runs then. */
async function startAll(
  configuration: HaproxyConfiguration,
  succeeds: boolean,
  log: Log,
): Promise<[RunningProxy, AdminSockets]> {
  const [{ startProxy }, { openAdminSockets }] = await Promise.all([
    import("../proxy/control.js"),
    import("./admin-sockets.js"),
  ]);
  const proxy = await startProxy(configuration, { log: (level, line) => log(line, level), succeeds });
  try {
    const admin = await openAdminSockets(proxy);
    proxy.dropPrivileges();
    return [proxy, admin];
  } catch (error) {
    await proxy.stop(true);
    throw error;
  }
}

function tellPredecessors(flags: Flags, log: Log): void {
  const signals = [
    ["finish", "SIGUSR1"],
    ["terminate", "SIGTERM"],
  ] as const;
  for (const [flag, signal] of signals)
    for (const pid of flags.all(flag)) {
      try {
        process.kill(Number(pid), signal);
      } catch (error) {
        log(`Cannot send ${signal} to process ${pid}: ${(error as Error).message}`, "warning");
      }
    }
}
