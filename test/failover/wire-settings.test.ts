import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSeconds } from "../../src/config/units.js";
import { advertisementSettings, instanceSettings, unsupported } from "../../src/failover/wire-settings.js";
import { unicastTo } from "../config/keepalived/support.js";
import { ipv4, vrrpInstance } from "./support.js";

test("an advertisement carries the addresses in their order, without the excluded ones", () => {
  const [excluded] = vrrpInstance({ addresses: [{ address: "10.0.0.9" }] }).addresses;
  const own = vrrpInstance({
    addresses: [{ address: "10.0.0.2" }, { address: "10.0.0.1" }],
    excludedAddresses: [excluded!],
    advertInterval: fromSeconds(3),
  });
  const settings = advertisementSettings(own);
  assert.deepEqual(settings.addresses, [ipv4("10.0.0.2"), ipv4("10.0.0.1")]);
  assert.equal(settings.advertInterval, 3);
  assert.equal(settings.unicast, false);
  assert.equal(advertisementSettings(vrrpInstance({ transport: unicastTo("10.0.0.3") })).unicast, true);
});

test("state MASTER cancels nopreempt, as keepalived has it, and keeps preempt_delay", () => {
  const written = { preempt: false, preemptDelay: fromSeconds(30) };
  assert.equal(instanceSettings(vrrpInstance({ ...written, state: "MASTER" })).preempt, true);
  assert.equal(instanceSettings(vrrpInstance({ ...written, state: "MASTER" })).preemptDelay, 30_000_000);
  assert.equal(instanceSettings(vrrpInstance({ ...written, state: "BACKUP" })).preempt, false);
  assert.equal(instanceSettings(vrrpInstance({ ...written, priority: 255 })).preempt, true);
});

test("what cannot be run yet is named", () => {
  assert.deepEqual(unsupported(vrrpInstance({})), []);
  assert.deepEqual(unsupported(vrrpInstance({ version: 3, addresses: [{ address: "2001:db8::1" }] })), [
    "(VI_1) VRRP version 3 is not supported yet",
    "(VI_1) 2001:db8::1: only IPv4 is supported yet",
  ]);
});
