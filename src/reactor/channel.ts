/**
 * Bytes both ways with a peer, as sessions see it: a socket, TLS on one, a stream of an HTTP/2 connection. Edge-triggered:
 * `readable` and `writable` stay true until a call finds otherwise.
 */
import type { ByteBuffer } from "./buffers.js";
import type { Handler, Loop } from "./loop.js";

/** Whom a channel wakes. */
export interface ConnectionOwner {
  onConnectionReady(channel: Channel): void;
  /** A bug threw while the channel was served: let go of everything. */
  onFailure(error: unknown): void;
}

export interface Channel extends Handler {
  readonly loop: Loop;
  /** The socket under it, which tells its addresses. */
  readonly fd: number;
  /** What passes is encrypted. */
  readonly isSecure: boolean;
  /** The `SSL` under it, for questions about the connection; 0: there is none. */
  readonly ssl: number;
  owner: ConnectionOwner;
  readable: boolean;
  writable: boolean;
  /** The peer has finished sending, or the channel broke: `receive` has yet to find out which, up to `ended`. */
  readonly hungUp: boolean;
  /** `receive` has returned 0: the peer sends no more. */
  readonly ended: boolean;
  /** We have said that no more bytes come from us. */
  readonly finished: boolean;
  /** It broke, and its peer says that it has not looked at a byte of ours: all may be sent again elsewhere. */
  readonly isUntouched?: boolean;
  /** Closed by us. */
  readonly closed: boolean;

  /**
   * Reads once into the free end of `buffer`, at most `room` bytes, which must be there and not be 0.
   * @returns bytes added; 0 at the end of the stream; a negated errno, -EAGAIN when there is nothing now.
   */
  receive(buffer: ByteBuffer, room: number): number;
  /**
   * Sends bytes of `buffer` from `from` up to `to`.
   * @returns how many were taken (0 when none is taken now), or a negated errno.
   */
  transmit(buffer: ByteBuffer, from: number, to: number): number;
  /** Whether something is there to be received, the end of the stream included. Surer than `readable`, and dearer. */
  hasInput(): boolean;
  /** No more bytes from us. */
  finish(): void;
  /** The pending error, as a positive errno; 0: none. Tells how a connect ended. */
  takeError(): number;
  close(): void;
  /** Closes where nothing is under way any more. A connection that its peer has not closed gets RST, not TIME_WAIT. */
  retire(): void;
  /** Closes such that the peer cannot take what it has for the whole. */
  abort(): void;
}
