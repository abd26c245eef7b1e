/**
 * What another router on the link does wrong, so that two of them hold the same addresses, or will; and what goes wrong
 * on this host. Each alarm stands in the status and in the metrics for as long as its cause is seen.
 */
import type { Rejection } from "./wire/packet.js";

const PEER_ALARMS = [
  "router-id",
  "authentication",
  "version",
  "interval",
  "transport",
  "peer",
  "addresses",
  "one-way",
  "same-source",
  "two-owners",
  "path",
  "both-hold",
] as const;
type PeerAlarm = (typeof PEER_ALARMS)[number];

const HOST_ALARMS = ["removed", "late", "last-resort", "gateway"] as const;
type HostAlarm = (typeof HOST_ALARMS)[number];

export const ALARMS = [...PEER_ALARMS, ...HOST_ALARMS] as const;
export type Alarm = PeerAlarm | HostAlarm;

export interface RaisedAlarm {
  readonly alarm: Alarm;
  /** Seconds since its cause was first seen, with no minute in between without it. */
  readonly since: number;
  /** How often it was seen in that time. */
  readonly times: number;
}

/** An alarm is over when its cause was not seen for so long. */
export const ALARM_SECONDS = 60;

/** Seconds on the clock that all threads share; never 0. */
export const alarmClock = (): number => process.hrtime()[0] + 1;

const deeds: Readonly<Record<PeerAlarm, string>> = {
  "router-id": "advertises an address of ours under another virtual_router_id",
  authentication: "uses another auth_type or auth_pass",
  version: "speaks another version of VRRP",
  interval: "has another advert_int",
  transport: "goes by multicast where this one goes by unicast, or the other way round",
  peer: "is no unicast_peer here",
  addresses: "advertises other addresses",
  "one-way": "is master beside this one: it does not hear our advertisements",
  "same-source": "advertises from the address of this one",
  path: "sends heartbeats as master, and none of its advertisements arrives",
  "two-owners": "claims to own the addresses as well (priority 255)",
  "both-hold": "holds addresses that this one holds",
};

const troubles: Readonly<Record<HostAlarm, string>> = {
  removed: "somebody on this host removes addresses, routes or rules of ours",
  late: "timers ran late: this process did not get the processor in time",
  "last-resort": "this router is ill and goes on as a last resort",
  gateway: "the gateway does not take an address of ours from this router",
};

const isOwn = (alarm: Alarm): alarm is HostAlarm => Object.hasOwn(troubles, alarm);

/** For the status: `another router uses another auth_type or auth_pass`. */
export const describeAlarm = (alarm: Alarm): string =>
  isOwn(alarm) ? troubles[alarm] : `another router ${deeds[alarm]}`;

/** `another router uses another auth_type or auth_pass (for 12 s, seen 13 times)` */
export const describeRaised = ({ alarm, since, times }: RaisedAlarm): string =>
  `${describeAlarm(alarm)} (for ${since} s, seen ${times === 1 ? "once" : `${times} times`})`;

/** For the log, where advertisements are refused and the log says so already: what comes of it. */
export const describeConsequence = (alarm: PeerAlarm, from: string): string =>
  `alarm: ${from} ${deeds[alarm]}. Its advertisements do not count here, so both routers will hold the addresses: ` +
  "write the same in both files";

/** What a refused advertisement says of its sender; undefined: it is damaged or forged, and says nothing. */
export function alarmOf(reason: Rejection): PeerAlarm | undefined {
  switch (reason) {
    case "version":
    case "interval":
      return reason;
    case "auth-type":
    case "auth-password":
      return "authentication";
    case "destination":
      return "transport";
    case "source":
      return "peer";
    default:
      return undefined;
  }
}
