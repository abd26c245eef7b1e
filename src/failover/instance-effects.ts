/** Effects of the state machine: the log lines, in keepalived's words where it has them, and what goes along with them. */
import type { Microseconds } from "../config/units.js";
import type { Alarm } from "./alarms.js";
import type { Effect, InstanceSettings, LogLevel, ReportedState } from "./instance-state.js";
import { describeFault, type FaultReason, isRealFault } from "./tracking.js";

export function say(own: InstanceSettings, text: string, level: LogLevel = "info"): Effect {
  return { kind: "log", level, text: `(${own.name}) ${text}` };
}

export const changed = (state: ReportedState): Effect => ({ kind: "state-changed", state });

export function sayInterval(own: InstanceSettings, from: Microseconds, to: Microseconds): Effect {
  const text = `advertisement interval updated from ${from / 1000}ms to ${to / 1000}ms by master`;
  return say(own, text, "detail");
}

export const raise = (alarm: Alarm, text: string): Effect => ({ kind: "alarm", alarm, text });

export function doesNotHearUs(from: string, priority: number): Effect {
  const text =
    `alarm: ${from} goes on as master with priority ${priority}, so it does not hear our advertisements and both hold ` +
    "the addresses. Look for a firewall that drops IP protocol 112, IGMP snooping, a network without multicast, " +
    "and on its side for refused packets";
  return raise("one-way", text);
}

/** keepalived puts a colon behind the name here, and only here. */
export function sayFault(own: InstanceSettings, fault: FaultReason): Effect {
  const level = isRealFault(fault) ? "info" : "detail";
  return { kind: "log", level, text: `(${own.name}): entering FAULT state ${describeFault(fault)}` };
}

export const sayEndured = (own: InstanceSettings, fault: FaultReason): Effect =>
  say(own, `goes on as a last resort, for when no other router is well: ${describeFault(fault)}`);

export function twoOwners(from: string): Effect {
  const text = `CONFIGURATION ERROR: ${from} is an address owner (priority 255) as well; only one can be`;
  return raise("two-owners", text);
}

export function enteringBackup(own: InstanceSettings): Effect[] {
  return [
    say(own, "Entering BACKUP STATE"),
    say(own, "removing VIPs.", "detail"),
    { kind: "remove-addresses" },
    changed("BACKUP"),
  ];
}

export function resign(own: InstanceSettings): Effect[] {
  return [
    { kind: "send-advertisement", priority: 0 },
    say(own, "sent 0 priority", "detail"),
    say(own, "removing VIPs.", "detail"),
    { kind: "remove-addresses" },
  ];
}
