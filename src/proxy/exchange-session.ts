/**
 * `mode http`: the present request of a client's connection and its response, and what is known of them from the first
 * byte to the log line. What is done with them stands in the classes above this one, of which `HttpSession` is the last.
 */
import { BalancedSession } from "./balanced-session.js";
import { countExchange } from "./http-accounting.js";
import { giveRequestSide, takeRequestSide } from "./http1/request-side.js";
import { giveResponseSide, takeResponseSide } from "./http1/response-side.js";
import type { Relay } from "./relay.js";
import type { Reply } from "./reply.js";

export const Phase = {
  /** Between requests: no byte of the next one has come. */
  idle: 0,
  readingHead: 1,
  connecting: 2,
  /** The request is on its way, or the response. */
  exchanging: 3,
  tunnel: 4,
  /** A rule has our answer held back (`http-request tarpit`). */
  tarpitted: 5,
  /** Our own answer is on its way. */
  replying: 6,
  /** It has gone; the client's bytes are thrown away for a moment, so that no RST overtakes the answer. */
  lingering: 7,
} as const;

export abstract class ExchangeSession extends BalancedSession {
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
  /** A rule has said that it is not to be sent again, whatever `retry-on` says. */
  isSentOnce = false;

  /** One of `Phase`. */
  protected phase: number = Phase.idle;
  /** The client's connection goes on after this exchange. */
  protected keepAlive = false;
  protected tunnel: Relay | undefined;
  /** Our own answer. */
  protected reply: Reply | undefined;
  /** Its two sides are others' for the time being. */
  #isResting = false;

  /** The session has a connection to itself, not one stream of HTTP/2. */
  protected get isHttp1Connection(): boolean {
    return this.context.startHttp2 !== undefined;
  }

  protected override get isUpgrade(): boolean {
    return this.request.head.upgrade;
  }

  /** The first byte of a request is there. */
  protected beginRequest(): void {
    const { loop } = this.context;
    this.phase = Phase.readingHead;
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
    this.isSentOnce = false;
    this.waitForHead();
  }

  /** `timeout http-request` is for the whole head, `timeout client` for each silence. */
  protected waitForHead(): void {
    const { timers, now } = this.context.loop;
    const { timeoutClient, timeoutHttpRequest } = this.frontend.settings;
    timers.arm(this.timer, Math.min(this.firstByteAt + timeoutHttpRequest, now + timeoutClient));
  }

  protected waitForRequest(): void {
    const { request, client, frontend } = this;
    const { loop } = this.context;
    this.phase = Phase.idle;
    request.next();
    loop.timers.arm(this.timer, loop.now + frontend.settings.timeoutHttpKeepAlive);
    // The next request is there already: it gets its turn after the other connections.
    if (request.hasBegun || client.readable) loop.resume(client);
    else this.rest();
  }

  /** Counts and logs the present request, and lets go of its server. */
  protected endExchange(termination: string): void {
    if (this.phase === Phase.idle) return;
    this.bytesUp = this.request.bytes + (this.tunnel?.bytesUp ?? 0);
    this.bytesDown =
      this.response.interimBytes + this.response.bytes + (this.tunnel?.bytesDown ?? 0) + (this.reply?.length ?? 0);
    countExchange(this, termination);
    this.frontend.log?.http(this, termination);
    this.leaveBackend();
    this.detachServer();
  }

  /** Ends request and connection in the middle: neither side may take what it has for the whole. */
  protected breakOff(termination: string): void {
    this.upstream?.abort();
    this.closeUpstream();
    this.endExchange(termination);
    this.client.abort();
    this.end();
  }

  protected override end(): void {
    if (this.closed) return;
    this.tunnel?.release();
    this.reply?.release();
    super.end();
    this.giveSides();
  }

  protected override *holdings(): Iterable<() => void> {
    yield* super.holdings();
    yield () => this.tunnel?.release();
    yield () => this.reply?.release();
    yield () => this.giveSides();
  }

  /** An idle client needs no parsers, which are most of a session's memory. */
  protected rest(): void {
    this.#isResting = true;
    this.giveSides();
  }

  protected rouse(): void {
    if (!this.#isResting) return;
    this.#isResting = false;
    this.request = takeRequestSide(this.context.pool, this.context.headLimits);
    this.response = takeResponseSide(this.context.pool, this.context.headLimits);
  }

  protected giveSides(): void {
    this.request = giveRequestSide(this.request);
    this.response = giveResponseSide(this.response);
  }
}
