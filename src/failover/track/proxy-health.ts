/** How the proxy beside us is, as `track_proxy` asks for it. */
import type { TrackedProxy } from "../../config/keepalived/model.js";

export interface ProxyHealth {
  /** Its event loops answer, and nothing stops it. */
  readonly alive: boolean;
  /** Frontends whose listeners are all bound. */
  readonly frontends: readonly string[];
  /** Servers that take traffic, by backend. */
  readonly serversUp: Readonly<Record<string, number>>;
}

/** No proxy runs beside us, or nothing is known of it yet. */
export const noProxy: ProxyHealth = { alive: false, frontends: [], serversUp: {} };

export function isAsWanted(health: ProxyHealth, { frontends, minimumUp }: TrackedProxy): boolean {
  return (
    health.alive &&
    frontends.every((name) => health.frontends.includes(name)) &&
    minimumUp.every(({ backend, servers }) => (health.serversUp[backend] ?? 0) >= servers)
  );
}
