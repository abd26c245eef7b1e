/** `show info`: the process as a whole, under HAProxy's names and in its order; what we cannot know is left out. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { Counter, Gauge } from "../proxy/shared-state.js";
import type { AdminContext } from "./context.js";

/** Every field as it is printed: `Name: value`. */
export function infoFields(context: AdminContext): [name: string, value: string | number][] {
  const { configuration, state, rates, version, releaseDate, startedAt, maxConnections } = context;
  const { global, frontends } = configuration;
  const entities = frontends.map((_frontend, index) => state.frontend(index));
  const sum = (of: (entity: number) => number): number => entities.reduce((total, entity) => total + of(entity), 0);
  const current = state.gauge(state.process, Gauge.current);
  const listeners = frontends.reduce((total, { binds }) => total + binds.length, 0) + global.statsSockets.length;
  const uptime = Math.max(0, Math.floor((Date.now() - startedAt.getTime()) / 1_000));
  const files = openFileLimit();
  const fields: [string, string | number][] = [
    ["Name", "HAProxy"],
    ["Version", version],
    ["Release_date", releaseDate],
    ["Nbthread", state.layout.workers],
    ["Nbproc", 1],
    ["Process_num", 1],
    ["Pid", process.pid],
    ["Uptime", uptimeText(uptime)],
    ["Uptime_sec", uptime],
    ["Memmax_MB", 0],
    ["Ulimit-n", files],
    ["Maxsock", files],
    ["Maxconn", maxConnections],
    ["Hard_maxconn", maxConnections],
    ["CurrConns", current],
    ["CumConns", sum((entity) => state.total(entity, Counter.connections))],
    ["CumReq", sum((entity) => state.total(entity, Counter.requests))],
    // Bytes are copied, never spliced through pipes.
    ["Maxpipes", 0],
    ["PipesUsed", 0],
    ["PipesFree", 0],
    ["ConnRate", sum((entity) => rates.rate(entity, Counter.connections))],
    ["ConnRateLimit", 0],
    ["SessRate", sum((entity) => rates.rate(entity, Counter.sessions))],
    ["SessRateLimit", 0],
    // What the control thread waits for, and a session for each connection.
    ["Tasks", process.getActiveResourcesInfo().length + current],
    // Whoever reads this has had its turn: nothing stands before it.
    ["Run_queue", 0],
    ["node", global.node ?? hostname()],
    ["Stopping", 0],
    ["Jobs", listeners + current],
    ["Listeners", listeners],
    ["ActivePeers", 0],
    ["ConnectedPeers", 0],
    ["BusyPolling", 0],
    ["TotalBytesOut", sum((entity) => state.total(entity, Counter.bytesOut))],
    ["TotalSplicedBytesOut", 0],
    ["Build info", version],
    ["Memmax_bytes", 0],
    ["Start_time_sec", Math.floor(startedAt.getTime() / 1_000)],
    ["Tainted", 0],
  ];
  if (global.description !== undefined)
    fields.splice(fields.findIndex(([name]) => name === "node") + 1, 0, ["description", global.description]);
  return fields;
}

export function showInfo(context: AdminContext): string {
  return infoFields(context)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

/** `1d 2h03m04s` */
export function uptimeText(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24];
  return `${days}d ${hours}h${two(Math.floor(seconds / 60) % 60)}m${two(seconds % 60)}s`;
}

/** The soft limit in force; it may have been raised since the start. 0: not known. */
function openFileLimit(): number {
  const limits = readFileSync("/proc/self/limits", "latin1");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? 0);
}
