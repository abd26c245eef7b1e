/** `show servers state`, format version 1 (management.txt §9.3): what HAProxy saves over a reload and others parse. */
import type { Backend, Server } from "../config/haproxy/model.js";
import { type CheckStatus, hasPassed } from "../health/check-result.js";
import type { HealthReport } from "../health/report.js";
import { Gauge } from "../proxy/shared-state.js";
import type { AdminContext } from "./context.js";
import { wholeSeconds } from "./stat-values.js";

const FORMAT_VERSION = 1;
const COLUMNS =
  "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight " +
  "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state " +
  "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr " +
  "srv_agent_addr srv_agent_port";

// The numbers of HAProxy's enumerations, as its own output shows them.
const OperationalState = { stopped: 0, running: 2 } as const;
const AdminState = { ready: 0, maintenanceFromConfiguration: 1 | 4 } as const;
const CheckState = { inProgress: 1, configured: 2, enabled: 4, paused: 8 } as const;
const CheckOutcome = { unknown: 0, failed: 2, passed: 3 } as const;
const CHECK_INITIALISING = 1;
const CHECK_STATUS_NUMBERS: Readonly<Record<CheckStatus, number>> = {
  SOCKERR: 5,
  L4OK: 6,
  L4TOUT: 7,
  L4CON: 8,
  L6OK: 9,
  L6TOUT: 10,
  L6RSP: 11,
};
/** `rise` where nothing sets it: what an unchecked server shows for its health. */
const DEFAULT_RISE = 2;

/** @param name of the one backend to show; @returns undefined if there is none of that name */
export function showServersState(context: AdminContext, name: string | undefined): string | undefined {
  const { backends } = context.configuration;
  if (name !== undefined && !backends.some((backend) => backend.name === name)) return undefined;
  const lines = [String(FORMAT_VERSION), `# ${COLUMNS}`];
  let index = 0;
  for (const backend of backends)
    for (const server of backend.servers) {
      if (name === undefined || backend.name === name) lines.push(serverLine(context, backend, server, index));
      index++;
    }
  return lines.map((line) => `${line}\n`).join("");
}

function serverLine({ state, health }: AdminContext, backend: Backend, server: Server, index: number): string {
  const report = health.report(index);
  const { check } = server;
  return [
    ...[backend.id, backend.name, server.id, server.name, isInternet(server) ? server.address : "-"],
    report.isUp ? OperationalState.running : OperationalState.stopped,
    server.disabled ? AdminState.maintenanceFromConfiguration : AdminState.ready,
    state.gauge(state.server(index), Gauge.weight),
    server.weight,
    wholeSeconds(report.changedFor),
    ...checkColumns(report),
    // No agents, no forced ids, no name to resolve.
    ...[0, 0, 0, "-", server.port, "-", 0],
    check === undefined || check.port === server.port ? 0 : check.port,
    check === undefined || check.address === server.address ? "-" : check.address,
    ...["-", 0],
  ].join(" ");
}

const isInternet = ({ family }: Server): boolean => family === 4 || family === 6;

/** srv_check_status, srv_check_result, srv_check_health, srv_check_state */
function checkColumns(report: HealthReport): number[] {
  if (report.kind === "maintenance") {
    const configured = report.check === undefined ? 0 : CheckState.configured | CheckState.enabled;
    return [CHECK_INITIALISING, CheckOutcome.unknown, 0, configured | CheckState.paused];
  }
  if (report.kind === "unchecked") return [CHECK_INITIALISING, CheckOutcome.unknown, DEFAULT_RISE, 0];
  const { result, health, inProgress } = report.check;
  const checkState = CheckState.configured | CheckState.enabled | (inProgress ? CheckState.inProgress : 0);
  if (result === undefined) return [CHECK_INITIALISING, CheckOutcome.unknown, health, checkState];
  const outcome = hasPassed(result) ? CheckOutcome.passed : CheckOutcome.failed;
  return [CHECK_STATUS_NUMBERS[result.status], outcome, health, checkState];
}
