/** The intervals that decide when a backup takes over (RFC 3768 §6.1, RFC 9568 §6.1). */
import { type Microseconds, microseconds } from "../config/units.js";

/** A moment on the monotonic clock, in microseconds. */
export type Instant = Microseconds;

export const after = (instant: Instant, delay: Microseconds): Instant => microseconds(instant + delay);

/** When what is not due at all is due. */
export const NEVER = microseconds(Number.POSITIVE_INFINITY);

export const earlier = (one: Instant, other: Instant): Instant => (one < other ? one : other);

/** What the intervals of an instance depend on besides its priority. */
export interface IntervalSettings {
  readonly version: 2 | 3;
  /** Advertisements that may be missed before the master counts as dead; 3 unless told otherwise. */
  readonly downTimerAdverts: number;
}

/**
 * Skew_Time lets the backup of the highest priority come first: (256 − priority) / 256 of a second in VRRPv2,
 * whatever the advertisement interval is, and of the master's interval in VRRPv3.
 * @param priority the effective priority, 0–255.
 */
export function skewTime({ version }: IntervalSettings, priority: number, masterInterval: Microseconds): Microseconds {
  return microseconds(Math.floor(((256 - priority) * (version === 2 ? 1_000_000 : masterInterval)) / 256));
}

/**
 * Master_Down_Interval: the missed advertisements and the skew.
 * @param masterInterval the interval that the master advertises; a VRRPv2 router's own.
 */
export function masterDownInterval(
  own: IntervalSettings,
  priority: number,
  masterInterval: Microseconds,
): Microseconds {
  return microseconds(own.downTimerAdverts * masterInterval + skewTime(own, priority, masterInterval));
}
