import assert from "node:assert/strict";
import { test } from "node:test";
import { describeErrors, parseH2load, parseResult } from "../../bench/load.js";

const errors = { connect: 0, read: 0, write: 0, timeout: 0, status: 0 };

test("the result line is found among what wrk prints for people", () => {
  const load = { requests: 154_690, duration: 5_020_000, p50: 1_080, p99: 30_140, p999: 31_000, errors };
  const output = `Running 5s test @ http://127.0.0.1:8081/\n  1 threads\nRESULT ${JSON.stringify(load)}\n`;
  assert.deepEqual(parseResult(output), load);
  assert.throws(() => parseResult("Running 5s test\n"), /gave no result/);
});

test("h2load's report is read in its own units", () => {
  const report = (time: string): string =>
    `progress: 100% of clients started\n\nfinished in ${time}, 34651.00 req/s, 2.68MB/s\n` +
    "requests: 34651 total, 34779 started, 34651 done, 34640 succeeded, 11 failed, 2 errored, 1 timeout\n" +
    "status codes: 34640 2xx, 0 3xx, 0 4xx, 11 5xx\n";
  const h2Errors = { failed: 11, errored: 2, timeout: 1 };
  assert.deepEqual(parseH2load(report("1.50s")), { requests: 34_640, duration: 1_500_000, errors: h2Errors });
  assert.equal(parseH2load(report("250.25ms")).duration, 250_250);
  assert.throws(() => parseH2load("h2load: no such host\n"), /gave no result/);
});

test("any error makes a run invalid, and so does no request at all", () => {
  const load = { requests: 1, duration: 1, p50: 1, p99: 1, errors };
  assert.equal(describeErrors(load), undefined);
  for (const kind of ["connect", "read", "write", "timeout", "status"] as const)
    assert.equal(describeErrors({ ...load, errors: { ...errors, [kind]: 2 } }), `2 ${kind} errors`);
  assert.equal(describeErrors({ ...load, requests: 0 }), "no request");
});
