/** Clients that stay with their server: `stick match`, `stick store-request`, and when `option redispatch` lets them go. */
import type { ClientAddress } from "./client-address.js";
import type { BackendRuntime, ServerRuntime } from "./runtime.js";

/**
 * The server that a `stick match` rule remembers for a client, if it may take traffic.
 * @param now milliseconds, of the loop's clock
 */
export function rememberedServer(
  { settings, tables, servers, balancer }: BackendRuntime,
  { stickKey }: ClientAddress,
  now: number,
): ServerRuntime | undefined {
  if (stickKey === undefined) return undefined;
  for (const rule of settings.stickRules) {
    if (!rule.match) continue;
    const server = servers[tables[rule.table]?.lookup(stickKey, Math.floor(now / 1000)) ?? -1];
    if (server !== undefined && balancer.isUsable(server)) return server;
  }
  return undefined;
}

/** Stores where a client has gone, as the backend's rules say. */
export function rememberServer(
  { settings, tables, servers }: BackendRuntime,
  { stickKey }: ClientAddress,
  server: ServerRuntime,
  now: number,
): void {
  if (stickKey === undefined) return;
  for (const rule of settings.stickRules)
    if (rule.store) tables[rule.table]?.store(stickKey, servers.indexOf(server), Math.floor(now / 1000));
}

/** Whether `option redispatch` lets go of the server at this retry, the first being 1. */
export function isRedispatch(retry: number, { retries, redispatch }: BackendRuntime["settings"]): boolean {
  if (redispatch === 0) return false;
  const interval = redispatch > 0 ? redispatch : retries + 1 + redispatch;
  return interval > 0 && retry % interval === 0;
}
