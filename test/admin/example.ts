/** The proxies of fixtures/shapes.cfg, as the configuration reader would give them, and what the admin socket needs. */

import type { AdminContext } from "../../src/admin/context.js";
import { RateSampler } from "../../src/admin/rates.js";
import { initialBindSocket } from "../../src/config/haproxy/bind-socket.js";
import { initialGlobal } from "../../src/config/haproxy/initial.js";
import type { Backend, Frontend, HaproxyConfiguration, Server, StatsSocket } from "../../src/config/haproxy/model.js";
import { initialRetryOn } from "../../src/config/haproxy/retry-on.js";
import { milliseconds } from "../../src/config/units.js";
import type { HealthReport } from "../../src/health/report.js";
import { Gauge, SharedState } from "../../src/proxy/shared-state.js";

const span = { file: { path: "shapes.cfg", text: "" }, line: 1, column: 1, length: 1 };
const interval = milliseconds(1_000);
const timeout = milliseconds(5_000);

function server(name: string, id: number, port: number, settings: Partial<Server> = {}): Server {
  return {
    name,
    id,
    address: "127.0.0.1",
    family: 4,
    port,
    portOffset: undefined,
    sendProxy: undefined,
    tcpUserTimeout: undefined,
    weight: 1,
    backup: false,
    disabled: false,
    maxConnections: 0,
    pool: { limit: undefined, purgeDelay: timeout },
    minConnections: 0,
    maxQueue: 0,
    check: undefined,
    tls: undefined,
    protocol: undefined,
    webSocket: "auto",
    span,
    ...settings,
  };
}

const checkOf = (port: number): Partial<Server> => ({
  check: {
    ...{ address: "127.0.0.1", family: 4, port, interval, fastInterval: interval, downInterval: interval },
    ...{ rise: 2, fall: 3, sendProxy: undefined, tls: undefined },
  },
});

function frontend(name: string, id: number, mode: "tcp" | "http", defaultBackend: number, ports: number[]): Frontend {
  return {
    name,
    id,
    mode,
    binds: ports.map((port) => ({
      address: "127.0.0.1",
      family: 4,
      port,
      transparent: false,
      interface: undefined,
      v4v6: false,
      name: undefined,
      maxConnections: undefined,
      socket: initialBindSocket(),
      tls: undefined,
      protocol: undefined,
      span,
    })),
    maxConnections: 500,
    splicing: { auto: true, request: false, response: false },
    backlog: undefined,
    keepAlive: undefined,
    rules: { connection: [], content: [], inspectDelay: milliseconds(0), httpRequest: [], useBackend: [] },
    defaultBackend,
    timeoutClient: timeout,
    timeoutHttpRequest: timeout,
    timeoutHttpKeepAlive: timeout,
    timeoutClientFin: undefined,
    timeoutTarpit: interval,
    connectionMode: "keep-alive",
    logs: [],
    logFormat: "default",
    dontLogNull: false,
    errorFiles: [],
    span,
  };
}

function backend(name: string, id: number, mode: "tcp" | "http", servers: Server[]): Backend {
  return {
    name,
    id,
    mode,
    balance: mode === "http" ? "roundrobin" : "leastconn",
    servers,
    timeoutConnect: interval,
    timeoutServer: timeout,
    timeoutQueue: interval,
    timeoutCheck: undefined,
    timeoutTarpit: interval,
    httpRequest: [],
    retries: 3,
    timeoutServerFin: undefined,
    timeoutTunnel: undefined,
    connectionMode: "keep-alive",
    pretendKeepAlive: false,
    httpReuse: "safe",
    preferLastServer: false,
    retryOn: initialRetryOn,
    redispatch: 0,
    splicing: { auto: true, request: false, response: false },
    abortOnClose: false,
    fullConnections: undefined,
    source: undefined,
    keepAlive: undefined,
    stickTable: undefined,
    stickRules: [],
    logs: [],
    errorFiles: [],
    span,
  };
}

export const configuration: HaproxyConfiguration = {
  global: {
    logs: [],
    chroot: undefined,
    user: undefined,
    group: undefined,
    daemon: false,
    pidFile: undefined,
    maxConnections: 500,
    threads: 2,
    maxPipes: undefined,
    splices: true,
    statsSockets: [socketAt({ path: "/run/example.sock" })],
    statsTimeout: milliseconds(10_000),
    node: "n1",
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
    http2: initialGlobal().http2,
    http2TableSize: 4096,
    http2FrameSize: undefined,
    tlsLifetime: milliseconds(300_000),
  },
  frontends: [frontend("www", 2, "http", 0, [18080, 18081]), frontend("t", 4, "tcp", 1, [18082])],
  backends: [
    backend("app", 3, "http", [
      server("a", 1, 18091, checkOf(18091)),
      server("b", 2, 18092, { ...checkOf(18092), backup: true, weight: 5 }),
      server("c", 3, 18093, { disabled: true, maxConnections: 10 }),
      server("d", 4, 18094),
    ]),
    backend("tb", 5, "tcp", [server("x", 1, 18095, checkOf(18095))]),
  ],
};

export function socketAt(where: Partial<StatsSocket>): StatsSocket {
  return {
    path: undefined,
    address: undefined,
    port: undefined,
    mode: undefined,
    user: undefined,
    group: undefined,
    level: "admin",
    span,
    ...where,
  };
}

const check = {
  inProgress: false,
  health: 4,
  rise: 2,
  fall: 3,
  failed: 0,
  downTransitions: 0,
  downtime: milliseconds(0),
};
const changedFor = milliseconds(4_200);
const passed = { status: "L4OK", info: "", duration: milliseconds(2) } as const;
const refused = { status: "L4CON", info: "Connection refused", duration: milliseconds(0) } as const;

/** Four seconds after the start: `x` has been down for three of them. */
const reports: readonly HealthReport[] = [
  { kind: "checked", status: "UP", isUp: true, changedFor, check: { ...check, result: passed } },
  { kind: "checked", status: "UP 1/3", isUp: true, changedFor, check: { ...check, health: 2, result: undefined } },
  { kind: "maintenance", status: "MAINT", isUp: false, changedFor, check: undefined },
  { kind: "unchecked", status: "no check", isUp: true, changedFor },
  {
    kind: "checked",
    status: "DOWN",
    isUp: false,
    changedFor: milliseconds(3_100),
    check: { ...check, health: 0, failed: 1, downTransitions: 1, downtime: milliseconds(3_100), result: refused },
  },
];

const backendReports = [
  { isUp: true, active: 2, backup: 1, changedFor, downTransitions: 0, downtime: milliseconds(0) },
  {
    isUp: false,
    active: 0,
    backup: 0,
    changedFor: milliseconds(3_100),
    downTransitions: 1,
    downtime: milliseconds(3_100),
  },
];

export interface Example {
  readonly context: AdminContext;
  readonly state: SharedState;
  /** Times that health counters were cleared. */
  cleared: number;
  /** Moves the clock of the rates on. */
  advance(milliseconds: number): void;
}

/** A fresh context over empty counters, with the servers' states in place. */
export function example(): Example {
  const state = SharedState.create({ workers: 2, frontends: 2, backends: 2, servers: 5 });
  for (const [index, { weight, disabled }] of configuration.backends.flatMap(({ servers }) => servers).entries()) {
    state.setGauge(state.server(index), Gauge.weight, weight);
    state.setGauge(state.server(index), Gauge.usable, disabled || !reports[index]!.isUp ? 0 : 1);
  }
  let now = 0;
  const rates = new RateSampler(state, () => now);
  const made: Example = {
    state,
    cleared: 0,
    advance: (elapsed) => {
      now += elapsed;
    },
    context: {
      configuration,
      state,
      health: {
        report: (index) => reports[index]!,
        reportBackend: (index) => backendReports[index]!,
        clearCounters: () => {
          made.cleared++;
        },
      },
      rates,
      version: "3.4.0",
      releaseDate: "2026/06/03",
      startedAt: new Date(Date.now() - 4_200),
      maxConnections: 500,
    },
  };
  return made;
}
