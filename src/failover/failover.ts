/** Starts and stops the fail-over engine, and runs its scripts. What the rest of the program sees of it. */
import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { KeepalivedConfiguration, VrrpScript } from "../config/keepalived/model.js";
import { createEventfd, notifyEventfd } from "../sys/epoll.js";
import { Netlink } from "../sys/netlink.js";
import { close } from "../sys/socket.js";
import { VirtualAddresses } from "./addresses.js";
import { InstanceCounters, type InstanceStatus, shareCounters } from "./counters.js";
import type { LogLevel, ReportedState } from "./instance.js";
import type { EngineOrders, FromEngine, ToEngine } from "./messages.js";
import { HostNetwork } from "./network.js";
import type { News } from "./notify/news.js";
import { Notifier } from "./notify/notifier.js";
import { fallsBackToRoot, resolveCommand } from "./script-command.js";
import { ScriptRunner } from "./script-runner.js";
import type { ScriptState } from "./tracking.js";
import { VirtualRouting } from "./virtual-routing.js";

export type { InstanceStatus } from "./counters.js";
export type { LogLevel, ReportedState } from "./instance.js";

export interface FailoverHooks {
  /** One line in keepalived's words; "detail" is what keepalived says with -D only. */
  log(line: string, level: LogLevel): void;
  /**
   * Answers a track script without running it: the supervisor knows whether the proxy runs. undefined: run it. A
   * script that is answered at the start need not exist on this host (`killall`, `systemctl`).
   */
  answerScript?(argv: readonly string[]): boolean | undefined;
  onStateChange?(instance: string, state: ReportedState): void;
  /**
   * Instances of which a process that crashed a moment ago was master: they go on as if nothing had happened, and what
   * they track counts as well until it is looked at.
   */
  readonly resume?: ReadonlySet<string>;
}

export interface Failover {
  /** Masters resign with priority 0 and let go of their addresses. Resolves when that is done. */
  stop(): Promise<void>;
  /** Read at once, without asking the engine. */
  status(): InstanceStatus[];
}

/** A thread that dies is started again after this long, then twice as long, and so on. */
const FIRST_RESPAWN_MS = 50;
const LAST_RESPAWN_MS = 10_000;
/** Who has run this long has not died of its start. */
const HEALTHY_AFTER_MS = 10_000;
/** How long a stop waits for notify scripts and mail, as keepalived does. */
const NOTIFY_PATIENCE_MS = 1_000;
/** The engine holds a few kilobytes: a small heap keeps its pauses short. */
const HEAP_MB = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 };

/**
 * Runs the VRRP instances of a configuration until `stop`. Needs CAP_NET_ADMIN and CAP_NET_RAW; CAP_SYS_NICE keeps
 * it on time on a busy host. Rejects if the engine cannot start; what dies later is started again.
 */
export async function startFailover(configuration: KeepalivedConfiguration, hooks: FailoverHooks): Promise<Failover> {
  const failover = new RunningFailover(configuration, hooks);
  await failover.start();
  return failover;
}

/** What shows that a manager of networks runs, and how it is told to leave ours alone. */
const MEDDLERS = [
  [
    "/run/systemd/netif/state",
    "systemd-networkd removes addresses, routes and rules that it did not make: " +
      "set KeepConfiguration=yes in the interface's .network file, and " +
      "ManageForeignRoutes=no and ManageForeignRoutingPolicyRules=no in networkd.conf",
  ],
  [
    "/run/NetworkManager",
    "NetworkManager removes addresses and routes that it did not make when it activates a connection anew: " +
      "list the interface under [keyfile] unmanaged-devices in NetworkManager.conf",
  ],
] as const;

class RunningFailover implements Failover {
  readonly #notifier: Notifier;
  readonly #runners: ReadonlyMap<string, ScriptRunner>;
  readonly #counters: SharedArrayBuffer;
  readonly #wakeUp = createEventfd();
  #worker: Worker | undefined;
  #gone: Promise<void> = Promise.resolve();
  #respawn: NodeJS.Timeout | undefined;
  #respawnDelay = FIRST_RESPAWN_MS;
  #started = false;
  #stopping = false;
  #hasAdvised = false;

  constructor(
    readonly configuration: KeepalivedConfiguration,
    readonly hooks: FailoverHooks,
  ) {
    this.#counters = shareCounters(configuration.instances.length);
    warnOfOddities(configuration, hooks);
    this.#notifier = new Notifier(configuration, hooks.log.bind(hooks));
    this.#runners = new Map(this.#makeRunners().map((runner) => [runner.script.name, runner]));
  }

  async start(): Promise<void> {
    try {
      await this.#startThread();
    } catch (error) {
      await this.#notifier.stop(0);
      close(this.#wakeUp);
      throw error;
    }
    this.#started = true;
    for (const runner of this.#runners.values()) runner.start();
  }

  async stop(): Promise<void> {
    if (this.#stopping) return this.#gone;
    this.#stopping = true;
    clearTimeout(this.#respawn);
    for (const runner of this.#runners.values()) runner.stop();
    if (this.#worker === undefined) removeAddresses(this.configuration, this.hooks);
    else this.#tell({ kind: "stop" });
    await this.#gone;
    await this.#notifier.stop(NOTIFY_PATIENCE_MS);
    close(this.#wakeUp);
  }

  status(): InstanceStatus[] {
    return this.configuration.instances.map(({ name }, index) =>
      new InstanceCounters(this.#counters, index).status(name),
    );
  }

  #tell(message: ToEngine): void {
    this.#worker?.postMessage(message);
    notifyEventfd(this.#wakeUp);
  }

  /** Resolves when the instances have started; rejects if the thread ends before. */
  #startThread(): Promise<void> {
    const orders: EngineOrders = {
      configuration: this.configuration,
      scripts: new Map([...this.#runners].map(([name, runner]) => [name, runner.state])),
      resume: this.#resumable(),
      counters: this.#counters,
      wakeUp: this.#wakeUp,
    };
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      workerData: orders,
      resourceLimits: HEAP_MB,
    });
    this.#worker = worker;
    const startedAt = performance.now();
    let reason = new Error("the fail-over engine ended of itself");
    return new Promise((resolve, reject) => {
      worker.on("message", (message: FromEngine) => {
        if (message.kind === "ready") resolve();
        else this.#hear(message);
      });
      worker.on("error", (error) => {
        reason = error instanceof Error ? error : new Error(String(error));
      });
      this.#gone = new Promise((gone) => {
        worker.once("exit", () => {
          this.#worker = undefined;
          gone();
          reject(reason);
          if (this.#started && !this.#stopping) this.#mourn(reason, startedAt);
        });
      });
    });
  }

  /** Masters whose thread died once, and not long ago: with every further death the delay has grown past them. */
  #resumable(): ReadonlySet<string> {
    if (!this.#started && this.hooks.resume !== undefined) return this.hooks.resume;
    if (!this.#started || this.#respawnDelay > 2 * FIRST_RESPAWN_MS) return new Set();
    return new Set(
      this.status()
        .filter(({ state }) => state === "MASTER")
        .map(({ name }) => name),
    );
  }

  /** The next thread goes on where the dead one stood, or takes its addresses away and starts over. */
  #mourn(reason: Error, startedAt: number): void {
    if (performance.now() - startedAt > HEALTHY_AFTER_MS) this.#respawnDelay = FIRST_RESPAWN_MS;
    this.hooks.log(`VRRP thread died: Respawning. ${reason.stack ?? reason.message}`, "warning");
    this.#respawn = setTimeout(() => {
      // If it cannot even start, its end has been mourned by then and the next try is under way.
      this.#startThread().catch(() => {});
    }, this.#respawnDelay);
    this.#respawnDelay = Math.min(this.#respawnDelay * 2, LAST_RESPAWN_MS);
  }

  #hear(message: Exclude<FromEngine, { kind: "ready" }>): void {
    switch (message.kind) {
      case "log":
        this.hooks.log(message.text, message.level);
        break;
      case "lost":
        this.#adviseOnce();
        break;
      case "state": {
        const { instance, state, priority } = message;
        this.hooks.onStateChange?.(instance, state);
        this.#notifier.tell({ type: "INSTANCE", name: instance, event: state, priority });
        break;
      }
      case "group":
        this.#notifier.tell({ type: "GROUP", name: message.group, event: message.state, priority: 0 });
        break;
      case "rival":
        this.#tellOfInstance(message.instance, "MASTER_RX_LOWER_PRI", message.priority);
        break;
      case "priority":
        this.#tellOfInstance(
          message.instance,
          message.isMaster ? "MASTER_PRIORITY" : "BACKUP_PRIORITY",
          message.priority,
        );
        break;
    }
  }

  #tellOfInstance(name: string, event: News["event"], priority: number): void {
    this.#notifier.tell({ type: "INSTANCE", name, event, priority });
  }

  /** Whoever manages networks removes what it has not made when it restarts, unless it is told not to. */
  #adviseOnce(): void {
    if (this.#hasAdvised) return;
    this.#hasAdvised = true;
    for (const [trace, advice] of MEDDLERS) if (existsSync(trace)) this.hooks.log(advice, "warning");
  }

  /** One for each script that somebody tracks and that can be run. */
  #makeRunners(): ScriptRunner[] {
    const { scripts, instances, syncGroups } = this.configuration;
    const tracked = new Set(
      [...instances, ...syncGroups].flatMap(({ track }) => track.scripts.map(({ script }) => script)),
    );
    const used = scripts.filter((script) => tracked.has(script.name));
    if (used.length > 0) warnOfRoot(this.configuration, this.hooks);
    return used.map((script) => this.#makeRunner(script)).filter((runner) => runner !== undefined);
  }

  #makeRunner(script: VrrpScript): ScriptRunner | undefined {
    const hooks = {
      log: this.hooks.log.bind(this.hooks),
      onChange: (name: string, state: "up" | "down") => this.#tell({ kind: "script", name, state }),
      ...(this.hooks.answerScript === undefined ? {} : { answerScript: this.hooks.answerScript.bind(this.hooks) }),
    };
    // Who answers now may cease to; then the command is run after all, if it can be.
    const isAnswered = this.hooks.answerScript?.(script.argv) !== undefined;
    const outcome = resolveCommand(script, this.configuration.global);
    if (outcome.kind === "command") {
      if (!isAnswered) for (const warning of outcome.warnings) this.hooks.log(warning, "warning");
      return new ScriptRunner(script, outcome.command, hooks, this.#inheritedState(script));
    }
    if (isAnswered) return new ScriptRunner(script, undefined, hooks, this.#inheritedState(script));
    this.hooks.log(`Disabling track script ${script.name}: ${outcome.reason}`, "warning");
    return undefined;
  }

  /** A master that goes on would resign for a script that has merely not run yet in this process. */
  #inheritedState({ name }: VrrpScript): ScriptState | undefined {
    const resumed = this.configuration.instances.filter((own) => this.hooks.resume?.has(own.name));
    const isTracked = resumed.some((own) => own.track.scripts.some(({ script }) => script === name));
    return isTracked ? { kind: "up", failures: 0 } : undefined;
  }
}

/** What the engine does at its end, for when it died before. */
function removeAddresses({ instances }: KeepalivedConfiguration, hooks: FailoverHooks): void {
  const netlink = new Netlink();
  const network = new HostNetwork();
  network.load(netlink.links(), netlink.addresses());
  const log = (level: LogLevel, text: string): void => hooks.log(text, level);
  for (const own of instances) {
    new VirtualRouting(own, netlink, network, log).remove();
    new VirtualAddresses(own, netlink, network, log).remove();
  }
  netlink.close();
}

function warnOfRoot({ global }: KeepalivedConfiguration, hooks: FailoverHooks): void {
  if (fallsBackToRoot(global))
    hooks.log("Script user 'keepalived_script' does not exist: scripts without a user run as root", "warning");
  if (!global.enableScriptSecurity)
    hooks.log("SECURITY VIOLATION - scripts are being executed but script_security not enabled.", "warning");
}

function warnOfOddities({ instances }: KeepalivedConfiguration, hooks: FailoverHooks): void {
  for (const own of instances) {
    const say = (text: string): void => hooks.log(`(${own.name}) ${text}`, "warning");
    if (own.state === "MASTER" && !own.preempt)
      say("Warning - nopreempt will not work with initial state MASTER - clearing");
    if (own.track.interfaces.some((tracked) => tracked.interface === own.interface))
      say(`Ignoring track_interface ${own.interface} since own interface`);
    // keepalived ends here if the kernel has no IPVS; there are no connections to lose then.
    if (own.lvsSyncDaemonInterface !== undefined)
      say(
        existsSync("/proc/net/ip_vs")
          ? "lvs_sync_daemon_interface: synchronising IPVS connections is not supported yet"
          : "lvs_sync_daemon_interface: this kernel has no IPVS, so there are no connections to synchronise",
      );
  }
}
