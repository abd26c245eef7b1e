/**
 * One direction of a relay. Small messages are copied through a buffer. What turns out to be bulk, buffer after buffer
 * filled to the brim, goes through a pipe instead, where it stays in the kernel: at a quarter of the price of copying,
 * while a message by itself would be dearer that way (docs/performance.md).
 */
import type { Frontend } from "../config/haproxy/model.js";
import { BUFFER_SIZE, type BufferPool, type ByteBuffer } from "../reactor/buffers.js";
import type { Channel } from "../reactor/channel.js";
import { Connection } from "../reactor/connection.js";
import type { Pipe, PipePool } from "../reactor/pipes.js";
import { EAGAIN, EINVAL } from "../sys/errno.js";
import { FAIR_SHARE, PIPE_SHARE, shareOf } from "./http1/transfer.js";

export const Moved = { running: 0, sourceBroke: 1, sinkBroke: 2 } as const;

/** Buffers in a row that have to be full before it is bulk. */
const BULK = 2;

/** Who may keep bytes inside the kernel (`option splice-…`). */
export type SpliceSettings = Pick<Frontend, "splicing">;

/** What the proxies on both sides say of one direction. */
export function spliceWhen(
  direction: "request" | "response",
  { splicing: client }: SpliceSettings,
  { splicing: server }: SpliceSettings,
): SpliceWhen {
  if (client[direction] || server[direction]) return "always";
  return client.auto && server.auto ? "bulk" : "never";
}

export type SpliceWhen = "never" | "bulk" | "always";

export class Flow {
  /** Bytes that the kernel took for the sink. */
  bytes = 0;
  #buffer: ByteBuffer | undefined;
  #pipe: Pipe | undefined;
  /** Buffers in a row that the source filled. */
  #full = 0;
  /** How many of them make it bulk. */
  #bulk: number;
  #isStopped = false;

  /** @param buffer bytes that are there already; the flow gives the buffer back to the pool */
  constructor(
    readonly pool: BufferPool,
    readonly pipes: PipePool,
    readonly from: Channel,
    readonly to: Channel,
    when: SpliceWhen,
    buffer: ByteBuffer | undefined,
  ) {
    this.#buffer = buffer;
    const isPossible = when !== "never" && isPlain(from) && isPlain(to);
    this.#bulk = !isPossible ? Number.POSITIVE_INFINITY : when === "always" ? 0 : BULK;
  }

  /** Reads no more from the source: what waits for the sink goes there, and then the end. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Nothing more comes from the source. */
  get isOver(): boolean {
    return this.#isStopped || this.from.ended;
  }

  /** Bytes wait for the sink. */
  get isFilled(): boolean {
    return this.#buffer !== undefined || this.#pipe !== undefined;
  }

  /** Moves what can be moved now. Returns one of `Moved`. */
  pump(): number {
    const { from, to } = this;
    let rounds = 0;
    for (;;) {
      if (this.#buffer !== undefined || this.#pipe !== undefined) {
        if (!to.writable) break;
        const count = this.#send();
        if (count < 0) return Moved.sinkBroke;
        this.bytes += count;
        if (this.#buffer !== undefined ? this.#buffer.start < this.#buffer.end : this.#pipe!.length > 0) {
          // A pipe may give a part of what it has, page by page, to a sink that takes more.
          if (count > 0 && this.#pipe !== undefined && to.writable) continue;
          break;
        }
        if (this.#buffer !== undefined) this.#empty(this.#buffer);
      }
      if (!from.readable || this.#isStopped) break;
      if (rounds >= FAIR_SHARE) {
        from.loop.resume(from);
        break;
      }
      const isBulk = this.#full >= this.#bulk && this.#havePipe();
      const count = isBulk ? this.#splice() : this.#copy();
      rounds += isBulk ? PIPE_SHARE : shareOf(count);
      if (count > 0) continue;
      if (count === 0 || count === -EAGAIN) break;
      return Moved.sourceBroke;
    }
    this.#giveEmptyBack();
    if (!this.isFilled && this.isOver) to.finish();
    return Moved.running;
  }

  release(): void {
    if (this.#buffer !== undefined) this.pool.give(this.#buffer);
    if (this.#pipe !== undefined) this.pipes.give(this.#pipe);
    this.#buffer = undefined;
    this.#pipe = undefined;
  }

  #send(): number {
    const { to } = this;
    const buffer = this.#buffer;
    if (buffer === undefined) return (to as Connection).spliceFrom(this.#pipe!);
    const count = to.transmit(buffer, buffer.start, buffer.end);
    if (count > 0) buffer.start += count;
    return count;
  }

  /** Where it cannot be spliced, bulk gets a larger buffer. */
  #empty(buffer: ByteBuffer): void {
    const wasFull = buffer.room === 0;
    buffer.clear();
    if (wasFull && this.#bulk === Number.POSITIVE_INFINITY && this.from.readable) this.#buffer = this.pool.grow(buffer);
  }

  #copy(): number {
    const { from } = this;
    if (this.#pipe !== undefined) this.#giveEmptyBack();
    this.#buffer ??= this.pool.take();
    const room = this.#buffer.bytes.length;
    const count = from.receive(this.#buffer, room);
    this.#full = count === room ? this.#full + 1 : 0;
    return count;
  }

  /** Whether there is a pipe to fill; else it is copied for a while. */
  #havePipe(): boolean {
    if (this.#pipe !== undefined) return true;
    if (this.#buffer !== undefined) this.#giveEmptyBack();
    this.#pipe = this.pipes.take();
    if (this.#pipe === undefined) this.#full = 0;
    return this.#pipe !== undefined;
  }

  #splice(): number {
    const count = (this.from as Connection).spliceInto(this.#pipe!);
    if (count === -EINVAL) {
      // A kind of socket that cannot: there is always the other way.
      this.#bulk = Number.POSITIVE_INFINITY;
      return this.#copy();
    }
    // What comes in crumbs is bulk no more.
    if (count > 0 && count < BUFFER_SIZE) this.#full = 0;
    return count;
  }

  #giveEmptyBack(): void {
    if (this.#buffer !== undefined && this.#buffer.start === this.#buffer.end) {
      this.pool.give(this.#buffer);
      this.#buffer = undefined;
    }
    if (this.#pipe !== undefined && this.#pipe.length === 0) {
      this.pipes.give(this.#pipe);
      this.#pipe = undefined;
    }
  }
}

/** A socket and nothing on top of it: its bytes may stay in the kernel. */
export const isPlain = (channel: Channel): channel is Connection => channel instanceof Connection && !channel.isSecure;
