/** What is compared: a part that every proxy is given to play, and the load that is put on it. */
import type { Figure } from "./figures.js";

export const contenders = ["haproxy", "bascule", "nginx"] as const;
export type Contender = (typeof contenders)[number];

/** Where a bench takes place: `address:port`s on loopback, chosen free each time. */
export interface Place {
  /** The proxy listens here. */
  readonly listen: string;
  /** A web server that keeps its connections open. */
  readonly server: string;
  /** A web server that closes each connection behind the first response. */
  readonly closingServer: string;
}

/** What a proxy does in a scenario; proxies.ts makes a configuration of it for each of them. */
export interface ProxyPart {
  readonly mode: "http" | "tcp";
  readonly tls?: boolean;
  /** It offers HTTP/2: by ALPN under TLS, by prior knowledge without. */
  readonly http2?: boolean;
  /** Its server closes each connection behind the first response. */
  readonly serverCloses?: boolean;
}

export type Work =
  /** Closed loop: each connection has one request under way, always. */
  | { readonly kind: "wrk"; readonly connections: number; readonly path: string; readonly closes?: boolean }
  | { readonly kind: "h2load"; readonly connections: number; readonly streams: number }
  /** Closed loop: a connection, a full handshake, one request, and it is closed. */
  | { readonly kind: "handshakes"; readonly connections: number }
  /** Open loop: requests start when they are due, whether earlier ones are answered or not. */
  | { readonly kind: "open-loop"; readonly connections: number; readonly rate: number }
  /** Connections that had one request each and are quiet now. */
  | { readonly kind: "idle"; readonly connections: number };

export interface Target {
  readonly figure: Figure;
  /** Bascule's figure by HAProxy's; or, for `absolute`, Bascule's own. */
  readonly atMost: number;
  readonly absolute?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly proxy: ProxyPart;
  readonly work: Work;
  /** What the table shows. */
  readonly figures: readonly Figure[];
  readonly target?: Target;
  /** Pairs that are enough, whatever is asked for. */
  readonly mostPairs?: number;
}

const BUSY: readonly Figure[] = ["cpuPerRequest", "requestsPerSecond", "busy"];
const IDLE_CONNECTIONS = 10_000;
/** Memory does not depend on what else the machine does. */
const IDLE_PAIRS = 2;
/** What an idle connection may cost, in bytes. */
const IDLE_TARGET = 4096;

const cpu = (atMost: number): Target => ({ figure: "cpuPerRequest", atMost });

export const scenarios: readonly Scenario[] = [
  {
    name: "http-keep-alive",
    title: "HTTP/1.1, 64 connections that stay open, 250 bytes",
    proxy: { mode: "http" },
    work: { kind: "wrk", connections: 64, path: "/" },
    figures: BUSY,
    target: cpu(1.0),
  },
  {
    name: "http-64k",
    title: "HTTP/1.1, 32 connections that stay open, 64 KiB",
    proxy: { mode: "http" },
    work: { kind: "wrk", connections: 32, path: "/64k" },
    figures: BUSY,
    target: cpu(1.1),
  },
  {
    name: "http-10m",
    title: "HTTP/1.1, 8 connections that stay open, 10 MiB",
    proxy: { mode: "http" },
    work: { kind: "wrk", connections: 8, path: "/10m" },
    figures: BUSY,
  },
  {
    name: "http-close",
    title: "HTTP/1.1, a new connection for each request, on both sides, 64 at a time",
    proxy: { mode: "http", serverCloses: true },
    work: { kind: "wrk", connections: 64, path: "/", closes: true },
    figures: BUSY,
    target: cpu(1.2),
  },
  {
    name: "tcp-keep-alive",
    title: "TCP, 64 connections that stay open, 250 bytes",
    proxy: { mode: "tcp" },
    work: { kind: "wrk", connections: 64, path: "/" },
    figures: BUSY,
    target: cpu(1.0),
  },
  {
    name: "tls-keep-alive",
    title: "HTTPS, 64 connections that stay open, 250 bytes",
    proxy: { mode: "http", tls: true },
    work: { kind: "wrk", connections: 64, path: "/" },
    figures: BUSY,
    target: cpu(0.9),
  },
  {
    name: "tls-handshake",
    title: "HTTPS, a full handshake for each request, 64 at a time",
    proxy: { mode: "http", tls: true },
    work: { kind: "handshakes", connections: 64 },
    figures: BUSY,
  },
  {
    name: "h2",
    title: "HTTP/2 over TLS, 8 connections with 16 streams each, 250 bytes",
    proxy: { mode: "http", tls: true, http2: true },
    work: { kind: "h2load", connections: 8, streams: 16 },
    figures: BUSY,
    target: cpu(1.3),
  },
  {
    name: "latency",
    title: "HTTP/1.1 at 3,000 requests/s, open loop, 64 connections that stay open",
    proxy: { mode: "http" },
    work: { kind: "open-loop", connections: 64, rate: 3_000 },
    figures: ["p50", "p99", "p999", "cpuPerRequest"],
    target: { figure: "p99", atMost: 1.5 },
  },
  {
    name: "idle",
    title: "HTTP/1.1, idle connections",
    proxy: { mode: "http", serverCloses: true },
    work: { kind: "idle", connections: IDLE_CONNECTIONS },
    figures: ["bytesPerConnection"],
    mostPairs: IDLE_PAIRS,
    target: { figure: "bytesPerConnection", atMost: IDLE_TARGET, absolute: true },
  },
  {
    name: "idle-tls",
    title: "HTTPS, idle connections",
    proxy: { mode: "http", tls: true, serverCloses: true },
    work: { kind: "idle", connections: IDLE_CONNECTIONS },
    figures: ["bytesPerConnection"],
    mostPairs: IDLE_PAIRS,
  },
  {
    name: "idle-h2",
    title: "HTTP/2 without TLS, idle connections",
    proxy: { mode: "http", http2: true, serverCloses: true },
    work: { kind: "idle", connections: IDLE_CONNECTIONS },
    figures: ["bytesPerConnection"],
    mostPairs: IDLE_PAIRS,
  },
];
