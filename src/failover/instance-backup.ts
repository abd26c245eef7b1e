/** An instance that is not master (RFC 3768 §6.4.2, RFC 9568 §6.4.2). */
import { microseconds } from "../config/units.js";
import { say, sayInterval } from "./instance-effects.js";
import { becomeMaster } from "./instance-master.js";
import {
  type Backup,
  type Circumstances,
  circumstancesOf,
  type Heard,
  type InstanceEvent,
  type InstanceSettings,
  type InstanceState,
  OWNER,
  type Step,
  unchanged,
} from "./instance-state.js";
import { after, type Instant, masterDownInterval, skewTime } from "./timers.js";
import { LOWEST } from "./tracking.js";
import { formatIp } from "./wire/ip-address.js";

/** A fresh backup: the master, if there is one, has a whole down interval to show itself. */
export function waiting(priority: number, now: Instant, own: InstanceSettings): Omit<Backup, "kind"> {
  const masterInterval = own.advertInterval;
  const interval = priority === OWNER ? microseconds(1) : masterDownInterval(own, priority, masterInterval);
  return { masterDownAt: after(now, interval), isReady: false, masterInterval, preemptAt: undefined };
}

export function frozenAsBackup(state: Circumstances & Backup, now: Instant, own: InstanceSettings): Step {
  const masterDownAt = after(now, masterDownInterval(own, state.priority, state.masterInterval));
  return { state: { ...state, masterDownAt, isReady: false }, effects: [] };
}

/** A new priority has another skew: what of the down interval has passed counts all the same. */
export function reskewed(state: Circumstances & Backup, oldPriority: number, own: InstanceSettings): InstanceState {
  const skewOf = (priority: number): number => skewTime(own, priority, state.masterInterval);
  const masterDownAt = microseconds(state.masterDownAt + skewOf(state.priority) - skewOf(oldPriority));
  return { ...state, masterDownAt };
}

/** Ready until somebody is heard; the timer runs on only because every backup has one. */
export function ready(state: Circumstances & Backup, now: Instant, own: InstanceSettings): Step {
  const masterDownAt = after(now, masterDownInterval(own, state.priority, state.masterInterval));
  return { state: { ...state, masterDownAt, isReady: true }, effects: [] };
}

/** RFC 3768 §6.4.2, with keepalived's rules for who is worth waiting for. */
export function heardAsBackup(state: Circumstances & Backup, heard: Heard, now: Instant, own: InstanceSettings): Step {
  if (heard.priority === 0) {
    // As a last resort it does not hurry: the sender may be one itself, and goes on if nobody else does.
    const wait = state.endured.length > 0 ? masterDownInterval : skewTime;
    const masterDownAt = after(now, wait(own, state.priority, state.masterInterval));
    return {
      state: { ...state, masterDownAt, isReady: false },
      effects: [say(own, "Backup received priority 0 advertisement")],
    };
  }
  if (heard.priority >= state.priority) return accepted(state, heard, undefined, now, own);
  if (own.lastResort && heard.priority === LOWEST) return discarded(state, heard, state.preemptAt, own);
  if (!own.preempt && state.priority !== OWNER) return accepted(state, heard, state.preemptAt, now, own);

  const preemptAt = state.preemptAt ?? after(now, own.preemptDelay);
  if (now < preemptAt) return accepted(state, heard, preemptAt, now, own);
  return discarded(state, heard, preemptAt, own);
}

/** The timer runs on: it was last set by an accepted advertisement, or at the start. */
function discarded(
  state: Circumstances & Backup,
  heard: Heard,
  preemptAt: Instant | undefined,
  own: InstanceSettings,
): Step {
  const text = `received lower priority (${heard.priority}) advert from ${formatIp(heard.source)} - discarding`;
  return { state: { ...state, preemptAt }, effects: [say(own, text)] };
}

/** The master lives though it is not heard: we do not take over for so long. It is no advertisement in any other way. */
export function claimedAsBackup(
  state: Circumstances & Backup,
  { priority, until }: Extract<InstanceEvent, { kind: "heartbeat" }>,
  own: InstanceSettings,
): Step {
  const isLastResort = own.lastResort && priority === LOWEST;
  const isLeft = priority >= state.priority || (!own.preempt && state.priority !== OWNER && !isLastResort);
  if (!isLeft || until <= state.masterDownAt) return unchanged(state);
  return { state: { ...state, masterDownAt: until, isReady: false }, effects: [] };
}

/** The master lives: its down interval starts anew, and VRRPv3 counts in its intervals. */
function accepted(
  state: Circumstances & Backup,
  heard: Heard,
  preemptAt: Instant | undefined,
  now: Instant,
  own: InstanceSettings,
): Step {
  const masterInterval = own.version === 3 ? heard.interval : state.masterInterval;
  const masterDownAt = after(now, masterDownInterval(own, state.priority, masterInterval));
  const effects =
    masterInterval === state.masterInterval ? [] : [sayInterval(own, state.masterInterval, masterInterval)];
  return { state: { ...state, masterDownAt, isReady: false, masterInterval, preemptAt }, effects };
}

export function masterDown(before: Circumstances, now: Instant, own: InstanceSettings): Step {
  const { state, effects } = becomeMaster(circumstancesOf(before), now, own);
  return { state, effects: [say(own, "Receive advertisement timeout", "detail"), ...effects] };
}
