/** `interface_up_down_delays`: what bounces counts as what it was (keepalived.conf(5)). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSeconds, microseconds } from "../../src/config/units.js";
import { LinkDelays } from "../../src/failover/link-delays.js";
import { NEVER } from "../../src/failover/timers.js";
import type { Link } from "../../src/sys/netlink.js";

type Condition = "up" | "down" | "missing";

class Host {
  seen: Condition = "up";
  #now = 0;
  readonly links = new LinkDelays([{ interface: "eth0", down: fromSeconds(1), up: fromSeconds(2) }], {
    condition: () => this.seen,
    link: (name) => ({ name, ...(name === "vrrp.51" ? { kind: "macvlan", parent: 2 } : {}) }) as Link,
    linkByIndex: () => ({ name: "eth0" }) as Link,
  });

  at(seconds: number, seen = this.seen): Condition {
    this.#now = seconds * 1_000_000;
    const isNews = seen !== this.seen || seconds === 0;
    this.seen = seen;
    if (isNews) this.links.observe(microseconds(this.#now));
    else this.links.timer(microseconds(this.#now));
    return this.links.condition("eth0");
  }
}

test("down counts after the first delay, up after the second", () => {
  const host = new Host();
  assert.equal(host.at(0), "up");
  assert.equal(host.at(10, "down"), "up");
  assert.equal(host.links.deadline, 11_000_000);
  assert.equal(host.at(10.999), "up");
  assert.equal(host.at(11), "down");
  assert.equal(host.at(12, "up"), "down");
  assert.equal(host.at(13.999), "down");
  assert.equal(host.at(14), "up");
  assert.equal(host.links.deadline, NEVER);
});

test("what returns in time has not been away", () => {
  const host = new Host();
  host.at(0);
  host.at(1, "down");
  host.at(1.9, "up");
  assert.equal(host.links.deadline, NEVER);
  assert.equal(host.at(1.95, "down"), "up");
  assert.equal(host.links.deadline, 2_950_000);
});

test("an interface that is deleted is missed at once, and one that appears counts at once", () => {
  const host = new Host();
  host.at(0);
  assert.equal(host.at(1, "missing"), "missing");
  assert.equal(host.at(2, "up"), "up");
});

test("other interfaces have no delay, and virtual ones that of the interface below", () => {
  const host = new Host();
  host.at(0);
  host.at(1, "down");
  assert.equal(host.links.condition("eth1"), "down");
  assert.equal(host.links.condition("vrrp.51"), "up");
});
