/** The lines that a change of a server's or backend's state writes; scripts and people grep for them. */
import type { UsableServers } from "./backend-health.js";
import { type CheckResult, reasonText } from "./check-result.js";

/** Syslog severities that the changes use. */
export type ChangeLevel = "emerg" | "alert" | "notice";

/** @param server `backend/server` */
export function serverDownLine(server: string, result: CheckResult, left: UsableServers, sessions: number): string {
  return (
    `Server ${server} is DOWN, ${reasonText(result)}. ${usableText(left)} left.${onBackup(left)} ` +
    // No session waits in a queue: a server at its maxconn is passed over, so there is none to requeue.
    `${sessions} sessions active, 0 requeued, 0 remaining in queue.`
  );
}

/** @param server `backend/server` */
export function serverUpLine(server: string, result: CheckResult, online: UsableServers): string {
  return (
    `Server ${server} is UP, ${reasonText(result)}. ${usableText(online)} online.${onBackup(online)} ` +
    "0 sessions requeued, 0 total in queue."
  );
}

export function backendDownLine(backend: string): string {
  return `backend ${backend} has no server available!`;
}

function usableText({ active, backup }: UsableServers): string {
  return `${active} active and ${backup} backup servers`;
}

function onBackup({ active, backup }: UsableServers): string {
  return active === 0 && backup > 0 ? " Running on backup." : "";
}
