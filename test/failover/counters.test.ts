import assert from "node:assert/strict";
import { test } from "node:test";
import { InstanceCounters, shareCounters } from "../../src/failover/counters.js";
import { ipv4 } from "./support.js";

test("what one thread counts another reads, each instance apart", () => {
  const shared = shareCounters(2);
  const writer = new InstanceCounters(shared, 1);
  writer.count("advertisementsSent");
  writer.count("gratuitousArpsSent", 5);
  writer.countRejection("checksum");
  writer.setState("MASTER");
  writer.setPriority(150);
  writer.setLastHeard(ipv4("192.0.2.20"));

  const second = new InstanceCounters(shared, 1).status("VI_2");
  assert.deepEqual(
    [second.name, second.state, second.priority, second.lastHeard],
    ["VI_2", "MASTER", 150, "192.0.2.20"],
  );
  assert.deepEqual([second.counters.advertisementsSent, second.counters.gratuitousArpsSent], [1, 5]);
  assert.equal(second.rejected.checksum, 1);
  assert.equal(second.rejected.ttl, 0);

  writer.raise("authentication", 1_000);
  writer.raise("one-way", 1_030);
  const alarms = (now: number) => new InstanceCounters(shared, 1).status("VI_2", now).alarms;
  const names = (now: number) => alarms(now).map(({ alarm }) => alarm);
  assert.deepEqual(names(1_060), ["authentication", "one-way"]);
  assert.deepEqual(names(1_061), ["one-way"], "what was not seen for a minute is over");

  writer.raise("one-way", 1_080);
  assert.deepEqual(alarms(1_085), [{ alarm: "one-way", since: 55, times: 2 }]);
  writer.raise("one-way", 1_141);
  assert.deepEqual(
    alarms(1_150),
    [{ alarm: "one-way", since: 9, times: 1 }],
    "after more than a minute it is a new one",
  );

  const first = new InstanceCounters(shared, 0).status("VI_1");
  assert.deepEqual(
    [first.state, first.priority, first.lastHeard, first.counters.advertisementsSent],
    ["STOP", 0, undefined, 0],
  );
});
