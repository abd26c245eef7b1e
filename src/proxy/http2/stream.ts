/** One stream: to a session a channel like any other, on which one request and its response go, in HTTP/1.1. */
import type { ByteBuffer } from "../../reactor/buffers.js";
import type { Channel, ConnectionOwner } from "../../reactor/channel.js";
import type { Loop } from "../../reactor/loop.js";
import { EAGAIN, EPIPE } from "../../sys/errno.js";
import type { Http2Connection } from "./connection.js";
import { ErrorCode } from "./error-code.js";
import type { Upgrade } from "./extended-connect.js";
import { DEFAULT_WINDOW } from "./frames.js";
import { Inbound } from "./inbound.js";
import { Outbound } from "./outbound.js";

export class Http2Stream implements Channel {
  readable = false;
  writable = true;
  hungUp = false;
  ended = false;
  finished = false;
  closed = false;
  /** A `Method`: of the request. */
  requestMethod = 0;
  /** An extended CONNECT, from a client. */
  isExtended = false;
  /** What an extended CONNECT to a server stands for. */
  upgrade: Upgrade | undefined = undefined;
  /** A head that is not interim has come. */
  hasHead = false;
  /** END_STREAM has come, and has gone. */
  remoteEnded = false;
  localEnded = false;
  /** Octets of DATA that we may send, and that the peer may. */
  sendWindow: number;
  receiveWindow: number;
  /** Octets that the session has read since the last WINDOW_UPDATE. */
  credit = 0;
  /** It waits for room in the output or the connection's window. */
  isQueued = false;
  /** It waits for a window of its own. */
  waitsForWindow = false;
  /** Its head waits for the peer's SETTINGS. */
  waitsForSettings = false;
  /** As REFUSED_STREAM and GOAWAY say (RFC 9113 §8.7). */
  isUntouched = false;
  readonly loop: Loop;
  readonly inbound: Inbound;
  readonly outbound = new Outbound();
  /** What ended it, as an errno; 0: nothing. */
  #error = 0;

  constructor(
    readonly connection: Http2Connection,
    public id: number,
    public owner: ConnectionOwner,
  ) {
    this.loop = connection.loop;
    // Until the peer has seen our settings it goes by the default.
    this.receiveWindow = Math.max(connection.limits.window, DEFAULT_WINDOW);
    this.inbound = new Inbound(connection.pool);
    this.sendWindow = connection.peer.initialWindow;
  }

  /** Our side is the server's: requests come, responses go. */
  get isServer(): boolean {
    return this.connection.isServer;
  }

  get fd(): number {
    return this.connection.transport.fd;
  }

  get isSecure(): boolean {
    return this.connection.transport.isSecure;
  }

  get ssl(): number {
    return this.connection.transport.ssl;
  }

  onReady(): void {
    if (!this.closed) this.owner.onConnectionReady(this);
  }

  onFailure(error: unknown): void {
    this.owner.onFailure(error);
  }

  receive(buffer: ByteBuffer, room: number): number {
    if (this.#error !== 0) {
      this.readable = false;
      return -this.#error;
    }
    const { inbound } = this;
    if (inbound.length > 0) {
      const count = inbound.read(buffer, room);
      // Framing counts for nothing, so the peer gets its credit a little early, and all of it in the end.
      const paid = inbound.length === 0 ? inbound.unread : Math.min(count, inbound.unread);
      inbound.unread -= paid;
      if (paid > 0) this.connection.receiving.give(this, paid);
      this.readable = inbound.length > 0 || this.remoteEnded;
      return count;
    }
    this.readable = false;
    if (!this.remoteEnded) return -EAGAIN;
    this.ended = true;
    return 0;
  }

  transmit(buffer: ByteBuffer, from: number, to: number): number {
    if (this.#error !== 0) return -this.#error;
    if (this.closed || this.localEnded) return this.closed ? -EPIPE : to - from;
    this.waitsForWindow = false;
    const count = this.outbound.take(this, buffer.bytes, from, to);
    if (count < 0) return -EPIPE; // not a message: a bug on our side of the session, or a broken error file
    if (this.#error !== 0) return -this.#error;
    if (count < to - from) {
      this.writable = false;
      this.connection.sending.block(this);
    }
    this.connection.scheduleFlush();
    return count;
  }

  hasInput(): boolean {
    return this.inbound.length > 0 || this.remoteEnded || this.#error !== 0;
  }

  /** Ends what we send, if it can end here. A response that is through needs no more of its request. */
  finish(): void {
    if (this.finished) return;
    this.finished = true;
    if (!this.localEnded && this.#error === 0 && !this.closed && this.outbound.isOpenEnded) this.sendEnd();
    if (this.isServer && !this.outbound.isTunnel) this.ended = true;
    this.connection.scheduleFlush();
  }

  takeError(): number {
    return this.#error;
  }

  close(): void {
    // A response may be whole before its request (RFC 9113 §8.1); anything else is cut short.
    const isWhole = this.localEnded && this.isServer;
    this.#close(isWhole ? ErrorCode.NO_ERROR : ErrorCode.CANCEL);
  }

  retire(): void {
    this.close();
  }

  abort(): void {
    this.#close(this.isServer ? ErrorCode.INTERNAL_ERROR : ErrorCode.CANCEL);
  }

  // What the connection calls ────────────────────────────────────────────────────────────────────────────────────────

  /** Something has come for the session. */
  wake(): void {
    this.readable = true;
    this.#tellOwner();
  }

  /** It may send again. */
  unblock(): void {
    this.writable = true;
    this.#tellOwner();
  }

  /** The stream is no more: whatever the session does next meets this errno. */
  fail(errno: number): void {
    this.#error = errno;
    this.inbound.release();
    this.hungUp = true;
    this.readable = true;
    this.writable = true;
  }

  get hasFailed(): boolean {
    return this.#error !== 0;
  }

  // What Outbound calls ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether a head of so many bytes can be encoded now. */
  hasRoomForHead(length: number): boolean {
    return this.connection.sending.hasRoom(length);
  }

  /** Closes the HEADERS frame whose block of `length` octets has been written to the output. */
  sendHeaders(length: number, endStream: boolean): void {
    this.connection.sendHeaders(this, length, endStream);
    if (endStream) this.#onLocalEnd();
  }

  /** Sends what flow control allows; returns the offset behind it. */
  sendData(bytes: Uint8Array, from: number, to: number, endStream: boolean): number {
    let at = from;
    while (at < to) {
      const count = Math.min(to - at, this.connection.sending.dataRoom(), this.sendWindow);
      if (count <= 0) {
        this.waitsForWindow = this.sendWindow <= 0;
        return at;
      }
      this.connection.sendData(this, bytes, at, at + count, endStream && at + count === to);
      at += count;
    }
    if (endStream) this.#onLocalEnd();
    return at;
  }

  /** Ends the message with an empty DATA frame. */
  sendEnd(): void {
    this.connection.sendData(this, EMPTY, 0, 0, true);
    this.#onLocalEnd();
  }

  /** A bug in one session is none of the connection's, whose streams may be many clients'. */
  #tellOwner(): void {
    if (this.closed) return;
    try {
      this.owner.onConnectionReady(this);
    } catch (error) {
      this.owner.onFailure(error);
    }
  }

  #onLocalEnd(): void {
    this.localEnded = true;
  }

  /** §8.1: the server has answered, and wants no more of the request; the answer is not to be lost for that. */
  abandonRequest(): void {
    this.localEnded = true;
    this.unblock();
  }

  #close(code: number): void {
    if (this.closed) return;
    this.closed = true;
    this.inbound.release();
    // All of the response is here but the flag that ends it: it would be a pity to call that cancelled.
    if (!this.isServer && this.localEnded && this.hasHead && !this.remoteEnded && this.inbound.expected === 0) {
      this.connection.onStreamDetached(this);
      return;
    }
    if (!this.hasFailed && !(this.localEnded && this.remoteEnded)) this.connection.sendReset(this, code);
    this.connection.onStreamClosed(this);
  }
}

const EMPTY = new Uint8Array(0);
