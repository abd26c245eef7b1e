/**
 * `mode http`: one client's connection and, one after another, its requests. A request's bytes are parsed where the
 * kernel put them, edited in place if need be, and sent on from there; the same for the response.
 */
import type { ByteBuffer } from "../reactor/buffers.js";
import { BUFFER_SIZE } from "../reactor/buffers.js";
import type { Connection } from "../reactor/connection.js";
import { EAGAIN } from "../sys/errno.js";
import { BodyFraming } from "./http1/body-framing.js";
import { Method, RequestHead, ResponseHead } from "./http1/head.js";
import { editRequest, editResponse, HEADROOM } from "./http1/head-edit.js";
import { Relay, Relayed } from "./relay.js";
import type { BackendRuntime, ServerRuntime } from "./runtime.js";
import { Session } from "./session.js";
import { Counter } from "./shared-state.js";

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

/** Buffers that one side may fill before the others in the loop get their turn. */
const FAIR_SHARE = 16;
/** How long a client may go on sending after an answer that ends the connection, in milliseconds. */
const LINGER = 1000;
/** A head must leave room for what is inserted. */
const MAX_HEAD = BUFFER_SIZE - HEADROOM;

export class HttpSession extends Session {
  readonly request = new RequestHead();
  readonly response = new ResponseHead();
  /** Requests of this connection so far, the present one included. */
  requests = 0;
  /** The request line, kept only where a log line will show it. */
  requestLine: string | undefined;
  // Times of the present request, in the loop's milliseconds; 0: not reached.
  idleSince: number;
  firstByteAt = 0;
  headAt = 0;
  responseAt = 0;
  /** Status sent to the client; 0: none yet. */
  status = 0;
  /** Bytes of the present request, and of its response, that have been sent on. */
  bytesUp = 0;
  bytesDown = 0;

  #phase: number = Phase.idle;
  #requestBuffer: ByteBuffer | undefined;
  /** The client's bytes up to here may be sent on. */
  #requestReady = 0;
  /** They have been sent up to here; they stay from `buffer.start`, as long as the request may have to be sent again. */
  #requestSent = 0;
  readonly #requestBody = new BodyFraming();
  #isReplayable = false;
  #isReused = false;
  #responseBuffer: ByteBuffer | undefined;
  #responseReady = 0;
  #responseSent = 0;
  #hasResponseHead = false;
  readonly #responseBody = new BodyFraming();
  #keepAlive = false;
  #relay: Relay | undefined;
  /** In a queue of the backend's sessions: `leave` is due. */
  #isInBackend = false;

  readonly #sendReply = (): void => this.#flushReply();

  constructor(...args: ConstructorParameters<typeof Session>) {
    super(...args);
    this.idleSince = this.acceptedAt;
  }

  start(): void {
    this.#armIdleTimer();
  }

  override abort(): void {
    this.#endExchange("K-");
    this.end();
  }

  override onStopping(): void {
    if (this.#phase === Phase.idle) this.end();
  }

  protected override onClientReady(): void {
    switch (this.#phase) {
      case Phase.idle:
      case Phase.readingHead:
        this.#readRequest();
        return;
      case Phase.exchanging:
        this.#exchange();
        return;
      case Phase.tunnel:
        this.#runTunnel();
        return;
      case Phase.replying:
        this.#sendReply();
        return;
      case Phase.lingering:
        this.#linger();
        return;
    }
  }

  protected override onClientReadyWhileConnecting(): void {}

  protected override onServerReady(): void {
    if (this.#phase === Phase.tunnel) this.#runTunnel();
    else if (this.#phase === Phase.exchanging) this.#exchange();
  }

  protected override onNoServer(): void {
    this.#reply(503, "SC");
  }

  protected override onTimeout(): void {
    switch (this.#phase) {
      case Phase.idle:
        this.end();
        return;
      case Phase.readingHead:
        this.#refuse(408, "cR");
        return;
      case Phase.exchanging:
        this.#onExchangeTimeout();
        return;
      case Phase.tunnel:
        this.#endExchange(this.#relay?.isClientSlow === true ? "cD" : "sD");
        this.end();
        return;
      default:
        this.end();
    }
  }

  /**
   * A first request never goes on a connection that was idle (`http-reuse safe`): should the server just have closed
   * it, the client could not know that trying again is harmless.
   */
  protected override reuse(server: ServerRuntime): Connection | undefined {
    this.#isReused = false;
    if (this.requests === 1 || this.backend!.settings.source?.useSource !== undefined) return undefined;
    const connection = server.idle.take();
    this.#isReused = connection !== undefined;
    return connection;
  }

  // ── Request ────────────────────────────────────────────────────────────────

  #readRequest(): void {
    this.#requestBuffer ??= this.#takeHeadBuffer();
    const buffer = this.#requestBuffer;
    for (;;) {
      if (buffer.end > buffer.start) {
        this.#beginRequest();
        const length = this.request.parse(buffer.bytes, buffer.start, buffer.end);
        if (length > 0) {
          this.#onRequestHead(buffer, length);
          return;
        }
        if (length < 0 || buffer.length >= MAX_HEAD) {
          this.#refuse(400, "PR");
          return;
        }
      }
      if (!this.client.readable) break;
      const count = this.client.receive(buffer, Math.min(MAX_HEAD - buffer.length, buffer.room));
      if (count > 0) continue;
      if (count === -EAGAIN) break;
      this.#onClientGone();
      return;
    }
    if (this.#phase === Phase.idle && buffer.end === buffer.start) {
      this.context.pool.give(buffer);
      this.#requestBuffer = undefined;
    }
  }

  /** The first byte of a request is there. */
  #beginRequest(): void {
    if (this.#phase !== Phase.idle) return;
    this.#phase = Phase.readingHead;
    this.requests++;
    this.firstByteAt = this.context.loop.now;
    this.headAt = 0;
    this.connectStartedAt = 0;
    this.connectedAt = 0;
    this.responseAt = 0;
    this.status = 0;
    this.bytesUp = 0;
    this.bytesDown = 0;
    this.retries = 0;
    this.redispatched = false;
    this.requestLine = undefined;
    this.request.reset();
    const { loop } = this.context;
    loop.timers.arm(this.timer, loop.now + this.frontend.settings.timeoutHttpRequest);
  }

  /** The client closed, or broke off, before its request was whole. */
  #onClientGone(): void {
    if (this.#phase === Phase.readingHead) {
      this.frontend.counters.add(Counter.requestErrors, 1);
      this.frontend.counters.add(Counter.clientAborts, 1);
      this.#log("CR");
    } else if (this.requests === 0 && !this.frontend.settings.dontLogNull) this.#log("CR");
    this.end();
  }

  #onRequestHead(buffer: ByteBuffer, length: number): void {
    const { request, frontend } = this;
    this.headAt = this.context.loop.now;
    frontend.counters.add(Counter.requests, 1);
    if (frontend.log !== undefined)
      this.requestLine = textOf(buffer, request.methodStart, request.targetEnd, request.minor);
    const bodyAt = buffer.start + length;
    this.#beginRequestBody(request);
    editRequest(buffer, request);
    this.#requestSent = buffer.start;
    this.#requestReady = this.#requestBody.advance(buffer.bytes, bodyAt, buffer.end);
    if (this.#requestBody.broken) {
      this.#refuse(400, "PR");
      return;
    }
    this.#isReplayable = true;
    this.#keepAlive = request.keepAlive;
    this.#hasResponseHead = false;
    this.response.reset();
    this.#phase = Phase.connecting;
    const backend = frontend.backend;
    if (backend === undefined) {
      this.#reply(503, "SC");
      return;
    }
    this.#enterBackend(backend);
    this.connectToServer(backend);
  }

  #beginRequestBody(request: RequestHead): void {
    if (request.chunked) this.#requestBody.beginChunked();
    else if (request.contentLength > 0) this.#requestBody.beginLength(request.contentLength);
    else this.#requestBody.beginEmpty();
  }

  #enterBackend(backend: BackendRuntime): void {
    this.backend = backend;
    this.#isInBackend = true;
    this.context.state.enter(backend.entity);
    backend.counters.add(Counter.sessions, 1);
    backend.counters.add(Counter.requests, 1);
  }

  protected override onConnected(): void {
    this.#phase = Phase.exchanging;
    this.#exchange();
  }

  // ── Exchange ───────────────────────────────────────────────────────────────

  #exchange(): void {
    if (this.#forwardRequest() && this.#forwardResponse()) this.#armExchangeTimer();
  }

  /** Sends on what there is of the request. False when the exchange is over, or has gone to other hands. */
  #forwardRequest(): boolean {
    const { client } = this;
    const upstream = this.upstream!;
    const body = this.#requestBody;
    for (let round = 0; ; round++) {
      const buffer = this.#requestBuffer;
      if (buffer !== undefined && this.#requestSent < this.#requestReady) {
        if (!upstream.writable) return true;
        const count = upstream.transmit(buffer, this.#requestSent, this.#requestReady);
        if (count < 0) return this.#onServerRefusesBytes();
        this.#requestSent += count;
        this.bytesUp += count;
        if (this.#requestSent < this.#requestReady) return true;
      }
      if (body.done || !client.readable) return true;
      if (round === FAIR_SHARE) {
        client.loop.resume(client);
        return true;
      }
      if (!this.#receiveBody()) return false;
    }
  }

  /** Reads more of the request's body, all earlier bytes having gone. False when the exchange is over. */
  #receiveBody(): boolean {
    this.#requestBuffer ??= this.context.pool.take();
    const buffer = this.#requestBuffer;
    if (buffer.room === 0 || this.#hasResponseHead) {
      this.#isReplayable = false;
      buffer.clear();
      this.#requestSent = 0;
      this.#requestReady = 0;
    }
    const count = this.client.receive(buffer, buffer.room);
    if (count === -EAGAIN) return true;
    if (count <= 0) {
      this.#breakOff(this.#hasResponseHead ? "CD" : "CH");
      return false;
    }
    this.#requestReady = this.#requestBody.advance(buffer.bytes, this.#requestReady, buffer.end);
    if (!this.#requestBody.broken) return true;
    this.frontend.counters.add(Counter.requestErrors, 1);
    if (this.#hasResponseHead) this.#breakOff("PD");
    else this.#reply(400, "PR");
    return false;
  }

  /** The server takes no more bytes; it may have answered before it closed. */
  #onServerRefusesBytes(): boolean {
    if (!this.#hasResponseHead && this.#isReused && this.#replay()) return false;
    this.#requestSent = this.#requestReady;
    if (this.#requestBody.done) return true;
    // What it has said is forwarded; the rest of the request can go nowhere.
    this.#requestBody.beginEmpty();
    this.#keepAlive = false;
    return true;
  }

  /** Sends on what there is of the response. False when the exchange is over, or has gone to other hands. */
  #forwardResponse(): boolean {
    const { client } = this;
    for (let round = 0; ; round++) {
      const buffer = this.#responseBuffer;
      if (this.#responseSent < this.#responseReady) {
        if (!client.writable) return true;
        const count = client.transmit(buffer!, this.#responseSent, this.#responseReady);
        if (count < 0) {
          this.#breakOff("CD");
          return false;
        }
        this.#responseSent += count;
        this.bytesDown += count;
        if (this.#responseSent < this.#responseReady) return true;
      }
      if (this.#hasResponseHead && this.#responseBody.done) {
        this.#finishExchange();
        return false;
      }
      const upstream = this.upstream!;
      if (!upstream.readable) return true;
      if (round === FAIR_SHARE) {
        upstream.loop.resume(upstream);
        return true;
      }
      if (!this.#receiveResponse(upstream)) return false;
    }
  }

  #receiveResponse(upstream: Connection): boolean {
    this.#responseBuffer ??= this.#takeResponseBuffer();
    const buffer = this.#responseBuffer;
    if (this.#hasResponseHead) {
      buffer.clear();
      this.#responseSent = 0;
      this.#responseReady = 0;
    }
    const room = this.#hasResponseHead ? buffer.room : Math.min(MAX_HEAD - buffer.length, buffer.room);
    const count = upstream.receive(buffer, room);
    if (count > 0) return this.#hasResponseHead ? this.#takeBody(buffer) : this.#takeResponseHead(buffer);
    if (count === -EAGAIN) return true;
    return this.#onServerEnd(count === 0);
  }

  #takeBody(buffer: ByteBuffer): boolean {
    this.#responseReady = this.#responseBody.advance(buffer.bytes, 0, buffer.end);
    if (!this.#responseBody.broken) return true;
    this.#onBadResponse("PD");
    return false;
  }

  #takeResponseHead(buffer: ByteBuffer): boolean {
    const { response } = this;
    for (;;) {
      const length = response.parse(buffer.bytes, buffer.start, buffer.end, this.request.method);
      if (length === 0 && buffer.length < MAX_HEAD) return true;
      if (length <= 0) {
        this.#onBadResponse("PH");
        return false;
      }
      if (response.status === 101) return this.#startTunnel(buffer);
      if (response.status >= 200) break;
      if (!this.#forwardInterim(buffer, length)) return false;
      if (buffer.length === 0) return true;
    }
    return this.#onFinalHead(buffer, response.length);
  }

  /** A 1xx response goes on as it is, and the final one is still to come. */
  #forwardInterim(buffer: ByteBuffer, length: number): boolean {
    // HTTP/1.0 clients do not know them (RFC 9110 §15.2).
    if (this.request.minor === 1) {
      const count = this.client.transmit(buffer, buffer.start, buffer.start + length);
      // So few bytes fit into a socket that has nothing else to send; if not, the client does not read.
      if (count !== length) {
        this.#breakOff("CH");
        return false;
      }
    }
    buffer.start += length;
    buffer.compact(HEADROOM);
    this.response.reset();
    return true;
  }

  #onFinalHead(buffer: ByteBuffer, length: number): boolean {
    const { response, request } = this;
    this.responseAt = this.context.loop.now;
    this.status = response.status;
    if (response.chunked && request.minor === 0) {
      // It was asked in HTTP/1.0, and its client cannot read chunks.
      this.#onBadResponse("PH");
      return false;
    }
    if (request.method === Method.CONNECT && response.status < 300) return this.#startTunnel(buffer);
    this.#hasResponseHead = true;
    if (response.bodyless || response.contentLength === 0) this.#responseBody.beginEmpty();
    else if (response.chunked) this.#responseBody.beginChunked();
    else if (response.untilClose) this.#responseBody.beginUntilClose();
    else this.#responseBody.beginLength(response.contentLength);
    if (response.untilClose || this.context.stopping) this.#keepAlive = false;
    const bodyAt = buffer.start + length;
    editResponse(buffer, response, this.#keepAlive, request.minor === 0);
    this.#responseSent = buffer.start;
    this.#responseReady = this.#responseBody.advance(buffer.bytes, bodyAt, buffer.end);
    if (this.#responseBody.broken) {
      this.#onBadResponse("PH");
      return false;
    }
    return true;
  }

  #onServerEnd(isClean: boolean): boolean {
    if (this.#hasResponseHead) {
      if (isClean && this.#responseBody.isUntilClose) {
        this.#responseBody.done = true;
        return true;
      }
      this.server?.counters.add(Counter.serverAborts, 1);
      this.backend?.counters.add(Counter.serverAborts, 1);
      this.#breakOff("SD");
      return false;
    }
    if (this.#isReused && this.#replay()) return false;
    this.server?.counters.add(Counter.responseErrors, 1);
    this.backend?.counters.add(Counter.responseErrors, 1);
    this.#reply(502, "SH");
    return false;
  }

  #onBadResponse(termination: string): void {
    this.server?.counters.add(Counter.responseErrors, 1);
    this.backend?.counters.add(Counter.responseErrors, 1);
    if (this.#responseSent > 0 && this.bytesDown > 0) this.#breakOff(termination);
    else this.#reply(502, termination);
  }

  /**
   * The server closed an idle connection just when the request was sent on it. Nothing was answered, so a request
   * that is whole in the buffer and idempotent (RFC 9110 §9.2.2) is sent again on a connection of its own.
   */
  #replay(): boolean {
    const { method } = this.request;
    const isIdempotent = method !== Method.POST && method !== Method.PATCH && method !== Method.OTHER;
    const hasAnswer = this.#responseBuffer !== undefined && this.#responseBuffer.length > 0;
    if (!this.#isReplayable || !isIdempotent || hasAnswer || this.#requestBuffer === undefined) return false;
    this.#isReused = false;
    this.bytesUp = 0;
    this.#requestSent = this.#requestBuffer.start;
    this.closeUpstream();
    this.#phase = Phase.connecting;
    this.openUpstream();
    return true;
  }

  /** Request and response are through. */
  #finishExchange(): void {
    const upstream = this.upstream!;
    const server = this.server!;
    const isWhole = this.#requestBody.done && this.#requestSent === this.#requestReady;
    const hasMore = this.#responseBuffer !== undefined && this.#responseReady < this.#responseBuffer.end;
    const isReusable = isWhole && !hasMore && this.response.keepAlive && !this.context.stopping;
    this.upstream = undefined;
    if (isReusable && this.backend!.settings.source?.useSource === undefined) server.idle.keep(upstream);
    else upstream.close();
    this.#endExchange("--");
    this.#giveResponseBuffer();
    if (!this.#keepAlive || !isWhole || this.context.stopping) {
      this.#startLingering();
      return;
    }
    this.#phase = Phase.idle;
    this.idleSince = this.context.loop.now;
    this.#armIdleTimer();
    this.#afterExchange();
  }

  /** Goes on with a request that has come already, or lets the buffer go. */
  #afterExchange(): void {
    const buffer = this.#requestBuffer;
    if (buffer !== undefined) {
      buffer.start = this.#requestReady;
      if (buffer.length === 0) {
        this.context.pool.give(buffer);
        this.#requestBuffer = undefined;
      } else if (buffer.start < HEADROOM) {
        // The body overwrote the headroom: move what follows behind it.
        buffer.bytes.copyWithin(HEADROOM, buffer.start, buffer.end);
        buffer.end += HEADROOM - buffer.start;
        buffer.start = HEADROOM;
      } else buffer.compact(HEADROOM);
    }
    if (this.#requestBuffer !== undefined || this.client.readable) this.client.loop.resume(this.client);
  }

  /** Counts and logs the present request, and lets go of its server. */
  #endExchange(termination: string): void {
    if (this.#phase === Phase.idle) return;
    const { frontend, backend, server } = this;
    if (this.#relay !== undefined) {
      this.bytesUp += this.#relay.bytesUp;
      this.bytesDown += this.#relay.bytesDown;
    }
    frontend.counters.add(Counter.bytesIn, this.bytesUp);
    frontend.counters.add(Counter.bytesOut, this.bytesDown);
    const status = statusCounter(this.status);
    if (this.status > 0) frontend.counters.add(status, 1);
    if (this.#isInBackend) {
      this.#countIn(backend!.counters, status, termination);
      if (server !== undefined) this.#countIn(server.counters, status, termination);
      this.#isInBackend = false;
      this.context.state.leave(backend!.entity);
    }
    if (termination[0] === "C" || termination[0] === "c") frontend.counters.add(Counter.clientAborts, 1);
    this.#log(termination);
    this.detachServer();
  }

  #countIn(counters: BackendRuntime["counters"], status: number, termination: string): void {
    counters.add(Counter.bytesIn, this.bytesUp);
    counters.add(Counter.bytesOut, this.bytesDown);
    if (this.status > 0) counters.add(status, 1);
    if (termination[0] === "C" || termination[0] === "c") counters.add(Counter.clientAborts, 1);
    if (this.connectedAt > 0) counters.slide(Counter.connectTime, this.connectedAt - this.connectStartedAt);
    if (this.responseAt > 0) counters.slide(Counter.responseTime, this.responseAt - this.connectedAt);
    counters.slide(Counter.totalTime, this.context.loop.now - this.firstByteAt);
  }

  #log(termination: string): void {
    this.frontend.log?.http(this, termination);
  }

  /** Ends request and connection in the middle: the client must not take what it has for the whole. */
  #breakOff(termination: string): void {
    this.upstream?.abort();
    this.closeUpstream();
    this.#endExchange(termination);
    this.client.abort();
    this.end();
  }

  // ── Tunnel ─────────────────────────────────────────────────────────────────

  /** 101, or 2xx to CONNECT: from here on it is bytes. */
  #startTunnel(buffer: ByteBuffer): boolean {
    this.responseAt = this.context.loop.now;
    this.status = this.response.status;
    this.#phase = Phase.tunnel;
    let up = this.#requestBuffer;
    if (up !== undefined) {
      up.start = this.#requestReady;
      if (up.length === 0) {
        this.context.pool.give(up);
        up = undefined;
      }
    }
    this.#requestBuffer = undefined;
    this.#responseBuffer = undefined;
    this.#relay = new Relay(this.context.pool, this.client, this.upstream!, up, buffer);
    this.#runTunnel();
    return false;
  }

  #runTunnel(): void {
    const result = this.#relay!.run();
    const { loop } = this.context;
    if (result === Relayed.running) {
      const idle = Math.min(this.frontend.settings.timeoutClient, this.backend!.settings.timeoutServer);
      loop.timers.arm(this.timer, loop.now + idle);
      return;
    }
    if (result === Relayed.finished) this.#endExchange("--");
    else this.#endExchange(result === Relayed.clientBroke ? "CD" : "SD");
    this.end();
  }

  // ── Our own answers ────────────────────────────────────────────────────────

  /** A request that is refused before it has a backend. */
  #refuse(status: number, termination: string): void {
    this.frontend.counters.add(Counter.requestErrors, 1);
    this.#reply(status, termination);
  }

  /** Answers with an error page and closes. */
  #reply(status: number, termination: string): void {
    this.closeUpstream();
    this.#giveResponseBuffer();
    this.#hasResponseHead = false;
    this.status = status;
    const page = (this.#isInBackend ? this.backend! : this.frontend).pages.page(status, this.frontend.pages);
    const buffer = this.context.pool.take();
    const length = Math.min(page.length, buffer.bytes.length);
    buffer.bytes.set(length === page.length ? page : page.subarray(0, length));
    buffer.end = length;
    this.bytesDown = length;
    this.#endExchange(termination);
    this.#responseBuffer = buffer;
    this.#phase = Phase.replying;
    const { loop } = this.context;
    loop.timers.arm(this.timer, loop.now + this.frontend.settings.timeoutClient);
    this.#flushReply();
  }

  #flushReply(): void {
    const buffer = this.#responseBuffer!;
    if (!this.client.writable) return;
    const count = this.client.transmit(buffer, buffer.start, buffer.end);
    if (count < 0) {
      this.end();
      return;
    }
    buffer.start += count;
    if (buffer.start === buffer.end) this.#startLingering();
  }

  #startLingering(): void {
    this.#giveResponseBuffer();
    this.client.finish();
    this.#phase = Phase.lingering;
    const { loop } = this.context;
    loop.timers.arm(this.timer, loop.now + LINGER);
    this.#linger();
  }

  #linger(): void {
    if (this.client.ended) {
      this.end();
      return;
    }
    this.#requestBuffer ??= this.context.pool.take();
    const buffer = this.#requestBuffer;
    for (let round = 0; this.client.readable; round++) {
      if (round === FAIR_SHARE) {
        this.client.loop.resume(this.client);
        return;
      }
      buffer.clear();
      const count = this.client.receive(buffer, buffer.room);
      if (count === -EAGAIN) break;
      if (count <= 0) {
        this.end();
        return;
      }
    }
    this.context.pool.give(buffer);
    this.#requestBuffer = undefined;
  }

  // ── Timers and buffers ─────────────────────────────────────────────────────

  #armIdleTimer(): void {
    const { loop } = this.context;
    const { timeoutHttpRequest, timeoutHttpKeepAlive } = this.frontend.settings;
    loop.timers.arm(this.timer, loop.now + (this.requests === 0 ? timeoutHttpRequest : timeoutHttpKeepAlive));
  }

  #armExchangeTimer(): void {
    const { loop } = this.context;
    const timeout = this.#waitsForClient()
      ? this.frontend.settings.timeoutClient
      : this.backend!.settings.timeoutServer;
    loop.timers.arm(this.timer, loop.now + timeout);
  }

  /** It is the client's turn: to take bytes, or to send the rest of its body. */
  #waitsForClient(): boolean {
    if (this.#responseSent < this.#responseReady) return true;
    return !this.#requestBody.done && this.#requestSent === this.#requestReady;
  }

  #onExchangeTimeout(): void {
    if (this.#hasResponseHead) this.#breakOff(this.#waitsForClient() ? "cD" : "sD");
    else if (this.#waitsForClient()) this.#reply(408, "cD");
    else this.#reply(504, "sH");
  }

  #takeHeadBuffer(): ByteBuffer {
    const buffer = this.context.pool.take();
    buffer.clear(HEADROOM);
    return buffer;
  }

  #takeResponseBuffer(): ByteBuffer {
    this.#responseSent = 0;
    this.#responseReady = 0;
    return this.#takeHeadBuffer();
  }

  #giveResponseBuffer(): void {
    if (this.#responseBuffer !== undefined) this.context.pool.give(this.#responseBuffer);
    this.#responseBuffer = undefined;
    this.#responseSent = 0;
    this.#responseReady = 0;
  }

  protected override end(): void {
    this.#relay?.release();
    this.#relay = undefined;
    this.#giveResponseBuffer();
    if (this.#requestBuffer !== undefined) this.context.pool.give(this.#requestBuffer);
    this.#requestBuffer = undefined;
    super.end();
  }
}

/** Counters of status classes stand in a row. */
function statusCounter(status: number): number {
  const statusClass = Math.floor(status / 100);
  return statusClass >= 1 && statusClass <= 5 ? Counter.responses1xx + statusClass - 1 : Counter.responsesOther;
}

function textOf(buffer: ByteBuffer, from: number, to: number, minor: number): string {
  return `${Buffer.from(buffer.bytes.buffer, buffer.bytes.byteOffset + from, to - from).toString("latin1")} HTTP/1.${minor}`;
}
