import assert from "node:assert/strict";
import { test } from "node:test";
import { describeErrors, parseLoad } from "../../bench/wrk.js";

const errors = { connect: 0, read: 0, write: 0, timeout: 0, status: 0 };

test("the result line is found among what wrk prints for people", () => {
  const load = { requests: 154_690, duration: 5_020_000, p50: 1_080, p99: 30_140, errors };
  const output = `Running 5s test @ http://127.0.0.1:8081/\n  1 threads\nRESULT ${JSON.stringify(load)}\n`;
  assert.deepEqual(parseLoad(output), load);
  assert.throws(() => parseLoad("Running 5s test\n"), /gave no result/);
});

test("any error makes a run invalid, and so does no request at all", () => {
  const load = { requests: 1, duration: 1, p50: 1, p99: 1, errors };
  assert.equal(describeErrors(load), undefined);
  for (const kind of ["connect", "read", "write", "timeout", "status"] as const)
    assert.equal(describeErrors({ ...load, errors: { ...errors, [kind]: 2 } }), `2 ${kind} errors`);
  assert.equal(describeErrors({ ...load, requests: 0 }), "no request");
});
