/** Starts and stops the fail-over engine, and runs its scripts. What the rest of the program sees of it. */
import { existsSync } from "node:fs";
import { uptime } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { KeepalivedConfiguration, VrrpScript } from "../config/keepalived/model.js";
import { Netlink } from "../sys/netlink.js";
import { OwnAddresses, virtualAddressesOf } from "./addresses.js";
import { InstanceCounters, type InstanceStatus, shareCounters } from "./counters.js";
import type { Snapshot } from "./dumps/snapshot.js";
import { EngineThread } from "./engine-thread.js";
import { Firewall } from "./firewall.js";
import type { LogLevel, ReportedState } from "./instance.js";
import type { FromEngine } from "./messages.js";
import { expositionText } from "./metrics/exposition.js";
import { failoverFamilies } from "./metrics/families.js";
import { MetricsServer } from "./metrics/server.js";
import { HostNetwork } from "./network.js";
import type { News } from "./notify/news.js";
import { Notifier } from "./notify/notifier.js";
import { Renewal } from "./renewal.js";
import type { ScriptHooks } from "./script-runner.js";
import { makeScriptRunners, type ScriptRunners } from "./script-runners.js";
import { StaticObjects } from "./static-network.js";
import { inheritedCounters, successorsOf } from "./successors.js";
import { FileTracker } from "./track/file-tracker.js";
import { ProcessTracker } from "./track/process-tracker.js";
import { noProxy, type ProxyHealth } from "./track/proxy-health.js";
import type { ScriptState } from "./tracking.js";
import { hasVirtualInterfaces, nameVirtualInterfaces, VirtualInterface, virtualInterfacesOf } from "./virtual-mac.js";
import { VirtualRouting } from "./virtual-routing.js";

export type { InstanceStatus } from "./counters.js";
export { prepareThread } from "./engine-thread.js";
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
  /** Log all addresses that come and go on this host, not ours alone. */
  readonly reportsAddresses?: boolean;
  /** Stop without a word to anybody, and leave what masters hold where it is. */
  readonly keepsAddresses?: boolean;
}

export interface Failover {
  /** Masters resign with priority 0 and let go of their addresses. Resolves when that is done. */
  stop(): Promise<void>;
  /**
   * Goes on with another configuration: instances that stay the same router keep their state, and nothing is touched
   * that has not changed. Rejects if the engine cannot start with it.
   */
  reload(configuration: KeepalivedConfiguration): Promise<void>;
  /** For `track_proxy`: how the proxy beside us is, whenever that changes. */
  setProxyHealth(health: ProxyHealth): void;
  /** What the dumps show. */
  snapshot(): Snapshot;
  /** Counts from 0 again. */
  clearStatistics(): void;
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

/**
 * Runs the VRRP instances of a configuration until `stop`. Needs CAP_NET_ADMIN and CAP_NET_RAW; CAP_SYS_NICE keeps
 * it on time on a busy host. Rejects if the engine cannot start; what dies later is started again.
 */
export async function startFailover(configuration: KeepalivedConfiguration, hooks: FailoverHooks): Promise<Failover> {
  const failover = new RunningFailover(configuration, hooks);
  await failover.start();
  return failover;
}

/** Takes away the virtual addresses, routes and interfaces that a process left which was killed. It must be dead. */
export function cleanUpAfterCrash(configuration: KeepalivedConfiguration, hooks: Pick<FailoverHooks, "log">): void {
  removeAddresses(withNames(configuration, hooks), hooks);
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
  #configuration: KeepalivedConfiguration;
  readonly #notifier: Notifier;
  readonly #statics: StaticObjects;
  readonly #firewall: Firewall;
  readonly #renewal = new Renewal();
  #runners: ScriptRunners;
  #files: ReadonlyMap<string, FileTracker>;
  #processes: ProcessTracker;
  #proxy: ProxyHealth = noProxy;
  #metrics: MetricsServer | undefined;
  #counters: SharedArrayBuffer;
  /** undefined: it died, and the next one is not started yet. */
  #thread: EngineThread | undefined;
  /** What the outside was last told of each instance and group: what has not changed is no news. */
  readonly #told = new Map<string, ReportedState>();
  readonly #transitions = new Map<string, number>();
  #respawn: NodeJS.Timeout | undefined;
  #respawnDelay = FIRST_RESPAWN_MS;
  #started = false;
  #stopping = false;
  #hasAdvised = false;
  readonly #interrupt = new AbortController();
  #reloads: Promise<void> = Promise.resolve();

  constructor(
    configuration: KeepalivedConfiguration,
    readonly hooks: FailoverHooks,
  ) {
    this.#configuration = withNames(configuration, hooks);
    this.#counters = shareCounters(configuration.instances.length);
    warnOfOddities(configuration, hooks);
    this.#notifier = new Notifier(configuration, hooks.log.bind(hooks));
    this.#statics = new StaticObjects(hooks.log.bind(hooks));
    this.#firewall = new Firewall(hooks.log.bind(hooks));
    this.#runners = this.#makeRunners((script) => this.#inheritedState(script));
    this.#files = this.#makeFileTrackers();
    this.#processes = this.#makeProcessTracker();
  }

  async start(): Promise<void> {
    await this.#delay();
    if (this.#stopping) return;
    // Before any virtual address is there.
    this.#firewall.apply(this.#configuration);
    this.#statics.apply(this.#configuration);
    try {
      await this.#startThread(this.hooks.resume ?? new Set(), false).ready;
    } catch (error) {
      await this.#notifier.stop(0);
      removeAddresses(this.#configuration, this.hooks);
      this.#removeFixtures();
      throw error;
    }
    this.#started = true;
    this.#openMetrics();
    for (const tracker of this.#trackers()) tracker.start();
  }

  #trackers(): { start(): void; stop(): void }[] {
    return [...this.#runners.values(), ...this.#files.values(), this.#processes];
  }

  /** vrrp_startup_delay and vrrp_delay_after_boot: so long nobody hears of us. What a crash left goes first. */
  async #delay(): Promise<void> {
    const { startupDelay, delayAfterBoot } = this.#configuration.global;
    const wait = Math.max(startupDelay, delayAfterBoot - uptime() * 1_000_000) / 1000;
    if (wait <= 0 || (this.hooks.resume?.size ?? 0) > 0) return;
    this.hooks.log(`Delaying startup for ${(wait / 1000).toFixed(1)} seconds`, "info");
    removeAddresses(this.#configuration, this.hooks);
    await sleep(wait, undefined, { signal: this.#interrupt.signal }).catch(() => {});
  }

  async stop(): Promise<void> {
    this.#interrupt.abort();
    if (!this.#stopping) {
      this.#stopping = true;
      clearTimeout(this.#respawn);
      for (const tracker of this.#trackers()) tracker.stop();
      const keep = this.hooks.keepsAddresses === true;
      // For the little time that is left the engine does it itself.
      this.#renewal.end();
      if (this.#thread !== undefined) this.#thread.tell({ kind: "stop", keep });
      else if (!keep) removeAddresses(this.#configuration, this.hooks);
    }
    await this.#reloads;
    await this.#thread?.gone;
    this.#metrics?.close();
    this.#removeFixtures();
    await this.#notifier.stop(NOTIFY_PATIENCE_MS);
  }

  /** Where the configuration wants it now; one that is there already goes on. */
  #openMetrics(): void {
    const wanted = this.#stopping ? undefined : this.#configuration.global.metrics;
    if (isDeepStrictEqual(wanted, this.#metrics?.own)) return;
    this.#metrics?.close();
    const text = (): string => expositionText(failoverFamilies(this.snapshot()));
    this.#metrics = wanted && new MetricsServer(wanted, text, this.hooks.log.bind(this.hooks));
  }

  /** What is there whoever is master. */
  #removeFixtures(): void {
    this.#statics.remove();
    this.#firewall.remove();
  }

  reload(configuration: KeepalivedConfiguration): Promise<void> {
    const reload = this.#reloads.then(() => this.#reload(configuration));
    this.#reloads = reload.catch(() => {});
    return reload;
  }

  snapshot(): Snapshot {
    const states = [...this.#told].filter(([key]) => key.startsWith("GROUP "));
    return {
      configuration: this.#configuration,
      status: this.status(),
      transitions: this.#transitions,
      scripts: new Map([...this.#runners].map(([name, runner]) => [name, runner.state])),
      files: new Map([...this.#files].map(([name, tracker]) => [name, tracker.value])),
      processes: new Map(this.#configuration.trackProcesses.map(({ name }) => [name, this.#processes.isUp(name)])),
      groups: new Map(states.map(([key, state]) => [key.slice("GROUP ".length), state])),
    };
  }

  clearStatistics(): void {
    for (const index of this.#configuration.instances.keys()) new InstanceCounters(this.#counters, index).clear();
  }

  setProxyHealth(health: ProxyHealth): void {
    if (isDeepStrictEqual(this.#proxy, health)) return;
    this.#proxy = health;
    this.#thread?.tell({ kind: "proxy", health });
  }

  status(): InstanceStatus[] {
    return this.#configuration.instances.map(({ name }, index) =>
      new InstanceCounters(this.#counters, index).status(name),
    );
  }

  /**
   * A second thread goes on with what stays the same, and when it does, the first lets go of the rest: no
   * advertisement is missed, and no address is away for a moment.
   */
  async #reload(written: KeepalivedConfiguration): Promise<void> {
    if (this.#stopping) return;
    const configuration = withNames(written, this.hooks);
    const before = {
      configuration: this.#configuration,
      counters: this.#counters,
      runners: this.#runners,
      files: this.#files,
      processes: this.#processes,
    };
    const old = this.#thread;
    const successors = successorsOf(before.configuration, configuration);
    const masters = new Set(this.#masters());
    const resume = new Set([...successors].filter(([, name]) => masters.has(name)).map(([name]) => name));
    // Who is new in a group that is master is master with it.
    for (const { members } of configuration.syncGroups)
      if (members.some((name) => resume.has(name)))
        for (const name of members) if (!successors.has(name)) resume.add(name);
    this.#configuration = configuration;
    this.#counters = inheritedCounters(before, configuration, successors);
    for (const [name, oldName] of successors) {
      const told = this.#told.get(`INSTANCE ${oldName}`);
      if (told !== undefined) this.#told.set(`INSTANCE ${name}`, told);
    }
    warnOfOddities(configuration, this.hooks);
    this.#notifier.adopt(configuration);
    this.#firewall.apply(configuration);
    this.#statics.apply(configuration);
    const trackers = this.#trackers();
    this.#runners = this.#makeRunners((script) => this.#keptState(script, before.runners));
    this.#files = this.#makeFileTrackers();
    this.#processes = this.#makeProcessTracker();
    try {
      if (old === undefined) removeAddresses(before.configuration, this.hooks);
      else await this.#startThread(resume, true).ready;
    } catch (error) {
      this.#configuration = before.configuration;
      this.#counters = before.counters;
      this.#runners = before.runners;
      this.#files = before.files;
      this.#processes = before.processes;
      this.#thread = old;
      this.#notifier.adopt(before.configuration);
      throw error;
    }
    old?.tell({ kind: "hand-over", to: configuration });
    for (const tracker of trackers) tracker.stop();
    for (const tracker of this.#trackers()) tracker.start();
    this.#openMetrics();
    await old?.gone;
    this.#notifier.forget();
    if (configuration.global.fifoStatesOnReload) this.#notifier.repeat(this.status());
  }

  #keptState(script: VrrpScript, runners: ScriptRunners): ScriptState | undefined {
    const runner = runners.get(script.name);
    if (runner === undefined || !isDeepStrictEqual(runner.script.argv, script.argv))
      return script.initFail ? undefined : { kind: "added" };
    if (runner.state === "up") this.hooks.log(`VRRP_Script(${script.name}) considered successful on reload`, "info");
    return runner.result;
  }

  #startThread(resume: ReadonlySet<string>, isReload: boolean): EngineThread {
    const orders = {
      configuration: this.#configuration,
      scripts: new Map([...this.#runners].map(([name, runner]) => [name, runner.state])),
      files: new Map([...this.#files].map(([name, tracker]) => [name, tracker.value])),
      processes: new Map(this.#configuration.trackProcesses.map(({ name }) => [name, this.#processes.isUp(name)])),
      proxy: this.#proxy,
      resume,
      reportsAddresses: this.hooks.reportsAddresses === true,
      isReload,
      counters: this.#counters,
    };
    const thread = new EngineThread(orders, (message) => this.#hear(message, orders.counters));
    this.#thread = thread;
    void thread.gone.then((reason) => {
      if (this.#thread !== thread || this.#stopping) return;
      this.#thread = undefined;
      if (this.#started) this.#mourn(reason, thread.startedAt);
    });
    return thread;
  }

  #masters(): string[] {
    return this.status()
      .filter(({ state }) => state === "MASTER")
      .map(({ name }) => name);
  }

  /** The next thread goes on where the dead one stood, or takes its addresses away and starts over. */
  #mourn(reason: Error, startedAt: number): void {
    if (performance.now() - startedAt > HEALTHY_AFTER_MS) this.#respawnDelay = FIRST_RESPAWN_MS;
    this.hooks.log(`VRRP thread died: Respawning. ${reason.stack ?? reason.message}`, "warning");
    this.#respawn = setTimeout(() => {
      // Masters go on if this was the first death: with every further one the delay grows past their peers' patience.
      const isFirst = this.#respawnDelay <= 2 * FIRST_RESPAWN_MS;
      // If it cannot even start, its end has been mourned by then and the next try is under way.
      this.#startThread(new Set(isFirst ? this.#masters() : []), false).ready.catch(() => {});
    }, this.#respawnDelay);
    this.#respawnDelay = Math.min(this.#respawnDelay * 2, LAST_RESPAWN_MS);
  }

  /** @param counters those of the thread that says it */
  #hear(message: Exclude<FromEngine, { kind: "ready" }>, counters: SharedArrayBuffer): void {
    switch (message.kind) {
      case "log":
        this.hooks.log(message.text, message.level);
        break;
      case "gateway-wanted": {
        const { ifindex, family } = message;
        this.#thread?.tell({ kind: "gateway", ifindex, family, gateway: gatewayBy(ifindex, family) });
        break;
      }
      case "renew":
        this.#renewal.renew(new InstanceCounters(counters, message.index), message.addresses, message.at);
        break;
      case "lost":
        this.#adviseOnce();
        break;
      case "state": {
        const { instance, state, priority } = message;
        this.hooks.onStateChange?.(instance, state);
        this.#tellState({ type: "INSTANCE", name: instance, event: state, priority }, state);
        break;
      }
      case "deleted":
        this.hooks.onStateChange?.(message.instance, "STOP");
        this.#tellOfInstance(message.instance, "DELETED", message.priority);
        break;
      case "group":
        this.#tellState({ type: "GROUP", name: message.group, event: message.state, priority: 0 }, message.state);
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

  /** A thread that goes on where another stood says again what is known. */
  #tellState(news: News, state: ReportedState): void {
    const key = `${news.type} ${news.name}`;
    if (this.#told.get(key) === state) return;
    this.#told.set(key, state);
    if (news.type === "INSTANCE") this.#transitions.set(news.name, Date.now());
    this.#notifier.tell(news);
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

  #makeRunners(initial: (script: VrrpScript) => ScriptState | undefined): ScriptRunners {
    const { answerScript } = this.hooks;
    const hooks: ScriptHooks = {
      log: this.hooks.log.bind(this.hooks),
      onChange: (name, state) => this.#thread?.tell({ kind: "script", name, state }),
      ...(answerScript === undefined ? {} : { answerScript: answerScript.bind(this.hooks) }),
    };
    return makeScriptRunners(this.#configuration, hooks, initial);
  }

  #makeFileTrackers(): ReadonlyMap<string, FileTracker> {
    const onChange = (name: string, value: number): void => this.#thread?.tell({ kind: "file", name, value });
    const log = this.hooks.log.bind(this.hooks);
    return new Map(this.#configuration.trackFiles.map((file) => [file.name, new FileTracker(file, onChange, log)]));
  }

  #makeProcessTracker(): ProcessTracker {
    const onChange = (name: string, up: boolean): void => this.#thread?.tell({ kind: "process", name, up });
    return new ProcessTracker(this.#configuration.trackProcesses, onChange, this.hooks.log.bind(this.hooks));
  }

  /** A master that goes on after a crash would resign for a script that has merely not run yet in this process. */
  #inheritedState({ name }: VrrpScript): ScriptState | undefined {
    const resumed = this.#configuration.instances.filter((own) => this.hooks.resume?.has(own.name));
    const groups = this.#configuration.syncGroups.filter(({ members }) =>
      members.some((member) => this.hooks.resume?.has(member)),
    );
    const isTracked = [...resumed, ...groups].some(({ track }) => track.scripts.some(({ script }) => script === name));
    return isTracked ? { kind: "up", failures: 0 } : undefined;
  }
}

/** The interfaces that use_vmac makes: the same names for the engine, for its successor, and for who cleans up. */
function withNames(configuration: KeepalivedConfiguration, hooks: Pick<FailoverHooks, "log">): KeepalivedConfiguration {
  if (!hasVirtualInterfaces(configuration)) return configuration;
  const netlink = new Netlink();
  const links = netlink.links();
  netlink.close();
  return nameVirtualInterfaces(configuration, links, (level, text) => hooks.log(text, level));
}

/** What the engine does at its end, for when it died before. */
function removeAddresses({ instances }: KeepalivedConfiguration, hooks: Pick<FailoverHooks, "log">): void {
  const netlink = new Netlink();
  const network = new HostNetwork();
  network.load(netlink.links(), netlink.addresses());
  const log = (level: LogLevel, text: string): void => hooks.log(text, level);
  for (const own of instances) {
    new VirtualRouting(own, netlink, network, log).remove();
    new OwnAddresses(virtualAddressesOf(own), netlink, network, log).remove();
    for (const virtual of virtualInterfacesOf(own))
      new VirtualInterface(own.name, virtual, netlink, network, log).remove();
  }
  netlink.close();
}

function gatewayBy(ifindex: number, family: 4 | 6): string | undefined {
  const netlink = new Netlink();
  try {
    return netlink.gateway(ifindex, family);
  } finally {
    netlink.close();
  }
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
