/** What the checker tells the statistics. */
import type { Milliseconds } from "../config/units.js";
import type { UsableServers } from "./backend-health.js";
import type { CheckResult } from "./check-result.js";

export interface CheckReport {
  /** The last result; undefined before the first. */
  readonly result: CheckResult | undefined;
  readonly inProgress: boolean;
  /** 0 … rise + fall − 1 */
  readonly health: number;
  readonly rise: number;
  readonly fall: number;
  /** Failed checks, those of a server that is plainly down left out. */
  readonly failed: number;
  readonly downTransitions: number;
  /** In all, the present outage included. */
  readonly downtime: Milliseconds;
}

/** One server. `status` is the statistics' word; `changedFor` the time since it last went up or down. */
export type HealthReport =
  | {
      readonly kind: "checked";
      readonly status: string;
      readonly isUp: boolean;
      readonly changedFor: Milliseconds;
      readonly check: CheckReport;
    }
  | {
      readonly kind: "unchecked";
      readonly status: "no check";
      readonly isUp: true;
      readonly changedFor: Milliseconds;
    }
  | {
      readonly kind: "maintenance";
      readonly status: "MAINT";
      readonly isUp: false;
      readonly changedFor: Milliseconds;
      /** What checks would have said; undefined without `check`. */
      readonly check: CheckReport | undefined;
    };

/** One backend, with the servers that may take traffic. */
export interface BackendReport extends UsableServers {
  readonly isUp: boolean;
  readonly changedFor: Milliseconds;
  readonly downTransitions: number;
  readonly downtime: Milliseconds;
}
