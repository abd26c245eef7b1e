/**
 * The client's half of an exchange: its request, from the bytes it is read as to the bytes sent on. They stay in the
 * buffer they came in as long as the request might have to be sent again.
 */
import type { BufferPool, ByteBuffer } from "../../reactor/buffers.js";
import type { Channel } from "../../reactor/channel.js";
import { EAGAIN } from "../../sys/errno.js";
import { BodyFraming } from "./body-framing.js";
import { Method, RequestHead } from "./head.js";
import { editRequest } from "./head-edit.js";
import type { HeadLimits } from "./head-limits.js";
import { FAIR_SHARE, Transfer } from "./transfer.js";

const PREFACE = new Uint8Array(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"));

/** Sides that sessions have given back: a head's memory is outside of V8's heap, dear to get and to let go. */
const spare: RequestSide[] = [];
const MOST_SPARE = 1000;

/** A side for a new session. */
export function takeRequestSide(pool: BufferPool, limits: HeadLimits): RequestSide {
  return spare.pop() ?? new RequestSide(pool, limits);
}

/** What sessions that are over, or idle, hold on to: nobody's. */
let spent: RequestSide | undefined;

/**
 * The session is over, or its client idle.
 * @returns what it is to hold from now on: should it touch that, no other session is harmed
 */
export function giveRequestSide(side: RequestSide): RequestSide {
  spent ??= new RequestSide(side.pool, side.limits);
  if (side === spent) return spent;
  side.reset();
  if (spare.length < MOST_SPARE) spare.push(side);
  return spent;
}

export class RequestSide {
  readonly head: RequestHead;
  readonly body = new BodyFraming();
  /** Bytes sent on. */
  bytes = 0;
  #buffer: ByteBuffer | undefined;
  /** Bytes up to here are of this request, and may be sent on. */
  #ready = 0;
  /** They have been sent up to here. */
  #sent = 0;
  /** From `buffer.start` on, the whole request so far is still there. */
  #isWhole = false;

  constructor(
    readonly pool: BufferPool,
    readonly limits: HeadLimits,
  ) {
    this.head = new RequestHead(limits.fields);
  }

  /** A byte of the next request has come. */
  get hasBegun(): boolean {
    return this.#buffer !== undefined && this.#buffer.length > 0;
  }

  /** All of it has been sent on. */
  get isDone(): boolean {
    return this.body.done && this.#sent === this.#ready;
  }

  /** More has come than this request. */
  get hasExcess(): boolean {
    return this.#buffer !== undefined && this.#ready < this.#buffer.end;
  }

  /** It is the client's turn to send. */
  get waitsForClient(): boolean {
    return !this.body.done && this.#sent === this.#ready;
  }

  /** Reads until the head is complete. Returns waiting, head, malformed, ended or senderBroke. */
  readHead(client: Channel): number {
    this.#buffer ??= this.#takeHeadBuffer();
    const buffer = this.#buffer;
    for (;;) {
      if (buffer.length > 0) {
        const length = this.head.parse(buffer.bytes, buffer.start, buffer.end);
        if (length > 0) return Transfer.head;
        if (length < 0 || buffer.length >= this.limits.length) return Transfer.malformed;
      }
      if (!client.readable) break;
      const count = client.receive(buffer, Math.min(this.limits.length - buffer.length, buffer.room));
      if (count > 0) continue;
      if (count === -EAGAIN) break;
      return count === 0 ? Transfer.ended : Transfer.senderBroke;
    }
    if (buffer.length === 0) this.release();
    return Transfer.waiting;
  }

  /** `GET /path HTTP/1.1`, for the log. Only between `readHead` and `accept`. */
  requestLine(): string {
    const { head } = this;
    const { bytes } = this.#buffer!;
    const line = Buffer.from(bytes.buffer, bytes.byteOffset + head.methodStart, head.targetEnd - head.methodStart);
    return `${line.toString("latin1")} HTTP/1.${head.minor}`;
  }

  /** What has been read so far. Only between `readHead` and `accept`. */
  get input(): ByteBuffer {
    return this.#buffer!;
  }

  /** What has come, as far as it goes, is the beginning of HTTP/2 with prior knowledge (RFC 9113 §3.4). */
  get isHttp2Preface(): boolean {
    const buffer = this.#buffer;
    if (buffer === undefined) return false;
    const length = Math.min(buffer.length, PREFACE.length);
    for (let at = 0; at < length; at++) if (buffer.bytes[buffer.start + at] !== PREFACE[at]) return false;
    return true;
  }

  /** All that has been read; the caller owns the buffer. */
  takeInput(): ByteBuffer {
    const buffer = this.#buffer!;
    this.#buffer = undefined;
    return buffer;
  }

  /**
   * Makes the head what the server gets.
   * @param saysClose the server is told that its connection will be closed
   * @returns false if the body that came with it is malformed
   */
  accept(saysClose: boolean): boolean {
    const { head, body } = this;
    const buffer = this.#buffer!;
    if (head.chunked) body.beginChunked();
    else if (head.contentLength > 0) body.beginLength(head.contentLength);
    else body.beginEmpty();
    const bodyAt = buffer.start + head.length;
    editRequest(buffer, head, saysClose);
    this.bytes = 0;
    this.#isWhole = true;
    this.#sent = buffer.start;
    this.#ready = body.advance(buffer.bytes, bodyAt, buffer.end);
    return !body.broken;
  }

  /** Sends on what there is. Returns waiting, malformed, ended, senderBroke or receiverBroke. */
  forward(client: Channel, server: Channel): number {
    for (let round = 0; ; round++) {
      if (this.#sent < this.#ready) {
        if (!server.writable) return Transfer.waiting;
        const count = server.transmit(this.#buffer!, this.#sent, this.#ready);
        if (count < 0) return Transfer.receiverBroke;
        this.#sent += count;
        this.bytes += count;
        if (this.#sent < this.#ready) return Transfer.waiting;
      }
      if (this.body.done || !client.readable) return Transfer.waiting;
      if (round === FAIR_SHARE) {
        client.loop.resume(client);
        return Transfer.waiting;
      }
      const result = this.#receiveBody(client);
      if (result !== Transfer.head) return result;
    }
  }

  /** Doing it twice does no more than doing it once (RFC 9110 §9.2.2). */
  get isIdempotent(): boolean {
    const { method } = this.head;
    return method !== Method.POST && method !== Method.PATCH && method !== Method.OTHER;
  }

  /** Takes it back to its first byte, to be sent again. False if it is not all there any more. */
  rewind(): boolean {
    if (!this.#isWhole || this.#buffer === undefined) return false;
    this.#sent = this.#buffer.start;
    this.bytes = 0;
    return true;
  }

  /** The server takes no more of it: what is left is not sent. */
  abandon(): void {
    this.#sent = this.#ready;
    // What the client sends from now on is thrown away.
    if (!this.body.done) this.#isWhole = false;
    this.body.beginEmpty();
  }

  /** Gets ready for the next request. */
  next(): void {
    this.head.reset();
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    buffer.start = this.#ready;
    if (buffer.length === 0) this.release();
    else if (buffer.start >= this.limits.headroom) buffer.compact(this.limits.headroom);
    else {
      // A body overwrote the headroom: what follows it moves behind.
      buffer.bytes.copyWithin(this.limits.headroom, buffer.start, buffer.end);
      buffer.end += this.limits.headroom - buffer.start;
      buffer.start = this.limits.headroom;
    }
  }

  /** All that has come and not gone, for a tunnel; the caller owns the buffer. */
  takeRest(): ByteBuffer | undefined {
    const buffer = this.#buffer;
    if (buffer === undefined) return undefined;
    buffer.start = this.#sent;
    if (buffer.length === 0) this.release();
    this.#buffer = undefined;
    return buffer.length === 0 ? undefined : buffer;
  }

  /** Reads and throws away. Returns waiting, ended or senderBroke. */
  drain(client: Channel): number {
    this.#buffer ??= this.pool.take();
    const buffer = this.#buffer;
    for (let round = 0; client.readable; round++) {
      if (round === FAIR_SHARE) {
        client.loop.resume(client);
        return Transfer.waiting;
      }
      buffer.clear();
      const count = client.receive(buffer, buffer.room);
      if (count === -EAGAIN) break;
      if (count <= 0) return count === 0 ? Transfer.ended : Transfer.senderBroke;
    }
    this.release();
    return Transfer.waiting;
  }

  reset(): void {
    this.release();
    this.head.reset();
    this.body.beginEmpty();
    this.bytes = 0;
    this.#ready = 0;
    this.#sent = 0;
    this.#isWhole = false;
  }

  release(): void {
    if (this.#buffer !== undefined) this.pool.give(this.#buffer);
    this.#buffer = undefined;
  }

  /** Reads more of the body, all earlier bytes having gone. `head` stands for: there is more to send. */
  #receiveBody(client: Channel): number {
    this.#buffer ??= this.pool.take();
    const buffer = this.#buffer;
    if (buffer.room === 0 || !this.#isWhole) {
      this.#isWhole = false;
      buffer.clear();
      this.#sent = 0;
      this.#ready = 0;
    }
    const count = client.receive(buffer, buffer.room);
    if (count === -EAGAIN) return Transfer.waiting;
    if (count <= 0) return count === 0 ? Transfer.ended : Transfer.senderBroke;
    this.#ready = this.body.advance(buffer.bytes, this.#ready, buffer.end);
    return this.body.broken ? Transfer.malformed : Transfer.head;
  }

  #takeHeadBuffer(): ByteBuffer {
    const buffer = this.pool.take();
    buffer.clear(this.limits.headroom);
    return buffer;
  }
}
