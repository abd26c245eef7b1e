/** Joins the proxy to its admin interface: the `stats socket` lines of the global section. */
import { RateSampler } from "../admin/rates.js";
import { type AdminSocket, startAdminSocket } from "../admin/socket.js";
import type { RunningProxy } from "../proxy/control.js";
import { HAPROXY_RELEASE_DATE, HAPROXY_VERSION } from "./version.js";

export interface AdminSockets {
  close(): Promise<void>;
}

/**
 * Opens all sockets that the configuration asks for. To be called before privileges are dropped: their folders and
 * owners are often root's.
 * @throws Error if one of them cannot be opened; none is left open then.
 */
export async function openAdminSockets(proxy: RunningProxy): Promise<AdminSockets> {
  const { configuration, state, health, startedAt, maxConnections } = proxy;
  const rates = new RateSampler(state);
  const context = {
    configuration,
    state,
    health,
    rates,
    version: HAPROXY_VERSION,
    releaseDate: HAPROXY_RELEASE_DATE,
    startedAt,
    maxConnections,
  };
  const open: AdminSocket[] = [];
  const close = async (): Promise<void> => {
    rates.stop();
    await Promise.all(open.map((socket) => socket.close()));
  };
  rates.start();
  try {
    for (const settings of configuration.global.statsSockets)
      open.push(await startAdminSocket(settings, context, configuration.global.statsTimeout));
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}
