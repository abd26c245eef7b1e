/**
 * Cuts what a peer sends into frames. DATA is handed on as it comes; a field block only when it is whole, its
 * CONTINUATION frames included; the others are short. Keeps no bytes but those of a field block that came in pieces.
 */
import type { ByteBuffer } from "../../reactor/buffers.js";
import { ErrorCode } from "./error-code.js";
import { checkFrame, Flag, FRAME_HEADER, FrameType, readUint24, readUint31, readUint32 } from "./frames.js";

/** Each method returns 0, or the ErrorCode with which the connection has to end. */
export interface FrameHandler {
  /** False: the answers to what was read must go first. */
  readonly mayRead: boolean;
  /**
   * @param length of the payload, all of which flow control counts
   * @param padding octets of it that are no data
   */
  onDataBegin(streamId: number, flags: number, length: number, padding: number): number;
  /** @param isLast the frame has no more data: `onDataEnd` follows, unless padding has yet to come */
  onData(streamId: number, bytes: Uint8Array, from: number, to: number, isLast: boolean): void;
  onDataEnd(streamId: number, flags: number): number;
  /** A whole field block. */
  onFieldBlock(streamId: number, endStream: boolean, bytes: Uint8Array, from: number, to: number): number;
  onPriority(streamId: number, length: number): number;
  onReset(streamId: number, code: number): number;
  onSettings(bytes: Uint8Array, from: number, to: number): number;
  onSettingsAck(): number;
  onPing(isAck: boolean, bytes: Uint8Array, at: number): number;
  onGoAway(lastStreamId: number, code: number): number;
  onWindowUpdate(streamId: number, increment: number): number;
  onUnknown(): number;
}

/** Frames that one field block may be cut into. */
export const MAX_CONTINUATIONS = 32;
/** Whoever sends more of them at once is not serious: there are but a few settings. */
export const MAX_SETTINGS_LENGTH = 6 * 64;

/** Payload that is taken in pieces; any other is waited for. */
const Mode = { frame: 0, data: 1, padding: 2, skip: 3 } as const;

export class FrameReader {
  #mode: number = Mode.frame;
  #streamId = 0;
  #flags = 0;
  /** Octets of the payload still to come, padding aside. */
  #left = 0;
  #padding = 0;
  /** A field block in pieces, and the stream whose CONTINUATION has to follow; 0: none. */
  #block: Uint8Array | undefined;
  #blockLength = 0;
  #blockStreamId = 0;
  #blockEndsStream = false;
  #continuations = 0;
  #hasSettings = false;

  /**
   * @param largestFrame octets of payload that we have allowed
   * @param largestBlock octets of a field block
   */
  constructor(
    readonly largestFrame: number,
    readonly largestBlock: number,
  ) {}

  /**
   * Takes the frames of buffer, up to the first that is not whole.
   * @returns 0, or the ErrorCode with which the connection has to end
   */
  take(buffer: ByteBuffer, handler: FrameHandler): number {
    const { bytes } = buffer;
    while (buffer.start < buffer.end) {
      const available = buffer.end - buffer.start;
      switch (this.#mode) {
        case Mode.frame: {
          if (available < FRAME_HEADER || !handler.mayRead) return 0;
          const error = this.#beginFrame(buffer, bytes, available, handler);
          if (error === INCOMPLETE) return 0;
          if (error !== 0) return error;
          break;
        }
        case Mode.data: {
          const taken = Math.min(available, this.#left);
          if (taken > 0)
            handler.onData(this.#streamId, bytes, buffer.start, buffer.start + taken, taken === this.#left);
          buffer.start += taken;
          this.#left -= taken;
          if (this.#left === 0) this.#mode = Mode.padding;
          break;
        }
        default: {
          const taken = Math.min(available, this.#left + this.#padding);
          buffer.start += taken;
          this.#padding -= taken;
        }
      }
      if (this.#mode === Mode.data && this.#left === 0) this.#mode = Mode.padding;
      if (this.#mode >= Mode.padding && this.#padding === 0) {
        const wasData = this.#mode === Mode.padding;
        this.#mode = Mode.frame;
        const error = wasData ? handler.onDataEnd(this.#streamId, this.#flags) : 0;
        if (error !== 0) return error;
      }
    }
    return 0;
  }

  #beginFrame(buffer: ByteBuffer, bytes: Uint8Array, available: number, handler: FrameHandler): number {
    const at = buffer.start;
    const length = readUint24(bytes, at);
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const streamId = readUint31(bytes, at + 5);
    const error = this.#check(type, flags, streamId, length);
    if (error !== 0) return error;
    if (type === FrameType.DATA) return this.#beginData(buffer, available, flags, streamId, length, handler);
    // GOAWAY's debug data and what we do not know may be long, and say nothing to us.
    const needed =
      type === FrameType.GOAWAY ? 8 : type > FrameType.CONTINUATION || type === FrameType.PRIORITY ? 0 : length;
    if (available < FRAME_HEADER + needed)
      return FRAME_HEADER + needed > bytes.length ? ErrorCode.ENHANCE_YOUR_CALM : INCOMPLETE;
    buffer.start = at + FRAME_HEADER + needed;
    if (length > needed) {
      this.#mode = Mode.skip;
      this.#left = 0;
      this.#padding = length - needed;
    }
    return this.#dispatch(type, flags, streamId, length, bytes, at + FRAME_HEADER, handler);
  }

  #check(type: number, flags: number, streamId: number, length: number): number {
    const error = checkFrame(type, flags, streamId, length, this.largestFrame);
    if (error !== 0) return error;
    // §3.4: the connection begins with SETTINGS.
    if (!this.#hasSettings && (type !== FrameType.SETTINGS || (flags & Flag.ACK) !== 0))
      return ErrorCode.PROTOCOL_ERROR;
    this.#hasSettings = true;
    // §6.10: nothing may come between the frames of a field block.
    const isContinuation = type === FrameType.CONTINUATION;
    if (this.#blockStreamId !== 0)
      return isContinuation && streamId === this.#blockStreamId ? 0 : ErrorCode.PROTOCOL_ERROR;
    return isContinuation ? ErrorCode.PROTOCOL_ERROR : 0;
  }

  #beginData(
    buffer: ByteBuffer,
    available: number,
    flags: number,
    streamId: number,
    length: number,
    handler: FrameHandler,
  ): number {
    const isPadded = (flags & Flag.PADDED) !== 0;
    if (isPadded && available < FRAME_HEADER + 1) return INCOMPLETE;
    const padding = isPadded ? 1 + buffer.bytes[buffer.start + FRAME_HEADER]! : 0;
    if (padding > length) return ErrorCode.PROTOCOL_ERROR;
    buffer.start += FRAME_HEADER + (isPadded ? 1 : 0);
    this.#mode = Mode.data;
    this.#streamId = streamId;
    this.#flags = flags;
    this.#left = length - padding;
    this.#padding = isPadded ? padding - 1 : 0;
    return handler.onDataBegin(streamId, flags, length, padding);
  }

  #dispatch(
    type: number,
    flags: number,
    streamId: number,
    length: number,
    bytes: Uint8Array,
    at: number,
    handler: FrameHandler,
  ): number {
    switch (type) {
      case FrameType.HEADERS:
        return this.#onHeaders(flags, streamId, length, bytes, at, handler);
      case FrameType.CONTINUATION:
        if (++this.#continuations > MAX_CONTINUATIONS) return ErrorCode.ENHANCE_YOUR_CALM;
        return this.#onFragment(flags, bytes, at, at + length, handler);
      case FrameType.PRIORITY:
        return handler.onPriority(streamId, length);
      case FrameType.RST_STREAM:
        return handler.onReset(streamId, readUint32(bytes, at));
      case FrameType.SETTINGS:
        if ((flags & Flag.ACK) !== 0) return handler.onSettingsAck();
        if (length > MAX_SETTINGS_LENGTH) return ErrorCode.ENHANCE_YOUR_CALM;
        return handler.onSettings(bytes, at, at + length);
      case FrameType.PUSH_PROMISE:
        return ErrorCode.PROTOCOL_ERROR; // clients cannot push, and servers have been told not to (§8.4)
      case FrameType.PING:
        return handler.onPing((flags & Flag.ACK) !== 0, bytes, at);
      case FrameType.GOAWAY:
        return handler.onGoAway(readUint31(bytes, at), readUint32(bytes, at + 4));
      case FrameType.WINDOW_UPDATE:
        return handler.onWindowUpdate(streamId, readUint31(bytes, at));
      default:
        return handler.onUnknown();
    }
  }

  #onHeaders(
    flags: number,
    streamId: number,
    length: number,
    bytes: Uint8Array,
    at: number,
    handler: FrameHandler,
  ): number {
    const isPadded = (flags & Flag.PADDED) !== 0;
    const from = at + (isPadded ? 1 : 0) + ((flags & Flag.PRIORITY) !== 0 ? 5 : 0);
    const to = at + length - (isPadded ? bytes[at]! : 0);
    if (to < from) return ErrorCode.PROTOCOL_ERROR;
    this.#blockEndsStream = (flags & Flag.END_STREAM) !== 0;
    if ((flags & Flag.END_HEADERS) !== 0) return handler.onFieldBlock(streamId, this.#blockEndsStream, bytes, from, to);
    this.#blockStreamId = streamId;
    this.#blockLength = 0;
    this.#continuations = 0;
    return this.#onFragment(flags, bytes, from, to, handler);
  }

  #onFragment(flags: number, bytes: Uint8Array, from: number, to: number, handler: FrameHandler): number {
    if (this.#blockLength + to - from > this.largestBlock) return ErrorCode.ENHANCE_YOUR_CALM;
    this.#block ??= new Uint8Array(this.largestBlock);
    this.#block.set(bytes.subarray(from, to), this.#blockLength);
    this.#blockLength += to - from;
    if ((flags & Flag.END_HEADERS) === 0) return 0;
    const streamId = this.#blockStreamId;
    const block = this.#block;
    this.#blockStreamId = 0;
    this.#block = undefined;
    return handler.onFieldBlock(streamId, this.#blockEndsStream, block, 0, this.#blockLength);
  }
}

/** No ErrorCode: the frame has not come whole. */
const INCOMPLETE = -1;
