/** Drafts into the typed configuration: names become indices, `listen` becomes two halves, defaults are filled in. */

import { isIPv6 } from "node:net";
import type { Diagnostics, Span } from "../diagnostics.js";
import { type Milliseconds, milliseconds } from "../units.js";
import {
  type BindDraft,
  hasBackend,
  hasFrontend,
  type KeepAliveDraft,
  type ProxyDraft,
  type ProxySettings,
  type ServerDraft,
  type StickRuleDraft,
} from "./draft.js";
import { FALLBACK_MAX_CONNECTIONS, FALLBACK_TIMEOUTS } from "./initial.js";
import type { Word } from "./lexer.js";
import type {
  Backend,
  CheckTls,
  Frontend,
  HaproxyConfiguration,
  KeepAlive,
  LogTarget,
  SendProxy,
  Server,
  ServerCheck,
  StickRule,
} from "./model.js";
import type { Drafts } from "./parse.js";
import type { FrontendRules, Rule } from "./rules/model.js";
import { suggest } from "./suggest.js";
import { TlsBuilder } from "./tls-build.js";

/** HAProxy numbers proxies from 2 and servers from 1; statistics show the numbers. */
const FIRST_PROXY_ID = 2;
const FIRST_SERVER_ID = 1;

/** What `check-send-proxy` sends to a server whose traffic has no PROXY header. */
const PROXY_V1: SendProxy = { version: 1, checksum: false, tlvs: [] };

/** Resolves what drafts refer to. Reports unknown names and modes that do not fit; never throws. */
export function build(drafts: Drafts, diagnostics: Diagnostics): HaproxyConfiguration {
  return new Builder(drafts, diagnostics).configuration();
}

class Builder {
  private readonly ids: ReadonlyMap<ProxyDraft, number>;
  private readonly backends: readonly ProxyDraft[];
  /** The first of a name; a second one has been reported. */
  private readonly backendIndex = new Map<string, number>();
  private readonly ownIndex: ReadonlyMap<ProxyDraft, number>;
  /** `default_backend` of a `defaults` section reaches many frontends: its mistake is told once. */
  private readonly reported = new Set<Span>();
  private readonly tls: TlsBuilder;

  constructor(
    private readonly drafts: Drafts,
    private readonly diagnostics: Diagnostics,
  ) {
    this.tls = new TlsBuilder(drafts.global, diagnostics);
    this.ids = new Map(drafts.proxies.map((proxy, index) => [proxy, FIRST_PROXY_ID + index]));
    this.backends = drafts.proxies.filter((proxy) => hasBackend(proxy.kind));
    this.ownIndex = new Map(this.backends.map((proxy, index) => [proxy, index]));
    for (const [index, { name }] of this.backends.entries())
      if (!this.backendIndex.has(name)) this.backendIndex.set(name, index);
  }

  configuration(): HaproxyConfiguration {
    const frontends = this.drafts.proxies.filter((proxy) => hasFrontend(proxy.kind));
    return {
      global: this.drafts.global,
      frontends: frontends.map((proxy) => this.frontend(proxy)),
      backends: this.backends.map((proxy) => this.backend(proxy)),
    };
  }

  private frontend(proxy: ProxyDraft): Frontend {
    const { settings, name, binds, span } = proxy;
    const timeoutClient = settings.timeouts.client ?? FALLBACK_TIMEOUTS.client;
    const timeoutHttpRequest = settings.timeouts["http-request"] ?? timeoutClient;
    const mode = modeOf(proxy);
    for (const bind of binds) this.checkProtocol(bind, mode);
    return {
      name,
      id: this.ids.get(proxy)!,
      mode,
      binds: binds.map((bind) => ({ ...bind, tls: this.tls.bind(bind.tls, bind.span, offeredBy(mode, bind)) })),
      maxConnections: settings.maxConnections ?? this.drafts.global.maxConnections ?? FALLBACK_MAX_CONNECTIONS,
      splicing: settings.splicing,
      backlog: settings.backlog,
      keepAlive: keepAliveOf(settings.clientKeepAlive),
      rules: this.rules(proxy),
      defaultBackend: this.defaultBackend(proxy),
      timeoutClient,
      timeoutHttpRequest,
      timeoutClientFin: settings.timeouts["client-fin"],
      timeoutTarpit: timeoutTarpit(settings),
      connectionMode: settings.connectionMode,
      timeoutHttpKeepAlive: milliseconds(
        Math.min(settings.timeouts["http-keep-alive"] ?? timeoutHttpRequest, timeoutClient),
      ),
      logs: this.logs(proxy),
      // A TCP frontend has no requests to log: HAProxy then logs connections.
      logFormat: settings.logFormat === undefined ? "default" : mode === "tcp" ? "tcplog" : settings.logFormat.value,
      dontLogNull: settings.dontLogNull,
      errorFiles: [...settings.errorFiles.values()],
      span,
    };
  }

  private backend(proxy: ProxyDraft): Backend {
    const { settings, name, span } = proxy;
    for (const server of proxy.servers) this.checkProtocol(server, modeOf(proxy));
    return {
      name,
      id: this.ids.get(proxy)!,
      mode: modeOf(proxy),
      balance: settings.balance,
      servers: proxy.servers.map((server, index) => this.server(server, FIRST_SERVER_ID + index)),
      timeoutConnect: settings.timeouts.connect ?? FALLBACK_TIMEOUTS.connect,
      timeoutServer: settings.timeouts.server ?? FALLBACK_TIMEOUTS.server,
      timeoutServerFin: settings.timeouts["server-fin"],
      timeoutTunnel: settings.timeouts.tunnel,
      timeoutTarpit: timeoutTarpit(settings),
      httpRequest: withoutSpans(proxy.rules.httpRequest),
      timeoutCheck: settings.timeouts.check,
      timeoutQueue: settings.timeouts.queue ?? settings.timeouts.connect ?? FALLBACK_TIMEOUTS.connect,
      retries: settings.retries,
      retryOn: settings.retryOn,
      redispatch: settings.redispatch,
      connectionMode: settings.connectionMode,
      pretendKeepAlive: settings.pretendKeepAlive,
      httpReuse: settings.httpReuse,
      preferLastServer: settings.preferLastServer,
      splicing: settings.splicing,
      abortOnClose: settings.abortOnClose,
      fullConnections: settings.fullConnections,
      source: settings.source,
      keepAlive: keepAliveOf(settings.serverKeepAlive),
      stickTable: proxy.stickTable?.value,
      stickRules: proxy.stickRules.flatMap((rule) => this.stickRule(proxy, rule) ?? []),
      logs: this.logs(proxy),
      errorFiles: [...settings.errorFiles.values()],
      span,
    };
  }

  private server(draft: ServerDraft, id: number): Server {
    const { name, address, family, port, portOffset, weight, backup, disabled, span } = draft;
    const { tcpUserTimeout } = draft.socket;
    const { protocol, webSocket, pool } = draft;
    const { maxConnections, minConnections } = connectionLimits(draft);
    const sendProxy = sendProxyOf(draft);
    const check = draft.check ? this.check(draft, sendProxy) : undefined;
    const tls = this.tls.server(draft.tls, span);
    return {
      ...{ name, id, address, family, port, portOffset, sendProxy, tcpUserTimeout, weight, backup, disabled },
      ...{ maxConnections, minConnections, maxQueue: draft.maxQueue, pool, check, tls, protocol, webSocket, span },
    };
  }

  private checkProtocol({ protocol, span }: Pick<ServerDraft, "protocol" | "span">, mode: "tcp" | "http"): void {
    if (protocol === undefined || mode === "http") return;
    this.diagnostics.report({
      severity: "error",
      code: "needs-http",
      span,
      message: `proto ${protocol} needs mode http`,
      cause: "in mode tcp bytes are passed on, whatever they say",
      remedy: "take it out, or write: mode http",
    });
  }

  private check(draft: ServerDraft, sendProxy: SendProxy | undefined): ServerCheck {
    const { interval, rise, fall, checkAddress, checkPort } = draft;
    const address = checkAddress ?? draft.address;
    const port = checkPort ?? draft.port;
    const family = checkAddress === undefined ? draft.family : isIPv6(checkAddress) ? 6 : 4;
    if (port === 0 && (family === 4 || family === 6)) this.reportPortlessCheck(draft);
    // Where checks go elsewhere, that is not expected to know the PROXY protocol unless it is said to.
    const isElsewhere = checkAddress !== undefined || checkPort !== undefined;
    const sends = draft.socket.checkSendProxy || !isElsewhere;
    return {
      address,
      family,
      port,
      interval,
      fastInterval: draft.fastInterval ?? interval,
      downInterval: draft.downInterval ?? interval,
      rise,
      fall,
      tls: this.checkTls(draft, isElsewhere),
      sendProxy: sends ? (sendProxy ?? (draft.socket.checkSendProxy ? PROXY_V1 : undefined)) : undefined,
    };
  }

  /** Where checks go elsewhere, that is not expected to speak TLS unless it is said to. */
  private checkTls({ checkTls, checkServerName, tls, span }: ServerDraft, isElsewhere: boolean): CheckTls | undefined {
    if (!(checkTls ?? (tls.ssl === true && !isElsewhere))) return undefined;
    const settings = this.tls.server({ ...tls, ssl: true }, span)!;
    return { settings, serverName: checkServerName ?? settings.serverName };
  }

  private reportPortlessCheck({ name, span }: ServerDraft): void {
    this.diagnostics.report({
      severity: "error",
      code: "no-check-port",
      span,
      message: `the checks of server ${name} have no port to connect to`,
      cause: "the server's port is the one that each client connects to",
      remedy: "write at the end of the line: port <n>",
    });
  }

  private logs(proxy: ProxyDraft): LogTarget[] {
    return proxy.settings.logs.flatMap((log) => (log === "global" ? this.drafts.global.logs : [log]));
  }

  private rules(proxy: ProxyDraft): FrontendRules {
    const { connection, content, httpRequest, inspectDelay, useBackend } = proxy.rules;
    return {
      connection,
      content: withoutSpans(content),
      inspectDelay,
      httpRequest: withoutSpans(httpRequest),
      useBackend: useBackend.flatMap(({ action, condition }) => {
        const backend = this.namedBackend(proxy, action);
        return backend < 0 ? [] : [{ action: { backend }, condition }];
      }),
    };
  }

  /** Index of the backend; a `listen` without `default_backend` is its own. */
  private defaultBackend(proxy: ProxyDraft): number {
    const word = proxy.settings.defaultBackend;
    if (word !== undefined) return this.namedBackend(proxy, word);
    return proxy.kind === "listen" ? this.ownIndex.get(proxy)! : -1;
  }

  /** -1, and reported, when there is none. */
  private namedBackend(proxy: ProxyDraft, word: Word): number {
    const index = this.backendIndex.get(word.text);
    if (index === undefined) {
      this.reportUnknownBackend(word.span, word.text);
      return -1;
    }
    this.checkModes(proxy, this.backends[index]!, word.span);
    return index;
  }

  private reportUnknownBackend(span: Span, name: string): void {
    if (this.reported.has(span)) return;
    this.reported.add(span);
    const meant = suggest(this.diagnostics, name, this.backendIndex.keys());
    const known = this.backends
      .slice(0, 10)
      .map((backend) => backend.name)
      .join(", ");
    this.diagnostics.report({
      severity: "error",
      code: "unknown-backend",
      span,
      message: `there is no backend "${name}"`,
      ...(known === "" ? {} : { cause: `there are: ${known}` }),
      remedy: meant === undefined ? `add a section: backend ${name}` : `did you mean "${meant}"?`,
    });
  }

  private checkModes(frontend: ProxyDraft, backend: ProxyDraft, span: Span): void {
    const [front, back] = [modeOf(frontend), modeOf(backend)];
    if (front === back || isModeMistaken(frontend) || isModeMistaken(backend)) return;
    this.diagnostics.report({
      severity: "error",
      code: "mode-mismatch",
      span,
      message: `${frontend.kind} ${frontend.name} is in mode ${front}, backend ${backend.name} in mode ${back}`,
      cause:
        front === "http"
          ? "requests cannot be handed to a backend that knows only connections"
          : "switching a connection to HTTP on its way is not supported yet",
      remedy: `write mode ${front} in backend ${backend.name}, or mode ${back} in ${frontend.kind} ${frontend.name}`,
    });
  }

  private stickRule(proxy: ProxyDraft, rule: StickRuleDraft): StickRule | undefined {
    const name = rule.table?.text ?? proxy.name;
    const span = rule.table?.span ?? rule.span;
    const index = rule.table === undefined ? this.ownIndex.get(proxy)! : (this.backendIndex.get(name) ?? -1);
    if (index === -1) {
      this.reportUnknownBackend(span, name);
      return undefined;
    }
    if (this.backends[index]!.stickTable === undefined) {
      this.diagnostics.report({
        severity: "error",
        code: "no-stick-table",
        span,
        message: `${name} has no stick-table`,
        remedy: `add to it: stick-table type ip size 200k expire 30m`,
      });
      return undefined;
    }
    return { match: rule.match, store: rule.store, sample: "src", table: index };
  }
}

/** A `mode` was written and refused: what follows from the missing mode would only be noise. */
const isModeMistaken = ({ settings }: ProxyDraft): boolean => settings.mode === undefined && settings.said.has("mode");

/** What a TLS listener offers by itself: what it speaks, if the client may choose. As HAProxy does from 2.8 on. */
const offeredBy = (mode: "tcp" | "http", { protocol }: BindDraft): readonly string[] =>
  mode === "http" && protocol === undefined ? ["h2", "http/1.1"] : [];

export const modeOf = (proxy: ProxyDraft): "tcp" | "http" => proxy.settings.mode?.value ?? "tcp";

const timeoutTarpit = ({ timeouts }: ProxySettings): Milliseconds =>
  timeouts.tarpit ?? timeouts.connect ?? FALLBACK_TIMEOUTS.connect;

const withoutSpans = <Action>(rules: readonly Rule<Action>[]): Rule<Action>[] =>
  rules.map(({ action, condition }) => ({ action, condition }));

const keepAliveOf = ({ isOn, ...probes }: KeepAliveDraft): KeepAlive | undefined => (isOn ? probes : undefined);

/** One of the two stands for the other that is not written, and a minimum above the maximum is both. */
function connectionLimits({ maxConnections, minConnections }: ServerDraft): {
  readonly maxConnections: number;
  readonly minConnections: number;
} {
  const most = Math.max(maxConnections, minConnections);
  return { maxConnections: most, minConnections: minConnections === 0 ? most : minConnections };
}

function sendProxyOf({ socket }: ServerDraft): SendProxy | undefined {
  if (socket.proxyV2) return { version: 2, checksum: socket.proxyChecksum, tlvs: socket.proxyTlvs };
  return socket.proxyV1 ? PROXY_V1 : undefined;
}
