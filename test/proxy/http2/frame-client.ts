/** A client that sends exact HTTP/2 frames, and reads what comes back as frames. */
import { setTimeout as sleep } from "node:timers/promises";
import { RawClient } from "../../support/raw-client.js";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
export const Type = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
export const PRIORITY = 0x20;

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array | string = ""): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const header = Buffer.alloc(9);
  header.writeUIntBE(bytes.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, bytes]);
}

/** Literals without indexing: what is written is what is sent. */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  const length = (size: number): number[] =>
    size < 127
      ? [size]
      : [
          127,
          ((size - 127) & 127) | 128,
          ...(size - 127 < 16_384 ? [(size - 127) >> 7] : [(((size - 127) >> 7) & 127) | 128, (size - 127) >> 14]),
        ];
  return Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0, ...length(name.length)]),
      Buffer.from(name, "latin1"),
      Buffer.from(length(value.length)),
      Buffer.from(value, "latin1"),
    ]),
  );
}

export const GET: readonly (readonly [string, string])[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "example.org"],
];
export const POST: readonly (readonly [string, string])[] = [[":method", "POST"], ...GET.slice(1)];

export const headers = (streamId: number, fields = GET, flags = END_STREAM | END_HEADERS): Buffer =>
  frame(Type.HEADERS, flags, streamId, block(fields));

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * index);
  return bytes;
}

export function setting(identifier: number, value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUInt16BE(identifier);
  bytes.writeUInt32BE(value >>> 0, 2);
  return bytes;
}

/** The whole frames of bytes[at, …). */
export function* framesOf(bytes: Buffer, at: number): Iterable<Frame> {
  for (let from = at; from + 9 <= bytes.length; ) {
    const to = from + 9 + bytes.readUIntBE(from, 3);
    if (to > bytes.length) return;
    yield {
      type: bytes[from + 3]!,
      flags: bytes[from + 4]!,
      streamId: bytes.readUInt32BE(from + 5),
      payload: bytes.subarray(from + 9, to),
    };
    from = to;
  }
}

export class FrameClient {
  private constructor(readonly raw: RawClient) {}

  /** @param first sent in place of preface and SETTINGS */
  static async connect(port: number, first?: Uint8Array): Promise<FrameClient> {
    const raw = await RawClient.connect(port);
    raw.send(first ?? Buffer.concat([PREFACE, frame(Type.SETTINGS, 0, 0)]));
    return new FrameClient(raw);
  }

  send(...frames: Uint8Array[]): void {
    this.raw.send(Buffer.concat(frames));
  }

  /** All whole frames that have come so far. */
  get frames(): Frame[] {
    return [...framesOf(this.raw.bytes, 0)];
  }

  /** Waits for a frame; undefined if none comes, or the connection ends without it. */
  async find(isWanted: (frame: Frame) => boolean, deadlineMs = 3000): Promise<Frame | undefined> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const found = this.frames.find(isWanted);
      if (found !== undefined || this.raw.ended || this.raw.closed || performance.now() > deadline) return found;
      await sleep(1);
    }
  }

  /** The verdict on what was sent: `goaway 1`, `reset 5`, `headers`, `ping`, `closed` or `silence`. */
  async verdict(streamId: number): Promise<string> {
    const found = await this.find(
      (one) =>
        one.type === Type.GOAWAY ||
        (one.type === Type.RST_STREAM && one.streamId === streamId) ||
        (one.type === Type.HEADERS && one.streamId === streamId) ||
        (one.type === Type.PING && (one.flags & ACK) !== 0),
    );
    if (found === undefined) return this.raw.ended || this.raw.closed ? "closed" : "silence";
    if (found.type === Type.GOAWAY) return `goaway ${found.payload.readUInt32BE(4)}`;
    if (found.type === Type.RST_STREAM) return `reset ${found.payload.readUInt32BE(0)}`;
    return found.type === Type.PING ? "ping" : "headers";
  }

  close(): void {
    this.raw.close();
  }
}
