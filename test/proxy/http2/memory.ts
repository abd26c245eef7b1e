/** What an HTTP/2 connection stands on, without a kernel. */
import assert from "node:assert/strict";
import type { ByteBuffer } from "../../../src/reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../../../src/reactor/channel.js";
import type { Handler, Loop } from "../../../src/reactor/loop.js";
import { Timer, TimerWheel } from "../../../src/reactor/timers.js";
import { EAGAIN } from "../../../src/sys/errno.js";

/** A loop without a kernel: what asks to go on gets its turn when the test says. */
export class QuietLoop {
  now = 1000;
  readonly timers = new TimerWheel(1000);
  readonly #resumed: Handler[] = [];

  timer(fire: () => void): Timer {
    return new Timer(fire);
  }

  resume(handler: Handler): void {
    this.#resumed.push(handler);
  }

  /** Turns until nobody asks for another; that must end. */
  settle(): void {
    for (let turns = 0; this.#resumed.length > 0; turns++) {
      assert.ok(turns < 10_000, "the loop never comes to rest");
      for (const handler of this.#resumed.splice(0)) handler.onReady(0);
    }
  }
}

/** A connection in memory: what arrives is given, what is sent is kept. */
export class MemoryChannel implements Channel {
  readonly fd = -1;
  readonly isSecure = false;
  readonly ssl = 0;
  readable = false;
  writable = true;
  hungUp = false;
  ended = false;
  finished = false;
  closed = false;
  owner: ConnectionOwner = { onConnectionReady() {}, onFailure() {} };
  readonly #incoming: number[] = [];
  readonly sent: number[] = [];

  constructor(readonly loop: Loop) {}

  arrive(bytes: Uint8Array): void {
    for (const byte of bytes) this.#incoming.push(byte);
    this.readable = true;
    if (!this.closed) this.owner.onConnectionReady(this);
  }

  hangUp(): void {
    this.hungUp = true;
    this.readable = true;
    if (!this.closed) this.owner.onConnectionReady(this);
  }

  receive(buffer: ByteBuffer, room: number): number {
    const taken = this.#incoming.splice(0, room);
    if (taken.length === 0) {
      this.readable = false;
      this.ended = this.hungUp;
      return this.hungUp ? 0 : -EAGAIN;
    }
    buffer.bytes.set(taken, buffer.end);
    buffer.end += taken.length;
    return taken.length;
  }

  transmit(buffer: ByteBuffer, from: number, to: number): number {
    for (let at = from; at < to; at++) this.sent.push(buffer.bytes[at]!);
    return to - from;
  }

  hasInput = (): boolean => this.#incoming.length > 0 || this.hungUp;
  takeError = (): number => 0;
  onReady = (): void => this.owner.onConnectionReady(this);

  finish(): void {
    this.finished = true;
  }

  close(): void {
    this.closed = true;
  }

  retire(): void {
    this.closed = true;
  }

  abort(): void {
    this.closed = true;
  }
}

/** `bytes` in pieces that end at `ends`. */
export function* cut(bytes: Uint8Array, ends: readonly number[]): Iterable<Uint8Array> {
  let from = 0;
  for (const end of ends) {
    if (end > from) yield bytes.subarray(from, end);
    from = end;
  }
}
