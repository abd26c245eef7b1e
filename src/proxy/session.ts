/**
 * What TCP and HTTP proxying share: a client's connection, the choice of a server, and the connection to it with
 * retries and redispatch.
 */
import type { SendProxy } from "../config/haproxy/model.js";
import type { BufferPool, ByteBuffer } from "../reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../reactor/channel.js";
import { Connection } from "../reactor/connection.js";
import type { Loop } from "../reactor/loop.js";
import type { Timer } from "../reactor/timers.js";
import { TlsConnection, type TlsStarter } from "../reactor/tls-connection.js";
import { EADDRNOTAVAIL, EINPROGRESS } from "../sys/errno.js";
import { connect } from "../sys/socket.js";
import { type ClientAddress, localAddressOf } from "./client-address.js";
import type { Member } from "./roster.js";
import type { BackendRuntime, FrontendRuntime, ServerRuntime } from "./runtime.js";
import { HeaderBeforeTls, sendProxyHeader } from "./send-proxy.js";
import { addressForClient, openServerSocket } from "./server-socket.js";
import { Counter, Gauge, type SharedState } from "./shared-state.js";

/** What a worker holds for a client: a session, or an HTTP/2 connection with a session for each stream. */
export interface ClientSession extends Member {
  readonly frontend: FrontendRuntime;
  /** It is over. */
  readonly closed: boolean;
  /** Ends it whatever its state. */
  abort(): void;
  /** Lets go of everything without counting or logging, for that is what failed. */
  discard(): void;
  /** The worker begins to drain. */
  onStopping(): void;
}

/** What a worker lends its sessions. */
export interface SessionContext {
  readonly loop: Loop;
  readonly pool: BufferPool;
  readonly state: SharedState;
  /** The worker drains: finish what is under way, keep nothing alive. */
  readonly stopping: boolean;
  /** A session of `frontend` is over. */
  onSessionEnd(session: ClientSession): void;
  /** A bug threw in a session. */
  onSessionFailure(session: ClientSession, error: unknown): void;
  /**
   * The client of a session that has read nothing else speaks HTTP/2: it goes on as such, and the session is over.
   * Not there where it already does.
   * @param input what the client has sent so far; the callee's from now on
   */
  startHttp2?(session: Session, input: ByteBuffer): void;
}

/** HAProxy waits a second before it tries the same server again. */
const RETRY_DELAY = 1000;

export abstract class Session implements ConnectionOwner, ClientSession {
  readonly timer: Timer;
  backend: BackendRuntime | undefined;
  /** Counted among the backend's sessions. */
  isInBackend = false;
  server: ServerRuntime | undefined;
  upstream: Channel | undefined;
  /** Attempts to connect that failed, in the present request. */
  retries = 0;
  redispatched = false;
  place = -1;
  closed = false;
  /** The loop's milliseconds. */
  readonly acceptedAt: number;
  connectStartedAt = 0;
  connectedAt = 0;
  #isConnecting = false;
  #waitsToRetry = false;
  /** The server came from the stick table: retry it rather than go elsewhere. */
  #isSticky = false;

  constructor(
    readonly context: SessionContext,
    readonly frontend: FrontendRuntime,
    readonly client: Channel,
    readonly address: ClientAddress,
  ) {
    client.owner = this;
    this.timer = context.loop.timer(() => this.#onTimer());
    this.acceptedAt = context.loop.now;
    this.backend = frontend.rules.fallback;
  }

  onConnectionReady(connection: Channel): void {
    if (connection === this.upstream) {
      if (this.#isConnecting) this.#onConnectProgress(connection);
      else this.onServerReady();
    } else if (this.#isConnecting || this.#waitsToRetry) this.onClientReadyWhileConnecting();
    else this.onClientReady();
  }

  /** Where the client connected to: for the log, or when something asks. */
  localAddress(): ClientAddress {
    const { destination, port } = this.address;
    if (destination !== undefined) return destination;
    return localAddressOf(this.client.fd, port);
  }

  onFailure(error: unknown): void {
    this.context.onSessionFailure(this, error);
  }

  /** Ends the session whatever its state. */
  abstract abort(): void;
  /** The worker begins to drain. */
  abstract onStopping(): void;
  protected abstract onClientReady(): void;
  protected abstract onClientReadyWhileConnecting(): void;
  protected abstract onServerReady(): void;
  protected abstract onConnected(): void;
  /** No server could be had: none is up, or all attempts failed. */
  protected abstract onNoServer(): void;
  protected abstract onTimeout(): void;
  /** The server that the request should go to, if it may take traffic, where no stick table says. */
  protected preferredServer(_backend: BackendRuntime): ServerRuntime | undefined {
    return undefined;
  }
  /** An idle connection to `server` that this request may use. */
  protected abstract reuse(server: ServerRuntime): Channel | undefined;

  /** Chooses a server and gets a connection to it. `onConnected` or `onNoServer` follows, maybe at once. */
  protected connectToServer(backend: BackendRuntime): void {
    const server = this.#chooseServer(backend);
    if (server === undefined) {
      this.connectStartedAt = this.context.loop.now;
      this.onNoServer();
      return;
    }
    this.#attach(backend, server);
    this.connectStartedAt = this.context.loop.now;
    const idle = this.reuse(server);
    if (idle === undefined) {
      this.openUpstream();
      return;
    }
    server.counters.add(Counter.reuses, 1);
    backend.counters.add(Counter.reuses, 1);
    idle.owner = this;
    this.upstream = idle;
    this.connectedAt = this.context.loop.now;
    this.onConnected();
  }

  /** Opens a new connection to the server in place. */
  protected openUpstream(): void {
    const { loop } = this.context;
    const backend = this.backend!;
    const server = this.server!;
    const address = server.address ?? addressForClient(server.settings, this.localAddress());
    const fd =
      address === undefined
        ? -EADDRNOTAVAIL
        : openServerSocket(address.family, backend.settings.source, this.address, server);
    if (address === undefined || fd < 0) {
      this.#onConnectFailure();
      return;
    }
    const result = connect(fd, address);
    const tls = this.#tlsStarter(server);
    this.upstream = tls === undefined ? new Connection(loop, fd, this) : new TlsConnection(loop, fd, this, tls);
    server.counters.add(Counter.connects, 1);
    backend.counters.add(Counter.connects, 1);
    if (result < 0 && result !== -EINPROGRESS) {
      this.#onConnectFailure();
      return;
    }
    this.#isConnecting = true;
    loop.timers.arm(this.timer, loop.now + backend.settings.timeoutConnect);
  }

  /** The request is done with its server; the connection has been dealt with. */
  protected detachServer(): void {
    const { state } = this.context;
    if (this.server !== undefined) {
      state.leave(this.server.entity);
      this.server = undefined;
    }
  }

  protected closeUpstream(): void {
    this.upstream?.retire();
    this.upstream = undefined;
    this.#isConnecting = false;
  }

  /** `end` without what a kind of session adds to it, for that is what failed. */
  discard(): void {
    Session.prototype.end.call(this);
  }

  /** Closes everything and tells the worker. The last thing that happens to a session. */
  protected end(): void {
    if (this.closed) return;
    this.closed = true;
    this.#waitsToRetry = false;
    this.context.loop.timers.release(this.timer);
    this.closeUpstream();
    this.detachServer();
    // Before the client can see it: whoever connects on seeing the close must not be counted beside this one.
    this.context.onSessionEnd(this);
    this.client.close();
  }

  protected get isConnecting(): boolean {
    return this.#isConnecting || this.#waitsToRetry;
  }

  #chooseServer(backend: BackendRuntime): ServerRuntime | undefined {
    this.#isSticky = false;
    const stuck = this.#stuckServer(backend);
    if (stuck !== undefined) {
      this.#isSticky = true;
      return stuck;
    }
    const preferred = this.preferredServer(backend);
    if (preferred !== undefined && backend.balancer.isUsable(preferred)) return preferred;
    const server = backend.balancer.choose(undefined);
    if (server !== undefined) {
      server.counters.add(Counter.loadBalanced, 1);
      backend.counters.add(Counter.loadBalanced, 1);
    }
    return server;
  }

  /** The server that a `stick match` rule remembers for this client, if it may take traffic. */
  #stuckServer(backend: BackendRuntime): ServerRuntime | undefined {
    for (const rule of backend.settings.stickRules) {
      const key = this.address.stickKey;
      if (!rule.match || key === undefined) continue;
      const index = backend.tables[rule.table]?.lookup(key, Math.floor(this.context.loop.now / 1000)) ?? -1;
      const server = backend.servers[index];
      if (server !== undefined && backend.balancer.isUsable(server)) return server;
    }
    return undefined;
  }

  #storeStickiness(backend: BackendRuntime, server: ServerRuntime): void {
    for (const rule of backend.settings.stickRules) {
      const key = this.address.stickKey;
      if (!rule.store || key === undefined) continue;
      const now = Math.floor(this.context.loop.now / 1000);
      backend.tables[rule.table]?.store(key, backend.servers.indexOf(server), now);
    }
  }

  #attach(backend: BackendRuntime, server: ServerRuntime): void {
    this.backend = backend;
    this.server = server;
    const { state } = this.context;
    const second = Math.floor(Date.now() / 1000);
    server.idle.noteUse(state.enter(server.entity));
    state.setGauge(server.entity, Gauge.lastSession, second);
    state.setGauge(backend.entity, Gauge.lastSession, second);
    server.counters.add(Counter.sessions, 1);
  }

  #onConnectProgress(upstream: Channel): void {
    if (upstream.takeError() !== 0) {
      this.#onConnectFailure();
      return;
    }
    if (!upstream.writable) return;
    const { tls, settings } = this.server!;
    if (
      settings.sendProxy !== undefined &&
      tls === undefined &&
      !this.#sendProxyHeader(upstream.fd, settings.sendProxy)
    ) {
      this.#onConnectFailure();
      return;
    }
    this.#isConnecting = false;
    this.connectedAt = this.context.loop.now;
    const stream = this.server!.http2?.adopt(upstream, this, this.context.pool);
    if (stream !== undefined) this.upstream = stream;
    if (this.backend!.settings.stickRules.length > 0) this.#storeStickiness(this.backend!, this.server!);
    this.onConnected();
  }

  /** With the PROXY header in front of the handshake, where the server wants one. */
  #tlsStarter({ tls, settings }: ServerRuntime): TlsStarter | undefined {
    if (tls === undefined || settings.sendProxy === undefined) return tls;
    return new HeaderBeforeTls(tls, (fd) => this.#sendProxyHeader(fd, settings.sendProxy!));
  }

  #sendProxyHeader(fd: number, settings: SendProxy): boolean {
    return sendProxyHeader(fd, settings, this.address, this.localAddress());
  }

  #onConnectFailure(): void {
    const backend = this.backend!;
    const failed = this.server!;
    this.closeUpstream();
    if (this.retries >= backend.settings.retries) {
      // econ counts requests that came to nothing, not attempts: those before are wretr and wredis.
      failed.counters.add(Counter.connectErrors, 1);
      backend.counters.add(Counter.connectErrors, 1);
      this.onNoServer(); // with the server still in place: the log names it
      return;
    }
    this.retries++;
    const isLast = this.retries === backend.settings.retries;
    const mayLeave = !this.#isSticky || !backend.balancer.isUsable(failed) || (isLast && backend.settings.redispatch);
    const next = mayLeave ? backend.balancer.choose(failed) : failed;
    if (next === undefined) {
      backend.counters.add(Counter.connectErrors, 1);
      this.detachServer();
      this.onNoServer();
    } else if (next === failed) {
      failed.counters.add(Counter.retries, 1);
      backend.counters.add(Counter.retries, 1);
      this.#waitsToRetry = true;
      const { loop } = this.context;
      loop.timers.arm(this.timer, loop.now + Math.min(RETRY_DELAY, backend.settings.timeoutConnect));
    } else {
      // Another server may well answer: there is no reason to wait.
      failed.counters.add(Counter.redispatches, 1);
      backend.counters.add(Counter.redispatches, 1);
      this.redispatched = true;
      this.#isSticky = false;
      this.detachServer();
      this.#attach(backend, next);
      this.openUpstream();
    }
  }

  #onTimer(): void {
    try {
      if (this.#waitsToRetry) {
        this.#waitsToRetry = false;
        this.openUpstream();
      } else if (this.#isConnecting) this.#onConnectFailure();
      else this.onTimeout();
    } catch (error) {
      this.onFailure(error);
    }
  }
}
