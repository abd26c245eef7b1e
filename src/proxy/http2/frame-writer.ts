/**
 * Frames on their way to the peer. Those of all streams gather in one buffer, so that what a turn of the loop brings
 * goes out with one system call.
 */
import { BufferPool, type ByteBuffer } from "../../reactor/buffers.js";
import type { Channel } from "../../reactor/channel.js";
import { Flag, FRAME_HEADER, FrameType, MAX_FRAME, writeFrameHeader, writeUint32 } from "./frames.js";

const LEAST_SIZE = 32_768;
/** Room that DATA and HEADERS leave: a peer that reads nothing must still be told of errors. */
const CONTROL_ROOM = 4096;
/** With less than this, no more frames are read: each may ask for an answer. */
const READ_ROOM = 2048;

/** By their size, of which a configuration has but one. All connections of a thread take turns. */
const pools = new Map<number, BufferPool>();

function poolOf(size: number): BufferPool {
  const pool = pools.get(size) ?? new BufferPool(size);
  pools.set(size, pool);
  return pool;
}

export class FrameWriter {
  readonly #pool: BufferPool;
  #buffer: ByteBuffer | undefined;
  /** More was asked for than fits: the peer has not read for so long that the connection is lost. */
  overflowed = false;

  /** @param room octets that the longest field block takes */
  constructor(room = 0) {
    const frames = Math.ceil(room / MAX_FRAME) * FRAME_HEADER;
    this.#pool = poolOf(Math.max(LEAST_SIZE, room + frames + CONTROL_ROOM));
  }

  get isEmpty(): boolean {
    return this.#buffer === undefined;
  }

  /** Octets of payload that a frame of a message may have now; ≤ 0: none fits. */
  get payloadRoom(): number {
    return (this.#buffer?.room ?? this.#pool.size) - FRAME_HEADER - CONTROL_ROOM;
  }

  /** Whether the peer takes answers fast enough to be listened to. */
  get mayRead(): boolean {
    return this.#buffer === undefined || this.#buffer.room >= READ_ROOM;
  }

  /** The buffer to write a frame to, from its `end` on. */
  get buffer(): ByteBuffer {
    this.#buffer ??= this.#pool.take();
    return this.#buffer;
  }

  /** Puts the header in front of a payload of `length` octets that stands at buffer.end + FRAME_HEADER. */
  close(length: number, type: number, flags: number, streamId: number): void {
    const buffer = this.buffer;
    writeFrameHeader(buffer.bytes, buffer.end, length, type, flags, streamId);
    buffer.end += FRAME_HEADER + length;
  }

  /** HEADERS whose field block of `length` octets stands at buffer.end + FRAME_HEADER: in as many frames as that takes. */
  headers(streamId: number, length: number, endStream: boolean): void {
    const flags = endStream ? Flag.END_STREAM : 0;
    if (length <= MAX_FRAME) {
      this.close(length, FrameType.HEADERS, flags | Flag.END_HEADERS, streamId);
      return;
    }
    const { buffer } = this;
    const { bytes } = buffer;
    // From the last to the first, each frame's payload moves behind the headers of those before it.
    const continuations = Math.ceil(length / MAX_FRAME) - 1;
    const first = buffer.end + FRAME_HEADER;
    for (let frame = continuations; frame > 0; frame--) {
      const from = first + frame * MAX_FRAME;
      const size = Math.min(MAX_FRAME, first + length - from);
      const to = from + frame * FRAME_HEADER;
      bytes.copyWithin(to, from, from + size);
      const ending = frame === continuations ? Flag.END_HEADERS : 0;
      writeFrameHeader(bytes, to - FRAME_HEADER, size, FrameType.CONTINUATION, ending, streamId);
    }
    writeFrameHeader(bytes, buffer.end, MAX_FRAME, FrameType.HEADERS, flags, streamId);
    buffer.end = first + length + continuations * FRAME_HEADER;
  }

  /** DATA of bytes[from, to), for which there is room. */
  data(streamId: number, bytes: Uint8Array, from: number, to: number, endStream: boolean): void {
    const length = to - from;
    const { buffer } = this;
    const at = buffer.end + FRAME_HEADER;
    if (length < 64) for (let offset = 0; offset < length; offset++) buffer.bytes[at + offset] = bytes[from + offset]!;
    else buffer.bytes.set(bytes.subarray(from, to), at);
    this.close(length, FrameType.DATA, endStream ? Flag.END_STREAM : 0, streamId);
  }

  /** Bytes that are there already: a preface with its SETTINGS, an answer to PING. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#has(end - start)) return;
    const buffer = this.buffer;
    for (let at = start; at < end; at++) buffer.bytes[buffer.end++] = bytes[at]!;
  }

  /** @param settings pairs of identifier and value */
  settings(settings: readonly (readonly [number, number])[]): void {
    if (!this.#has(FRAME_HEADER + 6 * settings.length)) return;
    const buffer = this.buffer;
    let at = buffer.end + FRAME_HEADER;
    for (const [identifier, value] of settings) {
      buffer.bytes[at] = identifier >>> 8;
      buffer.bytes[at + 1] = identifier & 0xff;
      writeUint32(buffer.bytes, at + 2, value);
      at += 6;
    }
    this.close(6 * settings.length, FrameType.SETTINGS, 0, 0);
  }

  settingsAck(): void {
    if (this.#has(FRAME_HEADER)) this.close(0, FrameType.SETTINGS, Flag.ACK, 0);
  }

  pingAck(bytes: Uint8Array, at: number): void {
    if (!this.#has(FRAME_HEADER + 8)) return;
    const buffer = this.buffer;
    for (let octet = 0; octet < 8; octet++) buffer.bytes[buffer.end + FRAME_HEADER + octet] = bytes[at + octet]!;
    this.close(8, FrameType.PING, Flag.ACK, 0);
  }

  reset(streamId: number, code: number): void {
    this.#word(FrameType.RST_STREAM, streamId, code);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#word(FrameType.WINDOW_UPDATE, streamId, increment);
  }

  goAway(lastStreamId: number, code: number): void {
    if (!this.#has(FRAME_HEADER + 8)) return;
    const buffer = this.buffer;
    writeUint32(buffer.bytes, buffer.end + FRAME_HEADER, lastStreamId);
    writeUint32(buffer.bytes, buffer.end + FRAME_HEADER + 4, code);
    this.close(8, FrameType.GOAWAY, 0, 0);
  }

  /** Sends what it can. Returns false if the peer cannot be reached any more. */
  flush(channel: Channel): boolean {
    const buffer = this.#buffer;
    if (buffer === undefined) return true;
    while (buffer.length > 0 && channel.writable) {
      const count = channel.transmit(buffer, buffer.start, buffer.end);
      if (count < 0) return false;
      if (count === 0) break;
      buffer.start += count;
    }
    if (buffer.length === 0) this.release();
    else if (buffer.start > this.#pool.size / 2) buffer.compact();
    return true;
  }

  release(): void {
    if (this.#buffer !== undefined) this.#pool.give(this.#buffer);
    this.#buffer = undefined;
  }

  #word(type: number, streamId: number, value: number): void {
    if (!this.#has(FRAME_HEADER + 4)) return;
    const buffer = this.buffer;
    writeUint32(buffer.bytes, buffer.end + FRAME_HEADER, value);
    this.close(4, type, 0, streamId);
  }

  #has(octets: number): boolean {
    if ((this.#buffer?.room ?? this.#pool.size) >= octets) return true;
    this.#buffer!.compact();
    if (this.#buffer!.room >= octets) return true;
    this.overflowed = true;
    return false;
  }
}
