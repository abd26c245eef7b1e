/** What keepalived writes on SIGUSR2: the same lines in the same order, for whoever parses them. */
import { describeRaised } from "../alarms.js";
import type { InstanceStatus } from "../counters.js";

/** @returns the text of `keepalived.stats`; what keepalived has no line for comes last in each instance. */
export function statisticsText(instances: readonly InstanceStatus[]): string {
  return instances.map(instanceText).join("");
}

function instanceText({ name, counters, rejected, alarms }: InstanceStatus): string {
  return `VRRP Instance: ${name}
  Advertisements:
    Received: ${counters.advertisementsReceived}
    Sent: ${counters.advertisementsSent}
  Became master: ${counters.becameMaster}
  Released master: ${counters.releasedMaster}
  Packet Errors:
    Length: ${rejected.truncated + rejected.length}
    TTL: ${rejected.ttl}
    Invalid Type: ${rejected.type}
    Advertisement Interval: ${rejected.interval}
    Address List: 0
  Authentication Errors:
    Invalid Type: 0
    Type Mismatch: ${rejected["auth-type"]}
    Failure: ${rejected["auth-password"]}
  Priority Zero:
    Received: ${counters.priorityZeroReceived}
    Sent: ${counters.priorityZeroSent}
  Other Packet Errors:
    Version: ${rejected.version}
    Checksum: ${rejected.checksum}
    Destination: ${rejected.destination}
  Alarms: ${alarms.length}
${alarms.map((alarm) => `    ${describeRaised(alarm)}\n`).join("")}`;
}
