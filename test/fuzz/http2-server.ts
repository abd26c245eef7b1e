/** The server's side of an HTTP/2 connection in memory, with sessions that do what they are told, when they are told. */
import { ChunkedDecoder } from "../../src/proxy/http1/chunked.js";
import { COMPRESSION_FAILED, Http2Connection } from "../../src/proxy/http2/connection.js";
import { ErrorCode } from "../../src/proxy/http2/error-code.js";
import { Body, RequestBuilder } from "../../src/proxy/http2/request-builder.js";
import { Http2Stream } from "../../src/proxy/http2/stream.js";
import type { ByteBuffer } from "../../src/reactor/buffers.js";
import type { ConnectionOwner } from "../../src/reactor/channel.js";
import { EAGAIN } from "../../src/sys/errno.js";

const builder = new RequestBuilder(16_384);

/** One stream's session: it reads HTTP/1.1 and sends it. */
export class ScriptedSession implements ConnectionOwner {
  /** What of the request's content has been read. */
  content = "";
  /** All of it has, and its end. */
  hasEnded = false;
  #headLeft = true;
  readonly #chunks: ChunkedDecoder | undefined;
  /** What waits to be sent. */
  #pending: Buffer = Buffer.alloc(0);
  readonly #finishes: boolean[] = [];

  constructor(
    readonly stream: Http2Stream,
    isChunked: boolean,
    readonly scratch: ByteBuffer,
  ) {
    stream.owner = this;
    this.#chunks = isChunked ? new ChunkedDecoder() : undefined;
  }

  onConnectionReady(): void {
    this.#send();
  }

  onFailure(error: unknown): void {
    throw error;
  }

  read(room: number): void {
    const { scratch, stream } = this;
    if (stream.closed || this.hasEnded) return;
    scratch.clear();
    const count = stream.receive(scratch, Math.min(room, scratch.room));
    if (count === 0) this.hasEnded = true;
    if (count <= 0 && count !== -EAGAIN) return;
    let text = scratch.bytes.subarray(0, Math.max(0, count));
    if (this.#headLeft && count > 0) {
      const end = Buffer.from(text).indexOf("\r\n\r\n");
      if (end < 0) throw new Error("the head comes in one piece");
      this.#headLeft = false;
      text = text.subarray(end + 4);
    }
    if (this.#chunks === undefined) this.content += Buffer.from(text).toString("latin1");
    else {
      const out = Buffer.alloc(text.length);
      const size = this.#chunks.strip(text, 0, text.length, out, 0);
      if (this.#chunks.error !== 0) throw new Error(`chunk error ${this.#chunks.error}`);
      this.content += out.toString("latin1", 0, size);
    }
  }

  /** Sends bytes of a response, now or when there is room, and says then that it is all. */
  write(bytes: Buffer, finishes: boolean): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    if (finishes) this.#finishes.push(true);
    this.#send();
  }

  #send(): void {
    const { stream, scratch } = this;
    while (this.#pending.length > 0 && stream.writable && !stream.closed && !stream.hasFailed) {
      scratch.clear();
      scratch.bytes.set(this.#pending.subarray(0, scratch.room));
      scratch.end = Math.min(this.#pending.length, scratch.bytes.length);
      const count = stream.transmit(scratch, 0, scratch.end);
      if (count <= 0) break;
      this.#pending = this.#pending.subarray(count);
    }
    if (this.#pending.length === 0 && this.#finishes.pop() === true && !stream.closed) stream.finish();
  }
}

export class ScriptedServer extends Http2Connection {
  readonly sessions: ScriptedSession[] = [];
  #prefaced = 0;
  readonly #scratch = this.pool.take();

  override onFieldBlock(streamId: number, endStream: boolean, bytes: Uint8Array, from: number, to: number): number {
    const known = this.streams.find(streamId);
    if (known !== undefined) return this.onTrailers(known, endStream, bytes, from, to);
    if (streamId <= this.highestPeerStream) {
      const error = this.skipBlock(bytes, from, to);
      return error !== 0 || this.wasReset(streamId) ? error : ErrorCode.STREAM_CLOSED;
    }
    this.highestPeerStream = streamId;
    builder.begin(false);
    if (this.decoder.decode(bytes, from, to, builder) !== 0) return ErrorCode.COMPRESSION_ERROR;
    if (this.streams.size >= this.limits.streams) return this.refuse(streamId, ErrorCode.REFUSED_STREAM);
    const length = builder.finish(endStream);
    if (length < 0) return this.refuse(streamId, ErrorCode.PROTOCOL_ERROR);
    const stream = new Http2Stream(this, streamId, { onConnectionReady() {}, onFailure() {} });
    stream.hasHead = true;
    stream.requestMethod = builder.method;
    stream.inbound.begin(builder.body, builder.contentLength);
    stream.inbound.append(builder.bytes, 0, length);
    stream.remoteEnded = endStream;
    this.streams.add(stream);
    this.sessions.push(new ScriptedSession(stream, builder.body === Body.chunked, this.#scratch));
    return 0;
  }

  override onGoAway(): number {
    return 0;
  }

  override onFailure(error: unknown): void {
    throw error;
  }

  protected override onPong(): void {}
  protected override onStreamGone(): void {}
  protected override onActivity(): void {}
  protected override onClosed(): void {}

  protected override onLingering(): void {
    this.closeNow();
  }

  protected override isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.highestPeerStream;
  }

  protected override failStream(stream: Http2Stream, errno: number): void {
    stream.fail(errno);
    stream.abort();
  }

  protected override takeTrailers(bytes: Uint8Array, from: number, to: number): number {
    builder.begin(true);
    return this.decoder.decode(bytes, from, to, builder) !== 0 ? COMPRESSION_FAILED : builder.finish(true);
  }

  protected override get trailerBytes(): Uint8Array {
    return builder.bytes;
  }

  protected override takePreface(_bytes: Uint8Array, from: number, to: number): number {
    const taken = Math.min(to - from, 24 - this.#prefaced);
    this.#prefaced += taken;
    return taken;
  }

  /** Gives back what it has of the pool. */
  release(): void {
    this.pool.give(this.#scratch);
  }
}
