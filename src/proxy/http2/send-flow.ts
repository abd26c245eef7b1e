/** What a connection may send of messages: its window, the room in its output, and the streams that wait for either. */
import type { Channel } from "../../reactor/channel.js";
import type { FrameWriter } from "./frame-writer.js";
import { DEFAULT_WINDOW, MAX_FRAME, MAX_WINDOW } from "./frames.js";
import { FIELD_ROOM } from "./hpack-encoder.js";
import type { Http2Limits } from "./limits.js";
import type { Http2Stream } from "./stream.js";

/** Pseudo-header fields that stand before those of HTTP/1, and size updates of the table. */
const PSEUDO_FIELDS = 6;
/** `a:` and the end of the line. */
const SHORTEST_FIELD = 4;

/** Octets that the block of a head can take, whatever its fields. */
export const roomForHead = ({ head, fields }: Pick<Http2Limits, "head" | "fields">): number => blockSize(head, fields);

/** @param length octets of the head in HTTP/1.1 */
const blockSize = (length: number, fields: number): number =>
  length + FIELD_ROOM * (Math.min(fields, Math.ceil(length / SHORTEST_FIELD)) + PSEUDO_FIELDS);

export class SendFlow {
  /** Octets of DATA that the peer takes from all streams together. */
  window = DEFAULT_WINDOW;
  /** Streams that wait for room or for the connection's window, in their order. */
  #blocked: Http2Stream[] = [];

  constructor(
    readonly transport: Channel,
    readonly output: FrameWriter,
    /** Field lines of a head at most. */
    readonly fields: number,
  ) {}

  /** Whether a head of `length` bytes can be written now. */
  hasRoom(length: number): boolean {
    const needed = blockSize(length, this.fields);
    if (this.output.payloadRoom >= needed) return true;
    this.#makeRoom();
    return this.output.payloadRoom >= needed;
  }

  /** Octets of DATA that the connection lets a stream send now. */
  dataRoom(): number {
    if (this.output.payloadRoom < 1) this.#makeRoom();
    return Math.min(this.window, this.output.payloadRoom, MAX_FRAME);
  }

  /** Writes a DATA frame, for which there is room. */
  data(stream: Http2Stream, bytes: Uint8Array, from: number, to: number, endStream: boolean): void {
    this.output.data(stream.id, bytes, from, to, endStream);
    this.window -= to - from;
    stream.sendWindow -= to - from;
  }

  /** False if the window would become wider than it can be (§6.9.1). */
  widen(increment: number): boolean {
    if (this.window + increment > MAX_WINDOW) return false;
    this.window += increment;
    return true;
  }

  /** A stream that waits for something of its own is woken when that comes; the others wait for the connection. */
  block(stream: Http2Stream): void {
    if (stream.waitsForWindow || stream.waitsForSettings || stream.isQueued) return;
    stream.isQueued = true;
    this.#blocked.push(stream);
  }

  /** Where no window is left, only heads can go on. */
  get mayWake(): boolean {
    if (this.#blocked.length === 0) return false;
    return this.window > 0 || this.#blocked.some((stream) => !stream.outbound.hasBegun);
  }

  wake(): void {
    const waiting = this.#blocked;
    this.#blocked = [];
    for (const stream of waiting) {
      stream.isQueued = false;
      if (!stream.closed) stream.unblock();
    }
  }

  #makeRoom(): void {
    if (this.transport.writable && !this.transport.closed) this.output.flush(this.transport);
  }
}
