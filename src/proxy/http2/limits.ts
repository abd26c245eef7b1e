/** What we allow the peers of our HTTP/2 connections (`tune.h2.…`), on one side. */
import type { HaproxyGlobal } from "../../config/haproxy/model.js";
import { DEFAULT_WINDOW } from "./frames.js";

/** What all streams of a connection together may send ahead of their sessions, at least: it is memory. */
const LEAST_CONNECTION_WINDOW = 2 ** 20;

export class Http2Limits {
  /** Streams of a connection at once. */
  readonly streams: number;
  /** Octets that a stream may send ahead of its session. */
  readonly window: number;
  readonly connectionWindow: number;

  constructor(global: Pick<HaproxyGlobal, "http2">, side: "frontend" | "backend") {
    const { both, [side]: own } = global.http2;
    this.streams = own.streams ?? both.streams ?? 100;
    this.window = own.window ?? both.window ?? DEFAULT_WINDOW;
    this.connectionWindow = Math.max(this.window, LEAST_CONNECTION_WINDOW);
  }
}
