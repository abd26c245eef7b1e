/**
 * The proxy's control thread: opens the listeners, starts the workers, runs the health checks and puts their results
 * where the workers see them. Nothing here is on the way of a request.
 */
import { availableParallelism } from "node:os";
import type { HaproxyConfiguration, LogLevel } from "../config/haproxy/model.js";
import type { Milliseconds } from "../config/units.js";
import { checkTargets } from "../health/check-target.js";
import { HealthChecker } from "../health/checker.js";
import { type Probe, tcpCheck } from "../health/tcp-check.js";
import { tlsCheck } from "../health/tls-check.js";
import { raiseFileLimit } from "../sys/process.js";
import { limitedBinds } from "./connection-limits.js";
import { HandOver } from "./hand-over.js";
import { type ListeningSocket, openListeners } from "./listening-socket.js";
import type { ToWorker, WorkerStart } from "./messages.js";
import { dropPrivileges } from "./privileges.js";
import { ProcessLog } from "./process-log.js";
import { BackendQueue } from "./queue/backend-queue.js";
import { fullConnections, type LimitedServer, ServerLimits } from "./queue/limits.js";
import { WaitLists } from "./queue/wait-lists.js";
import { checkGreeting } from "./send-proxy.js";
import { Gauge, SharedState } from "./shared-state.js";
import { StickTable } from "./stick-table.js";
import { checkOptions } from "./tls/check-options.js";
import { TlsContexts } from "./tls/contexts.js";
import { installTransparentPlumbing, type TransparentPlumbing } from "./transparent-plumbing.js";
import { WorkerThreads } from "./worker-threads.js";

/** Sessions of one process when `maxconn` does not say, if the limit of open files allows it: two descriptors each. */
const DEFAULT_MAX_CONNECTIONS = 100_000;
const SPARE_FILES = 200;
/** Of the spare ones, for pipes where nothing else is left: two each. */
const SPARE_PIPES = 32;

export interface ProxyOptions {
  /** What an operator should see: warnings, servers that go up and down. */
  log(level: LogLevel, line: string): void;
  /** Another process may listen at the same addresses, and keeps its clients until `takeOver`. */
  readonly succeeds?: boolean;
}

export async function startProxy(configuration: HaproxyConfiguration, options: ProxyOptions): Promise<RunningProxy> {
  const proxy = new RunningProxy(configuration, options);
  await proxy.start();
  return proxy;
}

export class RunningProxy {
  readonly startedAt = new Date();
  /** Resolves, with the reason, when workers cannot be replaced any more: the process is of no more use. */
  readonly died: Promise<string>;
  #onDeath!: (reason: string) => void;
  readonly maxConnections: number;
  readonly #maxPipes: number;
  readonly state: SharedState;
  readonly health: HealthChecker;
  #listeners: ListeningSocket[][] = [];
  #handOver = new HandOver([]);
  readonly workers: WorkerThreads;
  /** For each backend, its stick table's memory. */
  readonly #tables: readonly (SharedArrayBuffer | undefined)[];
  #plumbing: TransparentPlumbing | undefined;
  #tls: TlsContexts | undefined;
  #checkOptions: ReturnType<typeof checkOptions> = new Map();
  #isStopping = false;
  readonly #log: ProcessLog;
  readonly #waitLists: WaitLists;
  readonly #queues: readonly BackendQueue<LimitedServer>[];

  constructor(
    readonly configuration: HaproxyConfiguration,
    readonly options: ProxyOptions,
  ) {
    const { global, frontends, backends } = configuration;
    this.died = new Promise((resolve) => {
      this.#onDeath = resolve;
    });
    const wanted = global.maxConnections ?? DEFAULT_MAX_CONNECTIONS;
    const pipes = global.splices ? (global.maxPipes ?? Math.ceil(wanted / 4)) : 0;
    const files = raiseFileLimit(2 * (wanted + pipes) + SPARE_FILES);
    this.maxConnections = Math.min(wanted, Math.floor((files - SPARE_FILES) / 2));
    const left = Math.floor((files - SPARE_FILES) / 2) - this.maxConnections;
    this.#maxPipes = Math.min(pipes, Math.max(left, SPARE_PIPES));
    this.state = SharedState.create({
      workers: global.threads ?? availableParallelism(),
      frontends: frontends.length,
      backends: backends.length,
      servers: backends.reduce((sum, backend) => sum + backend.servers.length, 0),
      listeners: limitedBinds(frontends).length,
    });
    this.workers = new WorkerThreads({
      startOf: (worker, wakeFd) => this.#startOf(worker, wakeFd),
      log: (level, line) => this.#log.write(level, line),
      forget: (worker) => this.#forget(worker),
      onHopeless: (reason) => this.#onDeath(reason),
    });
    this.#tables = backends.map(({ stickTable }) => stickTable && StickTable.create(stickTable).memory);
    this.#waitLists = WaitLists.create(this.state);
    this.#queues = this.#createQueues();
    this.#log = new ProcessLog(configuration, (line, level) => options.log(level, line));
    const targets = checkTargets(configuration);
    this.health = new HealthChecker(
      targets,
      {
        onChange: (index, isUp) => this.#setUsable(index, targets[index]!.backendIndex, isUp),
        log: (level, line) => this.#log.write(level, line),
        sessions: (index) => this.state.gauge(this.state.server(index), Gauge.current),
      },
      { probe: this.#probe(), now: () => performance.now() as Milliseconds },
    );
  }

  #probe(): Probe {
    return tlsCheck(tcpCheck(checkGreeting), checkGreeting, (tls) => this.#checkOptions.get(tls) ?? {});
  }

  /**
   * Binds, starts the workers and the checks. Privileges are kept, for whoever has to open more (the admin socket).
   * @throws SystemError if an address cannot be bound, TlsSetupError if certificates are no good; nothing is left then
   */
  async start(): Promise<void> {
    try {
      this.#tls = new TlsContexts(this.configuration, this.state.layout.workers);
      this.#checkOptions = checkOptions(this.configuration);
      for (const warning of this.#tls.warnings) this.#log.write("warning", warning);
      this.#listeners = openListeners(this.configuration.frontends, this.options.succeeds);
      this.#handOver = new HandOver(this.#listeners.flat());
      if (this.#impersonatesClients)
        this.#plumbing = installTransparentPlumbing({
          notice: (line) => this.#log.write("notice", line),
          warning: (line) => this.#log.write("warning", line),
        });
      this.#initialiseServers();
      await this.workers.start(this.state.layout.workers);
    } catch (error) {
      await this.#end({ kind: "stop" }, true);
      throw error;
    }
    this.health.start();
    for (const { name } of this.configuration.frontends) this.#log.write("notice", `Proxy ${name} started.`);
    for (const { name } of this.configuration.backends) this.#log.write("notice", `Proxy ${name} started.`);
  }

  /** All new connections come here from now on, and none to the processes that this one succeeds. */
  takeOver(): void {
    this.#handOver.takeOver();
  }

  /** `user` and `group`, once everything that needs root is open. */
  dropPrivileges(): void {
    dropPrivileges(this.configuration.global, this.#impersonatesClients, (line) => this.#log.write("warning", line));
  }

  /** @param hard cuts open connections; else no new ones are taken, and it stops when those under way are over */
  async stop(hard: boolean): Promise<void> {
    for (const { name } of this.configuration.frontends)
      this.#log.write("warning", `Stopping frontend ${name} in 0 ms.`);
    if (!hard) await this.#handOver.grace();
    // A hard stop may have come meanwhile.
    if (hard || !this.#isStopping) await this.#end({ kind: hard ? "stop" : "drain" });
  }

  get #impersonatesClients(): boolean {
    return this.configuration.backends.some(({ source }) => source?.useSource !== undefined);
  }

  /** @param isRetried it has not started, and may be started again */
  async #end(message: ToWorker, isRetried = false): Promise<void> {
    this.#isStopping = true;
    this.#handOver.stop();
    this.health.stop();
    // Not before: a worker would take the descriptor's number, given to a new connection, for its listener's.
    await this.workers.end(message);
    const listeners = this.#listeners;
    this.#listeners = [];
    // A port that nobody listens on any more must not accept into a backlog that nobody serves.
    for (const sockets of listeners) for (const socket of sockets) socket.close(isRetried);
    await this.workers.done();
    this.#plumbing?.remove();
    this.#plumbing = undefined;
    this.#tls?.free();
    this.#tls = undefined;
    this.#log.close();
  }

  /** For telling those who wait of servers that come and go. */
  #createQueues(): BackendQueue<LimitedServer>[] {
    const { configuration, maxConnections, state } = this;
    let next = 0;
    return configuration.backends.map(({ servers }, index) => {
      const entity = state.backend(index);
      const limits = new ServerLimits(state, entity, fullConnections(configuration, index, maxConnections));
      const limited = servers.map((settings) => ({ settings, entity: state.server(next++) }));
      return new BackendQueue(state, entity, limited, limits, this.#waitLists, undefined);
    });
  }

  #initialiseServers(): void {
    let index = 0;
    for (const backend of this.configuration.backends) {
      for (const server of backend.servers) {
        const entity = this.state.server(index++);
        this.state.setGauge(entity, Gauge.usable, server.disabled ? 0 : 1);
        this.state.setGauge(entity, Gauge.weight, server.weight);
      }
    }
  }

  #setUsable(serverIndex: number, backendIndex: number, isUsable: boolean): void {
    this.state.setGauge(this.state.server(serverIndex), Gauge.usable, isUsable ? 1 : 0);
    this.state.addGauge(this.state.backend(backendIndex), Gauge.generation, 1);
    this.#queues[backendIndex]!.onServersChanged();
  }

  #startOf(worker: number, wakeFd: number): WorkerStart {
    this.#waitLists.setWakeFd(worker, wakeFd);
    return {
      worker,
      wakeFd,
      configuration: this.configuration,
      state: this.state.handle,
      waitLists: this.#waitLists.memory,
      listeners: this.#listeners.map((sockets) => sockets.map(({ fd }) => fd)),
      tls: this.#tls!.handles(worker),
      tables: this.#tables,
      mostPipes: Math.ceil(this.#maxPipes / this.state.layout.workers),
      maxConnections: this.maxConnections,
    };
  }

  /** @returns false if it held a lock */
  #forget(worker: number): boolean {
    this.state.forget(worker);
    const over = this.#waitLists.allOver(worker);
    return this.#queues.every((queue) => queue.forget(worker, over));
  }
}
