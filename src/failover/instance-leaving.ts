/**
 * A master that is told to stop resigns with priority 0, so that a backup takes over after its skew and not its full
 * interval (RFC 9568 §6.4.3), and goes on holding the addresses for as long as that takes: clients are served until the
 * successor advertises, which then announces them as its own.
 */
import { microseconds } from "../config/units.js";
import { changed, say } from "./instance-effects.js";
import {
  type Circumstances,
  circumstancesOf,
  type InstanceEvent,
  type InstanceSettings,
  type Leaving,
  type Master,
  type Step,
  unchanged,
} from "./instance-state.js";
import { after, earlier, type Instant, skewTime } from "./timers.js";
import { LOWEST } from "./tracking.js";

/** What the successor may need beyond its skew, on a busy host. */
const MARGIN = microseconds(100_000);
/** Whoever stops us does not wait for ever; intervals may be as long as 40 s. */
const LONGEST = microseconds(3_000_000);

export function leave(state: Circumstances & Master, now: Instant, own: InstanceSettings): Step {
  const skew = skewTime(own, LOWEST, own.advertInterval);
  const until = after(now, earlier(microseconds(skew + MARGIN), LONGEST));
  return {
    state: { kind: "leaving", ...circumstancesOf(state), until },
    effects: [{ kind: "send-advertisement", priority: 0 }, say(own, "sent 0 priority", "detail")],
  };
}

/** It ends with the first word of a successor; and if there is none, or if we could not have heard it. */
export function leaving(
  state: Circumstances & Leaving,
  event: InstanceEvent,
  now: Instant,
  own: InstanceSettings,
): Step {
  switch (event.kind) {
    case "advertisement":
      return event.priority > 0 ? left(state, own) : unchanged(state);
    case "timer":
      return now >= state.until ? left(state, own) : unchanged(state);
    case "assessed":
      return event.assessment.faults.length > 0 ? left(state, own) : unchanged(state);
    case "stop":
    case "frozen":
    case "heartbeat":
      return left(state, own);
    default:
      return unchanged(state);
  }
}

function left(state: Circumstances, own: InstanceSettings): Step {
  return {
    state: { kind: "initialize", ...circumstancesOf(state) },
    effects: [say(own, "removing VIPs.", "detail"), { kind: "remove-addresses" }, changed("STOP")],
  };
}
