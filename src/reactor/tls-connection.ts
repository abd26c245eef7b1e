/**
 * A `Connection` whose bytes are TLS on the wire. Its owner hears of it once, when the handshake is over, and from
 * then on as of any other; that the socket holds records rather than the owner's bytes is settled in here.
 */
import { EPOLLERR, EPOLLHUP, EPOLLRDHUP } from "../sys/epoll.js";
import { EAGAIN, ECONNRESET, EPIPE } from "../sys/errno.js";
import { allocate, type Memory } from "../sys/memory.js";
import { clearErrors } from "../sys/openssl.js";
import {
  freeSsl,
  isHttp2,
  recordSize,
  SSL_ERROR_SYSCALL,
  SSL_ERROR_WANT_READ,
  SSL_ERROR_WANT_WRITE,
  SSL_ERROR_ZERO_RETURN,
  sslError,
  sslHandshake,
  sslHasPending,
  sslRead,
  sslShutdown,
  sslWrite,
  takeSslError,
} from "../sys/ssl.js";
import type { ByteBuffer } from "./buffers.js";
import { Connection, type ConnectionOwner } from "./connection.js";
import type { Loop } from "./loop.js";

const HANGUP = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
/**
 * OpenSSL reads as much as its buffer of more than 16 KB takes. If all that it has read since it last had nothing
 * came to fewer bytes than this, no read filled the buffer, and so the socket is empty (epoll(7)).
 */
const SURELY_SHORT = 8192;
const MAX_RECORD = 16_384;

/** Makes the `SSL` of a connection. */
export interface TlsStarter {
  /**
   * Called with each readiness until it gives something.
   * @param isLast the peer sends no more than what is there
   * @returns an `SSL`, which the connection frees; 0 to be called again; -1 to refuse the connection
   */
  start(fd: number, isLast: boolean): number;
  /** The handshake is done and the connection about to close: the time to take its session along. */
  onClose?(ssl: number): void;
}

/** How a handshake ended without a connection. */
export interface TlsFailure {
  /** `closed`: by the peer, in the middle; `error`: it did not work out. */
  readonly kind: "closed" | "error";
  /** OpenSSL's word for it, if it has one. */
  readonly reason: string | undefined;
}

const Stage = { starting: 0, handshake: 1, open: 2, failed: 3 } as const;

export class TlsConnection extends Connection {
  /** Why there is no connection; undefined before the end of the handshake, and after a good one. */
  failure: TlsFailure | undefined;
  #stage: number = Stage.starting;
  #ssl = 0;
  /** Plaintext read since OpenSSL last had nothing left over. */
  #sinceEmpty = 0;
  #recordSize = MAX_RECORD;
  /**
   * What OpenSSL has to be given again, since the kernel did not take it: all of it but the last byte counts as sent.
   * That byte stays with the caller, who therefore knows that not all is gone and comes back for it.
   */
  #unsent: Memory | undefined;
  #unsentLength = 0;
  #owesShutdown = false;
  #readWantsWrite = false;
  #writeWantsRead = false;
  #isBroken = false;

  constructor(
    loop: Loop,
    fd: number,
    owner: ConnectionOwner,
    readonly starter: TlsStarter,
  ) {
    super(loop, fd, owner);
  }

  override get ssl(): number {
    return this.#ssl;
  }

  override get isSecure(): boolean {
    return true;
  }

  /** The handshake agreed on HTTP/2. */
  get isHttp2(): boolean {
    return this.#ssl !== 0 && isHttp2(this.#ssl);
  }

  get isOpen(): boolean {
    return this.#stage === Stage.open;
  }

  override onReady(events: number): void {
    if (this.closed) return;
    if (this.#stage !== Stage.open) {
      this.#onReadyInHandshake(events);
      return;
    }
    if (this.#readWantsWrite || this.#writeWantsRead) this.#unblock();
    if (this.#owesShutdown) this.#sendShutdown();
    super.onReady(events);
  }

  override receive(buffer: ByteBuffer, room: number): number {
    const count = sslRead(this.#ssl, buffer.address + buffer.end, room);
    if (count <= 0) return this.#onNothingRead(count);
    buffer.end += count;
    this.#sinceEmpty += count;
    if (sslHasPending(this.#ssl) === 0) {
      if (this.#sinceEmpty < SURELY_SHORT && !this.hungUp) this.readable = false;
      this.#sinceEmpty = 0;
    }
    return count;
  }

  override transmit(buffer: ByteBuffer, from: number, to: number): number {
    let at = from;
    if (this.#unsent !== undefined) {
      const result = this.#sendAgain(buffer.bytes[from]!);
      if (result !== 1) return result;
      at++;
    }
    while (at < to) {
      const length = Math.min(to - at, this.#recordSize);
      const count = sslWrite(this.#ssl, buffer.address + at, length);
      if (count <= 0) {
        if (!this.#mayWriteAgain(count)) return -EPIPE;
        this.#unsent = takeRecord();
        this.#unsent.bytes.set(buffer.bytes.subarray(at, at + length));
        this.#unsentLength = length;
        return at + length - 1 - from;
      }
      at += count;
    }
    return to - from;
  }

  override hasInput(): boolean {
    return this.readable && (sslHasPending(this.#ssl) !== 0 || super.hasInput());
  }

  /** Sends close_notify, then FIN. */
  override finish(): void {
    if (this.finished) return;
    if (this.#stage !== Stage.open || this.#unsent !== undefined || this.#isBroken) {
      super.finish();
      return;
    }
    this.finished = true;
    this.#sendShutdown();
  }

  /** The errno of the socket, or ECONNRESET where the handshake failed on a good one. */
  override takeError(): number {
    const errno = super.takeError();
    return errno === 0 && this.#stage === Stage.failed ? ECONNRESET : errno;
  }

  override close(): void {
    if (this.closed) return;
    const ssl = this.#ssl;
    try {
      if (ssl !== 0 && this.#stage === Stage.open && !this.#isBroken) this.#sayGoodbye(ssl);
    } finally {
      this.#ssl = 0;
      if (ssl !== 0) freeSsl(ssl);
      this.#dropUnsent();
      super.close();
    }
  }

  override abort(): void {
    this.#isBroken = true;
    super.abort();
  }

  #sayGoodbye(ssl: number): void {
    this.starter.onClose?.(ssl);
    // Without close_notify the session could not be taken up later, and the peer would suspect a cut.
    if (!this.finished && this.#unsent === undefined && sslShutdown(ssl) < 0) clearErrors();
  }

  #onReadyInHandshake(events: number): void {
    if ((events & HANGUP) !== 0) this.hungUp = true;
    if (this.#stage === Stage.failed) return;
    if (this.#stage === Stage.starting && !this.#start()) return;
    const result = sslHandshake(this.#ssl);
    if (result === 1) {
      this.#open();
      return;
    }
    const error = sslError(this.#ssl, result);
    if (error === SSL_ERROR_WANT_READ || error === SSL_ERROR_WANT_WRITE) return;
    const reason = takeSslError();
    const isClosed = error === SSL_ERROR_SYSCALL || error === SSL_ERROR_ZERO_RETURN || reason === UNEXPECTED_END;
    this.#fail(isClosed ? "closed" : "error", reason);
  }

  #start(): boolean {
    const ssl = this.starter.start(this.fd, this.hungUp);
    if (ssl === 0) return false;
    if (ssl < 0) {
      this.#fail("error", undefined);
      return false;
    }
    this.#ssl = ssl;
    this.#stage = Stage.handshake;
    return true;
  }

  #open(): void {
    // Things that OpenSSL tried on the way and did without may have left errors behind.
    clearErrors();
    this.#stage = Stage.open;
    this.#recordSize = recordSize(this.#ssl);
    // Bytes that came with the end of the handshake will not be announced again.
    this.readable = true;
    this.writable = true;
    this.owner.onConnectionReady(this);
  }

  #fail(kind: TlsFailure["kind"], reason: string | undefined): void {
    this.#stage = Stage.failed;
    this.failure = { kind, reason };
    this.owner.onConnectionReady(this);
  }

  #onNothingRead(result: number): number {
    const error = sslError(this.#ssl, result);
    this.#sinceEmpty = 0;
    if (error === SSL_ERROR_WANT_READ) {
      this.readable = false;
      return -EAGAIN;
    }
    if (error === SSL_ERROR_WANT_WRITE) {
      this.readable = false;
      this.#readWantsWrite = true;
      return -EAGAIN;
    }
    if (error === SSL_ERROR_ZERO_RETURN) {
      this.ended = true;
      this.readable = false;
      return 0;
    }
    clearErrors();
    this.#isBroken = true;
    return -ECONNRESET;
  }

  /** Whether a write that took nothing failed for want of room alone; then the event that ends it is waited for. */
  #mayWriteAgain(result: number): boolean {
    const error = sslError(this.#ssl, result);
    if (error === SSL_ERROR_WANT_WRITE || error === SSL_ERROR_WANT_READ) {
      this.writable = false;
      this.#writeWantsRead = error === SSL_ERROR_WANT_READ;
      return true;
    }
    clearErrors();
    this.#isBroken = true;
    return false;
  }

  /**
   * Gives OpenSSL what it could not send before.
   * @param held the byte that its caller has kept: another one means that the caller sends something else by now
   * @returns 1 for that byte when all is gone, 0 while it is not, or a negated errno
   */
  #sendAgain(held: number): number {
    const unsent = this.#unsent!;
    if (unsent.bytes[this.#unsentLength - 1] !== held) {
      this.#isBroken = true;
      return -EPIPE;
    }
    const count = sslWrite(this.#ssl, unsent.address, this.#unsentLength);
    if (count <= 0) return this.#mayWriteAgain(count) ? 0 : -EPIPE;
    this.#dropUnsent();
    return 1;
  }

  #dropUnsent(): void {
    if (this.#unsent !== undefined) freeRecords.push(this.#unsent);
    this.#unsent = undefined;
  }

  /** What one direction waited for in the other has come, or may have: both look again. */
  #unblock(): void {
    if (this.#readWantsWrite) this.readable = true;
    if (this.#writeWantsRead) this.writable = true;
    this.#readWantsWrite = false;
    this.#writeWantsRead = false;
  }

  #sendShutdown(): void {
    const result = sslShutdown(this.#ssl);
    const isBlocked = result < 0 && sslError(this.#ssl, result) === SSL_ERROR_WANT_WRITE;
    this.#owesShutdown = isBlocked;
    if (isBlocked) return;
    if (result < 0) clearErrors();
    this.finished = false;
    super.finish();
  }
}

const UNEXPECTED_END = "unexpected eof while reading";
const freeRecords: Memory[] = [];
const takeRecord = (): Memory => freeRecords.pop() ?? allocate(MAX_RECORD);
