/** What Prometheus is told of the fail-over: where each instance stands, what it counted, and its alarms. */
import type { VrrpInstance } from "../../config/keepalived/model.js";
import { ALARMS } from "../alarms.js";
import type { InstanceStatus } from "../counters.js";
import type { Snapshot } from "../dumps/snapshot.js";
import { REJECTIONS } from "../wire/packet.js";
import type { Family, Labels, Sample } from "./exposition.js";

const STATES = ["MASTER", "BACKUP", "FAULT", "STOP"] as const;

const COUNTERS = {
  advertisementsSent: ["advertisements_sent", "Advertisements sent."],
  advertisementsReceived: ["advertisements_received", "Advertisements received and accepted."],
  priorityZeroSent: ["resignations_sent", "Advertisements of priority 0 sent."],
  priorityZeroReceived: ["resignations_received", "Advertisements of priority 0 received."],
  becameMaster: ["became_master", "Times that the instance became master."],
  releasedMaster: ["released_master", "Times that the instance ceased to be master."],
  gratuitousArpsSent: ["announcements_sent", "Gratuitous ARPs and unsolicited neighbour advertisements sent."],
  sendErrors: ["send_errors", "Packets that the kernel did not take."],
  frozen: ["late_timers", "Wake-ups so late that nobody can say who was silent in the meantime."],
  lost: ["removed_by_others", "Addresses, routes and rules that somebody else removed; they are put back."],
} as const satisfies { readonly [Name in keyof InstanceStatus["counters"]]: readonly [string, string] };

interface Subject {
  readonly labels: Labels;
  readonly own: VrrpInstance;
  readonly status: InstanceStatus;
}

/** In the order in which they are shown. Every sample is there from the start, so that rates and alerts have a zero. */
export function failoverFamilies(snapshot: Snapshot): Family[] {
  const { configuration, status, transitions, scripts, groups } = snapshot;
  const subjects = configuration.instances.map((own, index) => ({
    labels: { instance: own.name, interface: own.interface ?? "", vrid: String(own.virtualRouterId) },
    own,
    status: status[index]!,
  }));
  const each = (value: (subject: Subject) => number): Sample[] =>
    subjects.map((subject) => ({ labels: subject.labels, value: value(subject) }));
  /** One sample for each of the `keys`, in a label of that name. */
  const spread = <Key extends string>(
    label: string,
    keys: readonly Key[],
    value: (status: InstanceStatus, key: Key) => number,
  ): Sample[] =>
    subjects.flatMap(({ labels, status: one }) =>
      keys.map((key) => ({ labels: { ...labels, [label]: key.toLowerCase() }, value: value(one, key) })),
    );
  const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name: `bascule_${name}`,
    type: "gauge",
    help,
    samples,
  });
  const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name: `bascule_vrrp_${name}_total`,
    type: "counter",
    help,
    samples,
  });
  return [
    gauge(
      "vrrp_state",
      "1 for the state that the instance is in.",
      spread("state", STATES, (one, state) => +(one.state === state)),
    ),
    gauge(
      "vrrp_priority",
      "Effective priority.",
      each(({ status: one }) => one.priority),
    ),
    gauge(
      "vrrp_configured_priority",
      "Priority before trackers.",
      each(({ own }) => own.priority),
    ),
    gauge(
      "vrrp_last_transition_seconds",
      "When the state changed last, in seconds since 1970; 0: never.",
      each(({ own }) => (transitions.get(own.name) ?? 0) / 1000),
    ),
    gauge(
      "vrrp_alarm",
      "1 while something is wrong that an operator should mend, or was within the last minute.",
      spread("alarm", ALARMS, (one, alarm) => +one.alarms.some((raised) => raised.alarm === alarm)),
    ),
    ...Object.entries(COUNTERS).map(([key, [name, help]]) =>
      counter(
        name,
        help,
        each(({ status: one }) => one.counters[key as keyof typeof COUNTERS]),
      ),
    ),
    counter(
      "advertisements_rejected",
      "Advertisements of this virtual router that were discarded, by reason.",
      spread("reason", REJECTIONS, (one, reason) => one.rejected[reason]),
    ),
    gauge(
      "vrrp_group_state",
      "1 for the state that the sync group is in.",
      [...groups].flatMap(([group, current]) =>
        STATES.map((state) => ({ labels: { group, state: state.toLowerCase() }, value: +(current === state) })),
      ),
    ),
    gauge(
      "vrrp_script_up",
      "1 while the track script succeeds; absent until it has run.",
      [...scripts]
        .filter(([, state]) => state !== "pending")
        .map(([script, state]) => ({ labels: { script }, value: +(state === "up") })),
    ),
  ];
}
