/**
 * haproxy.cfg, typed: what the proxy runs. `defaults` are already folded in, `listen` has become a frontend and a
 * backend of one name. Plain data (it crosses to the workers by structured clone). Times are milliseconds.
 */
import type { Span } from "../diagnostics.js";
import type { Milliseconds } from "../units.js";
import type { FrontendRules, HttpRequestAction, Rule, Sample } from "./rules/model.js";
import type { IgnoredErrors } from "./verify-errors.js";

export interface HaproxyConfiguration {
  readonly global: HaproxyGlobal;
  readonly frontends: readonly Frontend[];
  readonly backends: readonly Backend[];
}

export interface HaproxyGlobal {
  readonly logs: readonly LogTarget[];
  readonly chroot: string | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly daemon: boolean;
  readonly pidFile: string | undefined;
  readonly maxConnections: number | undefined;
  /** Undefined: one worker for each core. */
  readonly threads: number | undefined;
  /** Pipes for splicing; undefined: a quarter of the connections. */
  readonly maxPipes: number | undefined;
  /** Bytes may be passed on inside the kernel at all. */
  readonly splices: boolean;
  readonly statsSockets: readonly StatsSocket[];
  readonly statsTimeout: Milliseconds;
  readonly node: string | undefined;
  readonly description: string | undefined;
  readonly logTag: string | undefined;
  /** Defaults for TLS listeners; they touch nothing else. */
  readonly caBase: string | undefined;
  readonly crtBase: string | undefined;
  readonly bindCiphers: string | undefined;
  readonly bindCipherSuites: string | undefined;
  readonly bindTlsOptions: readonly string[];
  readonly bindCurves: string | undefined;
  readonly serverCiphers: string | undefined;
  readonly serverCipherSuites: string | undefined;
  /** For servers that say nothing of `verify`. */
  readonly serverVerify: "none" | "required";
  /** Sessions of TLS clients that a listener remembers, and for how long. */
  readonly tlsCacheSize: number;
  /** Bytes of a buffer, which holds a whole head. */
  readonly bufferSize: number;
  /** Bytes of it that are kept for what is inserted into a head. */
  readonly maxRewrite: number;
  /** Lines of a head. */
  readonly maxHeaders: number;
  /** What HTTP/2 peers are allowed; what one side does not say, `both` does. */
  readonly http2: Readonly<Record<"both" | "frontend" | "backend", Http2Tuning>>;
  /** Octets of header fields that we keep for peers of HTTP/2 to refer to. */
  readonly http2TableSize: number;
  /** Octets of a frame that they may send; undefined: as many as a buffer has. Never fewer than RFC 9113 has. */
  readonly http2FrameSize: number | undefined;
  readonly tlsLifetime: Milliseconds;
}

export interface StatsSocket {
  readonly path: string | undefined;
  readonly address: string | undefined;
  readonly port: number | undefined;
  /** Octal file mode, such as 0o660. */
  readonly mode: number | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly level: "user" | "operator" | "admin";
  readonly span: Span;
}

export type LogFormat = "rfc3164" | "rfc5424" | "local" | "short" | "raw" | "timed" | "iso" | "priority";
export type LogLevel = "emerg" | "alert" | "crit" | "err" | "warning" | "notice" | "info" | "debug";

/** Undefined: the default. */
export interface Http2Tuning {
  /** Streams of a connection at once. */
  readonly streams: number | undefined;
  /** Octets that a stream may send before it hears from us. */
  readonly window: number | undefined;
}

export interface LogTarget {
  readonly target:
    | { readonly kind: "udp"; readonly address: string; readonly port: number }
    | { readonly kind: "unix"; readonly path: string }
    | { readonly kind: "fd"; readonly fd: number };
  /** Longest line in bytes. */
  readonly length: number;
  readonly format: LogFormat;
  /** 0 (kern) to 23 (local7). */
  readonly facility: number;
  /** Lines less urgent than this are dropped. */
  readonly maxLevel: LogLevel;
  /** Lines more urgent than this are sent as this. */
  readonly minLevel: LogLevel;
}

/** Whether bytes stay in the kernel on their way from socket to socket: bulk, or all that clients or servers send. */
export interface Splicing {
  readonly auto: boolean;
  readonly request: boolean;
  readonly response: boolean;
}

export interface Frontend {
  readonly splicing: Splicing;
  readonly name: string;
  /** Unique over all proxies; frontends and backends count together, from 2 in order of appearance (HAProxy's `id`). */
  readonly id: number;
  readonly mode: "tcp" | "http";
  readonly binds: readonly Bind[];
  readonly maxConnections: number;
  /** Connections that wait in the kernel to be accepted; undefined: a generous number. */
  readonly backlog: number | undefined;
  /** Of connections to clients; undefined: no probes. */
  readonly keepAlive: KeepAlive | undefined;
  readonly rules: FrontendRules;
  /** Index into `backends`; -1: none, every request gets 503. */
  readonly defaultBackend: number;
  readonly timeoutClient: Milliseconds;
  /** Time for a whole request head; falls back to the client's. */
  readonly timeoutHttpRequest: Milliseconds;
  /** Time between two requests of one connection; falls back to the request's, and is never longer than the client's. */
  readonly timeoutHttpKeepAlive: Milliseconds;
  /** Idle time of a client once one direction is closed; undefined: as before. */
  readonly timeoutClientFin: Milliseconds | undefined;
  /** For how long a rule of the frontend tarpits; falls back to the connect's. */
  readonly timeoutTarpit: Milliseconds;
  readonly connectionMode: HttpConnectionMode;
  readonly logs: readonly LogTarget[];
  /** What a log line looks like; `default` is HAProxy's one-liner "Connect from …". */
  readonly logFormat: "default" | "tcplog" | "httplog";
  /** Connections that carried no data are not logged. */
  readonly dontLogNull: boolean;
  readonly errorFiles: readonly ErrorFile[];
  readonly span: Span;
}

/** What an `address` is: IPv4 or IPv6, the path of a UNIX socket, or a name in the abstract space. */
export type AddressFamily = 4 | 6 | "unix" | "abns";

export interface Bind {
  /** Numeric, "0.0.0.0" or "::" for all; or as `family` says. */
  readonly address: string;
  /** `fd`: `address` is the number of an inherited descriptor that listens. */
  readonly family: AddressFamily | "fd";
  /** 0 for what has no ports. */
  readonly port: number;
  /** Accepts connections for addresses that are not the host's own (IP_TRANSPARENT). */
  readonly transparent: boolean;
  readonly interface: string | undefined;
  /** `::` only: also takes IPv4. */
  readonly v4v6: boolean;
  readonly name: string | undefined;
  /** Connections of this listener alone; undefined: only the frontend's limit holds. */
  readonly maxConnections: number | undefined;
  readonly socket: BindSocket;
  /** The HTTP version that clients speak; undefined: ALPN says, or how the client begins. */
  readonly protocol: "h1" | "h2" | undefined;
  /** Undefined: plain bytes. */
  readonly tls: BindTls | undefined;
  readonly span: Span;
}

export type TlsVersion = "TLSv1.0" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** What listeners and servers have in common. Undefined leaves it to OpenSSL. */
export interface TlsSettings {
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
  /** Not even between the two: `no-tlsv12`. */
  readonly disabledVersions: readonly TlsVersion[];
  /** OpenSSL's list, for versions up to 1.2. */
  readonly ciphers: string | undefined;
  /** For TLS 1.3. */
  readonly cipherSuites: string | undefined;
  /** PEM file of the authorities that the peer's certificate must come from. */
  readonly caFile: string | undefined;
  readonly crlFile: string | undefined;
  /** Protocols in the order of preference; empty: none is negotiated. */
  readonly alpn: readonly string[];
}

/** `bind … ssl`. File names have `crt-base` and `ca-base` in front already. */
export interface BindTls extends TlsSettings {
  /** Files and folders; the first certificate is the one for clients that name no server. */
  readonly certificates: readonly string[];
  /** `crt-list` files, whose certificates come after those; relative names in them begin in `listFolder`. */
  readonly certificateLists: readonly string[];
  readonly listFolder: string | undefined;
  /** The same for authorities and revocation lists that a line of a `crt-list` names. */
  readonly authorityFolder: string | undefined;
  readonly verify: "none" | "optional" | "required";
  /** What may be wrong with the certificates above a client's, and with its own. */
  readonly ignoredCaErrors: IgnoredErrors;
  readonly ignoredCertificateErrors: IgnoredErrors;
  /** Clients that name no server that we have a certificate for are refused. */
  readonly strictSni: boolean;
  readonly curves: string | undefined;
  readonly preferClientCiphers: boolean;
  readonly tickets: boolean;
  /** Keys for tickets, shared with others; undefined: made up at each start. */
  readonly ticketKeys: string | undefined;
  readonly cacheSize: number;
  readonly lifetime: Milliseconds;
  readonly span: Span;
}

/** `server … ssl`. */
export interface ServerTls extends TlsSettings {
  /** Without it any certificate will do. */
  readonly verify: "none" | "required";
  /** Certificate and key to show to servers that ask for one. */
  readonly certificate: string | undefined;
  /** The name asked for in the handshake. */
  readonly serverName: string | undefined;
  /** It depends on the client, as do the connections then. */
  readonly serverNameSample: Sample | undefined;
  /** The name that the certificate must be for; undefined: that which a sample gives, or any that the authorities vouch for. */
  readonly verifyHost: string | undefined;
  readonly reuseSessions: boolean;
  readonly span: Span;
}

/** What kind of socket listens, and what it expects first. Undefined leaves it to the system. */
export interface BindSocket {
  /** Connections begin with a PROXY header. */
  readonly acceptProxy: boolean;
  /** Undefined: the frontend's. */
  readonly backlog: number | undefined;
  readonly deferAccept: boolean;
  /** Bytes. */
  readonly maxSegment: number | undefined;
  readonly tcpUserTimeout: Milliseconds | undefined;
  readonly fastOpen: boolean;
  /** Of a UNIX socket's file: octal mode, such as 0o660; owner by name or number. */
  readonly mode: number | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** TCP keep-alive probes. Undefined leaves it to the system. */
export interface KeepAlive {
  /** Unanswered probes after which a connection is given up. */
  readonly count: number | undefined;
  /** Silence before the first probe, and between two. */
  readonly idle: Milliseconds | undefined;
  readonly interval: Milliseconds | undefined;
}

/** A raw HTTP response to send instead of the built-in one for `status`. */
export interface ErrorFile {
  readonly status: number;
  readonly path: string;
  /** The file's content; undefined: it could not be read, the built-in page stands in (a warning said so). */
  readonly content: string | undefined;
}

export interface Backend {
  readonly name: string;
  readonly id: number;
  readonly mode: "tcp" | "http";
  readonly balance: "roundrobin" | "leastconn";
  readonly servers: readonly Server[];
  readonly timeoutConnect: Milliseconds;
  readonly timeoutServer: Milliseconds;
  /** Idle time of a server once one direction is closed; undefined: as before. */
  readonly timeoutServerFin: Milliseconds | undefined;
  /** Takes the place of the client's and the server's once there are only bytes to pass on; undefined: it does not. */
  readonly timeoutTunnel: Milliseconds | undefined;
  /** Time in a queue, in place of a server; falls back to the connect's. */
  readonly timeoutQueue: Milliseconds;
  /** As the frontend's, for rules of the backend. */
  readonly timeoutTarpit: Milliseconds;
  /** Asked for requests that come from another proxy. */
  readonly httpRequest: readonly Rule<HttpRequestAction>[];
  /** Time for a health check once it is connected; undefined: `inter` is the whole budget. */
  readonly timeoutCheck: Milliseconds | undefined;
  /** Attempts after the first. */
  readonly retries: number;
  /** Of the frontend's mode and this one, the one that closes more holds. */
  readonly connectionMode: HttpConnectionMode;
  /** Servers are not told that their connection will be closed after the response. */
  readonly pretendKeepAlive: boolean;
  readonly httpReuse: HttpReuse;
  /** A client that has a connection of its own to a server goes there again. */
  readonly preferLastServer: boolean;
  readonly retryOn: RetryOn;
  /**
   * `option redispatch`: at which of its retries a client that sticks to a server may go to another one. Positive: at
   * every so many; negative: at the last but so many, -1 the last; 0: never.
   */
  readonly redispatch: number;
  readonly splicing: Splicing;
  /** A client that closes before its request has an answer does not want it any more. */
  readonly abortOnClose: boolean;
  /** Sessions with which its servers' limits reach `maxconn`; undefined: a tenth of what its frontends may take. */
  readonly fullConnections: number | undefined;
  readonly source: SourceAddress | undefined;
  /** Of connections to servers; undefined: no probes. */
  readonly keepAlive: KeepAlive | undefined;
  readonly stickTable: StickTable | undefined;
  readonly stickRules: readonly StickRule[];
  readonly logs: readonly LogTarget[];
  readonly errorFiles: readonly ErrorFile[];
  readonly span: Span;
}

/** What becomes of connections after a response: kept, closed towards the server, closed on both sides. */
export type HttpConnectionMode = "keep-alive" | "server-close" | "close";

/** Which requests may go on an idle connection: none; later ones of a client; first ones too, if it was reused; all. */
export type HttpReuse = "never" | "safe" | "aggressive" | "always";

/** A server's idle connections. */
export interface IdlePool {
  /** Of all workers; undefined: no limit. */
  readonly limit: number | undefined;
  /** 0: none is kept. */
  readonly purgeDelay: Milliseconds;
}

/** `retry-on`: after which failures a request is tried again. */
export interface RetryOn {
  readonly connFailure: boolean;
  readonly emptyResponse: boolean;
  readonly junkResponse: boolean;
  readonly responseTimeout: boolean;
  readonly statuses: readonly number[];
}

export interface SourceAddress {
  /** Local address to connect from; undefined: the kernel chooses. */
  readonly address: string | undefined;
  readonly port: number;
  /** `usesrc clientip`: the server sees the client's address (TPROXY); `client`: its port too. */
  readonly useSource: "clientip" | "client" | undefined;
  /** Connections leave through this network interface. */
  readonly interface: string | undefined;
}

export interface StickTable {
  readonly type: "ip";
  readonly size: number;
  /** Undefined: entries do not expire. */
  readonly expire: Milliseconds | undefined;
  /** When full, new keys are dropped instead of old entries being purged. */
  readonly noPurge: boolean;
}

export interface StickRule {
  readonly match: boolean;
  readonly store: boolean;
  /** The only sample so far: the client's address. */
  readonly sample: "src";
  /** Index into `backends` of the proxy whose table is used. */
  readonly table: number;
}

export interface Server {
  readonly name: string;
  /** Unique in its backend, from 1. */
  readonly id: number;
  /** Numeric, "0.0.0.0" or "::" for the one that the client connected to; or as `family` says. */
  readonly address: string;
  readonly family: AddressFamily;
  /** 0 for what has no ports, and where `portOffset` stands. */
  readonly port: number;
  /** Added to the port that the client connected to; undefined: `port` is the port. */
  readonly portOffset: number | undefined;
  /** Connections begin with a PROXY header. */
  readonly sendProxy: SendProxy | undefined;
  readonly tcpUserTimeout: Milliseconds | undefined;
  readonly weight: number;
  readonly backup: boolean;
  readonly disabled: boolean;
  /** Requests, or connections in mode tcp, that it gets at a time; 0: no limit. */
  readonly maxConnections: number;
  readonly pool: IdlePool;
  /** Its limit while the backend is idle, from where it grows up to `maxConnections`. */
  readonly minConnections: number;
  /** Of those that wait for this server and no other; 0: no limit. */
  readonly maxQueue: number;
  readonly check: ServerCheck | undefined;
  /** Undefined: plain bytes. */
  readonly tls: ServerTls | undefined;
  /** The HTTP version that it speaks; undefined: ALPN says, else HTTP/1. */
  readonly protocol: "h1" | "h2" | undefined;
  /** The one that WebSockets take to it; auto: the same, but HTTP/1.1 where ALPN offers it. */
  readonly webSocket: "auto" | "h1" | "h2";
  readonly span: Span;
}

/** TCP connect check (`check`, `option tcp-check` without rules). */
export interface ServerCheck {
  readonly address: string;
  readonly family: AddressFamily;
  readonly port: number;
  readonly interval: Milliseconds;
  /** While going up or down; falls back to `interval`. */
  readonly fastInterval: Milliseconds;
  /** While down; falls back to `interval`. */
  readonly downInterval: Milliseconds;
  readonly rise: number;
  readonly fall: number;
  /** Checks begin with a PROXY header. */
  readonly sendProxy: SendProxy | undefined;
  /** Undefined: plain bytes. */
  readonly tls: CheckTls | undefined;
}

/** A check that sees a handshake through. */
export interface CheckTls {
  readonly settings: ServerTls;
  /** The name asked for. */
  readonly serverName: string | undefined;
}

/** As `proxy-v2-options` calls them; all but `authority` are parts of `ssl`. */
export type ProxyTlvName = "ssl" | "cert-cn" | "cert-key" | "cert-sig" | "ssl-cipher" | "authority";

/** The PROXY header that a server gets. */
export interface SendProxy {
  readonly version: 1 | 2;
  /** Version 2: with a checksum. */
  readonly checksum: boolean;
  /** Version 2: what it tells of the client's TLS. */
  readonly tlvs: readonly ProxyTlvName[];
}
