/** The server's half of an exchange: its response, from the bytes it is read as to the bytes sent on. */
import { BUFFER_SIZE, type BufferPool, type ByteBuffer } from "../../reactor/buffers.js";
import type { Channel } from "../../reactor/channel.js";
import type { Connection } from "../../reactor/connection.js";
import type { Pipe, PipePool } from "../../reactor/pipes.js";
import { EAGAIN, EINVAL } from "../../sys/errno.js";
import { BodyFraming } from "./body-framing.js";
import { authenticatesConnection } from "./connection-authentication.js";
import { ResponseHead } from "./head.js";
import { editResponse } from "./head-edit.js";
import type { HeadLimits } from "./head-limits.js";
import { FAIR_SHARE, PIPE_SHARE, shareOf, Transfer } from "./transfer.js";

/** As with requests, sides are used again. */
const spare: ResponseSide[] = [];
const MOST_SPARE = 1000;

/** A side for a new session. */
export function takeResponseSide(pool: BufferPool, limits: HeadLimits): ResponseSide {
  return spare.pop() ?? new ResponseSide(pool, limits);
}

/** What sessions that are over, or idle, hold on to: nobody's. */
let spent: ResponseSide | undefined;

/**
 * The session is over, or its client idle.
 * @returns what it is to hold from now on: should it touch that, no other session is harmed
 */
export function giveResponseSide(side: ResponseSide): ResponseSide {
  spent ??= new ResponseSide(side.pool, side.limits);
  if (side === spent) return spent;
  side.begin(0);
  side.body.beginEmpty();
  if (spare.length < MOST_SPARE) spare.push(side);
  return spent;
}

export class ResponseSide {
  readonly head: ResponseHead;
  readonly body = new BodyFraming();
  /** Bytes of it sent to the client, and of the interim responses before it. */
  bytes = 0;
  interimBytes = 0;
  /** The final head has been accepted. */
  hasHead = false;
  #buffer: ByteBuffer | undefined;
  #ready = 0;
  #sent = 0;
  #requestMethod = 0;
  /** Where bulk gets a pipe from, if it may go through one. */
  #pipes: PipePool | undefined;
  /** What it holds waits for the client; the buffer is empty meanwhile. */
  #pipe: Pipe | undefined;
  /** What was read last filled its buffer: there is more behind it. */
  #isFull = false;

  constructor(
    readonly pool: BufferPool,
    readonly limits: HeadLimits,
  ) {
    this.head = new ResponseHead(limits.fields);
  }

  /** Expects the response to a request of this `Method`. */
  begin(requestMethod: number): void {
    this.head.reset();
    this.#requestMethod = requestMethod;
    this.hasHead = false;
    this.bytes = 0;
    this.interimBytes = 0;
    this.release();
  }

  /** The server has sent something. */
  get hasBegun(): boolean {
    return this.hasHead || (this.#buffer !== undefined && this.#buffer.length > 0);
  }

  /** Bytes wait that the client has not taken. */
  get waitsForClient(): boolean {
    return this.#sent < this.#ready || this.#pipe !== undefined;
  }

  /** The server sent more than its response. */
  get hasExcess(): boolean {
    return this.#buffer !== undefined && this.body.position < this.#buffer.end;
  }

  /**
   * Sends on what there is. Returns waiting, done, malformed, ended, senderBroke or receiverBroke; or head, when one
   * is complete: then `accept` it, pass it on as `forwardInterim`, or take the rest for a tunnel.
   */
  forward(client: Channel, server: Channel): number {
    for (let round = 0; ; ) {
      if (this.waitsForClient) {
        if (!client.writable) return Transfer.waiting;
        const count = this.#pipe === undefined ? this.#transmit(client) : this.#spliceFrom(this.#pipe, client);
        if (count < 0) return Transfer.receiverBroke;
        this.bytes += count;
        if (this.waitsForClient) {
          // A pipe may give a part of what it has, page by page, to a client that takes more.
          if (count > 0 && this.#pipe !== undefined && client.writable) continue;
          return Transfer.waiting;
        }
      }
      if (this.hasHead && this.body.done) return Transfer.done;
      if (!server.readable) return Transfer.waiting;
      if (round >= FAIR_SHARE) {
        server.loop.resume(server);
        return Transfer.waiting;
      }
      const count = this.#isFull && this.#pipes !== undefined ? this.#splice(server) : this.#receive(server);
      round += this.#pipe === undefined ? shareOf(count) : PIPE_SHARE;
      if (count === -EAGAIN) return Transfer.waiting;
      if (count === 0) return Transfer.ended;
      if (count < 0) return Transfer.senderBroke;
      if (this.#pipe !== undefined) continue;
      if (!this.hasHead) {
        const result = this.parseHead();
        if (result !== Transfer.waiting) return result;
      } else {
        this.#ready = this.body.advance(this.#buffer!.bytes, 0, this.#buffer!.end);
        if (this.body.broken) return Transfer.malformed;
      }
    }
  }

  /** Looks for a head in what has come: waiting, head or malformed. */
  parseHead(): number {
    const buffer = this.#buffer!;
    const length = this.head.parse(buffer.bytes, buffer.start, buffer.end, this.#requestMethod);
    if (length > 0) return Transfer.head;
    return length < 0 || buffer.length >= this.limits.length ? Transfer.malformed : Transfer.waiting;
  }

  /**
   * Makes the head what the client gets.
   * @param isOldClient the request was HTTP/1.0: chunks, which it does not know, are stripped
   * @param knowsCodings the client is told of other transfer codings, which neither HTTP/1.0 nor HTTP/2 has
   * @returns false if the body that came with it is malformed, or in a coding that cannot be taken off
   */
  accept(keepAlive: boolean, isOldClient: boolean, knowsCodings: boolean): boolean {
    const { head, body } = this;
    const buffer = this.#buffer!;
    this.hasHead = true;
    if (!knowsCodings && head.hasOtherCoding && !head.bodyless) return false;
    if (head.bodyless || head.contentLength === 0) body.beginEmpty();
    else if (head.chunked && isOldClient) body.beginStripped();
    else if (head.chunked) body.beginChunked();
    else if (head.untilClose) body.beginUntilClose();
    else body.beginLength(head.contentLength);
    const bodyAt = buffer.start + head.length;
    editResponse(buffer, head, keepAlive, isOldClient);
    this.#sent = buffer.start;
    this.#isFull = buffer.room === 0;
    this.#ready = body.advance(buffer.bytes, bodyAt, buffer.end);
    return !body.broken;
  }

  /** More of the body is still to be read than a buffer holds. */
  get isBulk(): boolean {
    return this.body.opaque >= BUFFER_SIZE;
  }

  /** Lets bulk of the body that was accepted go through pipes, inside the kernel: both channels are plain sockets. */
  spliceThrough(pipes: PipePool): void {
    this.#pipes = pipes;
  }

  /**
   * Sends a 1xx head on without what it must not say, or leaves it out. Another one is to follow.
   * @returns false if the client did not take it: so few bytes fit into a socket that has nothing else to send
   */
  forwardInterim(client: Channel, isWanted: boolean): boolean {
    const buffer = this.#buffer!;
    const end = buffer.start + this.head.length;
    if (isWanted) {
      editResponse(buffer, this.head, true, false);
      const length = end - buffer.start;
      if (client.transmit(buffer, buffer.start, end) !== length) return false;
      this.interimBytes += length;
    }
    buffer.start = end;
    buffer.compact(this.limits.headroom);
    this.head.reset();
    return true;
  }

  /** It asks for, or goes on with, the authentication of its connection. Only between `parseHead` and `accept`. */
  get authenticatesConnection(): boolean {
    return authenticatesConnection(this.head, this.#buffer!.bytes);
  }

  /** All that has come and not gone, for the tunnel that the head opens; the caller owns the buffer. */
  takeRest(): ByteBuffer | undefined {
    editResponse(this.#buffer!, this.head, true, false);
    const buffer = this.#buffer;
    this.#buffer = undefined;
    return buffer;
  }

  release(): void {
    if (this.#buffer !== undefined) this.pool.give(this.#buffer);
    if (this.#pipe !== undefined) this.#pipes!.give(this.#pipe);
    this.#buffer = undefined;
    this.#pipe = undefined;
    this.#pipes = undefined;
    this.#isFull = false;
    this.#sent = 0;
    this.#ready = 0;
  }

  #transmit(client: Channel): number {
    const count = client.transmit(this.#buffer!, this.#sent, this.#ready);
    if (count > 0) this.#sent += count;
    return count;
  }

  #spliceFrom(pipe: Pipe, client: Channel): number {
    const count = (client as Connection).spliceFrom(pipe);
    if (pipe.length > 0) return count;
    this.#pipes!.give(pipe);
    this.#pipe = undefined;
    return count;
  }

  /** Fills a pipe, if the body goes on for longer than a buffer, and there is one; else a buffer. */
  #splice(server: Channel): number {
    const { body } = this;
    const pipe = this.isBulk ? this.#pipes!.take() : undefined;
    if (pipe === undefined) return this.#receive(server);
    const count = (server as Connection).spliceInto(pipe, body.opaque);
    if (count <= 0) {
      this.#pipes!.give(pipe);
      if (count !== -EINVAL) return count;
      this.#pipes = undefined; // a kind of socket that cannot: there is always the other way
      return this.#receive(server);
    }
    if (this.#buffer !== undefined) this.pool.give(this.#buffer);
    this.#buffer = undefined;
    this.#sent = 0;
    this.#ready = 0;
    this.#pipe = pipe;
    // What comes in crumbs is cheaper to copy.
    this.#isFull = count >= BUFFER_SIZE;
    body.skip(count);
    return count;
  }

  #receive(server: Channel): number {
    if (this.#buffer === undefined) {
      this.#buffer = this.pool.take();
      this.#buffer.clear(this.limits.headroom);
    }
    let buffer = this.#buffer;
    if (!this.hasHead) return server.receive(buffer, Math.min(this.limits.length - buffer.length, buffer.room));
    const wasFull = buffer.room === 0;
    buffer.clear();
    if (wasFull) buffer = this.#buffer = this.pool.grow(buffer);
    this.#sent = 0;
    this.#ready = 0;
    const count = server.receive(buffer, buffer.room);
    this.#isFull = buffer.room === 0;
    return count;
  }
}
