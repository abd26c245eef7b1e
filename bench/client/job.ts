/** What the bench's own client is told to do, as JSON on its command line. */

/** Latency at a fixed rate. */
export interface OpenLoopJob {
  readonly kind: "open-loop";
  readonly listen: string;
  readonly connections: number;
  /** Requests a second, over all connections. */
  readonly rate: number;
  readonly seconds: number;
}

/** Full handshakes, as many as there is time for. */
export interface HandshakesJob {
  readonly kind: "handshakes";
  readonly listen: string;
  /** Under way at the same time. */
  readonly connections: number;
  readonly seconds: number;
}

/** Opens connections, has one request answered on each, and keeps them until it is killed. */
export interface IdleJob {
  readonly kind: "idle";
  readonly listen: string;
  readonly connections: number;
  readonly protocol: "http1" | "tls" | "http2";
}

export type Job = OpenLoopJob | HandshakesJob | IdleJob;

export const REQUEST = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
export const LAST_REQUEST = "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
