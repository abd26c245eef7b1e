/** What the parser has understood so far: sections with their settings, before references between them are resolved. */
import type { Span } from "../diagnostics.js";
import { type Milliseconds, milliseconds } from "../units.js";
import type { ProxyKind } from "./keyword.js";
import type { Word } from "./lexer.js";
import type {
  AddressFamily,
  Backend,
  Bind,
  ErrorFile,
  HaproxyGlobal,
  HttpConnectionMode,
  HttpReuse,
  IdlePool,
  KeepAlive,
  LogTarget,
  RetryOn,
  SourceAddress,
  Splicing,
  StickTable,
} from "./model.js";
import type { HttpVersion, WebSocketVersion } from "./protocol.js";
import type { AclTest, ConnectionAction, ContentAction, HttpRequestAction, Rule } from "./rules/model.js";
import type { ServerSocketDraft } from "./server-socket.js";
import type { TlsDraft } from "./tls-draft.js";

export interface Located<T> {
  readonly value: T;
  readonly span: Span;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** `global` may occur several times: every occurrence adds to the one before. */
export type GlobalDraft = Mutable<HaproxyGlobal> & {
  logs: LogTarget[];
  statsSockets: HaproxyGlobal["statsSockets"][number][];
};

export type TimeoutName =
  | "connect"
  | "client"
  | "server"
  | "queue"
  | "check"
  | "http-request"
  | "http-keep-alive"
  | "tunnel"
  | "client-fin"
  | "server-fin"
  | "tarpit";

/** What `defaults` hands down. */
export interface ProxySettings {
  /** The keywords that were written, understood or not: advice keeps silent about what is merely mistaken. */
  said: Set<string>;
  mode: Located<"tcp" | "http"> | undefined;
  /** `log global` stays a mark: the global section may come later in the file. */
  logs: (LogTarget | "global")[];
  logFormat: Located<"tcplog" | "httplog"> | undefined;
  dontLogNull: boolean;
  maxConnections: number | undefined;
  defaultBackend: Word | undefined;
  balance: Backend["balance"];
  timeouts: Partial<Record<TimeoutName, Milliseconds>>;
  retries: number;
  connectionMode: HttpConnectionMode;
  pretendKeepAlive: boolean;
  httpReuse: HttpReuse;
  preferLastServer: boolean;
  retryOn: RetryOn;
  redispatch: number;
  abortOnClose: boolean;
  splicing: Splicing;
  fullConnections: number | undefined;
  backlog: number | undefined;
  clientKeepAlive: KeepAliveDraft;
  serverKeepAlive: KeepAliveDraft;
  source: SourceAddress | undefined;
  errorFiles: ReadonlyMap<number, ErrorFile>;
  server: ServerSettings;
}

export interface KeepAliveDraft extends KeepAlive {
  /** Without it the rest means nothing. */
  readonly isOn: boolean;
}

/** What `default-server` hands down to the servers after it. */
export interface ServerSettings {
  weight: number;
  backup: boolean;
  disabled: boolean;
  check: boolean;
  checkAddress: string | undefined;
  checkPort: number | undefined;
  /** Undefined: as the traffic, where checks go to the server itself. */
  checkTls: boolean | undefined;
  checkServerName: string | undefined;
  interval: Milliseconds;
  fastInterval: Milliseconds | undefined;
  downInterval: Milliseconds | undefined;
  rise: number;
  fall: number;
  maxConnections: number;
  minConnections: number;
  maxQueue: number;
  tls: TlsDraft;
  socket: ServerSocketDraft;
  pool: IdlePool;
  protocol: HttpVersion | undefined;
  webSocket: WebSocketVersion;
}

/** A listener, its TLS not yet joined with the global section. */
export interface BindDraft extends Omit<Bind, "tls"> {
  readonly tls: TlsDraft;
}

export interface ServerDraft extends ServerSettings {
  readonly name: string;
  readonly address: string;
  readonly family: AddressFamily;
  readonly port: number;
  readonly portOffset: number | undefined;
  readonly span: Span;
}

export interface StickRuleDraft {
  readonly match: boolean;
  readonly store: boolean;
  /** Undefined: the proxy's own table. */
  readonly table: Word | undefined;
  readonly span: Span;
}

/** The rules of a frontend; backends are still names. */
export interface RulesDraft {
  readonly connection: Rule<ConnectionAction>[];
  readonly content: (Rule<ContentAction> & { readonly span: Span })[];
  readonly httpRequest: (Rule<HttpRequestAction> & { readonly span: Span })[];
  readonly useBackend: Rule<Word>[];
  inspectDelay: Milliseconds;
}

export class ProxyDraft {
  readonly binds: BindDraft[] = [];
  readonly servers: ServerDraft[] = [];
  readonly stickRules: StickRuleDraft[] = [];
  /** By name. */
  readonly acls = new Map<string, AclTest[]>();
  readonly rules: RulesDraft = {
    connection: [],
    content: [],
    httpRequest: [],
    useBackend: [],
    inspectDelay: milliseconds(0),
  };
  stickTable: Located<StickTable> | undefined;
  /** For names that occur twice: the next suffix to try, so that many twins stay cheap. */
  readonly nextServerSuffix = new Map<string, number>();
  readonly serverNames = new Set<string>();

  constructor(
    readonly kind: ProxyKind,
    readonly name: string,
    /** The section's name in its header. */
    readonly span: Span,
    readonly settings: ProxySettings,
    /** Listeners that the whole configuration may still have. */
    readonly listenerBudget: { left: number },
  ) {}
}

export const hasFrontend = (kind: ProxyKind): boolean => kind === "frontend" || kind === "listen";
export const hasBackend = (kind: ProxyKind): boolean => kind === "backend" || kind === "listen";

/** A copy that can be changed without touching the `defaults` it came from. */
export function inherit(settings: ProxySettings): ProxySettings {
  return {
    ...settings,
    said: new Set(settings.said),
    logs: [...settings.logs],
    timeouts: { ...settings.timeouts },
    server: { ...settings.server },
  };
}
