/**
 * A server's health as HAProxy counts it (configuration.txt, `rise`, `fall`, `inter`, `fastinter`, `downinter`): pure,
 * the clock comes as an argument. One number moves between 0 and rise + fall − 1; the server is up from `rise` on.
 */
import type { ServerCheck } from "../config/haproxy/model.js";
import type { Milliseconds } from "../config/units.js";

/** Milliseconds on a clock that never steps back. */
export type Instant = Milliseconds;

export type Thresholds = Pick<ServerCheck, "rise" | "fall">;

export interface HealthState {
  /** 0 … rise + fall − 1. */
  readonly health: number;
  readonly isUp: boolean;
  /** Checks that failed while there was something to lose: not those of a server that is plainly down (chkfail). */
  readonly failedChecks: number;
  /** Times it went from up to down (chkdown). */
  readonly downTransitions: number;
  /** When it last went up or down. */
  readonly changedAt: Instant;
  /** Time spent down in earlier outages; the present one is not in it. */
  readonly earlierDowntime: Milliseconds;
}

/**
 * A server starts up, so that traffic flows before the first check has ended, but at the lowest number that means up:
 * its first failure takes it down, its first success makes it fully up.
 */
export function initialHealth({ rise }: Thresholds, now: Instant): HealthState {
  return {
    health: rise,
    isUp: true,
    failedChecks: 0,
    downTransitions: 0,
    changedAt: now,
    earlierDowntime: 0 as Milliseconds,
  };
}

/** The state after a check that passed, or failed, at `now`. */
export function afterCheck(state: HealthState, passed: boolean, thresholds: Thresholds, now: Instant): HealthState {
  return passed ? afterSuccess(state, thresholds, now) : afterFailure(state, thresholds, now);
}

function afterSuccess(state: HealthState, { rise, fall }: Thresholds, now: Instant): HealthState {
  if (state.health + 1 < rise) return { ...state, health: state.health + 1 };
  const health = rise + fall - 1;
  if (state.isUp) return { ...state, health };
  return { ...state, health, isUp: true, changedAt: now, earlierDowntime: downtime(state, now) };
}

function afterFailure(state: HealthState, { rise }: Thresholds, now: Instant): HealthState {
  if (state.health === 0) return state;
  // A failure among the successes that would bring a server up starts them over, and counts as a failed check too.
  const failedChecks = state.failedChecks + 1;
  if (state.health - 1 >= rise) return { ...state, health: state.health - 1, failedChecks };
  if (!state.isUp) return { ...state, health: 0, failedChecks };
  return { ...state, health: 0, failedChecks, isUp: false, changedAt: now, downTransitions: state.downTransitions + 1 };
}

/** All time spent down, the present outage included. */
export function downtime(state: HealthState, now: Instant): Milliseconds {
  return (state.isUp ? state.earlierDowntime : state.earlierDowntime + now - state.changedAt) as Milliseconds;
}

/** The status column: `UP`, `UP 1/3` (one more step of three to go down from), `DOWN 1/2`, `DOWN`. */
export function statusText({ health, isUp }: HealthState, { rise, fall }: Thresholds): string {
  if (isUp) return health === rise + fall - 1 ? "UP" : `UP ${health - rise + 1}/${fall}`;
  return health === 0 ? "DOWN" : `DOWN ${health}/${rise}`;
}

/** Time from the end of one check to the start of the next. */
export function intervalUntilNext({ health }: HealthState, check: ServerCheck): Milliseconds {
  if (health === check.rise + check.fall - 1) return check.interval;
  if (health === 0) return check.downInterval;
  return check.fastInterval;
}
