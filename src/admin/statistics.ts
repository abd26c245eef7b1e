/** `show stat`: which rows, in which order. */
import type { AdminContext } from "./context.js";
import { csvLine, RowType, STAT_HEADER, type StatRow } from "./stat-fields.js";
import { backendRow, frontendRow, serverRow } from "./stat-rows.js";

export interface StatSelection {
  /** A proxy's id or name; undefined: all. */
  readonly proxy: string | undefined;
  /** Bits: 1 frontends, 2 backends, 4 servers; -1: all. */
  readonly types: number;
  /** A server's id; -1: all. */
  readonly server: number;
  /** Leaves out servers that are down. */
  readonly upOnly: boolean;
  /** Leaves out servers in maintenance. */
  readonly withoutMaintenance: boolean;
}

export const EVERYTHING: StatSelection = {
  proxy: undefined,
  types: -1,
  server: -1,
  upOnly: false,
  withoutMaintenance: false,
};

/** All rows: proxies by id; each one's frontend first, then its servers, then its backend. */
export function statisticsRows(context: AdminContext): StatRow[] {
  const { frontends, backends } = context.configuration;
  const groups: { readonly id: number; readonly rows: readonly StatRow[] }[] = frontends.map((frontend, index) => ({
    id: frontend.id,
    rows: [frontendRow(context, frontend, index)],
  }));
  let firstServer = 0;
  for (const [index, backend] of backends.entries()) {
    const from = firstServer;
    const servers = backend.servers.map((server, offset) => serverRow(context, backend, server, from + offset));
    groups.push({ id: backend.id, rows: [...servers, backendRow(context, backend, index, from)] });
    firstServer += servers.length;
  }
  // The two halves of a `listen` have one id; the sort is stable, so its frontend stays in front.
  return groups.sort((a, b) => a.id - b.id).flatMap(({ rows }) => rows);
}

export function showStatistics(context: AdminContext, selection: StatSelection): string {
  const rows = statisticsRows(context).filter((row) => isSelected(row, selection));
  return [STAT_HEADER, ...rows.map(csvLine)].map((line) => `${line}\n`).join("");
}

function isSelected(row: StatRow, { proxy, types, server, upOnly, withoutMaintenance }: StatSelection): boolean {
  if (proxy !== undefined && proxy !== row.pxname && proxy !== String(row.iid)) return false;
  if ((types & (1 << Number(row.type))) === 0) return false;
  if (row.type !== RowType.server) return true;
  if (server !== -1 && server !== row.sid) return false;
  const status = String(row.status);
  if (withoutMaintenance && status === "MAINT") return false;
  return !upOnly || !(status.startsWith("DOWN") || status === "MAINT");
}
