/** An instance that is master (RFC 3768 §6.4.3, RFC 9568 §6.4.3). */
import { type Microseconds, microseconds } from "../config/units.js";
import { changed, doesNotHearUs, enteringBackup, raise, say, sayInterval, twoOwners } from "./instance-effects.js";
import {
  type Circumstances,
  circumstancesOf,
  type Effect,
  type Heard,
  type InstanceSettings,
  type InstanceState,
  type Master,
  OWNER,
  type Step,
  unchanged,
} from "./instance-state.js";
import { after, type Instant, masterDownInterval, skewTime } from "./timers.js";
import { formatIp } from "./wire/ip-address.js";

/** Who removes things removes several, one after the other; what vanishes again and again is put back less eagerly. */
const RESTORE_BURST = 16;
const RESTORE_PAUSE = microseconds(1_000_000);

/** A lesser master yields at our next advertisement. One that does not after so many has heard none of them. */
const RIVAL_PATIENCE = 2;

/** The advertisement precedes the addresses, so that a lesser master lets go before we hold them. */
export function becomeMaster(circumstances: Circumstances, now: Instant, own: InstanceSettings): Step {
  const { priority } = circumstances;
  const { masterDelay, masterRepeat, masterRefresh } = own.garp;
  const master: InstanceState = {
    ...circumstances,
    kind: "master",
    advertiseAt: after(now, own.advertInterval),
    announceAgain: secondBurst(now, masterDelay, masterRepeat),
    refreshAt: masterRefresh > 0 ? after(now, masterRefresh) : undefined,
    restoreAt: undefined,
    restored: undefined,
    rival: undefined,
  };
  return {
    state: master,
    effects: [
      { kind: "send-advertisement", priority },
      say(own, "Entering MASTER STATE"),
      say(own, "setting VIPs.", "detail"),
      { kind: "add-addresses" },
      { kind: "announce", repeat: masterRepeat },
      changed("MASTER"),
    ],
  };
}

function secondBurst(now: Instant, delay: Microseconds, repeat: number): Master["announceAgain"] {
  return delay > 0 && repeat > 0 ? { at: after(now, delay), repeat } : undefined;
}

export function masterTimers(state: Circumstances & Master, now: Instant, own: InstanceSettings): Step {
  const effects: Effect[] = [];
  let { advertiseAt, announceAgain, refreshAt, restoreAt, restored, rival } = state;
  if (now >= advertiseAt) {
    effects.push({ kind: "send-advertisement", priority: state.priority });
    advertiseAt = nextAdvertisement(advertiseAt, now, own);
  }
  if (restoreAt !== undefined && now >= restoreAt) {
    effects.push({ kind: "add-addresses" }, { kind: "announce", repeat: own.garp.masterRepeat });
    restoreAt = undefined;
    restored = { since: now, count: 1 };
  }
  if (announceAgain !== undefined && now >= announceAgain.at) {
    effects.push({ kind: "announce", repeat: announceAgain.repeat });
    announceAgain = undefined;
  }
  if (refreshAt !== undefined && now >= refreshAt) {
    effects.push({ kind: "announce", repeat: own.garp.masterRefreshRepeat });
    refreshAt = after(now, own.garp.masterRefresh);
  }
  if (rival !== undefined && now >= rival.goneAt) {
    // Neighbours that heard the rival's announcements last would go on sending to it.
    if (own.garp.lowerPriorityRepeat > 0) effects.push({ kind: "announce", repeat: own.garp.lowerPriorityRepeat });
    rival = undefined;
  }
  return { state: { ...state, advertiseAt, announceAgain, refreshAt, restoreAt, restored, rival }, effects };
}

/**
 * What `masterTimers` does nearly always, up to a hundred times a second, when only an advertisement is due: the state
 * behind it. Whoever calls it sends.
 */
export function advertised(state: Circumstances & Master, now: Instant, own: InstanceSettings): Circumstances & Master {
  return { ...state, advertiseAt: nextAdvertisement(state.advertiseAt, now, own) };
}

/** Counted from when this one was due, so that small latenesses do not add up; after a long one, from now. */
function nextAdvertisement(advertiseAt: Instant, now: Instant, { advertInterval }: InstanceSettings): Instant {
  const due = after(advertiseAt, advertInterval);
  return due > now ? due : after(now, advertInterval);
}

/** RFC 3768 §6.4.3: two masters hear each other, and the lesser one yields. */
export function heardAsMaster(state: Circumstances & Master, heard: Heard, now: Instant, own: InstanceSettings): Step {
  const { priority, source } = state;
  const from = formatIp(heard.source);
  if (heard.priority === 0)
    return {
      state: { ...state, advertiseAt: after(now, own.advertInterval) },
      effects: [{ kind: "send-advertisement", priority }],
    };
  if (heard.priority === priority && heard.source === source) {
    const text = `WARNING - equal priority advert received from remote host with our IP address ${from}.`;
    return { state, effects: [raise("same-source", text)] };
  }
  if (heard.priority > priority || (heard.priority === priority && heard.source > source)) {
    const rank =
      heard.priority > priority
        ? `higher priority ${heard.priority}, ours ${priority}`
        : `same priority ${priority} but higher IP address than ours`;
    const masterInterval = own.version === 3 ? heard.interval : own.advertInterval;
    return {
      state: yielded(state, masterInterval, now, own),
      effects: [
        ...(heard.priority === OWNER && priority === OWNER ? [twoOwners(from)] : []),
        say(own, `Master received advert from ${from} with ${rank}`),
        ...(own.advertisesBeforeYielding ? [{ kind: "send-advertisement", priority } as const] : []),
        ...(masterInterval === own.advertInterval ? [] : [sayInterval(own, own.advertInterval, masterInterval)]),
        ...enteringBackup(own),
      ],
    };
  }
  const { lowerPriorityDelay, lowerPriorityRepeat } = own.garp;
  const since = state.rival?.since ?? now;
  const goneAt = after(now, microseconds(own.downTimerAdverts * heard.interval));
  const election = own.answersLowerPriority ? ", forcing new election" : "";
  const text = `Received advert from ${from} with lower priority ${heard.priority}, ours ${priority}${election}`;
  return {
    state: {
      ...state,
      advertiseAt: own.answersLowerPriority ? after(now, own.advertInterval) : state.advertiseAt,
      announceAgain: secondBurst(now, lowerPriorityDelay, lowerPriorityRepeat) ?? state.announceAgain,
      rival: { since, goneAt },
    },
    effects: [
      ...(heard.priority === OWNER ? [twoOwners(from)] : []),
      say(own, text),
      ...(now - since > RIVAL_PATIENCE * own.advertInterval ? [doesNotHearUs(from, heard.priority)] : []),
      { kind: "rival-heard" },
      ...(own.answersLowerPriority ? [{ kind: "send-advertisement", priority } as const] : []),
      ...(lowerPriorityRepeat > 0 ? [{ kind: "announce", repeat: lowerPriorityRepeat } as const] : []),
    ],
  };
}

/** Neighbours may have learnt from the rival that our addresses are there, though it was heard in another place. */
export function outliveRival(state: Circumstances & Master, now: Instant, own: InstanceSettings): Step {
  const { lowerPriorityDelay, lowerPriorityRepeat } = own.garp;
  const announceAgain = secondBurst(now, lowerPriorityDelay, lowerPriorityRepeat) ?? state.announceAgain;
  const effects: Effect[] = lowerPriorityRepeat > 0 ? [{ kind: "announce", repeat: lowerPriorityRepeat }] : [];
  return { state: { ...state, announceAgain }, effects };
}

/**
 * Somebody took something away (systemd-networkd at its restart, an operator). keepalived resigns and takes the
 * address back later; putting all back at once costs no outage at all.
 */
export function lost(state: Circumstances & Master, what: string, now: Instant, own: InstanceSettings): Step {
  const line = say(own, `${what}, no longer exist`, "warning");
  if (state.restoreAt !== undefined) return { state, effects: [line] };
  const isRecent = state.restored !== undefined && now < after(state.restored.since, RESTORE_PAUSE);
  const restored = isRecent
    ? { since: state.restored.since, count: state.restored.count + 1 }
    : { since: now, count: 1 };
  if (restored.count > RESTORE_BURST)
    return { state: { ...state, restoreAt: after(restored.since, RESTORE_PAUSE) }, effects: [line] };
  return {
    state: { ...state, restored },
    effects: [line, { kind: "add-addresses" }, { kind: "announce", repeat: own.garp.masterRepeat }],
  };
}

/**
 * A backup of the highest priority takes over when it has missed `downTimerAdverts` of ours. Whoever was silent for so
 * long must take it that one has, and give way before anything is sent: clients would be torn between the two.
 */
export function frozenAsMaster(
  state: Circumstances & Master,
  late: Microseconds,
  now: Instant,
  own: InstanceSettings,
): Step {
  const silence = own.advertInterval + late;
  const skew = own.highestRival === undefined ? 0 : skewTime(own, own.highestRival, own.advertInterval);
  if (silence < own.downTimerAdverts * own.advertInterval + skew) return unchanged(state);
  return {
    state: yielded(state, own.advertInterval, now, own),
    effects: [
      { kind: "remove-addresses" },
      say(own, `silent for ${Math.round(silence / 1000)} ms: another router may be master by now`, "warning"),
      say(own, "Entering BACKUP STATE"),
      changed("BACKUP"),
    ],
  };
}

/** A backup that was master a moment ago; never at once master again, whatever its priority. */
export function yielded(
  state: Circumstances,
  masterInterval: Microseconds,
  now: Instant,
  own: InstanceSettings,
): InstanceState {
  const masterDownAt = after(now, masterDownInterval(own, state.priority, masterInterval));
  const backup = { masterDownAt, isReady: false, masterInterval, preemptAt: undefined };
  return { kind: "backup", ...circumstancesOf(state), ...backup };
}

export function giveWay(state: Circumstances & Master, now: Instant, own: InstanceSettings): Step {
  return { state: yielded(state, own.advertInterval, now, own), effects: enteringBackup(own) };
}
