/**
 * One VRRP instance as a pure function: state, event, now → state, effects (RFC 3768 §6.4, with the fault state,
 * the preemption delay and the log lines that keepalived adds). The driver in engine.ts carries the effects out.
 *
 * Duty of the driver: after any wake-up it hands over every packet that has arrived *before* it sends "timer",
 * and after a pause in which this process did not run it sends "frozen" first. So no master is declared dead on
 * the strength of time in which nobody listened.
 */
import { microseconds } from "../config/units.js";
import {
  claimedAsBackup,
  frozenAsBackup,
  heardAsBackup,
  masterDown,
  ready,
  reskewed,
  waiting,
} from "./instance-backup.js";
import { changed, resign, say, sayEndured, sayFault } from "./instance-effects.js";
import { leave, leaving } from "./instance-leaving.js";
import {
  becomeMaster,
  frozenAsMaster,
  giveWay,
  heardAsMaster,
  lost,
  masterTimers,
  outliveRival,
} from "./instance-master.js";
import {
  circumstancesOf,
  type Effect,
  type InstanceEvent,
  type InstanceSettings,
  type InstanceState,
  type Step,
  unchanged,
  unreachable,
} from "./instance-state.js";
import { after, type Instant } from "./timers.js";
import { type Assessment, isRealFault, sameFault } from "./tracking.js";
import type { IpAddress } from "./wire/ip-address.js";

export { advertised } from "./instance-master.js";
export {
  type Effect,
  type InstanceEvent,
  type InstanceSettings,
  type InstanceState,
  initialState,
  type LogLevel,
  nextDeadline,
  type ReportedState,
  routineUntil,
  type Step,
} from "./instance-state.js";

/** Takes one event at the moment `now`. Never throws; an event that means nothing in a state changes nothing. */
export function step(state: InstanceState, event: InstanceEvent, now: Instant, own: InstanceSettings): Step {
  if (state.kind === "leaving") return leaving(state, event, now, own);
  switch (event.kind) {
    case "start":
      return start(event, now, own);
    case "leave":
      return state.kind === "master" ? leave(state, now, own) : stop(state, own);
    case "stop":
      return stop(state, own);
    case "assessed":
      return state.kind === "initialize" ? unchanged(state) : assessed(state, event.assessment, event.source, now, own);
    case "timer":
      if (state.kind === "backup" && now >= state.masterDownAt)
        return own.isGrouped ? ready(state, now, own) : masterDown(state, now, own);
      return state.kind === "master" ? masterTimers(state, now, own) : unchanged(state);
    case "advertisement":
      if (state.kind === "backup") return heardAsBackup(state, event, now, own);
      return state.kind === "master" ? heardAsMaster(state, event, now, own) : unchanged(state);
    case "heartbeat":
      if (state.kind === "backup") return claimedAsBackup(state, event, own);
      return state.kind === "master"
        ? heardAsMaster(state, { ...event, interval: own.advertInterval }, now, own)
        : unchanged(state);
    case "lost":
      return state.kind === "master" ? lost(state, event.what, now, own) : unchanged(state);
    case "take-over":
      return state.kind === "backup" && state.isReady ? masterDown(state, now, own) : unchanged(state);
    case "rival-of-group":
      return state.kind === "master" ? outliveRival(state, now, own) : unchanged(state);
    case "give-way":
      return state.kind === "master" ? giveWay(state, now, own) : unchanged(state);
    case "frozen":
      if (state.kind === "backup") return frozenAsBackup(state, now, own);
      return state.kind === "master" ? frozenAsMaster(state, event.late, now, own) : unchanged(state);
    default:
      return unreachable(event);
  }
}

/** As backup, whatever `state` says in the file. What an earlier run left behind goes first. */
function start(event: Extract<InstanceEvent, { kind: "start" }>, now: Instant, own: InstanceSettings): Step {
  const { source, resume } = event;
  const { priority, faults } = event.assessment;
  const circumstances = { ...event.assessment, source };
  if (faults.length === 0 && resume !== undefined) {
    const step = becomeMaster(circumstances, now, own);
    return resume === "crash" ? step : { ...step, effects: step.effects.filter(({ kind }) => kind !== "log") };
  }
  if (faults.length === 0) {
    const state: InstanceState = { ...circumstances, kind: "backup", ...waiting(priority, now, own) };
    const endured = event.assessment.endured.map((fault) => sayEndured(own, fault));
    return {
      state,
      effects: [{ kind: "remove-addresses" }, ...endured, say(own, "Entering BACKUP STATE (init)"), changed("BACKUP")],
    };
  }
  const effects: Effect[] = faults.map((fault) => sayFault(own, fault));
  // Who was master a moment ago lets its peers know: they would wait for it.
  effects.unshift(...(resume === undefined ? [{ kind: "remove-addresses" } as const] : resign(own)));
  if (faults.some(isRealFault)) effects.push(say(own, "Entering FAULT STATE (init)"), changed("FAULT"));
  return { state: { ...circumstances, kind: "fault" }, effects };
}

/** A master resigns with priority 0, so that a backup takes over after its skew and not its full interval. */
function stop(state: InstanceState, own: InstanceSettings): Step {
  const stopped: InstanceState = { kind: "initialize", ...circumstancesOf(state) };
  switch (state.kind) {
    case "initialize":
      return unchanged(state);
    case "master":
      return { state: stopped, effects: [...resign(own), changed("STOP")] };
    default:
      return { state: stopped, effects: [changed("STOP")] };
  }
}

/** The host has changed: a new priority, fault reasons come and go. */
function assessed(
  state: InstanceState,
  assessment: Assessment,
  source: IpAddress,
  now: Instant,
  own: InstanceSettings,
): Step {
  const { priority, faults, endured } = assessment;
  const effects: Effect[] = [];
  for (const fault of endured)
    if (!state.endured.some((known) => sameFault(known, fault))) effects.push(sayEndured(own, fault));
  if (priority !== state.priority)
    effects.push(say(own, `Changing effective priority from ${state.priority} to ${priority}`));
  for (const fault of faults)
    if (!state.faults.some((known) => sameFault(known, fault))) effects.push(sayFault(own, fault));
  // An address that is gone is still the one that peers know us by: a resignation leaves from it.
  const circumstances = { ...assessment, source: source === 0 ? state.source : source };
  const next: InstanceState = { ...state, ...circumstances };

  if (faults.some(isRealFault) && next.kind === "fault" && !state.faults.some(isRealFault))
    effects.push(say(own, "Entering FAULT STATE"), changed("FAULT"));
  if (faults.length > 0 && next.kind !== "fault") {
    effects.push(say(own, "Entering FAULT STATE"), ...(next.kind === "master" ? resign(own) : []), changed("FAULT"));
    return { state: { kind: "fault", ...circumstances }, effects };
  }
  if (faults.length === 0 && next.kind === "fault") {
    effects.push(say(own, "Entering BACKUP STATE"), changed("BACKUP"));
    return { state: { kind: "backup", ...circumstances, ...waiting(priority, now, own) }, effects };
  }
  if (next.kind === "master" && endured.length > 0 && state.endured.length === 0) {
    // Who is well takes over after its skew, which is less than an interval; had it heard us before, it might not.
    effects.push({ kind: "send-advertisement", priority: 0 });
    return { state: { ...next, advertiseAt: after(now, microseconds(1.5 * own.advertInterval)) }, effects };
  }
  return { state: next.kind === "backup" ? reskewed(next, state.priority, own) : next, effects };
}
