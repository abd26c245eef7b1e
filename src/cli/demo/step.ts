/** One event of the demonstration: what was promised, what happened, and what a client saw of it meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ProbeSummary } from "../../lab/probe.js";
import type { RunningProbe } from "../../lab/programs.js";
import { watchTraffic } from "./live-traffic.js";
import { duration } from "./screen.js";
import type { Stage } from "./stage.js";

export interface Step {
  /** For the summary's first column. */
  readonly name: string;
  readonly heading: string;
  /** What the reader may expect, and why. */
  readonly promise: readonly string[];
  /** Makes it happen. @returns the wall-clock time (ms) at which it took effect. */
  act(): Promise<number>;
  /** Resolves when the promised state is reached; told apart from `act` to be timed. Must end by itself. */
  reached(since: number): Promise<Reached>;
  /** The state must be reached within this time; undefined where there is none to reach. */
  readonly withinMs?: number;
  /** The client's longest time without an answer. */
  readonly gapMs: number;
}

export interface Reached {
  /** `192.0.2.10 moved to lb2`. */
  readonly what: string;
  readonly ok: boolean;
  /** Wall-clock milliseconds. */
  readonly at: number;
}

export interface Outcome {
  readonly step: Step;
  readonly reached: Reached;
  readonly tookMs: number;
  readonly seen: ProbeSummary;
  readonly ok: boolean;
}

export interface Audience {
  startProbe(): Promise<RunningProbe>;
  readonly servers: readonly string[];
  /** Who serves now, for the end of each line: `192.0.2.10 on lb1`. */
  place(): string;
}

/** What a machine may add to what the protocol promises: a late process, a packet on its way. */
export const ALLOWANCE_MS = 300;

const BEFORE_MS = 1_300;
const AFTER_MS = 1_500;

/** Plays one step under traffic, and says how it went. */
export async function play(stage: Stage, audience: Audience, step: Step): Promise<Outcome> {
  const { screen } = stage;
  screen.heading(step.heading);
  for (const line of step.promise) screen.line(`  ${line}`);
  const probe = await audience.startProbe();
  const stopWatching = watchTraffic(screen, probe, audience);
  await sleep(BEFORE_MS);
  const since = await step.act();
  const reached = await step.reached(since);
  await sleep(AFTER_MS);
  const seen = await probe.stop();
  stopWatching();

  const tookMs = Math.max(0, reached.at - since);
  const inTime = step.withinMs === undefined || tookMs <= step.withinMs + ALLOWANCE_MS;
  const ok = reached.ok && inTime && seen.longestGapMs <= step.gapMs + ALLOWANCE_MS;
  const when = step.withinMs === undefined ? "" : ` after ${duration(tookMs)} (promised: ${duration(step.withinMs)})`;
  screen.verdict(ok, `${reached.what}${when}.`);
  screen.line(`  The client lost ${seen.failed} of ${seen.sent} requests; ${gapText(seen)}.`);
  return { step, reached, tookMs, seen, ok };
}

/** Shorter gaps are the pause between two requests on a busy machine. */
const NOTICED_GAP_MS = 100;

export function gapText({ longestGapMs }: ProbeSummary): string {
  return longestGapMs < NOTICED_GAP_MS ? "no gap" : `no answer for ${duration(longestGapMs)}`;
}

/** Looks every 10 ms until `condition` holds. @returns when, or undefined at the deadline. */
export async function momentOf(condition: () => boolean, deadlineMs: number): Promise<number | undefined> {
  const deadline = performance.now() + deadlineMs;
  while (performance.now() < deadline) {
    if (condition()) return performance.timeOrigin + performance.now();
    await sleep(10);
  }
  return undefined;
}

/** The summary's table: what happened beside what was promised. */
export function summaryRows(outcomes: readonly Outcome[]): string[][] {
  const rows = outcomes.map(({ step, tookMs, seen, ok }) => [
    step.name,
    duration(step.withinMs ?? step.gapMs),
    step.withinMs === undefined ? "-" : duration(tookMs),
    seen.longestGapMs < NOTICED_GAP_MS ? "none" : duration(seen.longestGapMs),
    `${seen.failed} of ${seen.sent}`,
    ok ? "ok" : "NO",
  ]);
  return [["event", "promised", "took", "client's gap", "lost requests", ""], ...rows];
}
