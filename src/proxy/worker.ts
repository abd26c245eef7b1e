/** One worker thread of the data plane: a loop, its listeners, its sessions. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { BufferPool } from "../reactor/buffers.js";
import { Loop } from "../reactor/loop.js";
import { errnoText } from "../sys/errno.js";
import { chrootThread, setThreadName } from "../sys/process.js";
import type { ClientAddress } from "./client-address.js";
import { HttpSession } from "./http-session.js";
import { PURGE_INTERVAL } from "./idle-connections.js";
import { Listener } from "./listener.js";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.js";
import { buildRuntime, type FrontendRuntime, type ProxyRuntime } from "./runtime.js";
import type { Session, SessionContext } from "./session.js";
import { Counter, Gauge, SharedState } from "./shared-state.js";
import { StickTable } from "./stick-table.js";
import { TcpSession } from "./tcp-session.js";

class ProxyWorker implements SessionContext {
  readonly loop = new Loop();
  readonly pool = new BufferPool();
  readonly state: SharedState;
  stopping = false;
  readonly #runtime: ProxyRuntime;
  readonly #sessions = new Set<Session>();
  readonly #listeners: Listener[] = [];
  readonly #purge = this.loop.timer(() => this.#purgeIdle());

  constructor(readonly start: WorkerStart) {
    this.state = new SharedState(start.state);
    const tables = start.configuration.backends.map(({ stickTable }, index) => {
      const memory = start.tables[index];
      return stickTable === undefined || memory === undefined ? undefined : new StickTable(stickTable, memory);
    });
    this.#runtime = buildRuntime(start.configuration, this.state, start.worker, tables);
    const wakeFd = this.loop.listen(() => this.#takeMessages());
    const warnings = this.#confine();
    this.#purgeIdle();
    for (const [index, frontend] of this.#runtime.frontends.entries())
      this.#listen(frontend, start.listeners[index] ?? []);
    tell({ kind: "ready", wakeFd, warnings });
  }

  run(): void {
    this.loop.run();
    // Descriptors belong to the process: they would outlive this thread.
    for (const backend of this.#runtime.backends) for (const server of backend.servers) server.idle.closeAll();
    this.#runtime.logSenders.close();
    this.loop.close();
    tell({ kind: "done" });
  }

  onSessionEnd(session: Session): void {
    this.#sessions.delete(session);
    this.state.leave(session.frontend.entity);
    this.state.addGauge(this.state.process, Gauge.current, -1);
    if (this.stopping && this.#sessions.size === 0) this.loop.stop();
  }

  onSessionFailure(session: Session, error: unknown): void {
    tell({ kind: "bug", text: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    try {
      session.abort();
    } catch {
      // What a bug has left behind cannot be counted and logged; its connections must go all the same.
      session.discard();
    }
  }

  #listen(frontend: FrontendRuntime, fds: readonly number[]): void {
    const { state } = this;
    const mayAccept = (): boolean =>
      state.gauge(frontend.entity, Gauge.current) < frontend.settings.maxConnections &&
      state.gauge(state.process, Gauge.current) < this.start.maxConnections;
    for (const fd of fds)
      this.#listeners.push(
        new Listener(this.loop, fd, mayAccept, (client, address) => this.#accept(frontend, client, address)),
      );
  }

  #accept(frontend: FrontendRuntime, fd: number, address: ClientAddress): void {
    const session =
      frontend.settings.mode === "http"
        ? new HttpSession(this, frontend, fd, address)
        : new TcpSession(this, frontend, fd, address);
    this.#sessions.add(session);
    this.state.enter(this.state.process);
    this.state.enter(frontend.entity);
    this.state.setGauge(frontend.entity, Gauge.lastSession, Math.floor(Date.now() / 1000));
    frontend.counters.add(Counter.connections, 1);
    frontend.counters.add(Counter.sessions, 1);
    try {
      session.start();
    } catch (error) {
      this.onSessionFailure(session, error);
    }
  }

  /** `chroot`: this thread alone, for it is the one that strangers talk to; the control thread keeps its files. */
  #confine(): string[] {
    const directory = this.start.configuration.global.chroot;
    if (directory === undefined) return [];
    const result = chrootThread(directory);
    return result < 0 ? [`cannot chroot to ${directory}: ${errnoText(-result)}`] : [];
  }

  #takeMessages(): void {
    for (;;) {
      const received = receiveMessageOnPort(parentPort!) as { message: ToWorker } | undefined;
      if (received === undefined) return;
      if (received.message.kind === "drain") this.#drain();
      else this.#stop();
    }
  }

  #drain(): void {
    this.#stopListening();
    for (const session of [...this.#sessions]) session.onStopping();
    if (this.#sessions.size === 0) this.loop.stop();
  }

  #stop(): void {
    this.#stopListening();
    for (const session of [...this.#sessions]) session.abort();
    this.loop.stop();
  }

  #stopListening(): void {
    this.stopping = true;
    for (const listener of this.#listeners) listener.stop();
    tell({ kind: "deaf" });
  }

  #purgeIdle(): void {
    for (const backend of this.#runtime.backends) for (const server of backend.servers) server.idle.purge();
    this.loop.timers.arm(this.#purge, this.loop.now + PURGE_INTERVAL);
  }
}

function tell(message: FromWorker): void {
  parentPort!.postMessage(message);
}

const start = workerData as WorkerStart;
setThreadName(`haproxy/${start.worker + 1}`);
new ProxyWorker(start).run();
