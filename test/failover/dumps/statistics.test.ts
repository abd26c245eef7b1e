import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceCounters, shareCounters } from "../../../src/failover/counters.js";
import { statisticsText } from "../../../src/failover/dumps/statistics.js";

// The first nineteen lines are those that keepalived 2.2.7 wrote for such an instance.
test("statistics have keepalived's lines, and behind them what it does not count", () => {
  const counters = new InstanceCounters(shareCounters(1), 0);
  counters.count("advertisementsSent", 14);
  counters.count("advertisementsReceived", 3);
  counters.count("becameMaster");
  for (const reason of ["truncated", "length", "ttl", "auth-password", "checksum"] as const)
    counters.countRejection(reason);
  counters.raise("authentication", 1_000);
  assert.equal(
    statisticsText([counters.status("VI_1", 1_012)]),
    `VRRP Instance: VI_1
  Advertisements:
    Received: 3
    Sent: 14
  Became master: 1
  Released master: 0
  Packet Errors:
    Length: 2
    TTL: 1
    Invalid Type: 0
    Advertisement Interval: 0
    Address List: 0
  Authentication Errors:
    Invalid Type: 0
    Type Mismatch: 0
    Failure: 1
  Priority Zero:
    Received: 0
    Sent: 0
  Other Packet Errors:
    Version: 0
    Checksum: 1
    Destination: 0
  Alarms: 1
    another router uses another auth_type or auth_pass (for 12 s, seen once)
`,
  );
});
