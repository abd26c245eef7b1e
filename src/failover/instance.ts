/**
 * One VRRP instance as a pure function: state, event, now → state, effects (RFC 3768 §6.4, with the fault state,
 * the preemption delay and the log lines that keepalived adds). The driver in engine.ts carries the effects out.
 *
 * Duty of the driver: after any wake-up it hands over every packet that has arrived *before* it sends "timer",
 * and after a pause in which this process did not run it sends "frozen" first. So no master is declared dead on
 * the strength of time in which nobody listened.
 */

import type { GratuitousArp } from "../config/keepalived/model.js";
import { type Microseconds, microseconds } from "../config/units.js";
import type { Alarm } from "./alarms.js";
import { after, type Instant, type IntervalSettings, masterDownInterval, skewTime } from "./timers.js";
import { type Assessment, describeFault, type FaultReason, LOWEST, sameFault } from "./tracking.js";
import { formatIp, type IpAddress } from "./wire/ip-address.js";

/** What of an instance's configuration the protocol needs. */
export interface InstanceSettings extends IntervalSettings {
  readonly name: string;
  /** In a sync group it does not take over before the others can. */
  readonly isGrouped: boolean;
  readonly advertInterval: Microseconds;
  readonly preempt: boolean;
  /** How long a master of lower priority is left in peace; 0: not at all. */
  readonly preemptDelay: Microseconds;
  /** A master of higher priority answers a lower one's advertisement with its own at once (RFC 9568 §6.4.3). */
  readonly answersLowerPriority: boolean;
  /** A master that yields advertises once more, so that the winner announces its addresses again. */
  readonly advertisesBeforeYielding: boolean;
  /** In fault it goes on with the lowest priority, and so do the others. */
  readonly lastResort: boolean;
  readonly garp: GratuitousArp;
}

export type InstanceState = Circumstances & (Initialize | Backup | Master | Fault);

/** What the host says of the instance, in every state. */
interface Circumstances {
  /** Effective, 1–255. */
  readonly priority: number;
  readonly faults: readonly FaultReason[];
  /** With last_resort: faults that it goes on with. */
  readonly endured: readonly FaultReason[];
  /** The address that advertisements leave from; it breaks ties. 0: none. */
  readonly source: IpAddress;
}

interface Initialize {
  readonly kind: "initialize";
}

interface Backup {
  readonly kind: "backup";
  readonly masterDownAt: Instant;
  /** The master is dead, and the rest of the sync group is waited for. */
  readonly isReady: boolean;
  /** Master_Adver_Interval: what the master last accepted advertises in VRRPv3, else our own. */
  readonly masterInterval: Microseconds;
  /** From when on a master of lower priority is no longer accepted; undefined: none was heard yet. */
  readonly preemptAt: Instant | undefined;
}

interface Master {
  readonly kind: "master";
  readonly advertiseAt: Instant;
  /** The second burst of gratuitous ARPs. */
  readonly announceAgain: { readonly at: Instant; readonly repeat: number } | undefined;
  readonly refreshAt: Instant | undefined;
  /** When addresses that somebody took away are put back. */
  readonly restoreAt: Instant | undefined;
  readonly restoredAt: Instant | undefined;
  /** Another master of lower priority that goes on: since when, and when its silence means that it has yielded. */
  readonly rival: { readonly since: Instant; readonly goneAt: Instant } | undefined;
}

interface Fault {
  readonly kind: "fault";
}

export type InstanceEvent =
  | {
      readonly kind: "start";
      readonly assessment: Assessment;
      readonly source: IpAddress;
      /**
       * It was master a moment ago, in a thread that died or that hands over to this one: nobody else has noticed. The
       * hand-over is not worth a word.
       */
      readonly resume?: "crash" | "reload" | undefined;
    }
  /** The clock has reached `nextDeadline`, or passed it. */
  | { readonly kind: "timer" }
  /** A checked advertisement of this virtual router. */
  | ({ readonly kind: "advertisement" } & Heard)
  /** A heartbeat says that another router is master, and that this is to be believed until then. */
  | {
      readonly kind: "heartbeat";
      readonly source: IpAddress;
      readonly priority: number;
      readonly until: Instant;
    }
  /** Trackers or the source address may have changed. */
  | { readonly kind: "assessed"; readonly assessment: Assessment; readonly source: IpAddress }
  /** Somebody else removed an address, route or rule of ours: `ip address 10.0.0.100/24 dev eth0`. */
  | { readonly kind: "lost"; readonly what: string }
  /** The process did not run for so long that nothing could be heard: its timer is so much too late. */
  | { readonly kind: "frozen"; readonly late: Microseconds }
  /** The whole sync group can take over. */
  | { readonly kind: "take-over" }
  /** Another member of the sync group is master no more. */
  | { readonly kind: "give-way" }
  | { readonly kind: "stop" };

/** What matters of an advertisement. */
interface Heard {
  readonly source: IpAddress;
  readonly priority: number;
  /** The sender's; VRRPv2 has accepted it only if it is our own. */
  readonly interval: Microseconds;
}

/** "detail" is what keepalived says with -D only. */
export type LogLevel = "warning" | "info" | "detail";

export type ReportedState = "BACKUP" | "MASTER" | "FAULT" | "STOP";

export type Effect =
  | { readonly kind: "send-advertisement"; readonly priority: number }
  | { readonly kind: "add-addresses" }
  | { readonly kind: "remove-addresses" }
  /** Gratuitous ARPs for every address, `repeat` times back to back. */
  | { readonly kind: "announce"; readonly repeat: number }
  /** A master has heard a lesser one. */
  | { readonly kind: "rival-heard" }
  | { readonly kind: "log"; readonly level: LogLevel; readonly text: string }
  /** Something is wrong with another router, and perhaps at each advertisement: not to be said each time. */
  | { readonly kind: "alarm"; readonly alarm: Alarm; readonly text: string }
  | { readonly kind: "state-changed"; readonly state: ReportedState };

export interface Step {
  readonly state: InstanceState;
  /** To be carried out in this order. */
  readonly effects: readonly Effect[];
}

/** Addresses that vanish again and again are put back at most this often. */
const RESTORE_PAUSE = microseconds(1_000_000);
/** A lesser master yields at our next advertisement. One that does not after so many has heard none of them. */
const RIVAL_PATIENCE = 2;
/** A priority of 255 owns the addresses: it waits for nobody. */
const OWNER = 255;

export const initialState: InstanceState = { kind: "initialize", priority: 1, faults: [], endured: [], source: 0 };

/** When the driver must send "timer"; undefined: only events from outside matter. */
export function nextDeadline(state: InstanceState): Instant | undefined {
  switch (state.kind) {
    case "initialize":
    case "fault":
      return undefined;
    case "backup":
      return state.masterDownAt;
    case "master": {
      let earliest = state.advertiseAt;
      for (const at of [state.announceAgain?.at, state.refreshAt, state.restoreAt, state.rival?.goneAt])
        if (at !== undefined && at < earliest) earliest = at;
      return earliest;
    }
    default:
      return unreachable(state);
  }
}

/** Takes one event at the moment `now`. Never throws; an event that means nothing in a state changes nothing. */
export function step(state: InstanceState, event: InstanceEvent, now: Instant, own: InstanceSettings): Step {
  switch (event.kind) {
    case "start":
      return start(event, now, own);
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
  const effects: Effect[] = [{ kind: "remove-addresses" }, ...faults.map((fault) => sayFault(own, fault))];
  if (isRealFault(faults)) effects.push(say(own, "Entering FAULT STATE (init)"), changed("FAULT"));
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

function resign(own: InstanceSettings): Effect[] {
  return [
    { kind: "send-advertisement", priority: 0 },
    say(own, "sent 0 priority", "detail"),
    say(own, "removing VIPs.", "detail"),
    { kind: "remove-addresses" },
  ];
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
  const circumstances = { ...assessment, source };
  const next: InstanceState = { ...state, ...circumstances };

  if (isRealFault(faults) && next.kind === "fault" && !isRealFault(state.faults))
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
  return { state: next, effects };
}

/** While an instance waits for the first results of its scripts only, nothing is wrong yet and nobody need be told. */
function isRealFault(faults: readonly FaultReason[]): boolean {
  return faults.some((fault) => fault.kind !== "script-pending");
}

/** A fresh backup: the master, if there is one, has a whole down interval to show itself. */
function waiting(priority: number, now: Instant, own: InstanceSettings): Omit<Backup, "kind"> {
  const masterInterval = own.advertInterval;
  const interval = priority === OWNER ? microseconds(1) : masterDownInterval(own, priority, masterInterval);
  return { masterDownAt: after(now, interval), isReady: false, masterInterval, preemptAt: undefined };
}

function frozenAsBackup(state: Circumstances & Backup, now: Instant, own: InstanceSettings): Step {
  const masterDownAt = after(now, masterDownInterval(own, state.priority, state.masterInterval));
  return { state: { ...state, masterDownAt, isReady: false }, effects: [] };
}

/**
 * A backup of the highest priority takes over when it has missed `downTimerAdverts` of ours. Whoever was silent for so
 * long must take it that one has, and give way before anything is sent: clients would be torn between the two.
 */
function frozenAsMaster(state: Circumstances & Master, late: Microseconds, now: Instant, own: InstanceSettings): Step {
  const silence = own.advertInterval + late;
  if (silence < own.downTimerAdverts * own.advertInterval) return unchanged(state);
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
function yielded(
  state: Circumstances,
  masterInterval: Microseconds,
  now: Instant,
  own: InstanceSettings,
): InstanceState {
  const masterDownAt = after(now, masterDownInterval(own, state.priority, masterInterval));
  const backup = { masterDownAt, isReady: false, masterInterval, preemptAt: undefined };
  return { kind: "backup", ...circumstancesOf(state), ...backup };
}

const circumstancesOf = ({ priority, faults, endured, source }: Circumstances): Circumstances => ({
  priority,
  faults,
  endured,
  source,
});

function giveWay(state: Circumstances & Master, now: Instant, own: InstanceSettings): Step {
  return { state: yielded(state, own.advertInterval, now, own), effects: enteringBackup(own) };
}

function enteringBackup(own: InstanceSettings): Effect[] {
  return [
    say(own, "Entering BACKUP STATE"),
    say(own, "removing VIPs.", "detail"),
    { kind: "remove-addresses" },
    changed("BACKUP"),
  ];
}

/** Ready until somebody is heard; the timer runs on only because every backup has one. */
function ready(state: Circumstances & Backup, now: Instant, own: InstanceSettings): Step {
  const masterDownAt = after(now, masterDownInterval(own, state.priority, state.masterInterval));
  return { state: { ...state, masterDownAt, isReady: true }, effects: [] };
}

/** RFC 3768 §6.4.2, with keepalived's rules for who is worth waiting for. */
function heardAsBackup(state: Circumstances & Backup, heard: Heard, now: Instant, own: InstanceSettings): Step {
  if (heard.priority === 0) {
    // As a last resort it does not hurry: the sender may be one itself, and goes on if nobody else does.
    const wait = state.endured.length > 0 ? masterDownInterval : skewTime;
    const masterDownAt = after(now, wait(own, state.priority, state.masterInterval));
    return {
      state: { ...state, masterDownAt, isReady: false, preemptAt: undefined },
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
function claimedAsBackup(
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

function masterDown(before: Circumstances, now: Instant, own: InstanceSettings): Step {
  const { state, effects } = becomeMaster(circumstancesOf(before), now, own);
  return { state, effects: [say(own, "Receive advertisement timeout", "detail"), ...effects] };
}

/** The advertisement precedes the addresses, so that a lesser master lets go before we hold them. */
function becomeMaster(circumstances: Circumstances, now: Instant, own: InstanceSettings): Step {
  const { priority } = circumstances;
  const { masterDelay, masterRepeat, masterRefresh } = own.garp;
  const master: InstanceState = {
    ...circumstances,
    kind: "master",
    advertiseAt: after(now, own.advertInterval),
    announceAgain: secondBurst(now, masterDelay, masterRepeat),
    refreshAt: masterRefresh > 0 ? after(now, masterRefresh) : undefined,
    restoreAt: undefined,
    restoredAt: undefined,
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

function masterTimers(state: Circumstances & Master, now: Instant, own: InstanceSettings): Step {
  const effects: Effect[] = [];
  let { advertiseAt, announceAgain, refreshAt, restoreAt, restoredAt, rival } = state;
  if (now >= advertiseAt) {
    effects.push({ kind: "send-advertisement", priority: state.priority });
    // Counted from when it was due, so that small latenesses do not add up; after a long one, from now.
    const due = after(advertiseAt, own.advertInterval);
    advertiseAt = due > now ? due : after(now, own.advertInterval);
  }
  if (restoreAt !== undefined && now >= restoreAt) {
    effects.push({ kind: "add-addresses" }, { kind: "announce", repeat: own.garp.masterRepeat });
    restoreAt = undefined;
    restoredAt = now;
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
  return { state: { ...state, advertiseAt, announceAgain, refreshAt, restoreAt, restoredAt, rival }, effects };
}

/** RFC 3768 §6.4.3: two masters hear each other, and the lesser one yields. */
function heardAsMaster(state: Circumstances & Master, heard: Heard, now: Instant, own: InstanceSettings): Step {
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
  const text = `Received advert from ${from} with lower priority ${heard.priority}, ours ${priority}, forcing new election`;
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

/**
 * Somebody took something away (systemd-networkd at its restart, an operator). keepalived resigns and takes the
 * address back later; putting all back at once costs no outage at all.
 */
function lost(state: Circumstances & Master, what: string, now: Instant, own: InstanceSettings): Step {
  const line = say(own, `${what}, no longer exist`, "warning");
  if (state.restoreAt !== undefined) return { state, effects: [line] };
  if (state.restoredAt !== undefined && now < state.restoredAt + RESTORE_PAUSE)
    return { state: { ...state, restoreAt: after(state.restoredAt, RESTORE_PAUSE) }, effects: [line] };
  return {
    state: { ...state, restoredAt: now },
    effects: [line, { kind: "add-addresses" }, { kind: "announce", repeat: own.garp.masterRepeat }],
  };
}

const unchanged = (state: InstanceState): Step => ({ state, effects: [] });

const changed = (state: ReportedState): Effect => ({ kind: "state-changed", state });

function say(own: InstanceSettings, text: string, level: LogLevel = "info"): Effect {
  return { kind: "log", level, text: `(${own.name}) ${text}` };
}

function sayInterval(own: InstanceSettings, from: Microseconds, to: Microseconds): Effect {
  const text = `advertisement interval updated from ${from / 1000}ms to ${to / 1000}ms by master`;
  return say(own, text, "detail");
}

const raise = (alarm: Alarm, text: string): Effect => ({ kind: "alarm", alarm, text });

function doesNotHearUs(from: string, priority: number): Effect {
  const text =
    `alarm: ${from} goes on as master with priority ${priority}, so it does not hear our advertisements and both hold ` +
    "the addresses. Look for a firewall that drops IP protocol 112, IGMP snooping, a network without multicast, " +
    "and on its side for refused packets";
  return raise("one-way", text);
}

/** keepalived puts a colon behind the name here, and only here. */
function sayFault(own: InstanceSettings, fault: FaultReason): Effect {
  const level = fault.kind === "script-pending" ? "detail" : "info";
  return { kind: "log", level, text: `(${own.name}): entering FAULT state ${describeFault(fault)}` };
}

const sayEndured = (own: InstanceSettings, fault: FaultReason): Effect =>
  say(own, `goes on as a last resort, for when no other router is well: ${describeFault(fault)}`);

function twoOwners(from: string): Effect {
  const text = `CONFIGURATION ERROR: ${from} is an address owner (priority 255) as well; only one can be`;
  return raise("two-owners", text);
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
