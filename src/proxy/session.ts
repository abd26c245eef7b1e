/**
 * What TCP and HTTP proxying share: a client's connection, the one to its server, and how the latter is opened. How the
 * server is found is `balanced-session.ts`.
 */
import type { SendProxy } from "../config/haproxy/model.js";
import type { BufferPool, ByteBuffer } from "../reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../reactor/channel.js";
import { Connection } from "../reactor/connection.js";
import type { Loop } from "../reactor/loop.js";
import type { PipePool } from "../reactor/pipes.js";
import type { Timer } from "../reactor/timers.js";
import { TlsConnection, type TlsStarter } from "../reactor/tls-connection.js";
import { EADDRNOTAVAIL, EINPROGRESS } from "../sys/errno.js";
import { connect } from "../sys/socket.js";
import { type ClientAddress, localAddressOf } from "./client-address.js";
import type { HeadLimits } from "./http1/head-limits.js";
import type { ServerConnections } from "./http2/server-connections.js";
import type { Member } from "./roster.js";
import type { BackendRuntime, FrontendRuntime, ServerRuntime } from "./runtime.js";
import { HeaderBeforeTls, sendProxyHeader } from "./send-proxy.js";
import { addressForClient, openServerSocket } from "./server-socket.js";
import { Counter, type SharedState } from "./shared-state.js";
import type { ServerNames } from "./tls/server-names.js";
import { SingleProtocol } from "./tls/single-protocol.js";

/** What a worker holds for a client: a session, or an HTTP/2 connection with a session for each stream. */
export interface ClientSession extends Member {
  readonly frontend: FrontendRuntime;
  readonly address: ClientAddress;
  /** It is over. */
  readonly closed: boolean;
  /** Ends it whatever its state. */
  abort(): void;
  /** Lets go of all that it may still hold, whatever has failed before. Counts and logs nothing; twice does no harm. */
  discard(): void;
  /** The worker begins to drain. */
  onStopping(): void;
}

/** What a worker lends its sessions. */
export interface SessionContext {
  readonly loop: Loop;
  readonly pool: BufferPool;
  readonly headLimits: HeadLimits;
  readonly pipes: PipePool;
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

/** What a session does about its server. */
export const Stage = {
  /** It has one that is connected, or wants none. */
  settled: 0,
  /** It waits in a queue. */
  queued: 1,
  /** It waits before it tries the same server again. */
  resting: 2,
  connecting: 3,
} as const;

export abstract class Session implements ConnectionOwner, ClientSession {
  readonly timer: Timer;
  backend: BackendRuntime | undefined;
  /** Counted among the backend's sessions. */
  isInBackend = false;
  server: ServerRuntime | undefined;
  upstream: Channel | undefined;
  place = -1;
  closed = false;
  /** The loop's milliseconds. */
  readonly acceptedAt: number;
  /** One of `Stage`. */
  protected stage: number = Stage.settled;
  /** What the servers are asked for in handshakes, where that depends on the client. */
  protected serverNames: ServerNames | undefined;

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
      if (this.stage === Stage.connecting) this.#onConnectProgress(connection);
      else this.onServerReady();
    } else if (this.stage === Stage.settled) this.onClientReady();
    else this.onClientReadyWhileConnecting();
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
  protected abstract onServerReady(): void;
  protected abstract onClientReadyWhileConnecting(): void;
  /** The server in place is connected. */
  protected abstract onServerConnected(): void;
  /** @param termination `SC`: it refused, `sC`: it did not answer in time */
  protected abstract onConnectFailure(termination: "SC" | "sC"): void;
  /** The wait in a queue, or for another attempt, has lasted long enough. */
  protected abstract onWaitEnd(): void;
  protected abstract onTimeout(): void;
  /** The server in place, and what else of the backend it holds, is not its any more. */
  protected abstract detachServer(): void;

  /** The request asks for another protocol than HTTP, as WebSockets do. */
  protected get isUpgrade(): boolean {
    return false;
  }

  /** Where the request may go over HTTP/2; undefined: nowhere. */
  protected http2Of(server: ServerRuntime): ServerConnections | undefined {
    return this.isUpgrade ? server.upgradeHttp2 : server.http2;
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
      this.onConnectFailure("SC");
      return;
    }
    const result = connect(fd, address);
    const tls = this.#tlsStarter(server);
    this.upstream = tls === undefined ? new Connection(loop, fd, this) : new TlsConnection(loop, fd, this, tls);
    server.counters.add(Counter.connects, 1);
    backend.counters.add(Counter.connects, 1);
    if (result < 0 && result !== -EINPROGRESS) {
      this.onConnectFailure("SC");
      return;
    }
    this.stage = Stage.connecting;
    loop.timers.arm(this.timer, loop.now + backend.settings.timeoutConnect);
  }

  protected closeUpstream(): void {
    this.upstream?.retire();
    this.upstream = undefined;
    if (this.stage === Stage.connecting) this.stage = Stage.settled;
  }

  discard(): void {
    this.closed = true;
    for (const release of this.holdings()) {
      try {
        release();
      } catch {
        // It is a bug that was told of already, or follows from one. All else must go nonetheless.
      }
    }
  }

  /** How each thing that a session may hold is let go of; no harm if it is not there. */
  protected *holdings(): Iterable<() => void> {
    yield () => this.context.loop.timers.release(this.timer);
    yield () => this.upstream?.abort();
    yield () => this.detachServer();
    yield () => this.leaveBackend();
    yield () => this.context.onSessionEnd(this);
    // Neither side may take what it has for the whole.
    yield () => this.client.abort();
  }

  protected enterBackend(backend: BackendRuntime): void {
    this.backend = backend;
    this.isInBackend = true;
    this.context.state.enter(backend.entity);
    backend.counters.add(Counter.sessions, 1);
  }

  protected leaveBackend(): void {
    if (!this.isInBackend) return;
    this.isInBackend = false;
    this.context.state.leave(this.backend!.entity);
  }

  /** Closes everything and tells the worker. The last thing that happens to a session. */
  protected end(): void {
    if (this.closed) return;
    this.closed = true;
    this.context.loop.timers.release(this.timer);
    this.closeUpstream();
    this.detachServer();
    // Before the client can see it: whoever connects on seeing the close must not be counted beside this one.
    this.context.onSessionEnd(this);
    this.client.close();
  }

  #onConnectProgress(upstream: Channel): void {
    if (upstream.takeError() !== 0) {
      this.onConnectFailure("SC");
      return;
    }
    if (!upstream.writable) return;
    const { tls, settings } = this.server!;
    if (
      settings.sendProxy !== undefined &&
      tls === undefined &&
      !this.#sendProxyHeader(upstream.fd, settings.sendProxy)
    ) {
      this.onConnectFailure("SC");
      return;
    }
    this.stage = Stage.settled;
    const stream = this.http2Of(this.server!)?.adopt(upstream, this, this.context.pool);
    if (stream !== undefined) this.upstream = stream;
    this.onServerConnected();
  }

  /** With the PROXY header in front of the handshake, where the server wants one. */
  #tlsStarter(server: ServerRuntime): TlsStarter | undefined {
    const { settings } = server;
    const name = this.serverNames?.[this.backend!.servers.indexOf(server)];
    const any = name === undefined ? server.tls : server.tls?.named(name);
    const alpn = this.isUpgrade ? server.upgrade.alpn : undefined;
    const tls = any === undefined || alpn === undefined ? any : new SingleProtocol(any, alpn);
    if (tls === undefined || settings.sendProxy === undefined) return tls;
    return new HeaderBeforeTls(tls, (fd) => this.#sendProxyHeader(fd, settings.sendProxy!));
  }

  #sendProxyHeader(fd: number, settings: SendProxy): boolean {
    return sendProxyHeader(fd, settings, this.address, this.localAddress(), this.client.ssl);
  }

  #onTimer(): void {
    try {
      if (this.stage === Stage.settled) this.onTimeout();
      else if (this.stage === Stage.connecting) this.onConnectFailure("sC");
      else this.onWaitEnd();
    } catch (error) {
      this.onFailure(error);
    }
  }
}
