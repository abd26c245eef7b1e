/** The delay of `set timeout cli`. */
import { type Milliseconds, milliseconds } from "../config/units.js";

const UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** What a timer takes: HAProxy's limit too. */
const LONGEST = 2 ** 31 - 1;

/** Seconds, unless a unit follows. @returns undefined if that is no delay, or none that a timer can hold */
export function parseIdleTimeout(text: string): Milliseconds | undefined {
  const match = /^(\d+)(us|ms|s|m|h|d)?$/.exec(text);
  if (match === null) return undefined;
  const value = Math.ceil(Number(match[1]) * UNITS[match[2] ?? "s"]!);
  return value <= LONGEST ? milliseconds(value) : undefined;
}
