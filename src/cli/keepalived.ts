/** `bascule keepalived`: the fail-over engine alone, in keepalived's place. */
import { appendFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Diagnostic, Diagnostics } from "../config/diagnostics.js";
import type { KeepalivedConfiguration } from "../config/keepalived/model.js";
import { dataText } from "../failover/dumps/data.js";
import type { Failover } from "../failover/failover.js";
import {
  answerReports,
  inheritedMasters,
  isSpare,
  isSupervised,
  SupervisedProxy,
  stopWithSupervisor,
  type Task,
  tellSupervisor,
  unhurry,
  untilWanted,
} from "../supervisor/part-side.js";
import { recogniseProxyScript } from "../supervisor/proxy-script.js";
import { print, printError } from "./console.js";
import { daemonise, daemonReady, isDaemonChild } from "./daemon.js";
import { describeFlags, type ParsedFlags, parseFlags } from "./flags.js";
import { type KeepalivedFlag, keepalivedFlags } from "./keepalived-flags.js";
import { allowCoreDumps, claimPidFiles, enterNamespace } from "./keepalived-host.js";
import { facilityNumber, type KeepalivedLog, keepalivedLog } from "./keepalived-log.js";
import { identOf, pidFileOf } from "./keepalived-places.js";
import { inNamespace, Reloader, type ReloadOptions } from "./keepalived-reload.js";
import { dump, OTHER_SIGNALS, readHost, SIGNALS } from "./keepalived-signals.js";
import {
  countText,
  type KeepalivedOptions,
  loadKeepalived,
  printDiagnostics,
  readSources,
  renderedDiagnostics,
} from "./load.js";
import { openNotifier } from "./notify.js";
import { nameProcess } from "./process-name.js";
import { stopSignals } from "./stop-signals.js";
import { basculeVersion, KEEPALIVED_VERSION, keepalivedVersion } from "./version.js";

type Flags = ParsedFlags<KeepalivedFlag>;

/** keepalived's exit codes; the first is also that of a wrong flag. */
const EXIT = {
  ok: 0,
  fatal: 1,
  configuration: 2,
  noConfiguration: 6,
  // What -t says of a file.
  good: 0,
  mistaken: 5,
  insecure: 6,
  incomplete: 6,
  unusable: 2,
} as const;

const DEFAULT_LOG_FILE = join(tmpdir(), "keepalived.log");
const DEFAULT_FILE = "/etc/keepalived/keepalived.conf";
const IDENTITY = `Keepalived v${KEEPALIVED_VERSION} (Bascule ${basculeVersion()})`;

export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(keepalivedFlags, "getopt", args);
  if (parsed.kind === "wrong") {
    for (const problem of parsed.problems) printError(`keepalived: ${problem}`);
    return EXIT.fatal;
  }
  const { flags } = parsed;
  if (flags.has("version")) {
    printError(keepalivedVersion());
    return EXIT.ok;
  }
  if (flags.has("help")) {
    print(`${IDENTITY}\n\nUsage: keepalived [FLAG…]\n${describeFlags(keepalivedFlags)}`);
    return EXIT.ok;
  }
  const asked = flags.value("signum");
  if (asked !== undefined) return printSignal(asked);
  const wrong = wrongValue(flags);
  if (wrong !== undefined) {
    printError(`keepalived: ${wrong}`);
    return EXIT.fatal;
  }
  const umask = flags.value("umask");
  if (umask !== undefined) process.umask(Number.parseInt(umask, 8));
  return flags.has("test") ? test(flags) : start(flags, args);
}

/** `kill -$(keepalived --signum=JSON)`: which number a signal has is ours to say. */
function printSignal(name: string): number {
  const signal = Object.hasOwn(SIGNALS, name) ? SIGNALS[name as keyof typeof SIGNALS] : undefined;
  if (signal === undefined)
    printError(`keepalived: unknown signal ${name}; there are ${Object.keys(SIGNALS).join(", ")}`);
  else print(String(constants.signals[signal.name]));
  return signal === undefined ? EXIT.fatal : EXIT.ok;
}

function wrongValue(flags: Flags): string | undefined {
  const [stray] = flags.operands;
  if (stray !== undefined) return `unexpected ${stray}`;
  const facility = flags.value("facility");
  if (facility !== undefined && facilityNumber(facility) === undefined) return `-S ${facility}: use 0 to 7, or daemon`;
  const umask = flags.value("umask");
  if (umask !== undefined && !/^[0-7]{1,4}$/.test(umask)) return `-u ${umask}: not an octal mode`;
  return undefined;
}

/** A supervisor gives all files of one configuration; on the command line, as with keepalived, the last one counts. */
function filesOf(flags: Flags): readonly string[] {
  const given = flags.all("file");
  if (given.length === 0) return [DEFAULT_FILE];
  return isSupervised() ? given : [given.at(-1)!];
}

async function test(flags: Flags): Promise<number> {
  const sources = readSources(filesOf(flags));
  const lines: string[] = [];
  // keepalived calls a file that is not there good, and drivers know it so; but it must not pass in silence.
  for (const problem of sources.problems) lines.push(`warning: ${problem}: nothing was checked`);
  const diagnostics = new Diagnostics();
  const configuration = await loadKeepalived(sources.files, diagnostics, optionsOf(flags));
  const { checkHost, runsAsRoot } = await import("./keepalived-host-check.js");
  const namespace = flags.value("namespace") ?? configuration.global.networkNamespace;
  if (namespace !== undefined) {
    const excluded = enterNamespace(namespace);
    if (excluded !== undefined) {
      printError(`keepalived: ${excluded}`);
      return EXIT.fatal;
    }
  }
  checkHost(configuration, diagnostics);
  lines.push(...renderedDiagnostics(diagnostics));
  const counted = countText(diagnostics.all);
  if (counted !== "") lines.push(counted);
  const log = flags.value("test");
  if (log === undefined) for (const line of lines) printError(line);
  else if (!appendLines(log, lines)) return EXIT.fatal;
  const { verdict } = await import("../config/keepalived/verdict.js");
  return EXIT[verdict(diagnostics, !configuration.global.enableScriptSecurity && runsAsRoot(configuration))];
}

/** `-t=FILE`: the messages go there. */
function appendLines(path: string, lines: readonly string[]): boolean {
  try {
    appendFileSync(path, lines.map((line) => `${line}\n`).join(""));
    return true;
  } catch (error) {
    printError(`keepalived: cannot write ${path}: ${(error as Error).message}`);
    return false;
  }
}

function optionsOf(flags: Flags): KeepalivedOptions {
  const configId = flags.value("configId");
  return { allFiles: flags.has("allFiles"), ...(configId === undefined ? {} : { configId }) };
}

async function start(flags: Flags, args: readonly string[]): Promise<number> {
  const refuse = (reason: string, code: number): number => {
    printError(reason);
    tellSupervisor({ kind: "unusable", reason });
    return code;
  };
  if (isSpare() && (await waitPrepared(flags)) === "clean-up") return cleanUp(flags);
  const sources = readSources(filesOf(flags));
  if (sources.problems.length > 0) return refuse(sources.problems.join("\n"), EXIT.noConfiguration);
  const diagnostics = new Diagnostics();
  const namespace = flags.value("namespace");
  const configuration = inNamespace(await loadKeepalived(sources.files, diagnostics, optionsOf(flags)), namespace);
  const { isFatal, logLineOf } = await import("../config/keepalived/verdict.js");
  const fatal = diagnostics.all.some(isStrict(flags) ? isError : isFatal);
  // The caller of a daemon, and a supervisor, have shown what is not an error already.
  if (fatal || !(isDaemonChild() || isSupervised())) printDiagnostics(diagnostics);
  if (fatal) return refuse(`Configuration is not valid: ${countText(diagnostics.all)}`, EXIT.configuration);
  const mistakes = diagnostics.sorted().filter(isError).map(logLineOf);

  const foreground = flags.has("foreground") || isSupervised();
  if (!foreground && !isDaemonChild()) return daemonise(["keepalived", ...args]);
  const { names, umask } = configuration.global;
  nameProcess([names.vrrp ?? names.parent ?? "keepalived", ...args]);
  if (umask !== undefined && !flags.has("umask")) process.umask(umask);
  return serve(flags, configuration, mistakes, foreground);
}

/**
 * Loads what a start needs, by reading the files as one: whoever is to go on in a dead one's place has no time for that.
 * They are read again at the start, for they may have changed.
 */
async function waitPrepared(flags: Flags): Promise<Task> {
  const configuration = await loadKeepalived(readSources(filesOf(flags)).files, new Diagnostics(), optionsOf(flags));
  const { prepareThread } = await import("../failover/failover.js");
  await Promise.all([import("../config/keepalived/verdict.js"), import("../failover/timed-command.js")]);
  // A thread stays in the namespace that it began in.
  if ((flags.value("namespace") ?? configuration.global.networkNamespace) === undefined) prepareThread();
  // Not by the name of the supervisor, which signals are sent to.
  nameProcess(["bascule-spare"]);
  return untilWanted();
}

/** Takes away what one that crashed has left: nobody will advertise here for a while. */
async function cleanUp(flags: Flags): Promise<number> {
  const loaded = await loadKeepalived(readSources(filesOf(flags)).files, new Diagnostics(), optionsOf(flags));
  const configuration = inNamespace(loaded, flags.value("namespace"));
  const { networkNamespace } = configuration.global;
  const excluded = networkNamespace === undefined ? undefined : enterNamespace(networkNamespace);
  if (excluded !== undefined) return EXIT.fatal;
  const { cleanUpAfterCrash } = await import("../failover/failover.js");
  cleanUpAfterCrash(configuration, { log: print });
  print("nothing advertises here for a while: the virtual addresses are removed");
  return EXIT.ok;
}

async function serve(
  flags: Flags,
  configuration: KeepalivedConfiguration,
  mistakes: readonly string[],
  foreground: boolean,
): Promise<number> {
  const log = keepalivedLog({
    console: flags.has("console"),
    foreground,
    syslog: !flags.has("noSyslog"),
    facility: flags.value("facility"),
    detail: flags.has("detail"),
    ident: identOf(configuration.global),
    file: flags.has("logFile") ? (flags.value("logFile") ?? DEFAULT_LOG_FILE) : undefined,
  });
  let failover: Failover | undefined;
  let reloader: Reloader | undefined;
  const signals = stopSignals({ hard: ["SIGTERM", "SIGINT"], ignored: OTHER_SIGNALS }, (signal) => {
    if (failover === undefined) log(`${signal}: too early, it is still starting`, "warning");
    else if (signal === "SIGHUP") void reloader?.reload();
    else if (signal === SIGNALS.STATS_CLEAR.name) failover.clearStatistics();
    else dump(signal, failover, log);
  });
  stopWithSupervisor(() => signals.request("SIGTERM"));
  log(`Starting ${IDENTITY}`);
  for (const file of filesOf(flags)) log(`Configuration file ${file}`);
  for (const mistake of mistakes) log(mistake, "err");
  if (flags.has("core") || flags.has("corePattern"))
    allowCoreDumps(flags.value("corePattern") ?? (flags.has("corePattern") ? "core" : undefined), log);
  const pidFiles = claimPidFiles(
    [
      flags.value("pidFile") ?? pidFileOf("keepalived", configuration.global),
      flags.value("vrrpPidFile") ?? pidFileOf("vrrp", configuration.global),
    ],
    log,
  );
  if (pidFiles === undefined) {
    const reason = "daemon is already running";
    log(reason, "err");
    if (!isSupervised()) printError(`keepalived: ${reason}`);
    tellSupervisor({ kind: "unusable", reason });
    return EXIT.fatal;
  }
  const notifier = await openNotifier();

  const { networkNamespace: namespace } = configuration.global;
  const excluded = namespace === undefined ? undefined : enterNamespace(namespace);
  if (excluded !== undefined) {
    log(excluded, "err");
    if (!isSupervised()) printError(`keepalived: ${excluded}`);
    tellSupervisor({ kind: "unusable", reason: excluded });
    for (const file of pidFiles) file.remove();
    return EXIT.fatal;
  }
  const { startFailover } = await import("../failover/failover.js");
  const { runTimed } = await import("../failover/timed-command.js");
  const { global } = configuration;
  runTimed(global.startupScript, global, log);
  const proxy = new SupervisedProxy();
  const masters = new Set<string>();
  try {
    failover = await startFailover(configuration, {
      log,
      // Only while a supervisor runs the proxy beside us do we know better than a process list.
      answerScript: (argv) => (recogniseProxyScript(argv) ? proxy.ready : undefined),
      onStateChange: (instance, state) => {
        if (state === "MASTER") masters.add(instance);
        else masters.delete(instance);
        tellSupervisor({ kind: "masters", instances: [...masters] });
      },
      resume: inheritedMasters(),
      reportsAddresses: flags.has("monitoring"),
      keepsAddresses: flags.has("keepVips"),
    });
  } catch (error) {
    const reason = (error as Error).message;
    log(reason, "err");
    if (!isSupervised()) printError(`keepalived: ${reason}`);
    for (const file of pidFiles) file.remove();
    return EXIT.fatal;
  }
  const options: ReloadOptions = {
    ...optionsOf(flags),
    files: filesOf(flags),
    strict: isStrict(flags),
    namespace: flags.value("namespace"),
  };
  reloader = new Reloader(configuration, options, failover, log, notifier);
  if (flags.has("dump")) for (const line of dataText(failover.snapshot(), readHost()).trimEnd().split("\n")) log(line);
  const { describeRaised } = await import("../failover/alarms.js");
  answerReports(() =>
    (failover?.status() ?? []).map((one) => ({
      name: one.name,
      state: one.state,
      priority: one.priority,
      alarms: one.alarms.map(describeRaised),
    })),
  );
  proxy.onChange = () => failover?.setProxyHealth(proxy.health);
  for (const file of pidFiles) file.write();
  log("Startup complete");
  notifier.send(`READY=1\nMAINPID=${process.pid}`);
  tellSupervisor({ kind: "ready" });
  unhurry();
  daemonReady();
  announceNativeScripts(configuration, proxy, log);

  await signals.next();
  log("Stopping");
  reloader.close();
  tellSupervisor({ kind: "stopping" });
  notifier.send("STOPPING=1");
  await Promise.race([failover.stop(), sleep(global.childWaitTime / 1000, undefined, { ref: false })]);
  runTimed(global.shutdownScript, global, log);
  for (const file of pidFiles) file.remove();
  log(`Stopped ${IDENTITY}`);
  return EXIT.ok;
}

/** Under a supervisor the operator has said whether mistakes are to be put up with; alone we go on, as keepalived does. */
const isStrict = (flags: Flags): boolean => isSupervised() && !flags.has("lenient");
const isError = ({ severity }: Diagnostic): boolean => severity === "error";

function announceNativeScripts(
  configuration: KeepalivedConfiguration,
  proxy: SupervisedProxy,
  log: KeepalivedLog,
): void {
  if (proxy.ready === undefined) return;
  const names = configuration.scripts
    .filter((script) => recogniseProxyScript(script.argv))
    .map((script) => script.name);
  if (names.length > 0)
    log(`${names.join(", ")}: answered from the state of the proxy under this supervisor, no process is started`);
}
