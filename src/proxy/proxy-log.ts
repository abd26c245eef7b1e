/** The log lines of one frontend's sessions and requests. */
import type { Frontend } from "../config/haproxy/model.js";
import type { BalancedSession } from "./balanced-session.js";
import type { ClientAddress } from "./client-address.js";
import type { ExchangeSession } from "./exchange-session.js";
import {
  BAD_REQUEST,
  connectLogLine,
  handshakeLogLine,
  httpLogLine,
  NO_SERVER,
  type SessionRecord,
  tcpLogLine,
} from "./log/line.js";
import type { Logger } from "./log/logger.js";
import { Gauge } from "./shared-state.js";
import type { TcpSession } from "./tcp-session.js";

/** A connection that no session has been made of. */
export interface BeforeSession {
  readonly address: ClientAddress;
  /** The loop's milliseconds. */
  readonly acceptedAt: number;
  /** It carried nothing. */
  readonly isNull: boolean;
}

export class ProxyLog {
  constructor(
    readonly settings: Frontend,
    readonly logger: Logger,
  ) {}

  /** One TCP session, at its end. */
  tcp(session: TcpSession, termination: string, bytesUp: number, bytesDown: number): void {
    if (this.settings.dontLogNull && bytesUp === 0 && bytesDown === 0 && termination[0] === "C") return;
    const record = this.#record(session, termination, session.acceptedAt, bytesDown);
    this.#write(this.settings.logFormat === "default" ? connectLogLine(record, "tcp") : tcpLogLine(record));
  }

  /** One HTTP exchange, at its end. */
  http(session: ExchangeSession, termination: string): void {
    const record = this.#record(session, `${termination}--`, session.firstByteAt, session.bytesDown);
    if (this.settings.logFormat === "default") {
      this.#write(connectLogLine(record, "http"));
      return;
    }
    if (this.settings.logFormat === "tcplog") {
      this.#write(tcpLogLine({ ...record, terminationState: termination }));
      return;
    }
    const { firstByteAt, headAt, connectedAt, responseAt } = session;
    this.#write(
      httpLogLine({
        ...record,
        requestTime: headAt > 0 ? Math.round(headAt - firstByteAt) : -1,
        responseTime: responseAt > 0 ? Math.round(responseAt - connectedAt) : -1,
        status: session.status > 0 ? session.status : -1,
        requestLine: session.requestLine ?? BAD_REQUEST,
      }),
    );
  }

  /** A TLS handshake, or a PROXY header, that came to nothing. @param bind the listener's number, from 0 */
  handshake(handshake: BeforeSession, bind: number, reason: string): void {
    if (this.settings.dontLogNull && handshake.isNull) return;
    const { text, port } = handshake.address;
    const bindName = this.settings.binds[bind]?.name ?? `${bind + 1}`;
    const date = Date.now() - (performance.now() - handshake.acceptedAt);
    this.#write(handshakeLogLine(text, port, date, `${this.settings.name}/${bindName}`, reason));
  }

  /** At level info whatever happened, as HAProxy does: errors are told by the termination state. */
  #write(line: string): void {
    this.logger.log("info", line);
  }

  /** Clients of TLS are marked, in the lines that have fields for the connection. */
  #frontendName(session: BalancedSession): string {
    const isMarked = this.settings.logFormat !== "default" && session.client.isSecure;
    return isMarked ? `${this.settings.name}~` : this.settings.name;
  }

  #record(session: BalancedSession, terminationState: string, since: number, bytes: number): SessionRecord {
    const { context, frontend, backend, server } = session;
    const { state, loop } = context;
    const now = performance.now();
    const local = session.localAddress();
    return {
      clientAddress: session.address.text,
      clientPort: session.address.port,
      frontendAddress: local.text,
      frontendPort: local.port,
      date: Date.now() - (now - since),
      frontendName: this.#frontendName(session),
      backendName: backend?.settings.name ?? frontend.settings.name,
      serverName: server?.settings.name ?? NO_SERVER,
      queueTime: session.connectStartedAt > 0 ? Math.round(session.connectStartedAt - session.queuedAt) : -1,
      connectTime: session.connectedAt > 0 ? Math.round(session.connectedAt - session.connectStartedAt) : -1,
      totalTime: Math.round(loop.now - since),
      bytes,
      terminationState,
      processConnections: state.gauge(state.process, Gauge.current),
      frontendConnections: state.gauge(frontend.entity, Gauge.current),
      // The line is written when the session has left them (HAProxy: `1/1/0/0/0` for one that was alone).
      backendConnections: session.isInBackend ? state.gauge(backend!.entity, Gauge.current) - 1 : 0,
      serverConnections:
        server === undefined ? 0 : state.gauge(server.entity, Gauge.current) - Number(session.isAdmitted),
      retries: session.retries,
      redispatched: session.redispatched,
      serverQueue: session.serverQueue,
      backendQueue: session.backendQueue,
    };
  }
}
