/** What an instance is in, what happens to it, and what it wants done: the words of the state machine in instance.ts. */
import type { GratuitousArp } from "../config/keepalived/model.js";
import { type Microseconds, microseconds } from "../config/units.js";
import type { Alarm } from "./alarms.js";
import { earlier, type Instant, type IntervalSettings, NEVER } from "./timers.js";
import type { Assessment, FaultReason } from "./tracking.js";
import type { IpAddress } from "./wire/ip-address.js";

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
  /** `timer_expired_backup`: the highest priority that others can have; undefined: they may have any. */
  readonly highestRival: number | undefined;
  /** In fault it goes on with the lowest priority, and so do the others. */
  readonly lastResort: boolean;
  readonly garp: GratuitousArp;
}

export type InstanceState = Circumstances & (Initialize | Backup | Master | Leaving | Fault);

/** What the host says of the instance, in every state. */
export interface Circumstances {
  /** Effective, 1–255. */
  readonly priority: number;
  readonly faults: readonly FaultReason[];
  /** With last_resort: faults that it goes on with. */
  readonly endured: readonly FaultReason[];
  /** The address that advertisements leave from; it breaks ties. 0: none. */
  readonly source: IpAddress;
}

export interface Initialize {
  readonly kind: "initialize";
}

export interface Backup {
  readonly kind: "backup";
  readonly masterDownAt: Instant;
  /** The master is dead, and the rest of the sync group is waited for. */
  readonly isReady: boolean;
  /** Master_Adver_Interval: what the master last accepted advertises in VRRPv3, else our own. */
  readonly masterInterval: Microseconds;
  /** From when on a master of lower priority is no longer accepted; undefined: none was heard yet. */
  readonly preemptAt: Instant | undefined;
}

export interface Master {
  readonly kind: "master";
  readonly advertiseAt: Instant;
  /** The second burst of gratuitous ARPs. */
  readonly announceAgain: { readonly at: Instant; readonly repeat: number } | undefined;
  readonly refreshAt: Instant | undefined;
  /** When addresses that somebody took away are put back. */
  readonly restoreAt: Instant | undefined;
  /** The present second of restorations: since when, and how many. */
  readonly restored: { readonly since: Instant; readonly count: number } | undefined;
  /** Another master of lower priority that goes on: since when, and when its silence means that it has yielded. */
  readonly rival: { readonly since: Instant; readonly goneAt: Instant } | undefined;
}

/** It has resigned, and holds the addresses until its successor is heard. */
export interface Leaving {
  readonly kind: "leaving";
  /** Nobody takes over any more. */
  readonly until: Instant;
}

export interface Fault {
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
  /** Another member of the sync group has heard a lesser master. */
  | { readonly kind: "rival-of-group" }
  /** Another member of the sync group is master no more. */
  | { readonly kind: "give-way" }
  /** It shall end; a master hands over first. Over when it is in "initialize". */
  | { readonly kind: "leave" }
  /** It ends at once. */
  | { readonly kind: "stop" };

/** What matters of an advertisement. */
export interface Heard {
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

/** A priority of 255 owns the addresses: it waits for nobody. */
export const OWNER = 255;

export const initialState: InstanceState = { kind: "initialize", priority: 1, faults: [], endured: [], source: 0 };

/** When the driver must send "timer"; undefined: only events from outside matter. */
export function nextDeadline(state: InstanceState): Instant | undefined {
  switch (state.kind) {
    case "initialize":
    case "fault":
      return undefined;
    case "backup":
      return state.masterDownAt;
    case "leaving":
      return state.until;
    case "master":
      return earlier(state.advertiseAt, nextOccasion(state));
    default:
      return unreachable(state);
  }
}

/** When a master has something else to do than to advertise; NEVER most of the time. */
function nextOccasion({ announceAgain, refreshAt, restoreAt, rival }: Master): Instant {
  const announcement = earlier(announceAgain?.at ?? NEVER, refreshAt ?? NEVER);
  return earlier(announcement, earlier(restoreAt ?? NEVER, rival?.goneAt ?? NEVER));
}

/** Until when "timer" means an advertisement and no more; 0 unless it is master. */
export const routineUntil = (state: InstanceState): Instant =>
  state.kind === "master" ? nextOccasion(state) : microseconds(0);

export const circumstancesOf = ({ priority, faults, endured, source }: Circumstances): Circumstances => ({
  priority,
  faults,
  endured,
  source,
});

export const unchanged = (state: InstanceState): Step => ({ state, effects: [] });

export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
