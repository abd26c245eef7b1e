/** The intervals that decide when a backup takes over (RFC 3768 §6.1). */
import { type Microseconds, microseconds } from "../config/units.js";

/** A moment on the monotonic clock, in microseconds. */
export type Instant = Microseconds;

/** Advertisements that may be missed before the master counts as dead. */
const ADVERTISEMENTS_MISSED = 3;

export const after = (instant: Instant, delay: Microseconds): Instant => microseconds(instant + delay);

/**
 * Skew_Time of VRRPv2: (256 − priority) / 256 seconds, whatever the advertisement interval is. It lets the
 * backup of the highest priority come first.
 * @param priority the effective priority, 0–255.
 */
export function skewTime(priority: number): Microseconds {
  return microseconds(Math.floor(((256 - priority) * 1_000_000) / 256));
}

/** Master_Down_Interval of VRRPv2: three advertisement intervals and the skew. */
export function masterDownInterval(priority: number, advertInterval: Microseconds): Microseconds {
  return microseconds(ADVERTISEMENTS_MISSED * advertInterval + skewTime(priority));
}
