/** What a check found, in the words of the statistics and of the log (management.txt §9.1, field 36). */
import type { Milliseconds } from "../config/units.js";

export const CHECK_DESCRIPTIONS = {
  SOCKERR: "Socket error",
  L4OK: "Layer4 check passed",
  L4TOUT: "Layer4 timeout",
  L4CON: "Layer4 connection problem",
  L6OK: "Layer6 check passed",
  L6TOUT: "Layer6 timeout",
  L6RSP: "Layer6 invalid response",
} as const;

export type CheckStatus = keyof typeof CHECK_DESCRIPTIONS;

export interface CheckResult {
  readonly status: CheckStatus;
  /** The system's own words for what went wrong; empty after a success or a time-out. */
  readonly info: string;
  /** Whole milliseconds from the start of the check. */
  readonly duration: Milliseconds;
}

export function hasPassed(result: CheckResult): boolean {
  return result.status === "L4OK" || result.status === "L6OK";
}

/** `reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms`: a log line's middle. */
export function reasonText({ status, info, duration }: CheckResult): string {
  const details = info === "" ? "" : `, info: "${info}"`;
  return `reason: ${CHECK_DESCRIPTIONS[status]}${details}, check duration: ${duration}ms`;
}
