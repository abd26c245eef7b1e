/** What happens to the pair: its proxy crashes, is stopped, is started again; then the box dies. */
import { wallClock } from "../../lab/clock.js";
import type { Pair } from "./pair.js";
import { promises, VIRTUAL_ADDRESS } from "./pair-configuration.js";
import { duration } from "./screen.js";
import { momentOf, type Reached, type Step } from "./step.js";

/** No step waits longer for an address to move. */
const DEADLINE_MS = 10_000;
/** So long the address is watched where it should not move: past the moment at which the check script would tell. */
const STAYS_MS = promises.scriptFails + promises.skew;

export function pairSteps(pair: Pair): Step[] {
  return [crash(pair), stop(pair), start(pair), powerCut(pair)];
}

function crash(pair: Pair): Step {
  return {
    name: "proxy crashes",
    heading: "1. The proxy on lb1 crashes (kill -9)",
    promise: [
      "Bascule starts it again at once. The check script allows one failure, so",
      `lb1 keeps the address if the proxy is back within ${duration(promises.noticedAfter)}.`,
    ],
    gapMs: promises.noticedAfter,
    async act() {
      const asked = wallClock();
      await pair.host("lb1").mustRun(["killall", "-9", "haproxy"]);
      return (await pair.program("lb1").waitForLine(/proxy was killed by SIGKILL/, 2_000, asked)).at;
    },
    async reached() {
      const left = await momentOf(() => !pair.isHeldBy("lb1"), STAYS_MS);
      const what = left === undefined ? "stayed on lb1" : "left lb1";
      return { what: `${VIRTUAL_ADDRESS} ${what}`, ok: left === undefined, at: wallClock() };
    },
  };
}

function stop(pair: Pair): Step {
  const withinMs = promises.scriptFails + promises.skew;
  return {
    name: "proxy stopped",
    heading: "2. The proxy on lb1 is stopped (bascule ctl stop proxy)",
    promise: [
      `The check script fails twice (${duration(promises.scriptFails)}), lb1 resigns, and lb2 takes over`,
      `after the skew of its priority (${duration(promises.skew)}).`,
    ],
    withinMs,
    gapMs: withinMs,
    async act() {
      const asked = wallClock();
      await control(pair, "stop");
      return (await pair.program("lb1").waitForLine(/proxy stopped/, 2_000, asked)).at;
    },
    reached: () => movesTo(pair, "lb2"),
  };
}

function start(pair: Pair): Step {
  return {
    name: "proxy started",
    heading: "3. The proxy on lb1 is started again (bascule ctl start proxy)",
    promise: [
      `The check script succeeds (${duration(promises.scriptSucceeds)}), and lb1 with its higher priority takes the`,
      `address back after three advertisements and its skew (${duration(promises.preempt)}).`,
    ],
    withinMs: promises.scriptSucceeds + promises.preempt,
    // lb2 serves until lb1 does.
    gapMs: 0,
    async act() {
      await control(pair, "start");
      return wallClock();
    },
    reached: () => movesTo(pair, "lb1"),
  };
}

function powerCut(pair: Pair): Step {
  return {
    name: "box dies",
    heading: "4. lb1 loses its power: cable cut, every process killed",
    promise: [
      "No resignation, no goodbye. lb2 misses three advertisements and takes over",
      `after its skew (${duration(promises.silence)}).`,
    ],
    withinMs: promises.silence,
    gapMs: promises.silence,
    act: () => pair.host("lb1").kill(),
    reached: () => movesTo(pair, "lb2"),
  };
}

async function control(pair: Pair, verb: "start" | "stop"): Promise<void> {
  await pair.host("lb1").mustRun(["bascule", "ctl", verb, "proxy"]);
}

async function movesTo(pair: Pair, name: "lb1" | "lb2"): Promise<Reached> {
  const at = await momentOf(() => pair.isHeldBy(name), DEADLINE_MS);
  if (at !== undefined) return { what: `${VIRTUAL_ADDRESS} moved to ${name}`, ok: true, at };
  return { what: `${VIRTUAL_ADDRESS} did not move to ${name}: ${pair.place()}`, ok: false, at: wallClock() };
}
