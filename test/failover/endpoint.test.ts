import assert from "node:assert/strict";
import { test } from "node:test";
import { firstSerial } from "../../src/failover/endpoint.js";

test("after a restart the sequence number is above that of a run that advertised each second, and fits in 32 bits", () => {
  const [started, restarted] = ["2026-03-01T00:00:00Z", "2027-03-01T00:00:00Z"].map((text) => Date.parse(text)) as [
    number,
    number,
  ];
  const advertisements = (restarted - started) / 1000;
  assert.ok(firstSerial(restarted) > firstSerial(started) + 1.9 * advertisements);
  assert.ok(firstSerial(Date.parse("2087-12-31T00:00:00Z")) < 2 ** 32);
});
