/** `bascule haproxy`: the proxy alone, in haproxy's place. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Diagnostics } from "../config/diagnostics.js";
import { OWN_ADVICE } from "../config/haproxy/advice.js";
import type { HaproxyConfiguration, LogLevel } from "../config/haproxy/model.js";
import type { RunningProxy } from "../proxy/control.js";
import type { HealthMessage } from "../supervisor/messages.js";
import { isSupervised, stopWithSupervisor, tellSupervisor } from "../supervisor/part-side.js";
import type { AdminSockets } from "./admin-sockets.js";
import { print, printError } from "./console.js";
import { daemonise, daemonReady, isDaemonChild } from "./daemon.js";
import { describeFlags, type ParsedFlags, parseFlags } from "./flags.js";
import { type HaproxyFlag, haproxyFlags } from "./haproxy-flags.js";
import { type Log, takeOver } from "./haproxy-start.js";
import { loadHaproxy, printDiagnostics, readSources } from "./load.js";
import { openNotifier } from "./notify.js";
import { PidFile } from "./pid-file.js";
import { nameProcess } from "./process-name.js";
import { type StopSignal, stopSignals } from "./stop-signals.js";
import { haproxyBuild, haproxyVersion } from "./version.js";

type Flags = ParsedFlags<HaproxyFlag>;

/** @returns haproxy's exit codes: 0, or 1 for anything that kept it from starting. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(haproxyFlags, "words", args);
  if (parsed.kind === "wrong") {
    for (const problem of parsed.problems) printError(`haproxy: ${problem}`);
    return args.includes("-cc") ? 2 : 1; // 1 would be the condition's "false"
  }
  const { flags } = parsed;
  if (flags.has("help"))
    print(`${haproxyVersion()}\n\nUsage: haproxy -f FILE … [-- FILE…]\n${describeFlags(haproxyFlags)}`);
  else if (flags.has("build")) print(haproxyBuild());
  else if (flags.has("version")) print(haproxyVersion());
  else return start(flags, args);
  return 0;
}

async function start(flags: Flags, args: readonly string[]): Promise<number> {
  const configuration = await configure(flags);
  if (typeof configuration === "string") {
    printError(configuration);
    tellSupervisor({ kind: "unusable", reason: configuration });
    return 1;
  }
  if (flags.has("check")) {
    const problems = await certificateProblems(configuration);
    if (problems !== undefined) {
      if (!flags.has("quiet")) printError(`${problems}\nFatal errors found in configuration.`);
      return 1;
    }
    if (flags.has("verbose") && !flags.has("quiet")) print("Configuration file is valid");
    return 0;
  }
  const background = goesToBackground(flags, configuration);
  if (background && !isDaemonChild()) return daemonise(["haproxy", ...args]);
  nameProcess(["haproxy", ...args]);
  return serve(flags, configuration);
}

/** What is wrong with certificates and other files of TLS, which are read when the proxy starts; a line for each. */
async function certificateProblems(configuration: HaproxyConfiguration): Promise<string | undefined> {
  if (!usesTls(configuration)) return undefined;
  const { TlsContexts } = await import("../proxy/tls/contexts.js");
  try {
    new TlsContexts(configuration, 1).free();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const usesTls = ({ frontends, backends }: HaproxyConfiguration): boolean =>
  [...frontends.flatMap(({ binds }) => binds), ...backends.flatMap(({ servers }) => servers)].some(
    ({ tls }) => tls !== undefined,
  );

/** @returns why the proxy cannot start, if it cannot; diagnostics are printed already. */
async function configure(flags: Flags): Promise<HaproxyConfiguration | string> {
  const directory = flags.value("directory");
  if (directory !== undefined) process.chdir(directory);
  const peer = flags.value("localPeer");
  if (peer !== undefined) process.env.HAPROXY_LOCALPEER = peer;
  const maxConnections = flags.value("maxConnections");
  if (maxConnections !== undefined && !/^\d{1,9}$/.test(maxConnections))
    return `haproxy: -n ${maxConnections}: not a number`;
  for (const pid of [...flags.all("finish"), ...flags.all("terminate")])
    if (!/^\d{1,10}$/.test(pid)) return `haproxy: ${pid} is not a process id`;

  const paths = [...flags.all("file"), ...flags.operands].flatMap(expandFolder);
  if (paths.length === 0) return "haproxy: no configuration file: give one with -f FILE (-h lists all flags)";
  const sources = readSources(paths);
  if (sources.problems.length > 0) return sources.problems.join("\n");

  const diagnostics = new Diagnostics();
  const configuration = await loadHaproxy(sources.files, diagnostics);
  const warned = diagnostics.all.some(({ severity, code }) => severity === "warning" && !OWN_ADVICE.has(code));
  const refused = diagnostics.hasErrors || (warned && flags.has("strict"));
  // The caller of a daemon, and a supervisor, have shown what is not an error already.
  if ((refused || !(isDaemonChild() || isSupervised())) && !flags.has("quiet")) printDiagnostics(diagnostics);
  if (diagnostics.hasErrors) return "Fatal errors found in configuration.";
  if (refused) return "Some warnings were found, and -dW makes them errors.";
  if (maxConnections === undefined || Number(maxConnections) === 0) return configuration;
  return { ...configuration, global: { ...configuration.global, maxConnections: Number(maxConnections) } };
}

/** A folder stands for its `.cfg` files in lexical order; hidden ones are left out. */
function expandFolder(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith(".cfg") && !name.startsWith("."));
  return names.sort().map((name) => join(path, name));
}

function goesToBackground(flags: Flags, configuration: HaproxyConfiguration): boolean {
  if (isSupervised() || flags.has("foreground") || flags.has("debug") || flags.has("masterWorkerNotify")) return false;
  return flags.has("daemon") || configuration.global.daemon;
}

const LOOK_EVERY_MS = 100;
const REPORT_EVERY_MS = 1_000;

/** Tells the supervisor how many servers are up, at each change and each second. @returns what ends it. */
function reportHealth({ frontends, backends }: HaproxyConfiguration, proxy: RunningProxy): () => void {
  if (!isSupervised()) return () => {};
  let told: HealthMessage | undefined;
  let toldAt = 0;
  const look = (): void => {
    const serversUp = backends.map(({ name }, index): [string, number] => {
      const { active, backup } = proxy.health.reportBackend(index);
      return [name, active + backup];
    });
    const message: HealthMessage = {
      kind: "health",
      frontends: frontends.map(({ name }) => name),
      serversUp: Object.fromEntries(serversUp),
    };
    const now = performance.now();
    if (isDeepStrictEqual(message, told) && now - toldAt < REPORT_EVERY_MS) return;
    told = message;
    toldAt = now;
    tellSupervisor(message);
  };
  look();
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

async function serve(flags: Flags, configuration: HaproxyConfiguration): Promise<number> {
  const signals = stopSignals(
    { hard: ["SIGTERM", "SIGINT"], soft: ["SIGUSR1"], ignored: ["SIGHUP", "SIGUSR2"] },
    (signal) => log(`${signal}: reloading is not supported yet; going on with the present configuration`, "warning"),
  );
  stopWithSupervisor(() => signals.request("SIGTERM"));
  const log = logger(flags);

  const path = flags.value("pidFile") ?? configuration.global.pidFile;
  let pidFile: PidFile | undefined;
  try {
    if (path !== undefined) pidFile = new PidFile(path);
  } catch (error) {
    // Asked for on the command line it is owed; a keyword of the file is often left from a life under another user.
    const message = `Cannot create pidfile ${path}: ${(error as Error).message}`;
    log(message, flags.has("pidFile") ? "alert" : "warning");
    if (flags.has("pidFile")) return 1;
  }
  const notifier = flags.has("masterWorkerNotify") ? await openNotifier() : undefined;

  let proxy: RunningProxy;
  let admin: AdminSockets;
  try {
    [proxy, admin] = await takeOver(flags, configuration, log);
  } catch (error) {
    log(`Cannot start: ${(error as Error).message}`, "alert");
    pidFile?.remove();
    return 1;
  }
  pidFile?.write();
  notifier?.send(`READY=1\nMAINPID=${process.pid}`);
  tellSupervisor({ kind: "ready" });
  const stopReports = reportHealth(configuration, proxy);
  daemonReady();

  let signal = await Promise.race([signals.next(), proxy.died]);
  if (typeof signal === "string") {
    log(signal, "alert");
    return 1;
  }
  stopReports();
  tellSupervisor({ kind: "stopping" });
  notifier?.send("STOPPING=1");
  if (signal.soft) {
    log("Stopping: no new connections, those that are open may finish", "notice");
    // While connections drain, SIGTERM still ends the process at once.
    signal = (await Promise.race([proxy.stop(false), signals.next()])) ?? signal;
  }
  if (!signal.soft) await proxy.stop(true);
  await admin.close();
  return exitCode(flags, signal);
}

/** A plain process exits with 0; a master tells its manager which signal it was by dying of it. */
function exitCode(flags: Flags, { name, soft }: StopSignal): number {
  const master = flags.has("masterWorker") || flags.has("masterWorkerNotify");
  if (!master || soft || isSupervised()) return 0;
  process.removeAllListeners(name);
  process.kill(process.pid, name);
  return 130;
}

/** HAProxy's look on stderr: `[NOTICE]   (1234) : text`. A supervisor puts its own time and name in front. */
function logger(flags: Flags): Log {
  return (line, level) => {
    if (level === "debug" && !flags.has("debug")) return;
    if (flags.has("quiet") && !isSupervised()) return;
    const word = ["emerg", "alert", "crit", "err"].includes(level) ? "ALERT" : SHOWN[level];
    const tag = `[${word}]`.padEnd(11);
    if (!isSupervised()) printError(`${tag}(${process.pid}) : ${line}`);
    else printError(word === "NOTICE" ? line : `${word!.toLowerCase()}: ${line}`);
  };
}

const SHOWN: Partial<Record<LogLevel, string>> = {
  warning: "WARNING",
  notice: "NOTICE",
  info: "NOTICE",
  debug: "DEBUG",
};
