/** How often heartbeats go out, and for how long one counts. */
import type { HeartbeatPath, VrrpInstance } from "../config/keepalived/model.js";
import { type Microseconds, microseconds } from "../config/units.js";

/** In intervals: two heartbeats may be lost, and a dead master is not waited for longer. */
const LIFETIME = 2.5;

/** What the path says, or the shortest of the instances. */
export const heartbeatInterval = (path: HeartbeatPath, instances: readonly VrrpInstance[]): Microseconds =>
  path.interval ?? microseconds(Math.min(...instances.map(({ advertInterval }) => advertInterval)));

export const heartbeatLifetime = (interval: Microseconds): Microseconds => microseconds(Math.ceil(LIFETIME * interval));
