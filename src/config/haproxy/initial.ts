/** HAProxy's values for what a configuration does not say. */
import { milliseconds } from "../units.js";
import type { GlobalDraft, ProxySettings } from "./draft.js";
import { initialRetryOn } from "./retry-on.js";
import { initialPool } from "./server-pool.js";
import { initialServerSocket } from "./server-socket.js";
import { NO_TLS } from "./tls-draft.js";

const NO_HTTP2_TUNING = { streams: undefined, window: undefined };

export const initialGlobal = (): GlobalDraft => ({
  logs: [],
  chroot: undefined,
  user: undefined,
  group: undefined,
  daemon: false,
  pidFile: undefined,
  maxConnections: undefined,
  threads: undefined,
  maxPipes: undefined,
  splices: true,
  statsSockets: [],
  statsTimeout: milliseconds(10_000),
  node: undefined,
  description: undefined,
  logTag: undefined,
  caBase: undefined,
  crtBase: undefined,
  bindCiphers: undefined,
  bindCipherSuites: undefined,
  bindTlsOptions: [],
  bindCurves: undefined,
  serverCiphers: undefined,
  serverCipherSuites: undefined,
  serverVerify: "required",
  tlsCacheSize: 20_000,
  bufferSize: 16_384,
  maxRewrite: 1024,
  maxHeaders: 101,
  http2: { both: NO_HTTP2_TUNING, frontend: NO_HTTP2_TUNING, backend: NO_HTTP2_TUNING },
  http2TableSize: 4096,
  http2FrameSize: undefined,
  tlsLifetime: milliseconds(300_000),
});

const NO_KEEP_ALIVE = { isOn: false, count: undefined, idle: undefined, interval: undefined } as const;

export const initialProxySettings = (): ProxySettings => ({
  said: new Set(),
  mode: undefined,
  logs: [],
  logFormat: undefined,
  dontLogNull: false,
  maxConnections: undefined,
  defaultBackend: undefined,
  balance: "roundrobin",
  timeouts: {},
  retries: 3,
  connectionMode: "keep-alive",
  pretendKeepAlive: false,
  httpReuse: "safe",
  preferLastServer: false,
  retryOn: initialRetryOn,
  redispatch: 0,
  abortOnClose: false,
  splicing: { auto: true, request: false, response: false },
  fullConnections: undefined,
  backlog: undefined,
  clientKeepAlive: NO_KEEP_ALIVE,
  serverKeepAlive: NO_KEEP_ALIVE,
  source: undefined,
  errorFiles: new Map(),
  server: {
    weight: 1,
    backup: false,
    disabled: false,
    check: false,
    checkAddress: undefined,
    checkPort: undefined,
    checkTls: undefined,
    checkServerName: undefined,
    interval: milliseconds(2_000),
    fastInterval: undefined,
    downInterval: undefined,
    rise: 2,
    fall: 3,
    maxConnections: 0,
    minConnections: 0,
    maxQueue: 0,
    tls: NO_TLS,
    socket: initialServerSocket,
    pool: initialPool,
    protocol: undefined,
    webSocket: "auto",
  },
});

/** HAProxy waits for ever where a timeout is missing, and warns. We wait as long as most configurations say. */
export const FALLBACK_TIMEOUTS = {
  connect: milliseconds(5_000),
  client: milliseconds(50_000),
  server: milliseconds(50_000),
} as const;

/** Every port of a range is a socket in each worker; more than this is a mistake or an attack. */
export const MOST_LISTENERS = 65_535;

/** Log lines of one section: each is copied to all proxies. */
export const MOST_LOGS = 64;

/** Connections of a frontend that has no `maxconn`, in a configuration without a global one. */
export const FALLBACK_MAX_CONNECTIONS = 100_000;
