/**
 * An HTTP/2 connection, as both of its ends see it (RFC 9113): frames in and out, flow control on both levels, what a
 * peer may cost. Streams are channels that sessions speak to. What is written gathers until the turn of the loop is over.
 */
import type { BufferPool, ByteBuffer } from "../../reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../../reactor/channel.js";
import type { Handler, Loop } from "../../reactor/loop.js";
import { EAGAIN, ECONNRESET } from "../../sys/errno.js";
import { FAIR_SHARE } from "../http1/transfer.js";
import { Allowance } from "./allowance.js";
import { ErrorCode } from "./error-code.js";
import { type FrameHandler, FrameReader } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import { DEFAULT_WINDOW, Flag, FRAME_HEADER, FrameType, MAX_FRAME, MAX_WINDOW, writeFrameHeader } from "./frames.js";
import { type FieldSink, HpackDecoder } from "./hpack-decoder.js";
import { FIELD_ROOM, HpackEncoder } from "./hpack-encoder.js";
import { PeerSettings } from "./settings.js";
import type { Http2Stream } from "./stream.js";
import { StreamList } from "./stream-list.js";

/** Names, values and 32 octets a field (SETTINGS_MAX_HEADER_LIST_SIZE); HAProxy's limit is its buffer as well. */
export const MAX_HEADER_LIST = 16_384;
/** What all streams together may send ahead of their sessions: it is memory. */
export const CONNECTION_WINDOW = 2 ** 20;
/** Fields of one head, as HTTP/1 has it. */
const MAX_FIELDS = 101;
/** How long a peer may go on sending after GOAWAY, in milliseconds: a close in between could destroy it. */
const LINGER = 1000;

/** PING, SETTINGS: each wants an answer. gRPC measures bandwidth with PINGs, a few for each round trip. */
const QUESTIONS = { burst: 500, perSecond: 100 };
/** Streams that come to nothing, be it that the peer resets them or makes us do so ("rapid reset"). */
const RESETS = { burst: 200, perSecond: 50 };
/** Frames that say nothing: empty DATA, PRIORITY, unknown types, what concerns closed streams. */
const IDLE_FRAMES = { burst: 1000, perSecond: 200 };
/** WINDOW_UPDATE: so many at once, and for each DATA frame that we send. */
const UPDATES = 1000;
const UPDATES_PER_DATA = 10;
/** Streams that we reset and may still hear of. */
const REMEMBERED = 64;

const NO_FIELDS: FieldSink = { onField() {} };

/** Where a connection stands. */
const Phase = { open: 0, flushing: 1, lingering: 2, closed: 3 } as const;

export abstract class Http2Connection implements ConnectionOwner, Handler, FrameHandler {
  readonly peer = new PeerSettings();
  readonly decoder = new HpackDecoder(MAX_HEADER_LIST);
  readonly encoder = new HpackEncoder();
  readonly output = new FrameWriter();
  readonly streams = new StreamList();
  readonly streamWindow = DEFAULT_WINDOW;
  sendWindow = DEFAULT_WINDOW;
  receiveWindow = CONNECTION_WINDOW;
  /** The stream that the peer opened last; 0: none. */
  highestPeerStream = 0;
  readonly loop: Loop;
  readonly #reader = new FrameReader();
  readonly #questions = new Allowance(QUESTIONS.burst, QUESTIONS.perSecond);
  readonly #resets = new Allowance(RESETS.burst, RESETS.perSecond);
  readonly #idleFrames = new Allowance(IDLE_FRAMES.burst, IDLE_FRAMES.perSecond);
  readonly #resetIds: number[] = [];
  #updatesLeft = UPDATES;
  #input: ByteBuffer | undefined;
  #phase: number = Phase.open;
  /** Streams that wait for room or for the connection's window, in their order. */
  #blocked: Http2Stream[] = [];
  #credit = 0;
  /** The stream of the DATA frame that is coming in; undefined: it is thrown away. */
  #dataStream: Http2Stream | undefined;
  #isFlushDue = false;
  #isRunning = false;

  /** @param isServer our side accepted the connection */
  constructor(
    readonly transport: Channel,
    readonly pool: BufferPool,
    readonly isServer: boolean,
  ) {
    this.loop = transport.loop;
    transport.owner = this;
  }

  /** A field block has come, for a new stream or an old one. 0, or the ErrorCode that ends the connection. */
  abstract onFieldBlock(streamId: number, endStream: boolean, bytes: Uint8Array, from: number, to: number): number;
  abstract onGoAway(lastStreamId: number, code: number): number;
  /** An answer to our PING. */
  protected abstract onPong(): void;
  /**
   * Takes what stands before the first frame.
   * @returns octets of bytes[from, to) that belong to it; -1 if they cannot
   */
  protected takePreface(_bytes: Uint8Array, _from: number, _to: number): number {
    return 0;
  }
  /** The last stream has gone, or another one: `streams` tells. */
  protected abstract onStreamGone(): void;
  /** Nothing more comes from this connection. */
  protected abstract onClosed(): void;
  /** Bytes came, or went. */
  protected abstract onActivity(): void;
  /** Trailers have come; `end` of `stream.inbound` follows. Gives their length in `trailerBytes`, -1: malformed. */
  protected abstract takeTrailers(bytes: Uint8Array, from: number, to: number): number;
  protected abstract get trailerBytes(): Uint8Array;
  abstract onFailure(error: unknown): void;

  // Driven by the loop ───────────────────────────────────────────────────────────────────────────────────────────────

  onConnectionReady(_transport: Channel): void {
    this.run();
  }

  /** The turn of the loop is over: what has gathered goes out. */
  onReady(): void {
    this.#isFlushDue = false;
    if (this.#phase !== Phase.closed) this.run();
  }

  /** Does all that can be done now. */
  run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      this.#work();
    } finally {
      this.#isRunning = false;
    }
  }

  /** Sees to it that what has been written goes out. */
  scheduleFlush(): void {
    if (!this.#isRunning && !this.output.isEmpty && !this.isClosed) this.#resumeLater();
  }

  #resumeLater(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.loop.resume(this);
  }

  /** Bytes that came before there was an HTTP/2 connection. The buffer becomes ours. */
  takeInput(buffer: ByteBuffer): void {
    this.#input = buffer;
  }

  /** Bytes wait that the peer has not taken. */
  get isPeerSlow(): boolean {
    return !this.output.isEmpty;
  }

  get isClosing(): boolean {
    return this.#phase !== Phase.open;
  }

  get isClosed(): boolean {
    return this.#phase === Phase.closed;
  }

  #work(): void {
    for (let round = 0; ; round++) {
      if (!this.#flush()) return;
      if (this.#phase === Phase.lingering) {
        this.#linger();
        return;
      }
      if (this.#phase === Phase.open) this.#takeFrames();
      if (this.#phase !== Phase.open) {
        if (this.#flush() && (this.#phase as number) === Phase.lingering) this.#linger();
        return;
      }
      // Answers go first. A peer that does not take them is not listened to.
      if (!this.output.mayRead) {
        if (this.transport.writable) continue;
        break;
      }
      if (!this.transport.readable) break;
      if (round >= FAIR_SHARE) {
        this.loop.resume(this.transport);
        break;
      }
      if (!this.#receive()) break;
    }
    if (!this.isClosed && this.#flush()) this.onActivity();
  }

  /** Decodes what is there. */
  #takeFrames(): void {
    const input = this.#input;
    if (input === undefined) return;
    const prefaced = this.takePreface(input.bytes, input.start, input.end);
    input.start += Math.max(0, prefaced);
    const error = prefaced < 0 ? ErrorCode.PROTOCOL_ERROR : this.#reader.take(input, this);
    if (this.#input === undefined) return; // a stream's end was the connection's
    if (input.length === 0) {
      this.pool.give(input);
      this.#input = undefined;
    } else input.compact();
    if (error !== 0) this.endWithError(error);
  }

  /** Reads once. False if nothing came. */
  #receive(): boolean {
    this.#input ??= this.pool.take();
    const input = this.#input;
    if (input.room === 0) return false;
    const count = this.transport.receive(input, input.room);
    if (count > 0) return true;
    if (input.length === 0) {
      this.pool.give(input);
      this.#input = undefined;
    }
    if (count !== -EAGAIN) this.lose(ECONNRESET);
    return false;
  }

  /** Sends what can be sent and wakes who waited for that. False if the connection has ended. */
  #flush(): boolean {
    for (let round = 0; ; round++) {
      if (!this.output.flush(this.transport) || this.output.overflowed) {
        this.lose(ECONNRESET);
        return false;
      }
      if (this.#blocked.length === 0 || !this.output.isEmpty) break;
      if (this.sendWindow <= 0 && this.#blocked.every((stream) => stream.outbound.hasBegun)) break;
      if (round >= FAIR_SHARE) {
        this.#resumeLater();
        break;
      }
      this.#wakeBlocked();
      if (this.isClosed) return false;
    }
    if (this.#phase === Phase.flushing && this.output.isEmpty) {
      this.#phase = Phase.lingering;
      this.transport.finish();
      this.onLingering(LINGER);
    }
    return true;
  }

  /** The peer has time to read our last words. */
  protected abstract onLingering(milliseconds: number): void;

  /** Reads and throws away, so that no RST overtakes what we said. */
  #linger(): void {
    this.#input ??= this.pool.take();
    const input = this.#input;
    for (let round = 0; this.transport.readable && round < FAIR_SHARE; round++) {
      input.clear();
      const count = this.transport.receive(input, input.room);
      if (count === -EAGAIN) break;
      if (count <= 0) {
        this.closeNow();
        return;
      }
    }
    if (this.transport.readable) this.loop.resume(this.transport);
  }

  #wakeBlocked(): void {
    const waiting = this.#blocked;
    this.#blocked = [];
    for (const stream of waiting) {
      stream.isQueued = false;
      if (!stream.closed) stream.unblock();
    }
  }

  // Ends ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Says goodbye with an error; no stream survives it. */
  endWithError(code: number): void {
    if (this.#phase !== Phase.open) return;
    this.output.goAway(this.highestPeerStream, code);
    this.beginClosing();
    this.failStreams(ECONNRESET);
  }

  /** Sends what is written, and then nothing more. */
  protected beginClosing(): void {
    if (this.#phase !== Phase.open) return;
    this.#phase = Phase.flushing;
    if (!this.#isRunning) this.scheduleFlush();
  }

  /** The transport is gone. */
  protected lose(errno: number): void {
    if (this.#phase === Phase.closed) return;
    this.closeNow();
    this.failStreams(errno);
  }

  /** Lets go of everything but the streams. */
  closeNow(): void {
    if (this.#phase === Phase.closed) return;
    this.#phase = Phase.closed;
    this.output.release();
    if (this.#input !== undefined) this.pool.give(this.#input);
    this.#input = undefined;
    this.#blocked = [];
    this.transport.close();
    this.onClosed();
  }

  protected failStreams(errno: number): void {
    for (const stream of this.streams.all()) this.failStream(stream, errno);
  }

  /** The stream is over, and not by the will of its session, which hears of it. */
  protected abstract failStream(stream: Http2Stream, errno: number): void;

  // Output ───────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether a head of `length` bytes can be written now. */
  hasRoom(length: number): boolean {
    const needed = length + FIELD_ROOM * (MAX_FIELDS + 4);
    if (this.output.payloadRoom >= needed) return true;
    this.#makeRoom();
    return this.output.payloadRoom >= needed;
  }

  /** Octets of DATA that the connection lets a stream send now. */
  dataRoom(): number {
    if (this.output.payloadRoom < 1) this.#makeRoom();
    return Math.min(this.sendWindow, this.output.payloadRoom, MAX_FRAME);
  }

  #makeRoom(): void {
    if (this.transport.writable && !this.isClosed) this.output.flush(this.transport);
  }

  sendHeaders(stream: Http2Stream, length: number, endStream: boolean): void {
    if (stream.id === 0) this.nameStream(stream);
    const flags = endStream ? Flag.END_STREAM : 0;
    if (length <= MAX_FRAME) {
      this.output.close(length, FrameType.HEADERS, flags | Flag.END_HEADERS, stream.id);
      return;
    }
    const { buffer } = this.output;
    const { bytes, end } = buffer;
    const rest = end + FRAME_HEADER + MAX_FRAME;
    bytes.copyWithin(rest + FRAME_HEADER, rest, end + FRAME_HEADER + length);
    writeFrameHeader(bytes, end, MAX_FRAME, FrameType.HEADERS, flags, stream.id);
    writeFrameHeader(bytes, rest, length - MAX_FRAME, FrameType.CONTINUATION, Flag.END_HEADERS, stream.id);
    buffer.end = end + 2 * FRAME_HEADER + length;
  }

  /** Gives a stream its number: with its first frame, since numbers must go out in their order (§5.1.1). */
  protected nameStream(_stream: Http2Stream): void {}

  /** Writes a DATA frame, for which there is room. */
  sendData(stream: Http2Stream, bytes: Uint8Array, from: number, to: number, endStream: boolean): void {
    const length = to - from;
    const { buffer } = this.output;
    const at = buffer.end + FRAME_HEADER;
    if (length < 64) for (let offset = 0; offset < length; offset++) buffer.bytes[at + offset] = bytes[from + offset]!;
    else buffer.bytes.set(bytes.subarray(from, to), at);
    this.output.close(length, FrameType.DATA, endStream ? Flag.END_STREAM : 0, stream.id);
    this.sendWindow -= length;
    stream.sendWindow -= length;
    this.#updatesLeft = Math.min(UPDATES, this.#updatesLeft + UPDATES_PER_DATA);
  }

  sendReset(stream: Http2Stream, code: number): void {
    if (this.isClosing || stream.id === 0) return;
    this.#rememberReset(stream.id);
    this.output.reset(stream.id, code);
    this.scheduleFlush();
  }

  onStreamBlocked(stream: Http2Stream): void {
    // A stream whose own window is closed is woken when that opens; the others wait for the connection.
    if (stream.waitsForWindow || stream.isQueued) return;
    stream.isQueued = true;
    this.#blocked.push(stream);
  }

  onStreamClosed(stream: Http2Stream): void {
    if (stream === this.#dataStream) this.#dataStream = undefined;
    // What its session has not read counts as read for the connection.
    this.#giveConnectionCredit(stream.inbound.unread);
    stream.inbound.unread = 0;
    this.streams.remove(stream);
    this.onStreamGone();
  }

  /** Its session is through with it, and only its end has yet to come. */
  onStreamDetached(_stream: Http2Stream): void {}

  /** The session has read so many octets: the peer may send as many again. */
  giveCredit(stream: Http2Stream, octets: number): void {
    this.#giveConnectionCredit(octets);
    if (stream.remoteEnded || stream.closed) return;
    stream.credit += octets;
    if (stream.credit < this.streamWindow / 2) return;
    stream.receiveWindow += stream.credit;
    this.output.windowUpdate(stream.id, stream.credit);
    stream.credit = 0;
    this.scheduleFlush();
  }

  #giveConnectionCredit(octets: number): void {
    this.#credit += octets;
    if (this.#credit < CONNECTION_WINDOW / 2 || this.isClosing) return;
    this.receiveWindow += this.#credit;
    this.output.windowUpdate(0, this.#credit);
    this.#credit = 0;
    this.scheduleFlush();
  }

  // Input: FrameHandler ──────────────────────────────────────────────────────────────────────────────────────────────

  get mayRead(): boolean {
    return this.#phase === Phase.open && this.output.mayRead;
  }

  onDataBegin(streamId: number, flags: number, length: number, padding: number): number {
    if (length > this.receiveWindow) return ErrorCode.FLOW_CONTROL_ERROR;
    this.receiveWindow -= length;
    const stream = this.streams.find(streamId);
    this.#dataStream = undefined;
    if (stream === undefined || !stream.hasHead || stream.remoteEnded) {
      this.#giveConnectionCredit(length);
      return this.#onStray(streamId, stream);
    }
    if (length > stream.receiveWindow) {
      this.#giveConnectionCredit(length);
      return this.streamError(stream, ErrorCode.FLOW_CONTROL_ERROR);
    }
    stream.receiveWindow -= length;
    if (length === padding && (flags & Flag.END_STREAM) === 0) {
      this.giveCredit(stream, padding);
      return this.spendIdleFrame();
    }
    if (padding > 0) this.giveCredit(stream, padding); // nobody reads it
    this.#dataStream = stream;
    return 0;
  }

  onData(_streamId: number, bytes: Uint8Array, from: number, to: number, isLast: boolean): void {
    const stream = this.#dataStream;
    if (stream === undefined) return;
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
    stream.isUnprocessed = code === ErrorCode.REFUSED_STREAM;
    if (stream.localEnded && code === ErrorCode.NO_ERROR) stream.remoteEnded = true;
    this.failStream(stream, ECONNRESET);
    return this.#spendReset();
  }

  onSettings(bytes: Uint8Array, from: number, to: number): number {
    if (!this.#questions.spend(this.loop.now)) return ErrorCode.ENHANCE_YOUR_CALM;
    const { initialWindow } = this.peer;
    const error = this.peer.apply(bytes, from, to, !this.isServer);
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
    return this.spendIdleFrame();
  }

  onPing(isAck: boolean, bytes: Uint8Array, at: number): number {
    if (isAck) {
      this.onPong();
      return this.spendIdleFrame();
    }
    if (!this.#questions.spend(this.loop.now)) return ErrorCode.ENHANCE_YOUR_CALM;
    this.output.pingAck(bytes, at);
    return 0;
  }

  onWindowUpdate(streamId: number, increment: number): number {
    if (this.#updatesLeft-- <= 0) return ErrorCode.ENHANCE_YOUR_CALM;
    if (streamId === 0) {
      if (increment === 0) return ErrorCode.PROTOCOL_ERROR;
      if (this.sendWindow + increment > MAX_WINDOW) return ErrorCode.FLOW_CONTROL_ERROR;
      this.sendWindow += increment;
      return 0; // those that wait are woken by the flush that follows
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

  /** No HEADERS have made a stream of this number yet. */
  protected abstract isIdle(streamId: number): boolean;

  /** We reset it not long ago: the peer may not know yet. */
  wasReset(streamId: number): boolean {
    return this.#resetIds.includes(streamId);
  }

  #rememberReset(streamId: number): void {
    this.#resetIds.push(streamId);
    if (this.#resetIds.length > REMEMBERED) this.#resetIds.shift();
  }

  // For both kinds ───────────────────────────────────────────────────────────────────────────────────────────────────

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
    return this.#idleFrames.spend(this.loop.now) ? 0 : ErrorCode.ENHANCE_YOUR_CALM;
  }

  #spendReset(): number {
    return this.#resets.spend(this.loop.now) ? 0 : ErrorCode.ENHANCE_YOUR_CALM;
  }
}

/** What `takeTrailers` returns when HPACK is out of step. */
export const COMPRESSION_FAILED = -2;
const NO_TRAILERS = new Uint8Array(0);
