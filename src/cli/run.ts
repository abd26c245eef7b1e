/** `bascule run FILE…`: everything that the files ask for, under one supervisor. */
import { getPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { controlPath, openControlSocket } from "../supervisor/control-socket.js";
import { launcher } from "../supervisor/launch.js";
import { logLine } from "../supervisor/log-lines.js";
import { type Launch, type PartName, systemClock } from "../supervisor/part.js";
import { INHERITANCE_MARK, PROXY_MARK } from "../supervisor/part-side.js";
import { Supervisor } from "../supervisor/supervisor.js";
import { setNicenessAlone } from "../sys/process.js";
import { print, printError } from "./console.js";
import { controlFlag } from "./ctl.js";
import { describeFlags, type FlagTable, parseFlags } from "./flags.js";
import { countText, type Loaded, loadAll, printDiagnostics } from "./load.js";
import { openNotifier } from "./notify.js";
import { nameProcess } from "./process-name.js";
import { stopSignals } from "./stop-signals.js";
import { basculeVersion } from "./version.js";

/** Of a process that hardly ever has anything to do. */
const SUPERVISOR_NICENESS = -10;

type Id = "control" | "detail" | "lenient" | "help";
const flags: FlagTable<Id> = {
  control: controlFlag,
  detail: { names: ["-D", "--log-detail"], help: "log the fail-over part in detail" },
  lenient: { names: ["--lenient"], help: "go on from mistakes in keepalived.conf, as keepalived does" },
  help: { names: ["-h", "--help"], help: "print this" },
};

/** Runs until SIGTERM, SIGINT or SIGUSR1. @returns 0 after a stop; 1 if nothing could be started. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(flags, "getopt", args);
  if (parsed.kind === "wrong") {
    for (const problem of parsed.problems) printError(`bascule run: ${problem}`);
    return 1;
  }
  if (parsed.flags.has("help") || parsed.flags.operands.length === 0) {
    print("Usage: bascule run FILE…\n\nRuns what the haproxy.cfg and keepalived.conf files ask for.\n");
    print(describeFlags(flags));
    return parsed.flags.has("help") ? 0 : 1;
  }
  const lenient = parsed.flags.has("lenient");
  const loaded = await loadAll(parsed.flags.operands, { lenient });
  printDiagnostics(loaded.diagnostics);
  if (loaded.problems.length > 0 || loaded.diagnostics.hasErrors) {
    for (const problem of loaded.problems) printError(problem);
    printError(`Not started: ${countText(loaded.diagnostics.all, loaded.problems.length)} in the configuration`);
    return 1;
  }
  nameProcess(["bascule", "run", ...args]);
  preferSupervisor();
  const failoverFlags = [...(parsed.flags.has("detail") ? ["-D"] : []), ...(lenient ? ["--lenient"] : [])];
  return supervise(loaded, controlPath(parsed.flags.value("control")), failoverFlags);
}

async function supervise(loaded: Loaded, path: string, failoverFlags: readonly string[]): Promise<number> {
  const write = (origin: string) => (line: string) => print(logLine(new Date(), origin, line));
  const log = write("bascule");
  const signals = stopSignals(
    { hard: ["SIGTERM", "SIGINT"], soft: ["SIGUSR1"], ignored: ["SIGHUP", "SIGUSR2"] },
    (signal) => {
      if (signal !== "SIGHUP") return;
      log("SIGHUP: the fail-over part reads its files again; the proxy goes on with its present configuration");
      supervisor.reloadFailover();
    },
  );
  const notifier = await openNotifier();
  const entry = fileURLToPath(new URL("./entry.js", import.meta.url));
  const part = (origin: PartName, args: readonly string[], environment: () => Record<string, string>): Launch =>
    launcher({ entry, args, environment, onLine: write(origin) }, origin === "failover");

  const parts: Partial<Record<PartName, Launch>> = {};
  if (loaded.haproxy !== undefined)
    parts.proxy = part("proxy", ["haproxy", "-db", ...asFlags(loaded.haproxyFiles)], () => ({}));
  if (loaded.keepalived !== undefined) {
    const args = ["keepalived", "-n", ...failoverFlags, ...asFlags(loaded.keepalivedFiles)];
    parts.failover = part("failover", args, () => failoverMarks(supervisor));
  }
  const supervisor: Supervisor = new Supervisor({
    parts,
    clock: systemClock,
    log,
    onReady: () => {
      log("all parts are ready");
      notifier.send(`READY=1\nMAINPID=${process.pid}`);
    },
  });

  try {
    await openControlSocket(path, supervisor);
  } catch (error) {
    // What it runs matters more than being told about it; but two supervisors of one configuration do harm.
    const { message } = error as Error;
    if (message.startsWith("another supervisor")) {
      printError(`Not started: ${message}; give this one its own with --control PATH`);
      return 1;
    }
    log(`no control socket, so no \`bascule ctl\`: ${message}`);
  }
  log(`Bascule ${basculeVersion()} runs ${supervisor.parts.map((each) => each.name).join(" and ")}`);
  void supervisor.start();
  const signal = await signals.next();
  log(`${signal.name}: stopping${signal.soft ? ", connections may finish" : ""}`);
  notifier.send("STOPPING=1");
  // A second signal does not wait for connections to finish.
  if (signal.soft) void signals.next().then(() => supervisor.stop("SIGTERM"));
  await supervisor.stop(signal.soft ? "SIGUSR1" : "SIGTERM");
  return 0;
}

/** On a busy host a part that was killed must not wait for who is to notice. An operator's own nice value stays. */
function preferSupervisor(): void {
  if (getPriority() === 0) setNicenessAlone(SUPERVISOR_NICENESS);
}

const asFlags = (files: Loaded["haproxyFiles"]): string[] => files.flatMap(({ path }) => ["-f", path]);

const failoverMarks = ({ proxyReady, inheritance }: Supervisor): Record<string, string> => ({
  ...(proxyReady === undefined ? {} : { [PROXY_MARK]: proxyReady ? "ready" : "absent" }),
  ...(inheritance.length === 0 ? {} : { [INHERITANCE_MARK]: JSON.stringify(inheritance) }),
});
