/** Our HTTP/2 connection to a server: requests of many sessions, each a stream. */
import type { BufferPool } from "../../reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../../reactor/channel.js";
import { ECONNRESET } from "../../sys/errno.js";
import { COMPRESSION_FAILED, Http2Connection } from "./connection.js";
import { ErrorCode } from "./error-code.js";
import { DEFAULT_WINDOW, MAX_WINDOW, PREFACE, Setting } from "./frames.js";
import type { Http2Limits } from "./limits.js";
import { ResponseBuilder } from "./response-builder.js";
import { Http2Stream } from "./stream.js";
import { StreamList } from "./stream-list.js";

const SETTINGS: readonly (readonly [number, number])[] = [[Setting.ENABLE_PUSH, 0]];

/** One a thread. */
let builder = new ResponseBuilder(0);

export class ServerConnection extends Http2Connection {
  #nextId = 1;
  /** Streams of sessions, those without a number yet included. */
  readonly #live = new StreamList();
  #isGoingAway = false;

  /**
   * @param transport connected
   * @param onIdle no stream is left
   */
  constructor(
    transport: Channel,
    pool: BufferPool,
    limits: Http2Limits,
    readonly onIdle: (connection: ServerConnection) => void,
    readonly onEnd: (connection: ServerConnection) => void,
  ) {
    super(transport, pool, false, limits);
    if (builder.maxListSize < limits.headerList) builder = new ResponseBuilder(limits.headerList);
    this.output.raw(PREFACE, 0, PREFACE.length);
    this.output.settings([...SETTINGS, ...limits.settings]);
    this.output.windowUpdate(0, limits.connectionWindow - DEFAULT_WINDOW);
    this.scheduleFlush();
  }

  get load(): number {
    return this.#live.size;
  }

  get hasCapacity(): boolean {
    return (
      !this.isClosing &&
      !this.#isGoingAway &&
      this.#live.size < Math.min(this.peer.maxConcurrentStreams, this.limits.streams) &&
      this.streams.size < 2 * this.limits.streams &&
      this.#nextId < MAX_WINDOW
    );
  }

  open(owner: ConnectionOwner): Http2Stream {
    const stream = new Http2Stream(this, 0, owner);
    this.#live.add(stream);
    return stream;
  }

  /** Says goodbye; what is under way goes on. */
  goAway(): void {
    this.#isGoingAway = true;
    if (this.#live.size === 0) this.#end();
  }

  override onFailure(error: unknown): void {
    const streams = this.#live.all();
    this.closeNow();
    for (const { owner } of streams) owner.onFailure(error);
  }

  override onFieldBlock(streamId: number, endStream: boolean, bytes: Uint8Array, from: number, to: number): number {
    const stream = this.streams.find(streamId);
    if (stream === undefined) {
      if (this.isIdle(streamId)) return ErrorCode.PROTOCOL_ERROR;
      const error = this.skipBlock(bytes, from, to);
      return error !== 0 ? error : this.spendIdleFrame();
    }
    if (stream.hasHead) return this.onTrailers(stream, endStream, bytes, from, to);
    builder.begin(false, stream.upgrade);
    if (this.decoder.decode(bytes, from, to, builder) !== 0) return ErrorCode.COMPRESSION_ERROR;
    const length = this.decoder.tooLarge ? -1 : builder.finish(endStream, stream.requestMethod);
    if (length < 0) return this.streamError(stream, ErrorCode.PROTOCOL_ERROR);
    const { inbound } = stream;
    if (builder.status >= 200) {
      stream.hasHead = true;
      inbound.begin(builder.body, builder.contentLength);
    }
    inbound.append(builder.bytes, 0, length);
    if (endStream) return this.endRemote(stream, NO_TRAILERS, 0);
    stream.wake();
    return 0;
  }

  /** Heads that have waited for them go now. */
  override onSettings(bytes: Uint8Array, from: number, to: number): number {
    const isFirst = !this.peer.isKnown;
    const error = super.onSettings(bytes, from, to);
    if (error !== 0 || !isFirst) return error;
    for (const stream of this.#live.all()) if (stream.waitsForSettings) stream.unblock();
    return 0;
  }

  override onGoAway(lastStreamId: number): number {
    this.#isGoingAway = true;
    for (const stream of this.#live.all()) {
      if (stream.id !== 0 && stream.id <= lastStreamId) continue;
      stream.isUntouched = true;
      this.failStream(stream, ECONNRESET);
    }
    if (this.#live.size === 0) this.#end();
    return 0;
  }

  override onStreamClosed(stream: Http2Stream): void {
    this.#live.remove(stream);
    super.onStreamClosed(stream);
  }

  /** A stream whose response is whole but for its end is nobody's any more. */
  override onStreamDetached(stream: Http2Stream): void {
    this.#live.remove(stream);
    this.onStreamGone();
  }

  protected override onPong(): void {}

  protected override onStreamGone(): void {
    if (this.#live.size > 0 || this.isClosing) return;
    if (this.#isGoingAway) this.#end();
    else this.onIdle(this);
  }

  protected override takeTrailers(bytes: Uint8Array, from: number, to: number): number {
    builder.begin(true);
    if (this.decoder.decode(bytes, from, to, builder) !== 0) return COMPRESSION_FAILED;
    return this.decoder.tooLarge ? -1 : builder.finish(true, 0);
  }

  protected override get trailerBytes(): Uint8Array {
    return builder.bytes;
  }

  protected override isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId >= this.#nextId;
  }

  protected override nameStream(stream: Http2Stream): void {
    stream.id = this.#nextId;
    this.#nextId += 2;
    this.streams.add(stream);
  }

  protected override failStream(stream: Http2Stream, errno: number): void {
    stream.fail(errno);
    if (stream.closed) this.onStreamClosed(stream);
    else stream.wake();
  }

  protected override failStreams(errno: number): void {
    for (const stream of this.#live.all()) this.failStream(stream, errno);
  }

  protected override onClosed(): void {
    this.onEnd(this);
  }

  /** Servers need no time to read our last words. */
  protected override onLingering(): void {
    this.closeNow();
  }

  /** The sessions have the timeouts. */
  protected override onActivity(): void {}

  #end(): void {
    if (this.isClosing) return;
    this.output.goAway(0, ErrorCode.NO_ERROR);
    this.beginClosing();
  }
}

const NO_TRAILERS = new Uint8Array(0);
