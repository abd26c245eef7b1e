/** What happens around a single balancer: a web server dies and comes back, the proxy crashes. */

import { wallClock } from "../../lab/clock.js";
import { childrenOf } from "../../lab/command.js";
import { duration } from "./screen.js";
import { promises, type Single } from "./single.js";
import type { Reached, Step } from "./step.js";

const DEADLINE_MS = 10_000;
/** A start of Node and of the proxy's workers, on a slow machine. */
const RESTART_MS = 2_000;

export function singleSteps(single: Single): Step[] {
  return [serverDies(single), serverReturns(single), crash(single)];
}

function serverDies(single: Single): Step {
  return {
    name: "web1 dies",
    heading: "1. The web server web1 is killed",
    promise: [`Two checks in a row fail within ${duration(promises.serverLeaves)}; then web2 gets all requests.`],
    withinMs: promises.serverLeaves,
    // web2 answers all along.
    gapMs: 0,
    async act() {
      const since = wallClock();
      single.program("web1").kill("SIGKILL");
      return since;
    },
    reached: (since) => says(single, /Server web\/web1 is DOWN/, since, "web1 is out"),
  };
}

function serverReturns(single: Single): Step {
  return {
    name: "web1 returns",
    heading: "2. web1 is started again",
    promise: [`Two checks in a row succeed within ${duration(promises.serverReturns)}; then both share the requests.`],
    withinMs: promises.serverReturns,
    gapMs: 0,
    async act() {
      await single.startServer("web1");
      return wallClock();
    },
    reached: (since) => says(single, /Server web\/web1 is UP/, since, "web1 is back"),
  };
}

function crash(single: Single): Step {
  return {
    name: "proxy crashes",
    heading: "3. The proxy crashes (kill -9)",
    promise: [`Its supervisor starts it again at once; it serves within ${duration(RESTART_MS)}.`],
    gapMs: RESTART_MS,
    async act() {
      // The proxy is the supervisor's only part here.
      const [proxy] = childrenOf(single.program("lb").pid!);
      const since = wallClock();
      process.kill(proxy!, "SIGKILL");
      return since;
    },
    reached: (since) => says(single, /restarting at once/, since, "its supervisor started it again"),
  };
}

/** Waits for a line of the balancer's log. */
async function says(single: Single, line: RegExp, since: number, what: string): Promise<Reached> {
  try {
    const { at } = await single.program("lb").waitForLine(line, DEADLINE_MS, since);
    return { what, ok: true, at };
  } catch {
    return { what: `the log has no line like ${line}`, ok: false, at: wallClock() };
  }
}
