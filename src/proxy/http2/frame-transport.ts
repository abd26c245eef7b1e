/**
 * The bytes under an HTTP/2 connection. Those that come are read until there is no more, or until the peer does not
 * take our answers; those that go gather until the turn of the loop is over. An end is orderly: what is written goes
 * out, and what the peer still sends is thrown away for a moment.
 */
import type { BufferPool, ByteBuffer } from "../../reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../../reactor/channel.js";
import type { Handler, Loop } from "../../reactor/loop.js";
import { EAGAIN, ECONNRESET } from "../../sys/errno.js";
import { FAIR_SHARE } from "../http1/transfer.js";
import type { FrameWriter } from "./frame-writer.js";

/** How long a peer may go on sending after GOAWAY, in milliseconds: a close in between could destroy it. */
const LINGER = 1000;

const Phase = { open: 0, flushing: 1, lingering: 2, closed: 3 } as const;

export abstract class FrameTransport implements ConnectionOwner, Handler {
  readonly loop: Loop;
  #input: ByteBuffer | undefined;
  #phase: number = Phase.open;
  #isFlushDue = false;
  #isRunning = false;

  constructor(
    readonly transport: Channel,
    readonly pool: BufferPool,
    readonly output: FrameWriter,
  ) {
    this.loop = transport.loop;
    transport.owner = this;
  }

  /**
   * Decodes what is there, and moves the start of `input` behind it.
   * @returns 0, or the ErrorCode with which the connection has to end
   */
  protected abstract takeFrames(input: ByteBuffer): number;
  protected abstract endWithError(code: number): void;
  /** Streams wait for room in the output, and it would do them good to be woken. */
  protected abstract get mayWakeStreams(): boolean;
  protected abstract wakeStreams(): void;
  /** Bytes came, or went. */
  protected abstract onActivity(): void;
  /** The peer has time to read our last words. */
  protected abstract onLingering(milliseconds: number): void;
  /** The transport broke: so have the streams. */
  protected abstract onLost(errno: number): void;
  /** Nothing more comes from this connection. */
  protected abstract onClosed(): void;
  abstract onFailure(error: unknown): void;

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
    this.onLost(errno);
  }

  /** Lets go of everything but the streams. */
  closeNow(): void {
    if (this.#phase === Phase.closed) return;
    this.#phase = Phase.closed;
    try {
      this.output.release();
      this.#releaseInput();
      // Before the peer can see it: whoever connects on seeing the close must not be counted beside this one.
      this.onClosed();
    } finally {
      this.transport.close();
    }
  }

  #resumeLater(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.loop.resume(this);
  }

  #work(): void {
    for (let round = 0; ; round++) {
      if (!this.#flush()) return;
      if (this.#phase === Phase.lingering) {
        this.#linger();
        return;
      }
      if (this.#phase === Phase.open) this.#decode();
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

  #decode(): void {
    const input = this.#input;
    if (input === undefined) return;
    const error = this.takeFrames(input);
    if (this.#input === undefined) return; // a stream's end was the connection's
    if (input.length === 0) this.#releaseInput();
    else input.compact();
    if (error !== 0) this.endWithError(error);
  }

  /** Reads once. False if nothing came. */
  #receive(): boolean {
    this.#input ??= this.pool.take();
    const input = this.#input;
    if (input.room === 0) return false;
    const count = this.transport.receive(input, input.room);
    if (count > 0) return true;
    if (input.length === 0) this.#releaseInput();
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
      if (!this.output.isEmpty || !this.mayWakeStreams) break;
      if (round >= FAIR_SHARE) {
        this.#resumeLater();
        break;
      }
      this.wakeStreams();
      if (this.isClosed) return false;
    }
    if (this.#phase === Phase.flushing && this.output.isEmpty) {
      this.#phase = Phase.lingering;
      this.transport.finish();
      this.onLingering(LINGER);
    }
    return true;
  }

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

  #releaseInput(): void {
    if (this.#input !== undefined) this.pool.give(this.#input);
    this.#input = undefined;
  }
}
