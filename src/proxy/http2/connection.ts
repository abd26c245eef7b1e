/**
 * An HTTP/2 connection, as both of its ends see it (RFC 9113): what the peer's frames do to streams, and how much it may
 * send. Streams are channels that sessions speak to.
 */
import type { BufferPool, ByteBuffer } from "../../reactor/buffers.js";
import type { Channel } from "../../reactor/channel.js";
import { ECONNRESET } from "../../sys/errno.js";
import { ErrorCode } from "./error-code.js";
import { type FrameHandler, FrameReader } from "./frame-reader.js";
import { FrameTransport } from "./frame-transport.js";
import { FrameWriter } from "./frame-writer.js";
import { Flag, MAX_WINDOW } from "./frames.js";
import { type FieldSink, HpackDecoder } from "./hpack-decoder.js";
import { HpackEncoder } from "./hpack-encoder.js";
import type { Http2Limits } from "./limits.js";
import { PeerConduct } from "./peer-conduct.js";
import { ReceiveFlow } from "./receive-flow.js";
import { roomForHead, SendFlow } from "./send-flow.js";
import { PeerSettings } from "./settings.js";
import type { Http2Stream } from "./stream.js";
import { StreamList } from "./stream-list.js";

/** Streams that we reset and may still hear of. */
const REMEMBERED = 64;
/** What `takeTrailers` returns when HPACK is out of step. */
export const COMPRESSION_FAILED = -2;

const NO_FIELDS: FieldSink = { onField() {} };
const NO_TRAILERS = new Uint8Array(0);

export abstract class Http2Connection extends FrameTransport implements FrameHandler {
  readonly peer = new PeerSettings();
  readonly decoder: HpackDecoder;
  readonly encoder = new HpackEncoder();
  readonly streams = new StreamList();
  readonly sending: SendFlow;
  readonly receiving: ReceiveFlow;
  /** The stream that the peer opened last; 0: none. */
  highestPeerStream = 0;
  readonly #reader: FrameReader;
  readonly #conduct = new PeerConduct();
  readonly #resetIds: number[] = [];
  /** The stream of the DATA frame that is coming in; undefined: it is thrown away. */
  #dataStream: Http2Stream | undefined;
  /** That stream has ended, and what is still to come of its frame has not been given back as credit. */
  #isDataOrphaned = false;

  /** @param isServer our side accepted the connection */
  constructor(
    transport: Channel,
    pool: BufferPool,
    readonly isServer: boolean,
    readonly limits: Http2Limits,
  ) {
    super(transport, pool, new FrameWriter(roomForHead(limits)));
    this.decoder = new HpackDecoder(limits.headerList, limits.tableSize);
    this.#reader = new FrameReader(limits.frame, this.decoder.largestBlock);
    this.receiving = new ReceiveFlow(this, limits);
    this.sending = new SendFlow(transport, this.output, limits.fields);
  }

  /** A field block has come, for a new stream or an old one. 0, or the ErrorCode that ends the connection. */
  abstract onFieldBlock(streamId: number, endStream: boolean, bytes: Uint8Array, from: number, to: number): number;
  abstract onGoAway(lastStreamId: number, code: number): number;
  /** An answer to our PING. */
  protected abstract onPong(): void;
  /** No HEADERS have made a stream of this number yet. */
  protected abstract isIdle(streamId: number): boolean;
  /** The last stream has gone, or another one: `streams` tells. */
  protected abstract onStreamGone(): void;
  /** The stream is over, and not by the will of its session, which hears of it. */
  protected abstract failStream(stream: Http2Stream, errno: number): void;
  /** Trailers have come; `end` of `stream.inbound` follows. Gives their length in `trailerBytes`, -1: malformed. */
  protected abstract takeTrailers(bytes: Uint8Array, from: number, to: number): number;
  protected abstract get trailerBytes(): Uint8Array;

  /**
   * Takes what stands before the first frame.
   * @returns octets of bytes[from, to) that belong to it; -1 if they cannot
   */
  protected takePreface(_bytes: Uint8Array, _from: number, _to: number): number {
    return 0;
  }

  /** Gives a stream its number: with its first frame, since numbers must go out in their order (§5.1.1). */
  protected nameStream(_stream: Http2Stream): void {}

  /** Its session is through with it, and only its end has yet to come. */
  onStreamDetached(_stream: Http2Stream): void {}

  /** Says goodbye with an error; no stream survives it. */
  endWithError(code: number): void {
    if (this.isClosing) return;
    this.output.goAway(this.highestPeerStream, code);
    this.beginClosing();
    this.failStreams(ECONNRESET);
  }

  protected override takeFrames(input: ByteBuffer): number {
    const prefaced = this.takePreface(input.bytes, input.start, input.end);
    if (prefaced < 0) return ErrorCode.PROTOCOL_ERROR;
    input.start += prefaced;
    return this.#reader.take(input, this);
  }

  protected override get mayWakeStreams(): boolean {
    return this.sending.mayWake;
  }

  protected override wakeStreams(): void {
    this.sending.wake();
  }

  protected override onLost(errno: number): void {
    this.failStreams(errno);
  }

  protected failStreams(errno: number): void {
    for (const stream of this.streams.all()) this.failStream(stream, errno);
  }

  /** Closes the HEADERS frame whose block of `length` octets stands in the output. */
  sendHeaders(stream: Http2Stream, length: number, endStream: boolean): void {
    if (stream.id === 0) this.nameStream(stream);
    this.output.headers(stream.id, length, endStream);
    this.#conduct.onSent(length);
  }

  /** Writes a DATA frame, for which there is room. */
  sendData(stream: Http2Stream, bytes: Uint8Array, from: number, to: number, endStream: boolean): void {
    this.sending.data(stream, bytes, from, to, endStream);
    this.#conduct.onSent(to - from);
  }

  sendReset(stream: Http2Stream, code: number): void {
    if (this.isClosing || stream.id === 0) return;
    this.#rememberReset(stream.id);
    this.output.reset(stream.id, code);
    this.scheduleFlush();
  }

  onStreamClosed(stream: Http2Stream): void {
    if (stream === this.#dataStream) {
      this.#dataStream = undefined;
      this.#isDataOrphaned = true;
    }
    // What its session has not read counts as read for the connection.
    this.receiving.giveBack(stream.inbound.unread);
    stream.inbound.unread = 0;
    if (stream.localEnded && stream.remoteEnded) this.#conduct.onStreamDone();
    this.streams.remove(stream);
    this.onStreamGone();
  }

  get mayRead(): boolean {
    return !this.isClosing && this.output.mayRead;
  }

  onDataBegin(streamId: number, flags: number, length: number, padding: number): number {
    if (!this.receiving.spend(length)) return ErrorCode.FLOW_CONTROL_ERROR;
    const stream = this.streams.find(streamId);
    this.#dataStream = undefined;
    this.#isDataOrphaned = false;
    if (stream === undefined || !stream.hasHead || stream.remoteEnded) {
      this.receiving.giveBack(length);
      return this.#onStray(streamId, stream);
    }
    if (length > stream.receiveWindow) {
      this.receiving.giveBack(length);
      return this.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR);
    }
    stream.receiveWindow -= length;
    if (length === padding && (flags & Flag.END_STREAM) === 0) {
      this.receiving.give(stream, padding);
      return this.spendIdleFrame();
    }
    if (padding > 0) this.receiving.give(stream, padding); // nobody reads it
    this.#dataStream = stream;
    return 0;
  }

  onData(_streamId: number, bytes: Uint8Array, from: number, to: number, isLast: boolean): void {
    const stream = this.#dataStream;
    if (stream === undefined) {
      if (this.#isDataOrphaned) this.receiving.giveBack(to - from);
      return;
    }
    if (!stream.inbound.appendData(bytes, from, to)) {
      this.streamError(stream, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    // With END_STREAM behind it, the session hears of both at once.
    if (!isLast) stream.wake();
  }

  onDataEnd(_streamId: number, flags: number): number {
    const stream = this.#dataStream;
    this.#dataStream = undefined;
    if (stream === undefined || stream.hasFailed) return 0;
    if ((flags & Flag.END_STREAM) !== 0) return this.endRemote(stream, NO_TRAILERS, 0);
    stream.wake();
    return 0;
  }

  onPriority(streamId: number, length: number): number {
    const error = this.spendIdleFrame();
    if (error !== 0 || length === 5) return error;
    const stream = this.streams.find(streamId);
    return stream === undefined ? 0 : this.streamError(stream, ErrorCode.FRAME_SIZE_ERROR);
  }

  onReset(streamId: number, code: number): number {
    if (this.isIdle(streamId)) return ErrorCode.PROTOCOL_ERROR;
    const stream = this.streams.find(streamId);
    if (stream === undefined) return this.spendIdleFrame();
    stream.isUntouched = code === ErrorCode.REFUSED_STREAM;
    if (code === ErrorCode.NO_ERROR && stream.remoteEnded && !this.isServer) {
      stream.abandonRequest();
      return 0;
    }
    this.failStream(stream, ECONNRESET);
    return this.isServer ? this.#spendReset() : 0; // a server can reset no more than we ask for
  }

  onSettings(bytes: Uint8Array, from: number, to: number): number {
    const { initialWindow } = this.peer;
    const error = this.#conduct.onQuestion(this.loop.now) || this.peer.apply(bytes, from, to, !this.isServer);
    if (error !== 0) return error;
    this.encoder.limit(this.peer.headerTableSize);
    this.output.settingsAck();
    const change = this.peer.initialWindow - initialWindow;
    if (change === 0) return 0;
    for (const stream of this.streams.all()) {
      if (stream.sendWindow + change > MAX_WINDOW) return ErrorCode.FLOW_CONTROL_ERROR;
      this.#widen(stream, change);
    }
    return 0;
  }

  onSettingsAck(): number {
    this.decoder.onTableSizeKnown();
    return this.spendIdleFrame();
  }

  onPing(isAck: boolean, bytes: Uint8Array, at: number): number {
    if (isAck) {
      this.onPong();
      return this.spendIdleFrame();
    }
    const error = this.#conduct.onQuestion(this.loop.now);
    if (error === 0) this.output.pingAck(bytes, at);
    return error;
  }

  onWindowUpdate(streamId: number, increment: number): number {
    const error = this.#conduct.onWindowUpdate();
    if (error !== 0) return error;
    if (streamId === 0) {
      if (increment === 0) return ErrorCode.PROTOCOL_ERROR;
      // Those that wait are woken by the flush that follows.
      return this.sending.widen(increment) ? 0 : ErrorCode.FLOW_CONTROL_ERROR;
    }
    if (this.isIdle(streamId)) return ErrorCode.PROTOCOL_ERROR;
    const stream = this.streams.find(streamId);
    if (stream === undefined) return 0; // it may be on its way since before the stream was over
    if (increment === 0) return this.streamError(stream, ErrorCode.PROTOCOL_ERROR);
    if (stream.sendWindow + increment > MAX_WINDOW) return this.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR);
    this.#widen(stream, increment);
    return 0;
  }

  onUnknown(): number {
    return this.spendIdleFrame();
  }

  #widen(stream: Http2Stream, change: number): void {
    const wasClosed = stream.sendWindow <= 0;
    stream.sendWindow += change;
    if (wasClosed && stream.sendWindow > 0 && stream.waitsForWindow && !stream.writable) stream.unblock();
  }

  /** Something that should not come for this stream: it is unknown, or has nothing more to receive. */
  #onStray(streamId: number, stream: Http2Stream | undefined): number {
    if (stream !== undefined)
      return this.streamError(stream, stream.remoteEnded ? ErrorCode.STREAM_CLOSED : ErrorCode.PROTOCOL_ERROR);
    if (this.isIdle(streamId)) return ErrorCode.PROTOCOL_ERROR;
    if (this.wasReset(streamId)) return this.spendIdleFrame();
    this.output.reset(streamId, ErrorCode.STREAM_CLOSED);
    return this.#spendReset();
  }

  /** We reset it not long ago: the peer may not know yet. */
  wasReset(streamId: number): boolean {
    return this.#resetIds.includes(streamId);
  }

  #rememberReset(streamId: number): void {
    this.#resetIds.push(streamId);
    if (this.#resetIds.length > REMEMBERED) this.#resetIds.shift();
  }

  /** A field block that nobody wants: the tables have to take it in all the same (§4.3). */
  protected skipBlock(bytes: Uint8Array, from: number, to: number): number {
    return this.decoder.decode(bytes, from, to, NO_FIELDS);
  }

  /** Trailers, or the error that a further field block is. */
  protected onTrailers(stream: Http2Stream, endStream: boolean, bytes: Uint8Array, from: number, to: number): number {
    if (stream.remoteEnded) {
      const error = this.skipBlock(bytes, from, to);
      return error !== 0 ? error : this.streamError(stream, ErrorCode.STREAM_CLOSED);
    }
    const length = this.takeTrailers(bytes, from, to);
    if (length === COMPRESSION_FAILED) return ErrorCode.COMPRESSION_ERROR;
    if (length < 0 || !endStream) return this.streamError(stream, ErrorCode.PROTOCOL_ERROR);
    return this.endRemote(stream, this.trailerBytes, length);
  }

  /** END_STREAM has come. */
  protected endRemote(stream: Http2Stream, trailers: Uint8Array, length: number): number {
    if (!stream.inbound.end(trailers, length)) return this.streamError(stream, ErrorCode.PROTOCOL_ERROR);
    stream.remoteEnded = true;
    if (stream.closed) this.onStreamClosed(stream);
    else stream.wake();
    return 0;
  }

  /** Resets a stream for what the peer did. 0, or ENHANCE_YOUR_CALM if it did so too often. */
  protected streamError(stream: Http2Stream, code: number): number {
    this.sendReset(stream, code);
    this.failStream(stream, ECONNRESET);
    return this.#spendReset();
  }

  /** As `streamError`, for a stream that never came to be. */
  protected refuse(streamId: number, code: number): number {
    this.#rememberReset(streamId);
    this.output.reset(streamId, code);
    return this.#spendReset();
  }

  protected spendIdleFrame(): number {
    return this.#conduct.onIdleFrame(this.loop.now);
  }

  #spendReset(): number {
    return this.#conduct.onReset(this.loop.now);
  }
}
