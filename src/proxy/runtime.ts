/** What one worker makes of the configuration: proxies and servers with their counters, addresses and idle connections. */
import { hostname } from "node:os";
import type { Backend, Frontend, HaproxyConfiguration, KeepAlive, Server } from "../config/haproxy/model.js";
import type { SocketAddress } from "../sys/address.js";
import { type Balancer, createBalancer } from "./balance/balancer.js";
import { ErrorPages } from "./error-replies.js";
import { Http2Limits } from "./http2/limits.js";
import { ServerConnections } from "./http2/server-connections.js";
import { IdleConnections } from "./idle-connections.js";
import { Logger, LogSenders } from "./log/logger.js";
import { ProxyLog } from "./proxy-log.js";
import { BackendQueue } from "./queue/backend-queue.js";
import { fullConnections, ServerLimits } from "./queue/limits.js";
import type { WaitingRoom } from "./queue/waiting-room.js";
import type { Evidence } from "./rules/evidence.js";
import { FrontendRules } from "./rules/frontend-rules.js";
import { HttpRequestRules } from "./rules/http-request-rules.js";
import { isAny } from "./server-socket.js";
import { type Entity, EntityCounters, type SharedState } from "./shared-state.js";
import { socketAddress } from "./socket-address.js";
import type { StickTable } from "./stick-table.js";
import { BindTls } from "./tls/bind-tls.js";
import type { TlsHandles } from "./tls/contexts.js";
import { compileServerNames, type ServerNames } from "./tls/server-names.js";
import { ServerTls } from "./tls/server-tls.js";
import { type UpgradeVersion, upgradeVersion } from "./upgrade-version.js";

export class ServerRuntime {
  /** Undefined: it depends on where the client connected to. */
  readonly address: SocketAddress | undefined;
  /** A connection to it is one client's, and serves no other. */
  readonly isPrivate: boolean;
  readonly tcpUserTimeout: number | undefined;
  readonly keepAlive: KeepAlive | undefined;
  readonly counters: EntityCounters;
  readonly idle: IdleConnections;
  /** Undefined: it speaks HTTP/1. */
  readonly http2: ServerConnections | undefined;
  /** How upgrades get there, and `http2` for them. */
  readonly upgrade: UpgradeVersion;
  readonly upgradeHttp2: ServerConnections | undefined;

  constructor(
    readonly settings: Server,
    readonly entity: Entity,
    /** Undefined: plain bytes. */
    readonly tls: ServerTls | undefined,
    backend: Backend,
    state: SharedState,
    worker: number,
    limits: Http2Limits,
  ) {
    const dependsOnClient = settings.portOffset !== undefined || isAny(settings);
    this.address = dependsOnClient ? undefined : socketAddress(settings);
    this.idle = new IdleConnections(settings.pool, state, entity);
    // With `usesrc` it comes from the client's address, with a PROXY header it tells of one client.
    const isImpersonating = backend.source?.useSource !== undefined;
    const hasOwnName = settings.tls?.serverNameSample !== undefined;
    const isClients = dependsOnClient || isImpersonating || settings.sendProxy !== undefined || hasOwnName;
    this.isPrivate = isClients || backend.httpReuse === "never";
    this.keepAlive = backend.keepAlive;
    const { protocol } = settings;
    const mayAgree = protocol === undefined && settings.tls?.alpn.includes("h2") === true;
    const isUnshared = this.isPrivate || !this.idle.keepsAny;
    if (protocol === "h2" || mayAgree) this.http2 = new ServerConnections(protocol === "h2", isUnshared, limits);
    this.upgrade = upgradeVersion(settings);
    if (this.upgrade.version === "h2")
      this.upgradeHttp2 = this.http2 ?? new ServerConnections(true, isUnshared, limits);
    else if (this.upgrade.version === undefined) this.upgradeHttp2 = this.http2;
    this.tcpUserTimeout = settings.tcpUserTimeout;
    this.counters = new EntityCounters(state, worker, entity);
  }

  /** Closes connections that were not needed lately. */
  purgeIdle(): void {
    this.idle.purge();
    this.http2?.purge();
    if (this.upgradeHttp2 !== this.http2) this.upgradeHttp2?.purge();
  }

  closeIdle(): void {
    this.idle.closeAll();
    this.http2?.closeAll();
    if (this.upgradeHttp2 !== this.http2) this.upgradeHttp2?.closeAll();
  }
}

export class BackendRuntime {
  readonly counters: EntityCounters;
  readonly balancer: Balancer;
  /** Undefined: no server has a limit, so nobody waits. */
  readonly queue: BackendQueue<ServerRuntime> | undefined;
  /** Undefined: no server is told a name that depends on the client. */
  readonly takeServerNames: ((evidence: Evidence) => ServerNames) | undefined;
  readonly httpRequest: HttpRequestRules;
  readonly pages: ErrorPages;

  constructor(
    readonly settings: Backend,
    readonly entity: Entity,
    readonly servers: readonly ServerRuntime[],
    /** The stick tables of all backends, by the backend's index. */
    readonly tables: readonly (StickTable | undefined)[],
    room: WaitingRoom,
    fullConnections: number,
    state: SharedState,
    worker: number,
  ) {
    this.counters = new EntityCounters(state, worker, entity);
    const isLimited = settings.servers.some(({ maxConnections }) => maxConnections > 0);
    const limits = isLimited ? new ServerLimits(state, entity, fullConnections) : undefined;
    this.queue = limits && new BackendQueue(state, entity, servers, limits, room.lists, room);
    this.balancer = createBalancer(settings, entity, servers, state, limits);
    this.takeServerNames = compileServerNames(settings.servers.map(({ tls }) => tls?.serverNameSample));
    this.httpRequest = new HttpRequestRules(settings.httpRequest);
    this.pages = new ErrorPages(settings.errorFiles);
  }

  /** Something of the request has to be known to serve it. */
  get needsRequest(): boolean {
    return this.takeServerNames !== undefined || !this.httpRequest.isEmpty;
  }
}

export class FrontendRuntime {
  readonly counters: EntityCounters;
  readonly pages: ErrorPages;
  readonly log: ProxyLog | undefined;

  constructor(
    readonly settings: Frontend,
    readonly entity: Entity,
    readonly rules: FrontendRules<BackendRuntime>,
    /** For each bind; undefined: plain bytes. */
    readonly tls: readonly (BindTls | undefined)[],
    /** What its clients of HTTP/2 are allowed. */
    readonly http2: Http2Limits,
    state: SharedState,
    worker: number,
    logger: Logger,
  ) {
    this.counters = new EntityCounters(state, worker, entity);
    this.pages = new ErrorPages(settings.errorFiles);
    this.log = logger.isSilent ? undefined : new ProxyLog(settings, logger);
  }
}

export interface ProxyRuntime {
  readonly logSenders: LogSenders;
  readonly frontends: readonly FrontendRuntime[];
  readonly backends: readonly BackendRuntime[];
}

/** @param maxConnections of the process */
export function buildRuntime(
  configuration: HaproxyConfiguration,
  maxConnections: number,
  state: SharedState,
  room: WaitingRoom,
  worker: number,
  tables: readonly (StickTable | undefined)[],
  tls: TlsHandles,
): ProxyRuntime {
  const logSenders = new LogSenders();
  const identity = { tag: configuration.global.logTag ?? "haproxy", pid: process.pid, hostname: hostname() };
  const forClients = new Http2Limits(configuration.global, "frontend");
  const forServers = new Http2Limits(configuration.global, "backend");
  let nextServer = 0;
  const backends = configuration.backends.map((backend, index) => {
    const servers = backend.servers.map((server, position) => {
      const entity = state.server(nextServer++);
      return new ServerRuntime(server, entity, serverTls(tls, index, position), backend, state, worker, forServers);
    });
    const full = fullConnections(configuration, index, maxConnections);
    return new BackendRuntime(backend, state.backend(index), servers, tables, room, full, state, worker);
  });
  const frontends = configuration.frontends.map(
    (frontend, index) =>
      new FrontendRuntime(
        frontend,
        state.frontend(index),
        new FrontendRules(frontend.rules, backends, backends[frontend.defaultBackend]),
        (tls.binds[index] ?? []).map((handle) => handle && new BindTls(handle)),
        forClients,
        state,
        worker,
        new Logger(frontend.logs, logSenders, identity),
      ),
  );
  return { logSenders, frontends, backends };
}

function serverTls({ servers }: TlsHandles, backend: number, position: number): ServerTls | undefined {
  const handle = servers[backend]?.[position];
  return handle === undefined ? undefined : new ServerTls(handle);
}
