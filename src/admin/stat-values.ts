/** Groups of statistics fields that rows of several kinds share. */
import { Counter, type Entity, Gauge } from "../proxy/shared-state.js";
import type { AdminContext } from "./context.js";
import type { StatRow } from "./stat-fields.js";

/** HAProxy numbers its processes from 1; there is one. */
export const PROCESS_NUMBER = 1;

export const wholeSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);

/** Responses by the first digit of their status. */
export function responseFields({ state }: AdminContext, entity: Entity): StatRow {
  return {
    hrsp_1xx: state.total(entity, Counter.responses1xx),
    hrsp_2xx: state.total(entity, Counter.responses2xx),
    hrsp_3xx: state.total(entity, Counter.responses3xx),
    hrsp_4xx: state.total(entity, Counter.responses4xx),
    hrsp_5xx: state.total(entity, Counter.responses5xx),
    hrsp_other: state.total(entity, Counter.responsesOther),
  };
}

/** What every kind of row counts. */
export function trafficFields({ state, rates }: AdminContext, entity: Entity): StatRow {
  return {
    scur: state.gauge(entity, Gauge.current),
    smax: state.gauge(entity, Gauge.highest),
    stot: state.total(entity, Counter.sessions),
    bin: state.total(entity, Counter.bytesIn),
    bout: state.total(entity, Counter.bytesOut),
    dresp: state.total(entity, Counter.deniedResponses),
    rate: rates.rate(entity, Counter.sessions),
    rate_max: rates.greatest(entity, Counter.sessions),
  };
}

/** What the two rows on the side of the servers, a server's and its backend's, have in common. */
export function serverSideFields(context: AdminContext, entity: Entity): StatRow {
  const { state } = context;
  const lastSession = state.gauge(entity, Gauge.lastSession);
  return {
    ...trafficFields(context, entity),
    qcur: state.gauge(entity, Gauge.queued),
    qmax: state.gauge(entity, Gauge.mostQueued),
    econ: state.total(entity, Counter.connectErrors),
    eresp: state.total(entity, Counter.responseErrors),
    wretr: state.total(entity, Counter.retries),
    wredis: state.total(entity, Counter.redispatches),
    lbtot: state.total(entity, Counter.loadBalanced),
    cli_abrt: state.total(entity, Counter.clientAborts),
    srv_abrt: state.total(entity, Counter.serverAborts),
    lastsess: lastSession === 0 ? -1 : Math.max(0, wholeSeconds(Date.now()) - lastSession),
    qtime: state.averageTime(entity, Counter.queueTime),
    ctime: state.averageTime(entity, Counter.connectTime),
    rtime: state.averageTime(entity, Counter.responseTime),
    ttime: state.averageTime(entity, Counter.totalTime),
    qtime_max: state.longestTime(entity, Counter.queueTime),
    ctime_max: state.longestTime(entity, Counter.connectTime),
    rtime_max: state.longestTime(entity, Counter.responseTime),
    ttime_max: state.longestTime(entity, Counter.totalTime),
    connect: state.total(entity, Counter.connects),
    reuse: state.total(entity, Counter.reuses),
    // No rule rewrites headers yet, so none can fail to.
    wrew: 0,
  };
}
