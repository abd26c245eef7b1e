/**
 * A message on its way from HTTP/2 to a session, which reads it as HTTP/1.1: a head, then the body with its length or
 * in chunks, then trailers. What the session has not read waits here; flow control bounds it.
 */
import type { BufferPool, ByteBuffer } from "../../reactor/buffers.js";
import { Body } from "./request-builder.js";

/** A chunk's size is written when the chunk is over, to room that was left for it: four digits and CRLF. */
const SIZE_LENGTH = 6;
const CRLF_LENGTH = 2;
/** Less is not worth beginning a chunk for. */
const LEAST_CHUNK = 64;
const LAST_CHUNK = new Uint8Array(Buffer.from("0\r\n", "latin1"));
const CRLF = new Uint8Array(Buffer.from("\r\n", "latin1"));
const DIGITS = new Uint8Array(Buffer.from("0123456789abcdef", "latin1"));

export class Inbound {
  /** Bytes of the message that wait. */
  length = 0;
  /** Octets of DATA among them, for which the peer has no credit yet. */
  unread = 0;
  /** Octets of DATA that Content-Length still promises; -1: it does not say. */
  expected = -1;
  /** A `Body`. */
  body: number = Body.none;
  /** The first buffer, which is read from; later ones, of which the last is written to. */
  #first: ByteBuffer | undefined;
  readonly #later: ByteBuffer[] = [];
  /** In the last buffer, where the size of the chunk under way goes; -1: none is. */
  #chunkAt = -1;

  constructor(readonly pool: BufferPool) {}

  /** @param contentLength as declared; -1: not */
  begin(body: number, contentLength: number): void {
    this.body = body;
    this.expected = body === Body.chunked || body === Body.tunnel ? -1 : Math.max(0, contentLength);
    if (body === Body.none) this.expected = 0;
  }

  /** Adds bytes that are HTTP/1.1 already. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.#endChunk();
    let at = start;
    while (at < end) {
      const buffer = this.#withRoom(1);
      const taken = Math.min(end - at, buffer.room);
      this.#copy(buffer, bytes, at, taken);
      at += taken;
    }
  }

  /**
   * Adds payload of DATA.
   * @returns false if it is more than the message has
   */
  appendData(bytes: Uint8Array, start: number, end: number): boolean {
    this.unread += end - start;
    if (this.body !== Body.chunked) {
      if (this.expected >= 0) {
        if (end - start > this.expected) return false;
        this.expected -= end - start;
      }
      this.append(bytes, start, end);
      return true;
    }
    let at = start;
    while (at < end) {
      const buffer = this.#withChunk();
      const taken = Math.min(end - at, buffer.room - CRLF_LENGTH);
      this.#copy(buffer, bytes, at, taken);
      at += taken;
    }
    return true;
  }

  /**
   * The peer has sent all.
   * @param trailers field lines; they are left out where HTTP/1.1 has no place for them
   * @returns false if it is less than the message has
   */
  end(trailers: Uint8Array, trailersLength: number): boolean {
    if (this.body === Body.chunked) {
      this.append(LAST_CHUNK, 0, LAST_CHUNK.length);
      this.append(trailers, 0, trailersLength);
      this.append(CRLF, 0, CRLF.length);
    }
    return this.expected <= 0;
  }

  /** Moves at most `room` bytes to the free end of `into`. Returns how many; 0: none wait. */
  read(into: ByteBuffer, room: number): number {
    let done = 0;
    while (done < room) {
      const buffer = this.#first;
      if (buffer === undefined) break;
      if (this.#later.length === 0) this.#endChunk();
      const taken = Math.min(room - done, buffer.length);
      if (taken < 64) {
        for (let at = 0; at < taken; at++) into.bytes[into.end + at] = buffer.bytes[buffer.start + at]!;
      } else into.bytes.set(buffer.bytes.subarray(buffer.start, buffer.start + taken), into.end);
      into.end += taken;
      buffer.start += taken;
      done += taken;
      if (buffer.length > 0) break;
      this.pool.give(buffer);
      this.#first = this.#later.shift();
    }
    this.length -= done;
    return done;
  }

  release(): void {
    if (this.#first !== undefined) this.pool.give(this.#first);
    for (const buffer of this.#later) this.pool.give(buffer);
    this.#first = undefined;
    this.#later.length = 0;
    this.#chunkAt = -1;
    this.length = 0;
  }

  #copy(buffer: ByteBuffer, bytes: Uint8Array, at: number, count: number): void {
    if (count < 64)
      for (let offset = 0; offset < count; offset++) buffer.bytes[buffer.end + offset] = bytes[at + offset]!;
    else buffer.bytes.set(bytes.subarray(at, at + count), buffer.end);
    buffer.end += count;
    this.length += count;
  }

  get #last(): ByteBuffer | undefined {
    return this.#later.length > 0 ? this.#later[this.#later.length - 1] : this.#first;
  }

  #withRoom(room: number): ByteBuffer {
    const last = this.#last;
    if (last !== undefined && last.room >= room) return last;
    const buffer = this.pool.take();
    if (this.#first === undefined) this.#first = buffer;
    else this.#later.push(buffer);
    return buffer;
  }

  /** The last buffer, with a chunk under way and room in it. */
  #withChunk(): ByteBuffer {
    const last = this.#last;
    if (this.#chunkAt >= 0) {
      if (last!.room > CRLF_LENGTH) return last!;
      this.#endChunk();
    }
    const buffer = this.#withRoom(SIZE_LENGTH + LEAST_CHUNK + CRLF_LENGTH);
    this.#chunkAt = buffer.end;
    buffer.end += SIZE_LENGTH;
    this.length += SIZE_LENGTH;
    return buffer;
  }

  #endChunk(): void {
    if (this.#chunkAt < 0) return;
    const { bytes, end } = this.#last!;
    const at = this.#chunkAt;
    const size = end - at - SIZE_LENGTH;
    for (let digit = 0; digit < 4; digit++) bytes[at + digit] = DIGITS[(size >> (12 - 4 * digit)) & 15]!;
    bytes[at + 4] = 0x0d;
    bytes[at + 5] = 0x0a;
    bytes[end] = 0x0d;
    bytes[end + 1] = 0x0a;
    this.#last!.end = end + CRLF_LENGTH;
    this.length += CRLF_LENGTH;
    this.#chunkAt = -1;
  }
}
