/** A client that keeps to the rules of RFC 9113, and holds the server to them. */
import assert from "node:assert/strict";
import { ErrorCode } from "../../src/proxy/http2/error-code.js";
import {
  ACK,
  block,
  END_HEADERS,
  END_STREAM,
  type Frame,
  frame,
  GET,
  headers,
  PADDED,
  POST,
  PREFACE,
  setting,
  Type,
  uint32,
} from "../proxy/http2/frame-client.js";

/** What both sides begin with (§6.9.2). */
const DEFAULT_WINDOW = 65_535;
const MOST = 2 ** 31 - 1;

class ClientStream {
  /** Octets that we may send, and that the server may. */
  mayReceive = DEFAULT_WINDOW;
  hasEnded = false;
  isReset = false;
  serverEnded = false;
  serverReset = false;
  sent = "";
  received = "";

  constructor(
    readonly id: number,
    public maySend: number,
  ) {}

  get isOpen(): boolean {
    return !this.hasEnded && !this.isReset && !this.serverReset;
  }
}

export class LawfulClient {
  readonly streams: ClientStream[] = [];
  /** Octets of DATA sent for which the server has given no credit yet. */
  outstanding = 0;
  #mayReceive = DEFAULT_WINDOW;
  #initial = DEFAULT_WINDOW;
  readonly #connectionWindow: number;
  #next = 1;
  /** For each SETTINGS that awaits its acknowledgement: what it takes from streams, which holds from then on. */
  readonly #reductions: (() => void)[] = [() => {}];

  /** @param connectionWindow that the server opens with its first WINDOW_UPDATE */
  constructor(connectionWindow: number) {
    this.#connectionWindow = connectionWindow;
  }

  start(): Buffer {
    return Buffer.concat([PREFACE, frame(Type.SETTINGS, 0, 0)]);
  }

  open(hasBody: boolean): Buffer {
    const id = this.#next;
    this.#next += 2;
    const stream = new ClientStream(id, DEFAULT_WINDOW);
    stream.hasEnded = !hasBody;
    stream.mayReceive = this.#initial;
    this.streams.push(stream);
    return hasBody ? headers(id, POST, END_HEADERS) : headers(id, GET);
  }

  /** As much of `length` octets as the windows let through, padding included; nothing on a stream that has ended. */
  data(stream: ClientStream | undefined, length: number, padding: number, ends: boolean): Buffer {
    if (stream?.isOpen !== true) return EMPTY;
    const overhead = padding > 0 ? padding + 1 : 0;
    const most = Math.min(16_384, stream.maySend, this.#connectionWindow - this.outstanding) - overhead;
    if (most < 0) return EMPTY;
    const text = "abcdefghij".repeat(1700).slice(0, Math.min(length, most));
    stream.sent += text;
    stream.maySend -= text.length + overhead;
    this.outstanding += text.length + overhead;
    if (ends) stream.hasEnded = true;
    const flags = (ends ? END_STREAM : 0) | (padding > 0 ? PADDED : 0);
    const bytes = Buffer.from(text, "latin1");
    const payload = padding > 0 ? Buffer.concat([Buffer.of(padding), bytes, Buffer.alloc(padding)]) : bytes;
    return frame(Type.DATA, flags, stream.id, payload);
  }

  trailers(stream: ClientStream | undefined): Buffer {
    if (stream?.isOpen !== true) return EMPTY;
    stream.hasEnded = true;
    return frame(Type.HEADERS, END_HEADERS | END_STREAM, stream.id, block([["x-sum", "1"]]));
  }

  reset(stream: ClientStream | undefined): Buffer {
    if (stream === undefined || stream.isReset) return EMPTY;
    stream.isReset = true;
    return frame(Type.RST_STREAM, 0, stream.id, uint32(ErrorCode.CANCEL));
  }

  /** @param stream undefined: the connection */
  widen(stream: ClientStream | undefined, increment: number): Buffer {
    const window = stream === undefined ? this.#mayReceive : stream.mayReceive;
    if (increment === 0 || window + increment > MOST) return EMPTY;
    if (stream === undefined) this.#mayReceive += increment;
    else stream.mayReceive += increment;
    return frame(Type.WINDOW_UPDATE, 0, stream?.id ?? 0, uint32(increment));
  }

  resize(window: number): Buffer {
    const change = window - this.#initial;
    this.#initial = window;
    const concerned = [...this.streams];
    const apply = (): void => {
      for (const stream of concerned) stream.mayReceive += change;
    };
    if (change > 0) apply();
    this.#reductions.push(change < 0 ? apply : () => {});
    return frame(Type.SETTINGS, 0, 0, setting(4, window));
  }

  /** Judges what the server has sent. */
  onFrame({ type, flags, streamId, payload }: Frame): void {
    const stream = this.streams.find(({ id }) => id === streamId);
    assert.ok(streamId === 0 || stream !== undefined, "frames are for streams that there are");
    if (stream !== undefined) assert.ok(!stream.serverReset, "nothing follows RST_STREAM");
    switch (type) {
      case Type.SETTINGS:
        if (flags === ACK) this.#reductions.shift()!();
        break;
      case Type.HEADERS:
      case Type.DATA:
        assert.ok(!stream!.serverEnded, "nothing follows END_STREAM");
        if (type === Type.DATA) this.#onData(stream!, payload);
        stream!.serverEnded = (flags & END_STREAM) !== 0;
        break;
      case Type.RST_STREAM:
        stream!.serverReset = true;
        assert.notEqual(payload.readUInt32BE(0), ErrorCode.FLOW_CONTROL_ERROR, "we have kept to the windows");
        break;
      case Type.GOAWAY:
        assert.equal(payload.readUInt32BE(4), 0, "we have done nothing wrong");
        break;
      case Type.WINDOW_UPDATE:
        if (streamId === 0) this.outstanding -= payload.readUInt32BE(0);
        else stream!.maySend += payload.readUInt32BE(0);
        assert.ok(this.outstanding >= 0 && (stream?.maySend ?? 0) <= DEFAULT_WINDOW, "no more credit than was spent");
    }
  }

  #onData(stream: ClientStream, payload: Buffer): void {
    stream.mayReceive -= payload.length;
    this.#mayReceive -= payload.length;
    assert.ok(payload.length === 0 || stream.mayReceive >= 0, "a stream's window holds");
    assert.ok(payload.length === 0 || this.#mayReceive >= 0, "the connection's window holds");
    stream.received += payload.toString("latin1");
  }
}

const EMPTY = Buffer.alloc(0);
