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
import type { HeadLimits } from "./http1/head-limits.js";
import type { ServerConnections } from "./http2/server-connections.js";
import { Refusal } from "./queue/backend-queue.js";
import { CHOOSE_AGAIN, type Ticket } from "./queue/wait-lists.js";
import type { Waiter } from "./queue/waiting-room.js";
import type { Member } from "./roster.js";
import type { BackendRuntime, FrontendRuntime, ServerRuntime } from "./runtime.js";
import { HeaderBeforeTls, sendProxyHeader } from "./send-proxy.js";
import { addressForClient, openServerSocket } from "./server-socket.js";
import { Counter, Gauge, type SharedState } from "./shared-state.js";
import type { ServerNames } from "./tls/server-names.js";
import { SingleProtocol } from "./tls/single-protocol.js";

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
  readonly headLimits: HeadLimits;
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

export abstract class Session implements ConnectionOwner, ClientSession, Waiter {
  readonly timer: Timer;
  backend: BackendRuntime | undefined;
  /** Counted among the backend's sessions. */
  isInBackend = false;
  server: ServerRuntime | undefined;
  upstream: Channel | undefined;
  /** Attempts that failed, in the present request. */
  retries = 0;
  redispatched = false;
  /** Places that it had in the queue of its server, and of its backend. */
  serverQueue = 0;
  backendQueue = 0;
  place = -1;
  closed = false;
  /** The loop's milliseconds. */
  readonly acceptedAt: number;
  /** When it began to want a server, when it had one, and when it was connected; 0: not yet. */
  queuedAt = 0;
  connectStartedAt = 0;
  connectedAt = 0;
  /** What the servers are asked for in handshakes, where that depends on the client. */
  protected serverNames: ServerNames | undefined;
  #isConnecting = false;
  #waitsToRetry = false;
  /** Its place in a queue; 0: none. */
  #ticket: Ticket = 0;
  /** It counts among the sessions of its server. */
  isAdmitted = false;
  /** The server that failed before the one that is looked for now. */
  #failed: ServerRuntime | undefined;
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
    } else if (this.isConnecting) this.#onClientReadyWhileConnecting();
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
  protected abstract onServerReady(): void;
  protected abstract onConnected(): void;
  /**
   * No server could be had: none is up, all attempts failed, or there was no end to the queue.
   * @param termination cause and stage, as in the log
   */
  protected abstract onNoServer(termination: string): void;
  /** The client has gone and does not want an answer any more. */
  protected abstract onClientGaveUp(termination: string): void;
  protected abstract onTimeout(): void;
  /** The server that the request should go to, if it may take traffic, where no stick table says. */
  protected preferredServer(_backend: BackendRuntime): ServerRuntime | undefined {
    return undefined;
  }
  /** An idle connection to `server` that this request may use. */
  protected abstract reuse(server: ServerRuntime): Channel | undefined;

  /** The request asks for another protocol than HTTP, as WebSockets do. */
  protected get isUpgrade(): boolean {
    return false;
  }

  /** Where the request may go over HTTP/2; undefined: nowhere. */
  protected http2Of(server: ServerRuntime): ServerConnections | undefined {
    return this.isUpgrade ? server.upgradeHttp2 : server.http2;
  }

  /** Chooses a server and gets a connection to it. `onConnected` or `onNoServer` follows, maybe at once. */
  protected connectToServer(backend: BackendRuntime): void {
    this.backend = backend;
    this.queuedAt = this.context.loop.now;
    this.#findServer(undefined);
  }

  /** The wait in the queue is over. */
  onAdmitted(server: number, position: number): void {
    const awaited = this.server;
    this.#ticket = 0;
    this.#notePosition(position);
    this.context.loop.timers.disarm(this.timer);
    if (server === CHOOSE_AGAIN) {
      this.#findServer(awaited);
      return;
    }
    const given = this.backend!.servers[server]!;
    this.context.state.own(given.entity);
    this.#useServer(given);
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
      this.#onConnectFailure("SC");
      return;
    }
    const result = connect(fd, address);
    const tls = this.#tlsStarter(server);
    this.upstream = tls === undefined ? new Connection(loop, fd, this) : new TlsConnection(loop, fd, this, tls);
    server.counters.add(Counter.connects, 1);
    backend.counters.add(Counter.connects, 1);
    if (result < 0 && result !== -EINPROGRESS) {
      this.#onConnectFailure("SC");
      return;
    }
    this.#isConnecting = true;
    loop.timers.arm(this.timer, loop.now + backend.settings.timeoutConnect);
  }

  /** The request is done with its server; the connection has been dealt with. */
  protected detachServer(): void {
    const { server } = this;
    this.server = undefined;
    if (server === undefined || !this.isAdmitted) return;
    this.isAdmitted = false;
    const { queue } = this.backend!;
    if (queue === undefined) this.context.state.leave(server.entity);
    else queue.release(server);
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
    this.#leaveQueue();
    this.detachServer();
    // Before the client can see it: whoever connects on seeing the close must not be counted beside this one.
    this.context.onSessionEnd(this);
    this.client.close();
  }

  protected get isConnecting(): boolean {
    return this.#isConnecting || this.#waitsToRetry || this.#ticket !== 0;
  }

  /** The client closed, and its backend has `option abortonclose`. */
  protected get hasClientGivenUp(): boolean {
    return this.client.hungUp && this.backend!.settings.abortOnClose;
  }

  protected get hasRetriesLeft(): boolean {
    return this.retries < this.backend!.settings.retries;
  }

  /** Goes to a server once more, when connecting went well and what followed did not. There is no reason to wait. */
  protected tryAgain(): void {
    const server = this.server!;
    this.closeUpstream();
    this.connectedAt = 0;
    this.retries++;
    if (this.#shouldLeave(server)) this.#leaveServer(server);
    else this.#retry();
  }

  /** @param failed one that it cannot go to, or would rather not: it has just failed */
  #findServer(failed: ServerRuntime | undefined): void {
    const backend = this.backend!;
    this.#failed = failed;
    this.server = undefined;
    let wanted = failed === undefined ? this.#wantedServer(backend) : undefined;
    let outcome = this.#admit(wanted);
    if (wanted !== undefined && this.#mayGoElsewhere(outcome)) {
      wanted = undefined;
      outcome = this.#admit(undefined);
    }
    this.#isSticky &&= wanted !== undefined;
    if (typeof outcome !== "number") {
      if (wanted === undefined) countChosen(backend, outcome);
      this.#useServer(outcome);
    } else if (outcome > 0) this.#wait(outcome);
    else this.#refuse(outcome, wanted);
  }

  /** The one that the client is to go to, if it may take traffic. */
  #wantedServer(backend: BackendRuntime): ServerRuntime | undefined {
    const stuck = this.#stuckServer(backend);
    this.#isSticky = stuck !== undefined;
    if (stuck !== undefined) return stuck;
    const preferred = this.preferredServer(backend);
    return preferred !== undefined && backend.balancer.isUsable(preferred) ? preferred : undefined;
  }

  /** A client that sticks to a server may leave it if its queue is full and the backend has `option redispatch`. */
  #mayGoElsewhere(outcome: ServerRuntime | number): boolean {
    if (outcome === Refusal.queueFull) return !this.#isSticky || this.backend!.settings.redispatch !== 0;
    return outcome === Refusal.noServer;
  }

  #admit(wanted: ServerRuntime | undefined): ServerRuntime | number {
    const { queue, balancer } = this.backend!;
    if (queue !== undefined) return queue.admit(wanted, balancer, this.#failed, this);
    const server = wanted ?? balancer.choose(this.#failed);
    if (server === undefined) return Refusal.noServer;
    this.context.state.enter(server.entity);
    return server;
  }

  #wait(ticket: Ticket): void {
    const { loop } = this.context;
    const backend = this.backend!;
    this.#ticket = ticket;
    this.server = backend.queue!.awaited(ticket);
    loop.timers.arm(this.timer, loop.now + backend.settings.timeoutQueue);
    this.#onClientReadyWhileConnecting();
  }

  #leaveQueue(): void {
    if (this.#ticket === 0) return;
    const position = this.backend!.queue!.cancel(this.#ticket);
    this.#ticket = 0;
    this.#notePosition(position);
    this.connectStartedAt = this.context.loop.now;
  }

  #notePosition(position: number): void {
    if (this.server === undefined) this.backendQueue += position;
    else this.serverQueue += position;
  }

  #onQueueTimeout(): void {
    this.#leaveQueue();
    this.server?.counters.add(Counter.connectErrors, 1);
    this.backend!.counters.add(Counter.connectErrors, 1);
    this.onNoServer("sQ");
  }

  #refuse(outcome: number, stuck: ServerRuntime | undefined): void {
    this.backend!.counters.add(Counter.connectErrors, 1);
    if (outcome === Refusal.queueFull) {
      stuck?.counters.add(Counter.connectErrors, 1);
      this.server = stuck;
    }
    this.onNoServer(outcome === Refusal.queueFull ? "SQ" : "SC");
  }

  #useServer(server: ServerRuntime): void {
    const backend = this.backend!;
    this.#attach(backend, server);
    const idle = this.reuse(server);
    if (idle === undefined) {
      this.openUpstream();
      return;
    }
    server.counters.add(Counter.reuses, 1);
    backend.counters.add(Counter.reuses, 1);
    idle.owner = this;
    this.upstream = idle;
    this.#onServerAnswers();
  }

  /** It is connected, be it anew. */
  #onServerAnswers(): void {
    const backend = this.backend!;
    this.connectedAt = this.context.loop.now;
    if (backend.settings.stickRules.length > 0) this.#storeStickiness(backend, this.server!);
    this.onConnected();
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
    const { state, loop } = this.context;
    this.server = server;
    this.isAdmitted = true;
    this.connectStartedAt = loop.now;
    const second = Math.floor(Date.now() / 1000);
    server.idle.noteUse(state.gauge(server.entity, Gauge.current));
    state.setGauge(server.entity, Gauge.lastSession, second);
    state.setGauge(backend.entity, Gauge.lastSession, second);
    server.counters.add(Counter.sessions, 1);
    this.#countMove(backend, server);
  }

  /** Where it went after a failure: to the same server, or to another. */
  #countMove(backend: BackendRuntime, server: ServerRuntime): void {
    const failed = this.#failed;
    if (failed === undefined) return;
    this.#failed = undefined;
    const counter = server === failed ? Counter.retries : Counter.redispatches;
    failed.counters.add(counter, 1);
    backend.counters.add(counter, 1);
    if (server !== failed) this.redispatched = true;
  }

  #onConnectProgress(upstream: Channel): void {
    if (upstream.takeError() !== 0) {
      this.#onConnectFailure("SC");
      return;
    }
    if (!upstream.writable) return;
    const { tls, settings } = this.server!;
    if (
      settings.sendProxy !== undefined &&
      tls === undefined &&
      !this.#sendProxyHeader(upstream.fd, settings.sendProxy)
    ) {
      this.#onConnectFailure("SC");
      return;
    }
    this.#isConnecting = false;
    const stream = this.http2Of(this.server!)?.adopt(upstream, this, this.context.pool);
    if (stream !== undefined) this.upstream = stream;
    this.#onServerAnswers();
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

  /** @param termination `SC`: it refused, `sC`: it did not answer in time */
  #onConnectFailure(termination: "SC" | "sC"): void {
    const { settings, counters } = this.backend!;
    const failed = this.server!;
    this.closeUpstream();
    if (!this.hasRetriesLeft || !settings.retryOn.connFailure) {
      // econ counts requests that came to nothing, not attempts: those before are wretr and wredis.
      failed.counters.add(Counter.connectErrors, 1);
      counters.add(Counter.connectErrors, 1);
      this.onNoServer(termination); // with the server still in place: the log names it
      return;
    }
    this.retries++;
    if (this.#shouldLeave(failed)) this.#leaveServer(failed);
    else if (termination === "sC") this.#retry();
    else {
      // At once it would most likely refuse again. Another server may well answer: there is no reason to wait then.
      this.#waitsToRetry = true;
      const { loop } = this.context;
      loop.timers.arm(this.timer, loop.now + Math.min(RETRY_DELAY, settings.timeoutConnect));
      this.#onClientReadyWhileConnecting();
    }
  }

  /** The next attempt goes to another server, if there is one. */
  #shouldLeave(failed: ServerRuntime): boolean {
    const { balancer, settings } = this.backend!;
    if (!balancer.isUsable(failed)) return true;
    if (this.#isSticky && !isRedispatch(this.retries, settings)) return false;
    return balancer.hasOther(failed);
  }

  #leaveServer(failed: ServerRuntime): void {
    this.detachServer();
    this.#findServer(failed);
  }

  #retry(): void {
    this.server!.counters.add(Counter.retries, 1);
    this.backend!.counters.add(Counter.retries, 1);
    this.openUpstream();
  }

  #onClientReadyWhileConnecting(): void {
    if (this.hasClientGivenUp) this.giveUpConnecting();
  }

  /** The client has gone before there was a server for it. */
  protected giveUpConnecting(): void {
    const termination = this.#ticket === 0 ? "CC" : "CQ";
    this.#leaveQueue();
    this.#waitsToRetry = false;
    this.onClientGaveUp(termination);
  }

  #onTimer(): void {
    try {
      if (this.#ticket !== 0) this.#onQueueTimeout();
      else if (this.#waitsToRetry) {
        this.#waitsToRetry = false;
        // It may have been found to be down meanwhile.
        if (this.#shouldLeave(this.server!)) this.#leaveServer(this.server!);
        else this.#retry();
      } else if (this.#isConnecting) this.#onConnectFailure("sC");
      else this.onTimeout();
    } catch (error) {
      this.onFailure(error);
    }
  }
}

/** Whether `option redispatch` lets go of the server at this retry, the first being 1. */
function isRedispatch(retry: number, { retries, redispatch }: BackendRuntime["settings"]): boolean {
  if (redispatch === 0) return false;
  const interval = redispatch > 0 ? redispatch : retries + 1 + redispatch;
  return interval > 0 && retry % interval === 0;
}

function countChosen(backend: BackendRuntime, server: ServerRuntime): void {
  server.counters.add(Counter.loadBalanced, 1);
  backend.counters.add(Counter.loadBalanced, 1);
}
