/** The rows of `show stat`: what a frontend, a server and a backend say of themselves. */
import type { Backend, Frontend, Server } from "../config/haproxy/model.js";
import { CHECK_DESCRIPTIONS } from "../health/check-result.js";
import type { CheckReport } from "../health/report.js";
import { fullConnections } from "../proxy/queue/limits.js";
import { Counter, Gauge, type SharedState } from "../proxy/shared-state.js";
import type { AdminContext } from "./context.js";
import { RowType, type StatRow } from "./stat-fields.js";
import { PROCESS_NUMBER, responseFields, serverSideFields, trafficFields, wholeSeconds } from "./stat-values.js";

/** Nothing is compressed yet. */
const NO_COMPRESSION = { comp_in: 0, comp_out: 0, comp_byp: 0, comp_rsp: 0 } as const;

export function frontendRow(context: AdminContext, frontend: Frontend, index: number): StatRow {
  const { state, rates } = context;
  const entity = state.frontend(index);
  const sessions = state.total(entity, Counter.sessions);
  const requests = state.total(entity, Counter.requests);
  const row: StatRow = {
    ...trafficFields(context, entity),
    ...NO_COMPRESSION,
    pxname: frontend.name,
    svname: "FRONTEND",
    slim: Math.min(frontend.maxConnections, context.maxConnections),
    dreq: state.total(entity, Counter.deniedRequests),
    ereq: state.total(entity, Counter.requestErrors),
    status: "OPEN",
    pid: PROCESS_NUMBER,
    iid: frontend.id,
    sid: 0,
    type: RowType.frontend,
    rate_lim: 0,
    mode: frontend.mode,
    req_rate: rates.rate(entity, Counter.requests),
    req_rate_max: rates.greatest(entity, Counter.requests),
    req_tot: requests,
    conn_rate: rates.rate(entity, Counter.connections),
    conn_rate_max: rates.greatest(entity, Counter.connections),
    conn_tot: state.total(entity, Counter.connections),
    // No rule refuses connections or sessions yet.
    dcon: state.total(entity, Counter.deniedConnections),
    dses: 0,
    wrew: 0,
  };
  if (frontend.mode === "tcp") return { ...row, sess_other: sessions };
  return {
    ...row,
    ...responseFields(context, entity),
    intercepted: 0,
    cache_lookups: 0,
    cache_hits: 0,
    sess_other: 0,
    h1sess: sessions,
    h2sess: 0,
    h3sess: 0,
    req_other: 0,
    h1req: requests,
    h2req: 0,
    h3req: 0,
  };
}

/** @param index of the server over all backends */
export function serverRow(context: AdminContext, backend: Backend, server: Server, index: number): StatRow {
  const { state, health } = context;
  const entity = state.server(index);
  const report = health.report(index);
  const weight = state.gauge(entity, Gauge.weight);
  const row: StatRow = {
    ...serverSideFields(context, entity),
    pxname: backend.name,
    svname: server.name,
    status: report.status,
    weight,
    uweight: weight,
    act: server.backup ? 0 : 1,
    bck: server.backup ? 1 : 0,
    lastchg: wholeSeconds(report.changedFor),
    pid: PROCESS_NUMBER,
    iid: backend.id,
    sid: server.id,
    type: RowType.server,
    mode: backend.mode,
    addr: addressOf(server),
  };
  if (server.maxConnections > 0) row.slim = server.maxConnections;
  if (server.maxQueue > 0) row.qlimit = server.maxQueue;
  if (backend.mode === "http")
    Object.assign(row, responseFields(context, entity), { req_tot: state.total(entity, Counter.requests) });
  if (report.kind === "unchecked" || report.check === undefined) return row;
  const { failed, downTransitions, downtime } = report.check;
  Object.assign(row, { chkfail: failed, chkdown: downTransitions, downtime: wholeSeconds(downtime) });
  // Checks rest during maintenance: what the last one found says nothing any more.
  return report.kind === "maintenance" ? row : { ...row, ...checkFields(report.check) };
}

function checkFields({ result, inProgress, rise, fall, health }: CheckReport): StatRow {
  const mark = inProgress ? "* " : "";
  const thresholds = { check_rise: rise, check_fall: fall, check_health: health };
  if (result === undefined) return { ...thresholds, check_status: `${mark}INI`, check_desc: "Initializing" };
  return {
    ...thresholds,
    check_status: mark + result.status,
    check_duration: result.duration,
    check_desc: CHECK_DESCRIPTIONS[result.status],
    last_chk: result.info,
  };
}

/** @param firstServer index of the backend's first server over all backends */
export function backendRow(context: AdminContext, backend: Backend, index: number, firstServer: number): StatRow {
  const { state, health } = context;
  const entity = state.backend(index);
  const report = health.reportBackend(index);
  const weight = weightInUse(state, backend, firstServer);
  const row: StatRow = {
    ...serverSideFields(context, entity),
    ...NO_COMPRESSION,
    pxname: backend.name,
    svname: "BACKEND",
    slim: fullConnections(context.configuration, index, context.maxConnections),
    dreq: state.total(entity, Counter.deniedRequests),
    status: report.isUp ? "UP" : "DOWN",
    weight,
    uweight: weight,
    act: report.active,
    bck: report.backup,
    chkdown: report.downTransitions,
    lastchg: wholeSeconds(report.changedFor),
    pid: PROCESS_NUMBER,
    iid: backend.id,
    sid: 0,
    type: RowType.backend,
    mode: backend.mode,
    algo: backend.balance,
  };
  if (backend.servers.length > 0) row.downtime = wholeSeconds(report.downtime);
  if (backend.mode === "tcp") return row;
  return {
    ...row,
    ...responseFields(context, entity),
    req_tot: state.total(entity, Counter.requests),
    cache_lookups: 0,
    cache_hits: 0,
  };
}

/** The weight that takes traffic now: of the active servers, or else of the first backup server. */
function weightInUse(state: SharedState, backend: Backend, firstServer: number): number {
  let active = 0;
  let firstBackup: number | undefined;
  for (const [offset, { backup }] of backend.servers.entries()) {
    const entity = state.server(firstServer + offset);
    const weight = state.gauge(entity, Gauge.usable) === 1 ? state.gauge(entity, Gauge.weight) : 0;
    if (!backup) active += weight;
    else if (weight > 0) firstBackup ??= weight;
  }
  return active > 0 ? active : (firstBackup ?? 0);
}

function addressOf({ address, family, port }: Server): string {
  if (family === 6) return `[${address}]:${port}`;
  return family === 4 ? `${address}:${port}` : "unix";
}
