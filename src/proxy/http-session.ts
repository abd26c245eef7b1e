/**
 * `mode http`: one client's connection and, one after another, its requests. A request's bytes are parsed where the
 * kernel put them, edited in place if need be, and sent on from there; the same for the response.
 */
import type { HttpConnectionMode } from "../config/haproxy/model.js";
import type { Channel } from "../reactor/channel.js";
import { BalancedSession } from "./balanced-session.js";
import type { ClientAddress } from "./client-address.js";
import type { ErrorPage } from "./error-pages.js";
import { countExchange } from "./http-accounting.js";
import { Method } from "./http1/head.js";
import { giveRequestSide, takeRequestSide } from "./http1/request-side.js";
import { giveResponseSide, takeResponseSide } from "./http1/response-side.js";
import { Transfer } from "./http1/transfer.js";
import { OwnConnections } from "./own-connections.js";
import { Relay, Relayed } from "./relay.js";
import { Reply } from "./reply.js";
import { Evidence } from "./rules/evidence.js";
import type { FrontendRules } from "./rules/frontend-rules.js";
import type { BackendRuntime, FrontendRuntime, ServerRuntime } from "./runtime.js";
import type { SessionContext } from "./session.js";
import { Counter } from "./shared-state.js";
import { areSameNames } from "./tls/server-names.js";

const Phase = {
  /** Between requests: no byte of the next one has come. */
  idle: 0,
  readingHead: 1,
  connecting: 2,
  /** The request is on its way, or the response. */
  exchanging: 3,
  tunnel: 4,
  /** Our own answer is on its way. */
  replying: 5,
  /** It has gone; the client's bytes are thrown away for a moment, so that no RST overtakes the answer. */
  lingering: 6,
} as const;

/** How long a client may go on sending after an answer that ends the connection, in milliseconds. */
const LINGER = 1000;

const evidence = new Evidence();

/** Of the two modes, the one that closes more. */
function connectionMode(frontend: HttpConnectionMode, backend: HttpConnectionMode = "keep-alive"): HttpConnectionMode {
  if (frontend === "close" || backend === "close") return "close";
  return frontend === "server-close" ? frontend : backend;
}

export class HttpSession extends BalancedSession {
  request = takeRequestSide(this.context.pool, this.context.headLimits);
  response = takeResponseSide(this.context.pool, this.context.headLimits);
  /** Requests of this connection so far, the present one included. */
  requests = 0;
  /** Kept only where a log line will show it. */
  requestLine: string | undefined;
  // Times of the present request, in the loop's milliseconds; 0: not reached.
  firstByteAt = 0;
  headAt = 0;
  responseAt = 0;
  /** Status sent to the client; 0: none yet. */
  status = 0;
  /** Bytes of the present request and of its response that have been sent on, as its end counts them. */
  bytesUp = 0;
  bytesDown = 0;

  #phase: number = Phase.idle;
  /** Its two sides are others' for the time being. */
  #isResting = false;
  readonly #isHttp1: boolean;
  /** Connections to servers that nobody else may use. */
  #own: OwnConnections | undefined;
  #isReused = false;
  /** The connection to the server is this client's alone, for what has passed on it. */
  #isOwn = false;
  /** A server has begun to authenticate its connection: where that is kept, the next request has to go. */
  #isAuthenticating = false;
  #closesServer = false;
  #keepAlive = false;
  #tunnel: Relay | undefined;
  #reply: Reply | undefined;

  /** @param isHttp1 it cannot turn out to be HTTP/2 */
  constructor(
    context: SessionContext,
    frontend: FrontendRuntime,
    client: Channel,
    address: ClientAddress,
    isHttp1 = false,
  ) {
    super(context, frontend, client, address);
    this.#isHttp1 = isHttp1;
  }

  start(): void {
    this.backend = undefined;
    this.firstByteAt = this.acceptedAt;
    this.#waitForHead();
  }

  override abort(): void {
    // What we answer ourselves has been counted and logged.
    if (this.#phase < Phase.replying) this.#endExchange("K-");
    this.end();
  }

  override onStopping(): void {
    if (this.#phase === Phase.idle) this.end();
  }

  /** The client has broken off the one request that its channel was for. */
  onClientReset(): void {
    switch (this.#phase) {
      case Phase.connecting:
        this.giveUpConnecting();
        break;
      case Phase.exchanging:
        this.#breakOff(this.response.hasHead ? "CD" : "CH");
        break;
      case Phase.tunnel:
        this.#breakOff("CD");
        break;
      default:
        this.end();
    }
  }

  /** `GET /path HTTP/1.1`, for the log. */
  protected describeRequest(): string {
    return this.request.requestLine();
  }

  protected override onClientReady(): void {
    switch (this.#phase) {
      case Phase.idle:
      case Phase.readingHead:
        this.#readRequest();
        break;
      case Phase.exchanging:
        this.#exchange();
        break;
      case Phase.tunnel:
        this.#runTunnel();
        break;
      case Phase.replying:
        this.#sendReply();
        break;
      case Phase.lingering:
        this.#linger();
        break;
    }
  }

  protected override onServerReady(): void {
    if (this.#phase === Phase.tunnel) this.#runTunnel();
    else if (this.#phase === Phase.exchanging) this.#exchange();
  }

  protected override onConnected(): void {
    this.#phase = Phase.exchanging;
    this.#exchange();
  }

  protected override onNoServer(termination: string): void {
    this.#answer(503, termination);
  }

  protected override onClientGaveUp(termination: string): void {
    this.#breakOff(termination);
  }

  protected override onTimeout(): void {
    switch (this.#phase) {
      case Phase.idle:
        this.#refuseSilence(408, "cR");
        break;
      case Phase.readingHead:
        this.#refuse(408, "cR");
        break;
      case Phase.exchanging:
        this.#onExchangeTimeout();
        break;
      case Phase.tunnel:
        this.#endExchange(this.#tunnel!.isClientLate ? "cD" : "sD");
        this.end();
        break;
      default:
        this.end();
    }
  }

  protected override preferredServer(backend: BackendRuntime): ServerRuntime | undefined {
    if (!this.#isAuthenticating && !backend.settings.preferLastServer) return undefined;
    return this.#own?.serverAmong(backend.servers);
  }

  protected override get isUpgrade(): boolean {
    return this.request.head.upgrade;
  }

  protected override reuse(server: ServerRuntime): Channel | undefined {
    const connection = this.#own?.take(server);
    this.#isOwn = connection !== undefined;
    this.#isReused = true;
    if (connection !== undefined) return connection;
    // Over HTTP/2 a server says which requests it has not touched (RFC 9113 §8.7), so a first one may always go there.
    const shared = server.isPrivate ? undefined : (this.http2Of(server)?.open(this) ?? this.#takeIdle(server));
    this.#isReused = shared !== undefined;
    return shared;
  }

  /** One of HTTP/1. */
  #takeIdle(server: ServerRuntime): Channel | undefined {
    if (this.isUpgrade && server.upgrade.version === "h2") return undefined;
    return server.idle.take(this.backend!.settings.httpReuse, this.requests === 1);
  }

  protected override end(): void {
    if (this.closed) return;
    this.#tunnel?.release();
    this.#reply?.release();
    this.#own?.closeAll();
    super.end();
    this.#giveSides();
  }

  // Request ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #readRequest(): void {
    this.#rouse();
    const result = this.request.readHead(this.client);
    if (this.#phase === Phase.idle && this.request.hasBegun) this.#beginRequest();
    switch (result) {
      case Transfer.head:
        this.#onRequestHead();
        break;
      case Transfer.malformed:
        if (this.#mayBeHttp2 && this.request.isHttp2Preface) this.#startHttp2();
        else this.#refuse(400, "PR");
        break;
      case Transfer.ended:
      case Transfer.senderBroke:
        this.#onClientGone();
        break;
      default:
        if (this.#phase === Phase.readingHead) this.#waitForHead();
        else this.#rest();
    }
  }

  /** An idle client needs no parsers, which are most of a session's memory. */
  #rest(): void {
    this.#isResting = true;
    this.#giveSides();
  }

  #rouse(): void {
    if (!this.#isResting) return;
    this.#isResting = false;
    this.request = takeRequestSide(this.context.pool, this.context.headLimits);
    this.response = takeResponseSide(this.context.pool, this.context.headLimits);
  }

  #giveSides(): void {
    this.request = giveRequestSide(this.request);
    this.response = giveResponseSide(this.response);
  }

  get #mayBeHttp2(): boolean {
    return this.requests === 1 && !this.#isHttp1 && this.#isHttp1Connection;
  }

  /** The session has a connection to itself, not one stream of HTTP/2. */
  get #isHttp1Connection(): boolean {
    return this.context.startHttp2 !== undefined;
  }

  /** The connection goes on without this session. */
  #startHttp2(): void {
    const { context } = this;
    this.closed = true;
    context.loop.timers.release(this.timer);
    const input = this.request.takeInput();
    this.#giveSides();
    context.startHttp2!(this, input);
  }

  /** The first byte of a request is there. */
  #beginRequest(): void {
    const { loop } = this.context;
    this.#phase = Phase.readingHead;
    this.requests++;
    this.backend = undefined;
    this.requestLine = undefined;
    this.firstByteAt = loop.now;
    this.headAt = 0;
    this.queuedAt = 0;
    this.connectStartedAt = 0;
    this.connectedAt = 0;
    this.serverQueue = 0;
    this.backendQueue = 0;
    this.responseAt = 0;
    this.status = 0;
    this.bytesUp = 0;
    this.bytesDown = 0;
    this.request.bytes = 0;
    this.response.bytes = 0;
    this.response.interimBytes = 0;
    this.retries = 0;
    this.redispatched = false;
    this.#waitForHead();
  }

  /** `timeout http-request` is for the whole head, `timeout client` for each silence. */
  #waitForHead(): void {
    const { timers, now } = this.context.loop;
    const { timeoutClient, timeoutHttpRequest } = this.frontend.settings;
    timers.arm(this.timer, Math.min(this.firstByteAt + timeoutHttpRequest, now + timeoutClient));
  }

  /** No request came. Between two of them, or where such connections are not logged, that needs no word. */
  #refuseSilence(status: number, termination: string): void {
    if (this.requests > 0 || this.frontend.settings.dontLogNull) {
      this.end();
      return;
    }
    this.#rouse();
    this.#beginRequest();
    this.firstByteAt = this.acceptedAt;
    this.#refuse(status, termination);
  }

  /** The client closed, or broke off, before its request was whole. */
  #onClientGone(): void {
    // It may have closed only its own half, and learn what was wrong.
    if (this.#phase === Phase.idle) this.#refuseSilence(400, "CR");
    else this.#refuse(400, "CR");
  }

  #onRequestHead(): void {
    const { request, frontend } = this;
    const { head } = request;
    this.headAt = this.context.loop.now;
    if (frontend.log !== undefined) this.requestLine = this.describeRequest();
    const backend = this.#route(frontend.rules);
    if (backend === "reject") {
      this.#deny();
      return;
    }
    const mode = connectionMode(frontend.settings.connectionMode, backend?.settings.connectionMode);
    this.#closesServer = mode !== "keep-alive";
    if (!request.accept(this.#closesServer && backend?.settings.pretendKeepAlive !== true)) {
      this.#refuse(400, "PR");
      return;
    }
    frontend.counters.add(Counter.requests, 1);
    this.#keepAlive = head.keepAlive && mode !== "close";
    this.response.begin(head.method);
    this.#phase = Phase.connecting;
    if (backend === undefined) {
      this.#answer(503, "SC");
      return;
    }
    this.backend = backend;
    this.isInBackend = true;
    this.context.state.enter(backend.entity);
    backend.counters.add(Counter.sessions, 1);
    backend.counters.add(Counter.requests, 1);
    this.connectToServer(backend);
  }

  /** Asks the rules, and takes what the servers are to be told; before `accept` changes the head. */
  #route(rules: FrontendRules<BackendRuntime>): BackendRuntime | "reject" | undefined {
    const isPlain = !rules.needRequest && rules.fallback?.takeServerNames === undefined;
    if (isPlain && this.serverNames === undefined) return rules.fallback;
    const { bytes, start, end } = this.request.input;
    evidence.ofRequest(this, bytes, start, end, this.request.head);
    if (rules.inspect(evidence) === "reject") return "reject";
    const backend = rules.chooseBackend(evidence);
    const names = backend?.takeServerNames?.(evidence);
    // A connection for one name is not one for another.
    if (!areSameNames(names, this.serverNames)) this.#own?.closeAll();
    this.serverNames = names;
    return backend;
  }

  /** `tcp-request content reject`: the client gets no answer. */
  #deny(): void {
    const { frontend } = this;
    frontend.counters.add(Counter.requests, 1);
    frontend.counters.add(Counter.deniedRequests, 1);
    frontend.log?.http(this, "PR");
    this.end();
  }

  // Exchange ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #exchange(): void {
    if (!this.#forwardRequest() || !this.#forwardResponse()) return;
    if (this.hasClientGivenUp && this.request.isDone && !this.response.hasHead) {
      this.#answer(400, "CH");
      return;
    }
    const { loop } = this.context;
    const waitsForClient = this.#waitsForClient;
    const timeout = waitsForClient ? this.frontend.settings.timeoutClient : this.backend!.settings.timeoutServer;
    loop.timers.arm(this.timer, loop.now + timeout);
  }

  /** False when the exchange is over, or in other hands. */
  #forwardRequest(): boolean {
    switch (this.request.forward(this.client, this.upstream!)) {
      case Transfer.ended:
      case Transfer.senderBroke:
        this.#breakOff(this.response.hasHead ? "CD" : "CH");
        return false;
      case Transfer.malformed:
        this.frontend.counters.add(Counter.requestErrors, 1);
        if (this.response.hasHead) this.#breakOff("PD");
        else this.#answer(400, "PR");
        return false;
      case Transfer.receiverBroke:
        if (this.#replay()) return false;
        // The server may have answered before it closed: that is forwarded, the rest of the request can go nowhere.
        if (!this.request.isDone) this.#keepAlive = false;
        this.request.abandon();
        return true;
      default:
        return true;
    }
  }

  /** False when the exchange is over, or in other hands. */
  #forwardResponse(): boolean {
    let result: number = this.response.forward(this.client, this.upstream!);
    for (;;) {
      switch (result) {
        case Transfer.waiting:
          return true;
        case Transfer.head:
          if (!this.#onResponseHead()) return false;
          // An interim head may have another one behind it.
          result = this.response.hasHead || !this.response.hasBegun ? Transfer.waiting : this.response.parseHead();
          if (result === Transfer.waiting) result = this.response.forward(this.client, this.upstream!);
          break;
        case Transfer.done:
          // The server answered early and reads on: so does the connection.
          if (!this.request.isDone && this.response.head.keepAlive && !this.upstream!.hungUp) return true;
          this.#finishExchange();
          return false;
        case Transfer.ended:
          if (this.response.hasHead && this.response.body.isUntilClose) this.#finishExchange();
          else this.#onServerGone();
          return false;
        case Transfer.senderBroke:
          this.#onServerGone();
          return false;
        case Transfer.malformed:
          this.#onBadResponse();
          return false;
        default:
          this.#breakOff("CD");
          return false;
      }
    }
  }

  /** Decides on a complete head. False when the exchange is over, or in other hands. */
  #onResponseHead(): boolean {
    const { head } = this.response;
    const request = this.request.head;
    const isSwitch = head.status === 101;
    // Nobody may switch protocols unasked, or to nothing (RFC 9110 §7.8): the client would take the server's bytes for
    // responses.
    if (isSwitch && !(request.upgrade && head.upgrade)) {
      this.#onBadResponse();
      return false;
    }
    const isTunnel = isSwitch || (request.method === Method.CONNECT && head.status >= 200 && head.status < 300);
    if (head.status < 200 && !isTunnel) {
      // HTTP/1.0 clients do not know interim responses (RFC 9110 §15.2).
      if (this.response.forwardInterim(this.client, request.minor === 1)) return true;
      this.#breakOff("CH");
      return false;
    }
    const { statuses } = this.backend!.settings.retryOn;
    if (statuses.length > 0 && this.#retryOn(statuses.includes(head.status))) return false;
    this.responseAt = this.context.loop.now;
    this.status = head.status;
    if (isTunnel) {
      this.#startTunnel();
      return false;
    }
    if (this.response.authenticatesConnection) {
      this.#isOwn = true;
      this.#isAuthenticating = true;
    }
    // A server that closes before it has read the request leaves no way to tell where the next one begins.
    const isCutOff = !head.keepAlive && !this.request.isDone;
    if (head.untilClose || isCutOff || this.context.stopping) this.#keepAlive = false;
    const isOldClient = request.minor === 0;
    // Without its chunks, the body ends where the connection does.
    if (head.chunked && isOldClient) this.#keepAlive = false;
    if (this.response.accept(this.#keepAlive, isOldClient)) return true;
    this.#onBadResponse();
    return false;
  }

  #onServerGone(): void {
    if (this.response.hasHead) {
      this.server?.counters.add(Counter.serverAborts, 1);
      this.backend?.counters.add(Counter.serverAborts, 1);
      this.#breakOff("SD");
      return;
    }
    const { emptyResponse, junkResponse } = this.backend!.settings.retryOn;
    if (this.#replay() || this.#retryOn(this.response.hasBegun ? junkResponse : emptyResponse)) return;
    if (this.#isReused && this.requests > 1 && this.#isHttp1Connection) {
      this.#leaveRetryToClient();
      return;
    }
    this.server?.counters.add(Counter.responseErrors, 1);
    this.backend?.counters.add(Counter.responseErrors, 1);
    this.#answer(502, "SH");
  }

  #onBadResponse(): void {
    if (this.#retryOn(this.backend!.settings.retryOn.junkResponse)) return;
    this.server?.counters.add(Counter.responseErrors, 1);
    this.backend?.counters.add(Counter.responseErrors, 1);
    if (this.response.bytes > 0) this.#breakOff("PD");
    else this.#answer(502, "PH");
  }

  /**
   * The server closed an idle connection just when the request was sent on it, and doing that twice could do harm: only
   * the client can say. To a client that keeps its connection, a close between two requests says just that (RFC 9112
   * §9.3.1), as it would from the server itself.
   */
  #leaveRetryToClient(): void {
    this.closeUpstream();
    this.#endExchange("SH");
    this.end();
  }

  /**
   * Nothing has been answered, and the request is sent again on a connection of its own: the server closed an idle one
   * just when the request went out on it, or it says that it has not looked at the request (RFC 9113 §8.7).
   * @returns false if that cannot be done
   */
  #replay(): boolean {
    const isUntouched = this.upstream?.isUntouched === true;
    if (!this.#isReused && !(isUntouched && this.hasRetriesLeft)) return false;
    if (!isUntouched && !this.request.isIdempotent) return false;
    if (this.response.hasBegun || !this.request.rewind()) return false;
    if (!this.#isReused) {
      this.retries++;
      this.server!.counters.add(Counter.retries, 1);
      this.backend!.counters.add(Counter.retries, 1);
    }
    this.#isReused = false;
    this.closeUpstream();
    this.#phase = Phase.connecting;
    this.openUpstream();
    return true;
  }

  /**
   * `retry-on`: the same request once more, whatever its method. False if the event is none of those, if it has been
   * tried often enough, if the request does not fit into a buffer, or if something of an answer has gone out.
   */
  #retryOn(isEvent: boolean): boolean {
    if (!isEvent || !this.hasRetriesLeft || this.response.bytes > 0 || !this.request.rewind()) return false;
    this.response.begin(this.request.head.method);
    this.responseAt = 0;
    this.status = 0;
    this.#isReused = false;
    this.#isOwn = false;
    this.#phase = Phase.connecting;
    this.tryAgain();
    return true;
  }

  /** The response is through. */
  #finishExchange(): void {
    const { request, response, context } = this;
    const upstream = this.upstream!;
    const server = this.server!;
    const isWhole = request.isDone;
    this.upstream = undefined;
    const isReusable = isWhole && response.head.keepAlive && !response.hasExcess && !this.#closesServer;
    if (!isReusable || context.stopping) upstream.retire();
    else if (this.#isOwn || server.isPrivate) this.#keepOwn(server, upstream);
    else server.idle.keep(upstream, this.#isReused);
    this.#endExchange("--");
    response.release();
    if (!this.#keepAlive || !isWhole || context.stopping) {
      // A client that asked for the end sends no more (RFC 9112 §9.6): there is nothing to linger for.
      if (isWhole && !request.head.keepAlive && !request.hasExcess && !this.client.hasInput()) this.end();
      else this.#startLingering();
      return;
    }
    this.#waitForRequest();
  }

  #waitForRequest(): void {
    const { request, client, frontend } = this;
    const { loop } = this.context;
    this.#phase = Phase.idle;
    request.next();
    loop.timers.arm(this.timer, loop.now + frontend.settings.timeoutHttpKeepAlive);
    // The next request is there already: it gets its turn after the other connections.
    if (request.hasBegun || client.readable) loop.resume(client);
    else this.#rest();
  }

  #keepOwn(server: ServerRuntime, upstream: Channel): void {
    this.#own ??= new OwnConnections();
    this.#own.keep(server, upstream);
  }

  /** Counts and logs the present request, and lets go of its server. */
  #endExchange(termination: string): void {
    if (this.#phase === Phase.idle) return;
    this.bytesUp = this.request.bytes + (this.#tunnel?.bytesUp ?? 0);
    this.bytesDown =
      this.response.interimBytes + this.response.bytes + (this.#tunnel?.bytesDown ?? 0) + (this.#reply?.length ?? 0);
    countExchange(this, termination);
    this.frontend.log?.http(this, termination);
    if (this.isInBackend) this.context.state.leave(this.backend!.entity);
    this.isInBackend = false;
    this.detachServer();
  }

  /** Ends request and connection in the middle: neither side may take what it has for the whole. */
  #breakOff(termination: string): void {
    this.upstream?.abort();
    this.closeUpstream();
    this.#endExchange(termination);
    this.client.abort();
    this.end();
  }

  #onExchangeTimeout(): void {
    if (this.response.hasHead) this.#breakOff(this.#waitsForClient ? "cD" : "sD");
    else if (this.#waitsForClient) this.#answer(408, "cD");
    else if (!this.#retryOn(this.backend!.settings.retryOn.responseTimeout)) this.#answer(504, "sH");
  }

  get #waitsForClient(): boolean {
    return this.response.waitsForClient || this.request.waitsForClient;
  }

  // Tunnel ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** 101, or 2xx to CONNECT: from here on it is bytes. */
  #startTunnel(): void {
    this.#phase = Phase.tunnel;
    const { context, client, upstream, frontend, backend } = this;
    const up = this.request.takeRest();
    const down = this.response.takeRest();
    this.#tunnel = new Relay(context, client, upstream!, frontend.settings, backend!.settings, up, down);
    this.#runTunnel();
  }

  #runTunnel(): void {
    const result = this.#tunnel!.run();
    if (result === Relayed.running) {
      const { loop } = this.context;
      loop.timers.arm(this.timer, loop.now + this.#tunnel!.patience);
      return;
    }
    if (result === Relayed.finished) {
      this.#endExchange("--");
      this.end();
    } else this.#breakOff(result === Relayed.clientBroke ? "CD" : "SD");
  }

  // Our own answers ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A request that is refused before it has a backend; as HAProxy counts, it is one. */
  #refuse(status: number, termination: string): void {
    this.frontend.counters.add(Counter.requests, 1);
    this.frontend.counters.add(Counter.requestErrors, 1);
    this.#keepAlive = false;
    this.#answer(status, termination);
  }

  /** Answers with an error page. The client's connection goes on if its request has been read to the end. */
  #answer(status: number, termination: string): void {
    const { context, frontend } = this;
    this.closeUpstream();
    this.response.release();
    this.status = status;
    const { pages } = this.isInBackend ? this.backend! : frontend;
    this.#reply = this.#replyWith(pages.page(status, frontend.pages));
    this.#endExchange(termination);
    this.#phase = Phase.replying;
    context.loop.timers.arm(this.timer, context.loop.now + frontend.settings.timeoutClient);
    this.#sendReply();
  }

  #replyWith({ closing, keeping, headLength }: ErrorPage): Reply {
    const { context, request } = this;
    const { pool } = context;
    const isKeepable = keeping !== undefined && keeping.length <= pool.size && request.head.minor === 1;
    // A stream of HTTP/2 carries one request, and is over with its answer.
    if (!isKeepable || !this.#isHttp1Connection || !request.body.done || context.stopping) this.#keepAlive = false;
    if (!this.#keepAlive) return new Reply(pool, closing);
    return new Reply(pool, request.head.method === Method.HEAD ? keeping!.subarray(0, headLength) : keeping!);
  }

  #sendReply(): void {
    const result = this.#reply!.send(this.client);
    if (result === Transfer.receiverBroke) this.end();
    if (result !== Transfer.done) return;
    this.#reply = undefined;
    if (this.#keepAlive) this.#waitForRequest();
    else this.#startLingering();
  }

  #startLingering(): void {
    const { loop } = this.context;
    this.client.finish();
    this.#phase = Phase.lingering;
    loop.timers.arm(this.timer, loop.now + LINGER);
    this.#linger();
  }

  #linger(): void {
    if (this.client.ended || this.request.drain(this.client) !== Transfer.waiting) this.end();
  }
}
