/** What is valid and will not do what its author meant. */
import type { Diagnostics, Severity, Span } from "../diagnostics.js";
import { modeOf } from "./build.js";
import { type BindDraft, hasBackend, hasFrontend, type ProxyDraft, type TimeoutName } from "./draft.js";
import { FALLBACK_TIMEOUTS } from "./initial.js";
import { adviseInspection } from "./rules/advice.js";

/** Reads all proxies once more with the eyes of an experienced operator. */
export function advise(proxies: readonly ProxyDraft[], diagnostics: Diagnostics): void {
  const advisor = new Advisor(proxies, diagnostics);
  advisor.namesTwice();
  advisor.bindConflicts();
  advisor.unusedBackends();
  advisor.stickTables();
  // A section without a name is reported; what else it lacks follows from that.
  for (const proxy of proxies) if (proxy.name !== "") advisor.proxy(proxy);
}

class Advisor {
  constructor(
    private readonly proxies: readonly ProxyDraft[],
    private readonly diagnostics: Diagnostics,
  ) {}

  proxy(proxy: ProxyDraft): void {
    this.missingTimeouts(proxy);
    this.idleRules(proxy);
    if (hasFrontend(proxy.kind)) this.frontend(proxy);
    if (hasBackend(proxy.kind)) this.backend(proxy);
  }

  /** HAProxy 1.x let a frontend and a backend share a name, recent versions refuse it; two of a kind never could. */
  namesTwice(): void {
    const halves: [string, (proxy: ProxyDraft) => boolean][] = [
      ["frontend", (proxy) => hasFrontend(proxy.kind)],
      ["backend", (proxy) => hasBackend(proxy.kind)],
    ];
    const clashing = new Set<ProxyDraft>();
    for (const [half, hasHalf] of halves) {
      const seen = new Map<string, ProxyDraft>();
      for (const proxy of this.proxies.filter(hasHalf)) {
        const first = seen.get(proxy.name);
        if (first === undefined) seen.set(proxy.name, proxy);
        else if (!clashing.has(proxy)) {
          clashing.add(proxy);
          this.report("error", "duplicate-proxy", proxy.span, `there is already a ${half} "${proxy.name}"`, {
            cause: `the first is on line ${first.span.line}`,
            remedy: "give each its own name",
          });
        }
      }
    }
    const kinds = new Map<string, ProxyDraft>();
    for (const proxy of this.proxies) {
      const other = kinds.get(proxy.name);
      if (other === undefined) kinds.set(proxy.name, proxy);
      else if (!clashing.has(proxy))
        this.report("warning", "shared-name", proxy.span, `a ${other.kind} is called "${proxy.name}" too`, {
          cause: `both are kept, as ${other.kind} and ${proxy.kind}; recent HAProxy refuses this`,
          remedy: `rename one, such as: ${proxy.kind} ${proxy.name}-${hasBackend(proxy.kind) ? "servers" : "in"}`,
        });
    }
  }

  bindConflicts(): void {
    const seen = new Map<string, ProxyDraft>();
    for (const proxy of this.proxies)
      for (const bind of proxy.binds) {
        const key = `${bind.address} ${bind.port} ${bind.interface ?? ""}`;
        const first = seen.get(key);
        if (first === undefined) seen.set(key, proxy);
        else
          this.report("warning", "bind-conflict", bind.span, `${first.name} already listens on ${where(bind)}`, {
            cause: "the kernel deals connections out between the two at random",
            remedy: "remove one, or give it another port",
          });
      }
  }

  /** Silent when a rule or a mistyped name may be what uses the backend. */
  unusedBackends(): void {
    const backends = new Set(this.proxies.filter((proxy) => hasBackend(proxy.kind)).map((proxy) => proxy.name));
    const isUnclear = this.proxies.some(
      ({ settings: { defaultBackend } }) => defaultBackend !== undefined && !backends.has(defaultBackend.text),
    );
    if (isUnclear) return;
    const used = new Set<string>();
    for (const proxy of this.proxies) {
      if (hasFrontend(proxy.kind) && proxy.settings.defaultBackend !== undefined)
        used.add(proxy.settings.defaultBackend.text);
      for (const { action } of proxy.rules.useBackend) used.add(action.text);
      for (const rule of proxy.stickRules) if (rule.table !== undefined) used.add(rule.table.text);
    }
    for (const proxy of this.proxies)
      if (proxy.kind === "backend" && !used.has(proxy.name))
        this.report("notice", "unused-backend", proxy.span, `no frontend sends anything to backend "${proxy.name}"`, {
          remedy: `write in a frontend: default_backend ${proxy.name}`,
        });
  }

  /** Storing alone gives no persistence: the published TPROXY article falls into this trap. */
  stickTables(): void {
    const matched = new Set<string>();
    const stored = new Set<string>();
    for (const proxy of this.proxies)
      for (const rule of proxy.stickRules) {
        if (rule.match) matched.add(rule.table?.text ?? proxy.name);
        if (rule.store) stored.add(rule.table?.text ?? proxy.name);
      }
    for (const { name, stickTable } of this.proxies) {
      if (stickTable === undefined || matched.has(name)) continue;
      const isStored = stored.has(name);
      const message = isStored
        ? `the stick-table of ${name} is written and never matched`
        : `nothing uses the stick-table of ${name}`;
      this.report("warning", "stick-table-unused", stickTable.span, message, {
        cause: "clients do not stay with their server",
        remedy: isStored ? "write stick on src in place of stick store-request src" : "write: stick on src",
      });
    }
  }

  private missingTimeouts(proxy: ProxyDraft): void {
    const needed: TimeoutName[] = [
      ...(hasBackend(proxy.kind) && proxy.servers.length > 0 ? (["connect"] as const) : []),
      ...(hasFrontend(proxy.kind) ? (["client"] as const) : []),
      ...(hasBackend(proxy.kind) && proxy.servers.length > 0 ? (["server"] as const) : []),
    ];
    const { timeouts, said } = proxy.settings;
    const missing = needed.filter((name) => timeouts[name] === undefined && !said.has(`timeout ${name}`)) as (
      | "connect"
      | "client"
      | "server"
    )[];
    if (missing.length === 0) return;
    const chosen = missing.map((name) => `${name} ${FALLBACK_TIMEOUTS[name] / 1000}s`);
    this.report(
      "warning",
      "missing-timeout",
      proxy.span,
      `${proxy.kind} ${proxy.name} has no timeout ${missing.join(", ")}`,
      {
        cause: `taken: ${chosen.join(", ")}; HAProxy would wait for ever`,
        remedy: `write: ${chosen.map((timeout) => `timeout ${timeout}`).join(", ")}`,
      },
    );
  }

  private idleRules({ kind, name, settings, rules }: ProxyDraft): void {
    const [first] = rules.httpRequest;
    if (first === undefined || settings.mode?.value === "http") return;
    this.report("warning", "needs-http", first.span, `http-request rules do nothing in ${kind} ${name}`, {
      cause: "it is in mode tcp, where there are no requests",
      remedy: "write: mode http",
    });
  }

  private frontend(proxy: ProxyDraft): void {
    const { settings, span, kind, name, rules } = proxy;
    const answersAll = rules.httpRequest.some(({ action, condition }) => "reply" in action && condition === undefined);
    if (modeOf(proxy) === "tcp") adviseInspection(proxy, this.diagnostics);
    if (!settings.said.has("mode"))
      this.report("notice", "default-mode", span, `${kind} ${name} says no mode: it balances connections (mode tcp)`, {
        remedy: "write mode http to balance requests and to log them",
      });
    if (proxy.binds.length === 0 && !settings.said.has("bind"))
      this.report("warning", "no-bind", span, `${kind} ${name} listens nowhere`, { remedy: "write: bind :80" });
    if (
      !answersAll &&
      kind === "frontend" &&
      !settings.said.has("default_backend") &&
      !settings.said.has("use_backend")
    )
      this.report("warning", "no-backend", span, `frontend ${name} has no default_backend`, {
        cause: modeOf(proxy) === "http" ? "every request gets 503" : "every connection is closed",
        remedy: "write: default_backend <name>",
      });
    if (settings.logFormat?.value === "httplog" && modeOf(proxy) === "tcp")
      this.report(
        "warning",
        "log-format",
        settings.logFormat.span,
        `${kind} ${name} is in mode tcp: it has no requests to log`,
        {
          cause: "logged as option tcplog would",
          remedy: `write option tcplog, or mode http, in ${kind} ${name}`,
        },
      );
  }

  private backend(proxy: ProxyDraft): void {
    const { servers, span, kind, name, settings } = proxy;
    if (
      servers.length === 0 &&
      !settings.said.has("server") &&
      (kind === "backend" || settings.defaultBackend === undefined)
    )
      this.report("warning", "no-server", span, `${kind} ${name} has no server`, {
        cause: modeOf(proxy) === "http" ? "every request gets 503" : "every connection is closed",
        remedy: "write: server <name> <address>:<port> check",
      });
    const unchecked = servers.filter((server) => !server.check && !server.disabled);
    if (unchecked.length === 0) return;
    const names = `${unchecked
      .slice(0, MOST_NAMES)
      .map((server) => server.name)
      .join(", ")}${unchecked.length > MOST_NAMES ? ", …" : ""}`;
    this.report("warning", "unchecked-server", unchecked[0]!.span, `${kind} ${name} never checks ${names}`, {
      cause: "a dead server keeps getting its share",
      remedy: "add check at the end of the server line, or default-server check above",
    });
  }

  private report(
    severity: Severity,
    code: string,
    span: Span,
    message: string,
    more: { cause?: string; remedy?: string } = {},
  ): void {
    this.diagnostics.report({ severity, code, span, message, ...more });
  }
}

/** Warnings that HAProxy has no counterpart of: -dW, which makes warnings fatal, must not be stricter than HAProxy. */
export const OWN_ADVICE: ReadonlySet<string> = new Set(["unchecked-server", "stick-table-unused"]);

const MOST_NAMES = 5;

const where = ({ address, family, port }: BindDraft): string =>
  family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
