/**
 * A non-blocking stream socket in a loop. It is registered once, edge-triggered, and remembers what the kernel said:
 * `readable` and `writable` stay true until a call finds otherwise, so a request costs no epoll_ctl. A socket that has
 * just been accepted is registered after it has been read: what came along with it needs no event.
 */

import { EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from "../sys/epoll.js";
import { EAGAIN, EINTR } from "../sys/errno.js";
import { allocate } from "../sys/memory.js";
import { splice } from "../sys/pipe.js";
import {
  close,
  getOption,
  MSG_NOSIGNAL,
  MSG_PEEK,
  recv,
  resetOnClose,
  SHUT_WR,
  SO_ERROR,
  SOL_SOCKET,
  send,
  shutdown,
} from "../sys/socket.js";
import type { ByteBuffer } from "./buffers.js";
import type { Channel, ConnectionOwner } from "./channel.js";
import type { Loop, Token } from "./loop.js";
import { PIPE_SIZE, type Pipe } from "./pipes.js";

const HANGUP = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
const INPUT = EPOLLIN | EPOLLRDHUP | EPOLLET;
const UNWATCHED = -1;
/** Where a byte is looked at that stays in the kernel. */
const peeked = allocate(64);

export type { ConnectionOwner } from "./channel.js";

export class Connection implements Channel {
  readable: boolean;
  writable: boolean;
  /** The peer has finished sending, or the connection broke: `receive` has yet to find out which, up to `ended`. */
  hungUp = false;
  /** `receive` has returned 0: the peer sends no more. */
  ended = false;
  /** We have sent FIN. */
  finished = false;
  /** Closed by us. */
  closed = false;
  #token: Token = UNWATCHED;
  /** What epoll tells of. That there is room again is asked for only once there was none. */
  #events: number;

  /**
   * @param fd a non-blocking socket; the connection owns it from now on
   * @param isAccepted it is connected, and may be read and written; the loop does not know of it until `watch`. Else
   *   it is connecting, and the loop tells when that is over
   */
  constructor(
    readonly loop: Loop,
    readonly fd: number,
    public owner: ConnectionOwner,
    isAccepted = false,
  ) {
    this.readable = isAccepted;
    this.writable = isAccepted;
    this.#events = isAccepted ? INPUT : INPUT | EPOLLOUT;
    if (isAccepted) return;
    try {
      this.watch();
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** Has the loop tell of what happens from now on, and of what is there. @throws SystemError if epoll is full */
  watch(): void {
    if (this.#token === UNWATCHED && !this.closed) this.#token = this.loop.add(this.fd, this.#events, this);
  }

  onReady(events: number): void {
    if (this.closed) return;
    if ((events & EPOLLIN) !== 0) this.readable = true;
    if ((events & EPOLLOUT) !== 0) this.writable = true;
    if ((events & HANGUP) !== 0) {
      this.readable = true;
      this.hungUp = true;
      if ((events & (EPOLLHUP | EPOLLERR)) !== 0) this.writable = true; // so that a send meets the error
    }
    this.owner.onConnectionReady(this);
  }

  onFailure(error: unknown): void {
    this.owner.onFailure(error);
  }

  get isSecure(): boolean {
    return false;
  }

  get ssl(): number {
    return 0;
  }

  /**
   * Reads once into the free end of `buffer`, at most `room` bytes, which must be there and not be 0.
   * @returns bytes added; 0 at the end of the stream; a negated errno, -EAGAIN when there is nothing now.
   */
  receive(buffer: ByteBuffer, room: number): number {
    const count = recv(this.fd, buffer.address + buffer.end, room, 0);
    if (count > 0) {
      buffer.end += count;
      // Less than asked for: the socket is empty (epoll(7)), unless its end is still to be read.
      if (count < room && !this.hungUp) this.readable = false;
      return count;
    }
    if (count === 0) {
      this.ended = true;
      this.readable = false;
      return 0;
    }
    if (count === -EAGAIN) this.readable = false;
    return count === -EINTR ? -EAGAIN : count;
  }

  /**
   * Sends bytes of `buffer` from `from` up to `to`.
   * @returns how many the kernel took (0 when it takes none now), or a negated errno.
   */
  transmit(buffer: ByteBuffer, from: number, to: number): number {
    const count = send(this.fd, buffer.address + from, to - from, MSG_NOSIGNAL);
    if (count >= 0) {
      if (count < to - from) this.#onFull();
      return count;
    }
    if (count === -EAGAIN || count === -EINTR) {
      if (count === -EAGAIN) this.#onFull();
      return 0;
    }
    return count;
  }

  /** Moves what is there, and at most `most` bytes, into an empty pipe. @returns as `receive` does */
  spliceInto(pipe: Pipe, most = PIPE_SIZE): number {
    const count = splice(this.fd, pipe.writeFd, Math.min(most, PIPE_SIZE));
    if (count > 0) {
      pipe.length = count;
      return count;
    }
    if (count === 0) {
      this.ended = true;
      this.readable = false;
      return 0;
    }
    if (count === -EAGAIN) this.readable = false;
    return count === -EINTR ? -EAGAIN : count;
  }

  /** Sends what a pipe holds. @returns as `transmit` does, but takes part of it also while there is room for more */
  spliceFrom(pipe: Pipe): number {
    const count = splice(pipe.readFd, this.fd, pipe.length);
    if (count >= 0) {
      pipe.length -= count;
      return count;
    }
    if (count === -EAGAIN || count === -EINTR) {
      if (count === -EAGAIN) this.#onFull();
      return 0;
    }
    return count;
  }

  /** Whether something is there to be received, the end of the stream included. Surer than `readable`, and dearer. */
  hasInput(): boolean {
    if (this.readable && recv(this.fd, peeked.address, 1, MSG_PEEK) === -EAGAIN) this.readable = false;
    return this.readable;
  }

  /** Sends FIN: no more bytes from us. */
  finish(): void {
    if (this.finished) return;
    this.finished = true;
    shutdown(this.fd, SHUT_WR);
  }

  /** The pending error of the socket, as a positive errno; 0: none. Tells how a connect ended. */
  takeError(): number {
    if (!this.hungUp) return 0; // epoll would have said EPOLLERR
    return getOption(this.fd, SOL_SOCKET, SO_ERROR);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (this.#token === UNWATCHED) close(this.fd);
    else this.loop.removeAndClose(this.fd, this.#token);
  }

  /**
   * Who closes first has the port in TIME_WAIT for a minute, and a proxy would run out of them towards a busy server:
   * RST frees it at once.
   */
  retire(): void {
    if (!this.closed && !this.hungUp && !this.ended) resetOnClose(this.fd);
    this.close();
  }

  /** Closes with RST: the peer must not take what it has for the whole. */
  abort(): void {
    if (this.closed) return;
    resetOnClose(this.fd);
    this.close();
  }

  #onFull(): void {
    this.writable = false;
    if ((this.#events & EPOLLOUT) !== 0) return;
    this.#events |= EPOLLOUT;
    if (this.#token !== UNWATCHED) this.loop.modify(this.fd, this.#events, this.#token);
  }
}
