/** What we allow the peers of our HTTP/2 connections (`tune.h2.…`), on one side. */
import type { HaproxyGlobal } from "../../config/haproxy/model.js";
import { DEFAULT_WINDOW, MAX_FRAME, Setting } from "./frames.js";
import { DEFAULT_TABLE_SIZE } from "./hpack-table.js";

/** What all streams of a connection together may send ahead of their sessions, at least: it is memory. */
const LEAST_CONNECTION_WINDOW = 2 ** 20;

/** Names, values and 32 octets a field; HAProxy's limit is its buffer as well. */
const LEAST_HEADER_LIST = 16_384;

type Http2Settings = Pick<HaproxyGlobal, "http2" | "http2TableSize" | "http2FrameSize" | "bufferSize" | "maxHeaders">;

export class Http2Limits {
  /** Streams of a connection at once. */
  readonly streams: number;
  /** Octets that a stream may send ahead of its session. */
  readonly window: number;
  readonly connectionWindow: number;
  /** Octets of header fields that it may have us remember. */
  readonly tableSize: number;
  /** Octets of a frame's payload. */
  readonly frame: number;
  /** Octets of a head's fields (SETTINGS_MAX_HEADER_LIST_SIZE). */
  readonly headerList: number;
  /** Octets of a head in HTTP/1.1, and its field lines. */
  readonly head: number;
  readonly fields: number;

  constructor(global: Http2Settings, side: "frontend" | "backend") {
    const { both, [side]: own } = global.http2;
    this.streams = own.streams ?? both.streams ?? 100;
    this.window = own.window ?? both.window ?? DEFAULT_WINDOW;
    this.connectionWindow = Math.max(this.window, LEAST_CONNECTION_WINDOW);
    this.tableSize = global.http2TableSize;
    this.frame = Math.max(MAX_FRAME, Math.min(global.http2FrameSize ?? global.bufferSize, global.bufferSize));
    this.headerList = Math.max(LEAST_HEADER_LIST, global.bufferSize);
    this.head = global.bufferSize;
    this.fields = global.maxHeaders;
  }

  /** What of it has to be said, as pairs of identifier and value (RFC 9113 §6.5.2). */
  get settings(): (readonly [number, number])[] {
    return [
      [Setting.INITIAL_WINDOW_SIZE, this.window],
      [Setting.MAX_HEADER_LIST_SIZE, this.headerList],
      ...(this.tableSize === DEFAULT_TABLE_SIZE ? [] : [[Setting.HEADER_TABLE_SIZE, this.tableSize] as const]),
      ...(this.frame === MAX_FRAME ? [] : [[Setting.MAX_FRAME_SIZE, this.frame] as const]),
    ];
  }
}
