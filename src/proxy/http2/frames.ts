/** HTTP/2 frames: their layout, and what can be said against one by its header alone (RFC 9113 §4 and §6). */
import { ErrorCode } from "./error-code.js";

export const FRAME_HEADER = 9;
/** SETTINGS_MAX_FRAME_SIZE that everyone begins with; we use no more, and offer more where buffers are larger. */
export const MAX_FRAME = 16_384;
export const MAX_WINDOW = 2 ** 31 - 1;
export const DEFAULT_WINDOW = 65_535;
export const PREFACE = new Uint8Array(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"));

export const FrameType = {
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

export const Flag = {
  END_STREAM: 0x1,
  ACK: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

export const Setting = {
  HEADER_TABLE_SIZE: 1,
  ENABLE_PUSH: 2,
  MAX_CONCURRENT_STREAMS: 3,
  INITIAL_WINDOW_SIZE: 4,
  MAX_FRAME_SIZE: 5,
  MAX_HEADER_LIST_SIZE: 6,
  /** RFC 8441 */
  ENABLE_CONNECT_PROTOCOL: 8,
} as const;

/**
 * Judges a frame by its header: 0, or the ErrorCode with which the connection has to end. A PRIORITY frame of a wrong
 * size is but a stream's error (§6.3), and left to whoever reads it.
 * @param largest octets of payload that we have allowed
 */
export function checkFrame(type: number, flags: number, streamId: number, length: number, largest: number): number {
  if (length > largest) return ErrorCode.FRAME_SIZE_ERROR;
  switch (type) {
    case FrameType.DATA:
      if (streamId === 0) return ErrorCode.PROTOCOL_ERROR;
      return (flags & Flag.PADDED) !== 0 && length < 1 ? ErrorCode.FRAME_SIZE_ERROR : 0;
    case FrameType.HEADERS: {
      if (streamId === 0) return ErrorCode.PROTOCOL_ERROR;
      const least = ((flags & Flag.PADDED) !== 0 ? 1 : 0) + ((flags & Flag.PRIORITY) !== 0 ? 5 : 0);
      return length < least ? ErrorCode.FRAME_SIZE_ERROR : 0;
    }
    case FrameType.PRIORITY:
    case FrameType.CONTINUATION:
    case FrameType.PUSH_PROMISE:
      return streamId === 0 ? ErrorCode.PROTOCOL_ERROR : 0;
    case FrameType.RST_STREAM:
      if (streamId === 0) return ErrorCode.PROTOCOL_ERROR;
      return length !== 4 ? ErrorCode.FRAME_SIZE_ERROR : 0;
    case FrameType.SETTINGS:
      if (streamId !== 0) return ErrorCode.PROTOCOL_ERROR;
      if ((flags & Flag.ACK) !== 0) return length !== 0 ? ErrorCode.FRAME_SIZE_ERROR : 0;
      return length % 6 !== 0 ? ErrorCode.FRAME_SIZE_ERROR : 0;
    case FrameType.PING:
      if (streamId !== 0) return ErrorCode.PROTOCOL_ERROR;
      return length !== 8 ? ErrorCode.FRAME_SIZE_ERROR : 0;
    case FrameType.GOAWAY:
      if (streamId !== 0) return ErrorCode.PROTOCOL_ERROR;
      return length < 8 ? ErrorCode.FRAME_SIZE_ERROR : 0;
    case FrameType.WINDOW_UPDATE:
      return length !== 4 ? ErrorCode.FRAME_SIZE_ERROR : 0;
    default:
      return 0; // unknown ones are skipped (§4.1)
  }
}

/** Writes a frame's header to bytes[at, at + 9). */
export function writeFrameHeader(
  bytes: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = (length >>> 8) & 0xff;
  bytes[at + 2] = length & 0xff;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  writeUint32(bytes, at + 5, streamId);
}

export const readUint24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;

/** 31 bits: the first one is reserved wherever it stands before a stream or an increment. */
export const readUint31 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;

export const readUint32 = (bytes: Uint8Array, at: number): number =>
  bytes[at]! * 2 ** 24 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}
