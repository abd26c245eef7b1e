/** What the admin socket speaks about. */
import type { HaproxyConfiguration } from "../config/haproxy/model.js";
import type { HealthChecker } from "../health/checker.js";
import type { SharedState } from "../proxy/shared-state.js";
import type { RateSampler } from "./rates.js";

export interface AdminContext {
  readonly configuration: HaproxyConfiguration;
  readonly state: SharedState;
  readonly health: Pick<HealthChecker, "report" | "reportBackend" | "clearCounters">;
  readonly rates: RateSampler;
  /** The HAProxy version that is spoken, such as `3.4.0`: tools choose what to send by it. */
  readonly version: string;
  /** `2026/11/21` */
  readonly releaseDate: string;
  readonly startedAt: Date;
  /** In force for the whole process. */
  readonly maxConnections: number;
}
