/** What the checker knows of a server, and where it stands among the servers of all backends. */
import type { HaproxyConfiguration, ServerCheck } from "../config/haproxy/model.js";
import type { Milliseconds } from "../config/units.js";

export interface CheckTarget {
  readonly backend: string;
  /** Index of its backend in the configuration. */
  readonly backendIndex: number;
  readonly name: string;
  readonly backup: boolean;
  /** Out of service by the configuration: never checked. */
  readonly disabled: boolean;
  readonly weight: number;
  readonly check: ServerCheck | undefined;
  /** Time for a check's connection to be established, with TLS if it has to speak that. */
  readonly connectBudget: Milliseconds;
}

/** The servers of all backends, in the order of the configuration: a place in it is a `serverIndex`. */
export function checkTargets({ backends }: Pick<HaproxyConfiguration, "backends">): CheckTarget[] {
  return backends.flatMap((backend, backendIndex) =>
    backend.servers.map(({ name, backup, disabled, weight, check }) => ({
      backend: backend.name,
      backendIndex,
      name,
      backup,
      disabled,
      weight,
      check,
      connectBudget: connectBudget(check, backend.timeoutCheck, backend.timeoutConnect),
    })),
  );
}

/** configuration.txt, `timeout check`: without it `inter` is the whole budget; with it, min(`timeout connect`, `inter`). */
function connectBudget(
  check: ServerCheck | undefined,
  timeoutCheck: Milliseconds | undefined,
  timeoutConnect: Milliseconds,
): Milliseconds {
  const interval = check?.interval ?? (0 as Milliseconds);
  // A handshake is more than a connection: it has both budgets.
  if (check?.tls !== undefined && timeoutCheck !== undefined)
    return (Math.min(timeoutConnect, interval) + timeoutCheck) as Milliseconds;
  return timeoutCheck === undefined ? interval : (Math.min(timeoutConnect, interval) as Milliseconds);
}
