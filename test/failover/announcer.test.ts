/** The spacing of announcements, on a clock that stands still until it is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnnouncementSpacing } from "../../src/config/keepalived/model.js";
import { fromSeconds, microseconds } from "../../src/config/units.js";
import type { HeldAddress } from "../../src/failover/addresses.js";
import { Announcer, type Announcing } from "../../src/failover/announcer.js";
import { InstanceCounters, shareCounters } from "../../src/failover/counters.js";
import { HostNetwork } from "../../src/failover/network.js";
import { NEVER } from "../../src/failover/timers.js";
import { vrrpInstance } from "./support.js";

const SECOND = fromSeconds(1);
const none = fromSeconds(0);

const held = (address: string, device = "eth0"): HeldAddress => ({
  ...vrrpInstance({}).addresses[0]!,
  address,
  family: address.includes(":") ? 6 : 4,
  device,
});

const owner = (): Announcing => ({ counters: new InstanceCounters(shareCounters(1), 0) });

/** Runs announcements to their end; each is told with its second. */
class Recording {
  readonly sent: string[] = [];
  readonly announcer: Announcer;
  now = microseconds(0);

  constructor(announcementSpacing: readonly AnnouncementSpacing[], garpInterval = none, gnaInterval = none) {
    const spacing = { announcementSpacing, global: { announcementSpacing: { garpInterval, gnaInterval } } };
    this.announcer = new Announcer(spacing, new HostNetwork(), ({ address }) =>
      this.sent.push(`${this.now / SECOND} ${address}`),
    );
  }

  announce(by: Announcing, addresses: readonly HeldAddress[], repeat: number): this {
    this.announcer.announce(by, addresses, repeat, this.now);
    return this;
  }

  finish(): string[] {
    for (let at = this.announcer.deadline; at !== NEVER; at = this.announcer.deadline) {
      this.now = at;
      this.announcer.timer(at);
    }
    return this.sent.splice(0);
  }
}

test("without a spacing everything is sent at once, one round of all addresses after the other", () => {
  const recording = new Recording([]).announce(owner(), [held("192.0.2.1"), held("192.0.2.2")], 2);
  assert.equal(recording.announcer.deadline, NEVER);
  assert.deepEqual(recording.finish(), ["0 192.0.2.1", "0 192.0.2.2", "0 192.0.2.1", "0 192.0.2.2"]);
});

test("vrrp_garp_interval lies between two on one interface; other interfaces do not wait for it", () => {
  const recording = new Recording([], SECOND);
  recording.announce(owner(), [held("192.0.2.1"), held("192.0.2.2"), held("203.0.113.1", "eth1")], 1);
  assert.deepEqual(recording.finish(), ["0 192.0.2.1", "0 203.0.113.1", "1 192.0.2.2"]);
  // The next one comes too soon after the last.
  recording.announce(owner(), [held("192.0.2.3")], 1);
  assert.deepEqual(recording.finish(), ["2 192.0.2.3"]);
});

test("vrrp_gna_interval is IPv6's own", () => {
  const recording = new Recording([], none, SECOND);
  recording.announce(owner(), [held("2001:db8::1"), held("2001:db8::2"), held("192.0.2.1"), held("192.0.2.2")], 1);
  assert.deepEqual(recording.finish().toSorted(), ["0 192.0.2.1", "0 192.0.2.2", "0 2001:db8::1", "1 2001:db8::2"]);
});

test("the interfaces of a garp_group wait for each other", () => {
  const group = { interfaces: ["eth0", "eth1"], garpInterval: SECOND, gnaInterval: none };
  const addresses = [held("192.0.2.1"), held("203.0.113.1", "eth1"), held("198.51.100.1", "eth2")];
  assert.deepEqual(new Recording([group]).announce(owner(), addresses, 1).finish(), [
    "0 198.51.100.1",
    "0 192.0.2.1",
    "1 203.0.113.1",
  ]);
});

test("every address is announced once before any is announced again, whichever instance came first", () => {
  const recording = new Recording([], SECOND);
  recording.announce(owner(), [held("192.0.2.1")], 3).announce(owner(), [held("192.0.2.2")], 2);
  assert.deepEqual(recording.finish(), ["0 192.0.2.1", "1 192.0.2.2", "2 192.0.2.1", "3 192.0.2.2", "4 192.0.2.1"]);
});

test("bursts that follow each other faster than they can be sent do not pile up", () => {
  const recording = new Recording([], SECOND);
  const by = owner();
  for (let burst = 0; burst < 100; burst++) recording.announce(by, [held("192.0.2.1")], 2);
  assert.ok(recording.finish().length <= 4);
});

test("an instance that lets go of its addresses announces none of those that wait", () => {
  const recording = new Recording([], SECOND);
  const [first, second] = [owner(), owner()];
  recording.announce(first, [held("192.0.2.1")], 5).announce(second, [held("192.0.2.2")], 1);
  recording.announcer.drop(first);
  assert.deepEqual(recording.finish(), ["0 192.0.2.1", "1 192.0.2.2"]);
});
