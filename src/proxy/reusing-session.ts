/**
 * Which connection to its server a request gets, and what becomes of it afterwards: it joins the worker's idle ones,
 * stays with this client, or is closed (configuration manual: `http-reuse`, `option prefer-last-server`).
 */
import type { Channel } from "../reactor/channel.js";
import { AnsweringSession } from "./answering-session.js";
import { OwnConnections } from "./own-connections.js";
import type { BackendRuntime, ServerRuntime } from "./runtime.js";

export abstract class ReusingSession extends AnsweringSession {
  /** The connection to the server has served a request before. */
  protected isReused = false;
  /** The connection to the server is this client's alone, for what has passed on it. */
  protected isOwn = false;
  /** The connection to the server ends with the response. */
  protected closesServer = false;
  /** Connections to servers that nobody else may use. */
  #own: OwnConnections | undefined;
  /** A server has begun to authenticate its connection: where that is kept, the next request has to go. */
  #isAuthenticating = false;

  protected override preferredServer(backend: BackendRuntime): ServerRuntime | undefined {
    if (!this.#isAuthenticating && !backend.settings.preferLastServer) return undefined;
    return this.#own?.serverAmong(backend.servers);
  }

  protected override reuse(server: ServerRuntime): Channel | undefined {
    const connection = this.#own?.take(server);
    this.isOwn = connection !== undefined;
    this.isReused = true;
    if (connection !== undefined) return connection;
    // Over HTTP/2 a server says which requests it has not touched (RFC 9113 §8.7), so a first one may always go there.
    const shared = server.isPrivate ? undefined : (this.http2Of(server)?.open(this) ?? this.#takeIdle(server));
    this.isReused = shared !== undefined;
    return shared;
  }

  /** The server authenticates the connection rather than the request: it must serve no other client. */
  protected noteAuthentication(): void {
    this.isOwn = true;
    this.#isAuthenticating = true;
  }

  /**
   * The response is through: the connection that it came on is not this session's any more.
   * @param isWhole so is the request
   */
  protected giveUpstreamBack(isWhole: boolean): void {
    const { response, context } = this;
    const upstream = this.upstream!;
    const server = this.server!;
    this.upstream = undefined;
    const isReusable = isWhole && response.head.keepAlive && !response.hasExcess && !this.closesServer;
    if (!isReusable || context.stopping) upstream.retire();
    else if (this.isOwn || server.isPrivate) this.#keepOwn(server, upstream);
    else server.idle.keep(upstream, this.isReused);
  }

  /** No request is to go on what this client has to itself. */
  protected closeOwn(): void {
    this.#own?.closeAll();
  }

  protected override end(): void {
    if (this.closed) return;
    this.closeOwn();
    super.end();
  }

  protected override *holdings(): Iterable<() => void> {
    yield* super.holdings();
    yield () => this.closeOwn();
  }

  /** One of HTTP/1. */
  #takeIdle(server: ServerRuntime): Channel | undefined {
    if (this.isUpgrade && server.upgrade.version === "h2") return undefined;
    return server.idle.take(this.backend!.settings.httpReuse, this.requests === 1);
  }

  #keepOwn(server: ServerRuntime, upstream: Channel): void {
    this.#own ??= new OwnConnections();
    this.#own.keep(server, upstream);
  }
}
