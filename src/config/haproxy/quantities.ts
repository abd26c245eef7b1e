/** Numbers as haproxy.cfg writes them (configuration manual §2.5 "Time format", §2.6 "Size format"). Pure. */
import { type Milliseconds, milliseconds } from "../units.js";

/** A value, or in one clause why the text is none. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

export const parsed = <T>(value: T): Parsed<T> => ({ ok: true, value });
export const unparsed = (why: string): { readonly ok: false; readonly why: string } => ({ ok: false, why });

/** HAProxy's timers are signed 32-bit milliseconds: 24.8 days. */
export const LONGEST_TIME = milliseconds(2_147_483_647);

const MICROSECONDS_IN: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/** `30s`, `5000` (milliseconds), `1500us` (rounded up): an integer and an optional unit us, ms, s, m, h or d. */
export function parseTime(text: string): Parsed<Milliseconds> {
  const match = /^(\d+)([a-zA-Z]*)$/.exec(text);
  if (match === null) {
    if (/^\d+[.,]\d+/.test(text)) return unparsed("a time is a whole number; take a smaller unit for a fraction");
    return unparsed("a time is a whole number and a unit: us, ms (the default), s, m, h or d");
  }
  const unit = match[2] || "ms";
  const factor = MICROSECONDS_IN[unit];
  if (factor === undefined) return unparsed(`there is no unit "${unit}": use us, ms (the default), s, m, h or d`);
  const inMicroseconds = Number(match[1]) * factor;
  const value = Math.ceil(inMicroseconds / 1000);
  if (value > LONGEST_TIME) return unparsed("a timer holds at most 2147483647 ms, 24.8 days");
  if (value === 1 && inMicroseconds < 1000) return unparsed("the shortest time is 1 ms");
  return parsed(milliseconds(value));
}

const BYTES_IN: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** `200k`: an integer, times 1024, 1024² or 1024³ with `k`, `m` or `g`. At most 2³² − 1. */
export function parseSize(text: string): Parsed<number> {
  const match = /^(\d+)([kmgKMG]?)$/.exec(text);
  if (match === null) return unparsed("a size is a whole number, with k, m or g for 1024, 1024² or 1024³");
  const value = Number(match[1]) * BYTES_IN[match[2]!.toLowerCase()]!;
  return value > 0xffff_ffff ? unparsed("a size is at most 4294967295, just under 4g") : parsed(value);
}

/** A decimal integer between `least` and `most`, both allowed. */
export function parseInteger(text: string, least: number, most: number): Parsed<number> {
  if (!/^-?\d+$/.test(text)) return unparsed("a whole number is expected");
  const value = Number(text);
  return value < least || value > most ? unparsed(`it must lie in ${least}–${most}`) : parsed(value);
}
