/** One worker thread of the data plane: a loop, its listeners, its sessions. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { BufferPool, type ByteBuffer } from "../reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../reactor/channel.js";
import { Connection } from "../reactor/connection.js";
import { Loop } from "../reactor/loop.js";
import { PipePool } from "../reactor/pipes.js";
import { errnoText } from "../sys/errno.js";
import { chrootThread, setThreadName } from "../sys/process.js";
import { close, resetOnClose, vanishOnClose } from "../sys/socket.js";
import { liveHandles } from "../sys/ssl.js";
import { type ClientAddress, localAddressOf } from "./client-address.js";
import { type ConnectionLimit, ConnectionLimits, limitedBinds } from "./connection-limits.js";
import { HttpSession } from "./http-session.js";
import { HeadLimits } from "./http1/head-limits.js";
import { FrontendConnection } from "./http2/frontend-connection.js";
import { Listener } from "./listener.js";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.js";
import { type ProxyHeaderOwner, ProxyHeaderReader } from "./proxy-header-reader.js";
import { WaitLists } from "./queue/wait-lists.js";
import { WaitingRoom } from "./queue/waiting-room.js";
import { Roster } from "./roster.js";
import { Evidence } from "./rules/evidence.js";
import type { Admission } from "./rules/frontend-rules.js";
import { buildRuntime, type FrontendRuntime, type ProxyRuntime } from "./runtime.js";
import type { ClientSession, Session, SessionContext } from "./session.js";
import { Counter, Gauge, SharedState } from "./shared-state.js";
import { StickTable } from "./stick-table.js";
import { TcpSession } from "./tcp-session.js";
import type { BindTls } from "./tls/bind-tls.js";
import { Handshake, type HandshakeOwner } from "./tls/handshake.js";

/** Of connections that get their owner next. */
const NOBODY: ConnectionOwner = { onConnectionReady() {}, onFailure() {} };

const evidence = new Evidence();

type OnAccepted = (fd: number, client: ClientAddress) => void;

class ProxyWorker implements SessionContext {
  readonly loop = new Loop();
  readonly pool: BufferPool;
  readonly headLimits: HeadLimits;
  readonly pipes: PipePool;
  readonly state: SharedState;
  stopping = false;
  readonly #runtime: ProxyRuntime;
  readonly #room: WaitingRoom;
  readonly #sessions = new Roster<ClientSession>();
  /** Clients on their way to a session; they count as sessions already. */
  readonly #handshakes = new Set<Handshake>();
  readonly #proxyHeaders = new Set<ProxyHeaderReader>();
  readonly #listeners: Listener[] = [];
  /** Of each listener of each frontend, whose entities are their numbers. */
  readonly #limits: readonly (readonly ConnectionLimits[])[];

  constructor(readonly start: WorkerStart) {
    const { global } = start.configuration;
    this.pool = new BufferPool(global.bufferSize);
    this.headLimits = new HeadLimits(global);
    this.state = new SharedState(start.state, start.worker);
    this.pipes = new PipePool(this.loop, start.mostPipes);
    const tables = start.configuration.backends.map(({ stickTable }, index) => {
      const memory = start.tables[index];
      return stickTable === undefined || memory === undefined ? undefined : new StickTable(stickTable, memory);
    });
    const { configuration, maxConnections, worker } = start;
    const lists = new WaitLists(this.state, start.waitLists);
    this.#room = new WaitingRoom(lists, worker, this.loop);
    this.#runtime = buildRuntime(configuration, maxConnections, this.state, this.#room, worker, tables, start.tls);
    this.#limits = this.#createLimits();
    this.loop.listen(start.wakeFd, () => {
      this.#room.onReady();
      this.#resumeListeners();
      this.#takeMessages();
    });
    const warnings = this.#confine();
    this.#purgeIdle();
    for (const [index, frontend] of this.#runtime.frontends.entries())
      this.#listen(frontend, start.listeners[index] ?? []);
    tell({ kind: "ready", epollFd: this.loop.fd, warnings });
  }

  run(): void {
    this.loop.run();
    // Slots that were given to sessions which had just gone belong to others now.
    this.#room.onReady();
    // Descriptors belong to the process: they would outlive this thread.
    for (const backend of this.#runtime.backends) for (const server of backend.servers) server.closeIdle();
    for (const backend of this.#runtime.backends) for (const server of backend.servers) server.tls?.release();
    const left = liveHandles.connections + liveHandles.sessions;
    if (left > 0) tell({ kind: "bug", text: `${left} TLS handles are left at the end of a worker` });
    this.#runtime.logSenders.close();
    this.pipes.close();
    this.loop.close();
    tell({ kind: "done" });
  }

  onSessionEnd(session: ClientSession): void {
    if (!this.#sessions.remove(session)) return;
    this.#limitsOf(session.frontend, session.address).leave();
    this.#stopIfDone();
  }

  onSessionFailure(session: ClientSession, error: unknown): void {
    this.#tellBug(error);
    try {
      session.abort();
    } catch {
      // What a bug has left behind cannot be counted and logged. What it holds must go all the same.
    }
    session.discard();
  }

  startHttp2(session: Session, input: ByteBuffer): void {
    this.#sessions.remove(session);
    this.#startHttp2(session.frontend, session.client, session.address, session.acceptedAt, input);
  }

  #startHttp2(
    frontend: FrontendRuntime,
    client: Channel,
    address: ClientAddress,
    acceptedAt: number,
    input?: ByteBuffer,
  ): void {
    const make = () => new FrontendConnection(this, frontend, client, address, acceptedAt);
    const connection = this.#made(frontend, client, address, make);
    if (connection === undefined) return;
    this.#sessions.add(connection);
    if (input !== undefined) connection.takeInput(input);
    try {
      connection.start();
    } catch (error) {
      this.onSessionFailure(connection, error);
    }
  }

  #tellBug(error: unknown): void {
    tell({ kind: "bug", text: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }

  #listen(frontend: FrontendRuntime, fds: readonly number[]): void {
    const isShared = this.state.layout.workers > 1;
    for (const [index, fd] of fds.entries()) {
      const tls = frontend.tls[index];
      const onAccepted =
        tls === undefined
          ? (client: number, address: ClientAddress) => this.#accept(frontend, index, client, address)
          : (client: number, address: ClientAddress) => this.#shakeHands(frontend, index, tls, client, address);
      const first = this.#admit(frontend, index, onAccepted);
      const limits = this.#limits[frontend.entity]![index]!;
      const onBug = (error: unknown): void => this.#tellBug(error);
      this.#listeners.push(new Listener(this.loop, fd, limits, first, index + 1, isShared, onBug));
    }
  }

  /** `tcp-request connection` and `accept-proxy`: what comes before the client says anything of its own. */
  #admit(frontend: FrontendRuntime, bind: number, onAccepted: OnAccepted): OnAccepted {
    const { acceptProxy } = frontend.settings.binds[bind]!.socket;
    const { rules, counters } = frontend;
    const afterHeader = this.#afterProxyHeader(frontend, bind, onAccepted);
    if (!rules.hasConnectionRules) return acceptProxy ? afterHeader : onAccepted;
    return (fd, address) => {
      const localAddress = (): ClientAddress => localAddressOf(fd, bind + 1);
      let admission: Admission;
      try {
        admission = rules.admit(evidence.ofClient({ address, localAddress }));
      } catch (error) {
        close(fd);
        this.#onNoSession(frontend, address, error);
        return;
      }
      const { action, expectsProxy } = admission;
      if (action === "accept") {
        (acceptProxy || expectsProxy ? afterHeader : onAccepted)(fd, address);
        return;
      }
      counters.add(Counter.connections, 1);
      counters.add(Counter.deniedConnections, 1);
      this.#limitsOf(frontend, address).leave();
      if (action === "reject") resetOnClose(fd);
      else vanishOnClose(fd);
      close(fd);
    };
  }

  /** The PROXY header comes before all else. */
  #afterProxyHeader(frontend: FrontendRuntime, bind: number, onAccepted: OnAccepted): OnAccepted {
    const { mode, timeoutClient, timeoutHttpRequest } = frontend.settings;
    const timeout = mode === "http" ? Math.min(timeoutClient, timeoutHttpRequest) : timeoutClient;
    const owner: ProxyHeaderOwner = {
      onProxyHeader: (reader, client) => {
        this.#proxyHeaders.delete(reader);
        onAccepted(reader.fd, client);
      },
      onNoProxyHeader: (reader, reason) => {
        frontend.counters.add(Counter.connections, 1);
        frontend.counters.add(Counter.requestErrors, 1);
        if (reason !== undefined) frontend.log?.handshake(reader, bind, reason);
        this.#endProxyHeader(frontend, reader);
        this.#stopIfDone();
      },
      onProxyHeaderBug: (reader, error) => {
        this.#tellBug(error);
        this.#endProxyHeader(frontend, reader);
        this.#stopIfDone();
      },
    };
    return (fd, address) => {
      try {
        this.#proxyHeaders.add(new ProxyHeaderReader(this.loop, fd, address, timeout, owner));
      } catch (error) {
        this.#onNoSession(frontend, address, error);
      }
    };
  }

  /** The place of a reader that is through belongs to its session. */
  #endProxyHeader(frontend: FrontendRuntime, reader: ProxyHeaderReader): void {
    if (!this.#proxyHeaders.delete(reader)) return;
    this.#limitsOf(frontend, reader.address).leave();
  }

  #accept(frontend: FrontendRuntime, bind: number, fd: number, address: ClientAddress): void {
    this.#countConnection(frontend);
    frontend.counters.add(Counter.sessions, 1);
    const { protocol } = frontend.settings.binds[bind]!;
    const client = new Connection(this.loop, fd, NOBODY, true);
    if (frontend.settings.mode === "http" && protocol === "h2")
      this.#startHttp2(frontend, client, address, this.loop.now);
    else this.#startSession(frontend, client, address, protocol === "h1");
    try {
      client.watch();
    } catch (error) {
      client.onFailure(error);
    }
  }

  /** TLS comes before the session. */
  #shakeHands(frontend: FrontendRuntime, bind: number, tls: BindTls, fd: number, address: ClientAddress): void {
    this.#countConnection(frontend);
    const owner: HandshakeOwner = {
      onHandshakeDone: (handshake) => {
        this.#handshakes.delete(handshake);
        frontend.counters.add(Counter.sessions, 1);
        const { connection } = handshake;
        const { protocol } = frontend.settings.binds[bind]!;
        if (frontend.settings.mode === "http" && (protocol === undefined ? connection.isHttp2 : protocol === "h2")) {
          this.#startHttp2(frontend, connection, address, handshake.acceptedAt);
          return;
        }
        this.#startSession(frontend, connection, address, protocol === "h1");
      },
      onHandshakeFailed: (handshake, reason) => {
        frontend.log?.handshake(handshake, bind, reason);
        this.#endHandshake(frontend, handshake);
      },
      onHandshakeBug: (handshake, error) => {
        this.#tellBug(error);
        this.#endHandshake(frontend, handshake);
      },
      onHandshakeDropped: (handshake) => this.#endHandshake(frontend, handshake),
    };
    try {
      this.#handshakes.add(new Handshake(this.loop, fd, tls, address, frontend.settings.timeoutClient, owner));
    } catch (error) {
      this.#onNoSession(frontend, address, error);
    }
  }

  /** epoll took no more (`fs.epoll.max_user_watches`), or a bug threw: it costs the client that has come, no other. */
  #onNoSession(frontend: FrontendRuntime, address: ClientAddress, error: unknown): void {
    this.#tellBug(error);
    this.#limitsOf(frontend, address).leave();
    this.#stopIfDone();
  }

  #endHandshake(frontend: FrontendRuntime, handshake: Handshake): void {
    if (!this.#handshakes.delete(handshake)) return;
    this.#limitsOf(frontend, handshake.address).leave();
    this.#stopIfDone();
  }

  /** @param isHttp1 `proto h1`: a client that begins with the preface of HTTP/2 is mistaken */
  #startSession(frontend: FrontendRuntime, client: Channel, address: ClientAddress, isHttp1: boolean): void {
    const session = this.#made(frontend, client, address, () =>
      frontend.settings.mode === "http"
        ? new HttpSession(this, frontend, client, address, isHttp1)
        : new TcpSession(this, frontend, client, address),
    );
    if (session === undefined) return;
    this.#sessions.add(session);
    try {
      session.start();
      // Bytes that came along with the connection, or right behind its handshake, are no news to the loop.
      if (!session.closed) session.onConnectionReady(client);
    } catch (error) {
      this.onSessionFailure(session, error);
    }
  }

  /** Undefined: a bug threw, and the client has gone. */
  #made<T>(frontend: FrontendRuntime, client: Channel, address: ClientAddress, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      client.abort();
      this.#onNoSession(frontend, address, error);
      return undefined;
    }
  }

  #countConnection(frontend: FrontendRuntime): void {
    this.state.setGauge(frontend.entity, Gauge.lastSession, Math.floor(Date.now() / 1000));
    frontend.counters.add(Counter.connections, 1);
  }

  /** `chroot`: this thread alone, for it is the one that strangers talk to; the control thread keeps its files. */
  #confine(): string[] {
    const directory = this.start.configuration.global.chroot;
    if (directory === undefined) return [];
    const result = chrootThread(directory);
    return result < 0 ? [`cannot chroot to ${directory}: ${errnoText(-result)}`] : [];
  }

  #createLimits(): ConnectionLimits[][] {
    const { state, start } = this;
    const limited = limitedBinds(start.configuration.frontends);
    const onFree = (limits: ConnectionLimits): void => this.#onPlaceFree(limits);
    return this.#runtime.frontends.map(({ entity, settings }) =>
      settings.binds.map((bind) => {
        const most = bind.maxConnections;
        const limits: ConnectionLimit[] = [
          ...(most === undefined ? [] : [{ entity: state.listener(limited.indexOf(bind)), most }]),
          { entity, most: settings.maxConnections },
          { entity: state.process, most: start.maxConnections },
        ];
        return new ConnectionLimits(state, limits, onFree);
      }),
    );
  }

  #limitsOf(frontend: FrontendRuntime, { listener }: ClientAddress): ConnectionLimits {
    return this.#limits[frontend.entity]![listener - 1]!;
  }

  /** A listener of ours that waits for it takes it; else one in another worker may. */
  #onPlaceFree(limits: ConnectionLimits): void {
    const waiting = this.#listeners.filter(({ awaited }) => awaited !== undefined && limits.includes(awaited));
    for (const listener of waiting) listener.resume();
    if (waiting.length > 0) return;
    const { lists, worker } = this.#room;
    for (let other = 0; other < this.state.layout.workers; other++) if (other !== worker) lists.wake(other);
  }

  #resumeListeners(): void {
    for (const listener of this.#listeners) if (listener.awaited !== undefined) listener.resume();
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
    this.stopping = true;
    for (const session of this.#sessions.all()) session.onStopping();
    // Those that come last are served, so they come after it.
    for (const listener of this.#listeners) listener.finish();
    tell({ kind: "deaf" });
    this.#stopIfDone();
  }

  #stopIfDone(): void {
    if (this.stopping && this.#sessions.size === 0 && this.#waiting === 0) this.loop.stop();
  }

  /** Connections whose session has not begun. */
  get #waiting(): number {
    return this.#handshakes.size + this.#proxyHeaders.size;
  }

  #stop(): void {
    this.stopping = true;
    for (const listener of this.#listeners) listener.stop();
    tell({ kind: "deaf" });
    for (const handshake of [...this.#handshakes]) handshake.drop();
    for (const reader of [...this.#proxyHeaders]) reader.drop();
    for (const session of this.#sessions.all()) session.abort();
    this.loop.stop();
  }

  /** Every server's idle connections at its own pace (`pool-purge-delay`). */
  #purgeIdle(): void {
    const { loop } = this;
    for (const server of this.#runtime.backends.flatMap((backend) => backend.servers)) {
      const { purgeDelay } = server.settings.pool;
      if (purgeDelay === 0) continue; // none is kept
      const timer = loop.timer(() => {
        server.purgeIdle();
        loop.timers.arm(timer, loop.now + purgeDelay);
      });
      loop.timers.arm(timer, loop.now + purgeDelay);
    }
  }
}

function tell(message: FromWorker): void {
  parentPort!.postMessage(message);
}

const start = workerData as WorkerStart;
setThreadName(`haproxy/${start.worker + 1}`);
new ProxyWorker(start).run();
