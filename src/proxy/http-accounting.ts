/** What one finished exchange adds to the counters of its frontend, backend and server. */
import type { ExchangeSession } from "./exchange-session.js";
import { Counter, type EntityCounters } from "./shared-state.js";

/** @param termination cause and stage, as in the log: `--`, `CD`, `SH` … */
export function countExchange(session: ExchangeSession, termination: string): void {
  const { frontend, backend, server } = session;
  countIn(frontend.counters, session, termination, session.status);
  if (!session.isInBackend) return;
  countIn(backend!.counters, session, termination, session.status);
  countTimes(backend!.counters, session);
  if (server === undefined) return;
  server.counters.add(Counter.requests, 1);
  // An answer of our own is not the server's.
  countIn(server.counters, session, termination, session.responseAt > 0 ? session.status : 0);
  countTimes(server.counters, session);
}

function countIn(counters: EntityCounters, session: ExchangeSession, termination: string, status: number): void {
  counters.add(Counter.bytesIn, session.bytesUp);
  counters.add(Counter.bytesOut, session.bytesDown);
  if (status > 0) counters.add(statusCounter(status), 1);
  const cause = termination.charCodeAt(0) | 0x20;
  if (cause === LOWER_C) counters.add(Counter.clientAborts, 1);
}

function countTimes(counters: EntityCounters, session: ExchangeSession): void {
  const { queuedAt, connectStartedAt, connectedAt, responseAt, firstByteAt } = session;
  if (connectedAt === 0 || responseAt === 0) return;
  const total = session.context.loop.now - firstByteAt;
  counters.countTimes(connectStartedAt - queuedAt, connectedAt - connectStartedAt, responseAt - connectedAt, total);
}

const LOWER_C = 0x63;

/** Counters of status classes stand in a row. */
function statusCounter(status: number): number {
  const statusClass = Math.floor(status / 100);
  return statusClass >= 1 && statusClass <= 5 ? Counter.responses1xx + statusClass - 1 : Counter.responsesOther;
}
