/**
 * A client's HTTP/2 connection: each request is a stream, and each stream has a session of its own, which sees a client
 * that sends one HTTP/1.1 request. In the counters the connection is one session, as in HAProxy.
 */
import type { Channel } from "../../reactor/channel.js";
import type { PipePool } from "../../reactor/pipes.js";
import type { Timer } from "../../reactor/timers.js";
import { ETIMEDOUT } from "../../sys/errno.js";
import type { ClientAddress } from "../client-address.js";
import type { HeadLimits } from "../http1/head-limits.js";
import type { FrontendRuntime } from "../runtime.js";
import type { ClientSession, SessionContext } from "../session.js";
import { Counter, type SharedState } from "../shared-state.js";
import { COMPRESSION_FAILED, Http2Connection } from "./connection.js";
import { ErrorCode } from "./error-code.js";
import {
  DEFAULT_WINDOW,
  Flag,
  FRAME_HEADER,
  FrameType,
  MAX_WINDOW,
  PREFACE,
  Setting,
  writeFrameHeader,
} from "./frames.js";
import { RequestBuilder } from "./request-builder.js";
import { Http2Stream } from "./stream.js";
import { StreamSession } from "./stream-session.js";

const SETTINGS: readonly (readonly [number, number])[] = [[Setting.ENABLE_CONNECT_PROTOCOL, 1]];

/** When the client has answered it, it has seen our first GOAWAY, and opens no more streams. */
const SHUTDOWN_PING = new Uint8Array(FRAME_HEADER + 8);
writeFrameHeader(SHUTDOWN_PING, 0, 8, FrameType.PING, 0, 0);

/** `:status 431` alone, by its name's index and as a literal: HEADERS that end the stream. */
const TOO_LARGE = new Uint8Array([0x08, 0x03, 0x34, 0x33, 0x31]);

/** One a thread. */
let builder = new RequestBuilder(0);

export class FrontendConnection extends Http2Connection implements SessionContext, ClientSession {
  readonly headLimits: HeadLimits;
  readonly state: SharedState;
  readonly pipes: PipePool;
  /** Requests so far. */
  requests = 0;
  place = -1;
  readonly #timer: Timer;
  /** Octets of the preface that have come. */
  #prefaced = 0;
  #isDraining = false;
  /** The last stream that is taken, once GOAWAY has said so. */
  #lastStream = MAX_WINDOW;
  #isLingering = false;
  #hasEnded = false;

  constructor(
    readonly context: SessionContext,
    readonly frontend: FrontendRuntime,
    transport: Channel,
    readonly address: ClientAddress,
    readonly acceptedAt: number,
  ) {
    super(transport, context.pool, true, frontend.http2);
    if (builder.maxListSize < this.limits.headerList) builder = new RequestBuilder(this.limits.headerList);
    this.state = context.state;
    this.headLimits = context.headLimits;
    this.pipes = context.pipes;
    this.#timer = this.loop.timer(() => this.#onTimer());
  }

  /** Sends our preface. What the client has sent follows, by `takeInput` or from its connection. */
  start(): void {
    const { streams, connectionWindow, settings } = this.limits;
    this.output.settings([[Setting.MAX_CONCURRENT_STREAMS, streams], ...settings, ...SETTINGS]);
    this.output.windowUpdate(0, connectionWindow - DEFAULT_WINDOW);
    this.loop.timers.arm(this.#timer, this.loop.now + this.frontend.settings.timeoutHttpRequest);
    this.run();
  }

  get closed(): boolean {
    return this.#hasEnded;
  }

  // As a session of the worker ───────────────────────────────────────────────────────────────────────────────────────

  abort(): void {
    for (const stream of this.streams.all()) sessionOf(stream).abort();
    this.closeNow();
    this.#endIfDone();
  }

  discard(): void {
    for (const stream of this.streams.all()) sessionOf(stream).discard();
    try {
      this.closeNow();
    } finally {
      this.#hasEnded = true;
      this.context.onSessionEnd(this);
    }
  }

  /** RFC 9113 §6.8: first a GOAWAY that only warns, and when the client has seen it, the one that draws the line. */
  onStopping(): void {
    if (this.isClosing || this.#isDraining) return;
    this.#isDraining = true;
    if (this.streams.size === 0) {
      this.#goAway();
      return;
    }
    this.output.goAway(MAX_WINDOW, ErrorCode.NO_ERROR);
    this.output.raw(SHUTDOWN_PING, 0, SHUTDOWN_PING.length);
    this.scheduleFlush();
  }

  override onFailure(error: unknown): void {
    this.context.onSessionFailure(this, error);
  }

  // As the context of its sessions ───────────────────────────────────────────────────────────────────────────────────

  get stopping(): boolean {
    return this.context.stopping;
  }

  /** Its stream is closed next. */
  onSessionEnd(): void {}

  onSessionFailure(session: ClientSession, error: unknown): void {
    this.context.onSessionFailure(session, error);
  }

  // Http2Connection ──────────────────────────────────────────────────────────────────────────────────────────────────

  override onFieldBlock(streamId: number, endStream: boolean, bytes: Uint8Array, from: number, to: number): number {
    const stream = this.streams.find(streamId);
    if (stream !== undefined) return this.onTrailers(stream, endStream, bytes, from, to);
    if (streamId % 2 === 0) return ErrorCode.PROTOCOL_ERROR;
    if (streamId <= this.highestPeerStream) {
      const error = this.skipBlock(bytes, from, to);
      if (error !== 0) return error;
      return this.wasReset(streamId) ? this.spendIdleFrame() : ErrorCode.STREAM_CLOSED;
    }
    this.highestPeerStream = streamId;
    builder.begin(false);
    if (this.decoder.decode(bytes, from, to, builder) !== 0) return ErrorCode.COMPRESSION_ERROR;
    if (streamId > this.#lastStream) return 0; // it is told by GOAWAY
    if (!this.streams.hasRoom(this.limits.streams)) return this.refuse(streamId, ErrorCode.REFUSED_STREAM);
    if (this.decoder.tooLarge) return this.#refuseTooLarge(streamId, endStream);
    const length = builder.finish(endStream);
    if (length < 0) {
      this.frontend.counters.add(Counter.requestErrors, 1);
      return this.refuse(streamId, ErrorCode.PROTOCOL_ERROR);
    }
    this.#startSession(streamId, endStream, length);
    return 0;
  }

  /** A client may say it; its streams go on. */
  override onGoAway(): number {
    return this.spendIdleFrame();
  }

  protected override onPong(): void {
    if (this.#isDraining && this.#lastStream === MAX_WINDOW) this.#goAway();
  }

  protected override onStreamGone(): void {
    if (this.streams.size > 0) return;
    if (this.#lastStream !== MAX_WINDOW) this.beginClosing();
    else if (this.#isDraining) this.#goAway();
    this.#endIfDone();
    if (!this.isClosing) this.onActivity();
  }

  protected override takeTrailers(bytes: Uint8Array, from: number, to: number): number {
    builder.begin(true);
    if (this.decoder.decode(bytes, from, to, builder) !== 0) return COMPRESSION_FAILED;
    return this.decoder.tooLarge ? -1 : builder.finish(true);
  }

  protected override get trailerBytes(): Uint8Array {
    return builder.bytes;
  }

  protected override isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.highestPeerStream;
  }

  protected override failStream(stream: Http2Stream, errno: number): void {
    stream.fail(errno);
    const session = sessionOf(stream);
    try {
      session.onClientReset();
    } catch (error) {
      session.onFailure(error);
    }
  }

  protected override onClosed(): void {
    this.loop.timers.release(this.#timer);
    this.#endIfDone();
  }

  protected override onLingering(milliseconds: number): void {
    this.#isLingering = true;
    this.loop.timers.arm(this.#timer, this.loop.now + milliseconds);
  }

  /** With requests under way, their sessions have the timeouts; but a client that takes nothing holds them all up. */
  protected override onActivity(): void {
    if (this.#isLingering || this.isClosed) return;
    const { settings } = this.frontend;
    const { timers, now } = this.loop;
    if (this.isPeerSlow) timers.arm(this.#timer, now + settings.timeoutClient);
    else if (this.streams.size > 0) timers.disarm(this.#timer);
    else if (this.requests > 0) timers.arm(this.#timer, now + settings.timeoutHttpKeepAlive);
  }

  /** The client's preface stands before its first frame. */
  protected override takePreface(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && this.#prefaced < PREFACE.length) {
      if (bytes[at] !== PREFACE[this.#prefaced]) return -1;
      this.#prefaced++;
      at++;
    }
    return at - from;
  }

  #startSession(streamId: number, endStream: boolean, length: number): void {
    const { frontend } = this;
    const stream = new Http2Stream(this, streamId, this);
    stream.hasHead = true;
    stream.requestMethod = builder.method;
    stream.isExtended = builder.isExtended;
    stream.inbound.begin(builder.body, builder.contentLength);
    stream.inbound.append(builder.bytes, 0, length);
    stream.remoteEnded = endStream;
    const requestLine = frontend.log === undefined ? undefined : builder.requestLine();
    const session = new StreamSession(this, frontend, stream, this.address, requestLine, this.requests++);
    // From here on it has its session, to which all that becomes of it is told.
    this.streams.add(stream);
    try {
      session.start();
      stream.wake();
    } catch (error) {
      this.onSessionFailure(session, error);
    }
  }

  #refuseTooLarge(streamId: number, endStream: boolean): number {
    this.frontend.counters.add(Counter.requestErrors, 1);
    this.output.raw(header(TOO_LARGE.length, streamId), 0, FRAME_HEADER);
    this.output.raw(TOO_LARGE, 0, TOO_LARGE.length);
    return endStream ? this.spendIdleFrame() : this.refuse(streamId, ErrorCode.NO_ERROR);
  }

  #goAway(): void {
    if (this.isClosing) return;
    this.#lastStream = this.highestPeerStream;
    this.output.goAway(this.#lastStream, ErrorCode.NO_ERROR);
    if (this.streams.size === 0) this.beginClosing();
    this.scheduleFlush();
  }

  #endIfDone(): void {
    if (this.#hasEnded || !this.isClosed || this.streams.size > 0) return;
    this.#hasEnded = true;
    this.context.onSessionEnd(this);
  }

  #onTimer(): void {
    try {
      if (this.#isLingering || this.isClosing) this.closeNow();
      else if (this.isPeerSlow) this.lose(ETIMEDOUT);
      else this.#goAway();
    } catch (error) {
      this.onFailure(error);
    }
  }
}

/** A stream is the channel of one session, from the beginning. */
const sessionOf = (stream: Http2Stream): StreamSession => stream.owner as StreamSession;

function header(length: number, streamId: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER);
  writeFrameHeader(bytes, 0, length, FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, streamId);
  return bytes;
}
