import assert from "node:assert/strict";
import { test } from "node:test";
import { connectionLimit, fullConnections } from "../../../src/proxy/queue/limits.js";
import { readConfiguration } from "../../support/proxy.js";

// By the example of the manual, `fullconn`: minconn 100, maxconn 1000 and fullconn 10000, so that the limit is a tenth
// of the backend's sessions, but at least 100.
for (const [load, limit] of [
  [0, 100],
  [1_000, 100],
  [1_001, 100],
  [2_000, 200],
  [5_555, 555],
  [9_999, 999],
  [10_000, 1_000],
  [20_000, 1_000],
] as const)
  test(`with ${load} sessions in its backend a server of minconn 100 and maxconn 1000 gets ${limit} at a time`, () =>
    assert.equal(
      connectionLimit({ backup: false, minConnections: 100, maxConnections: 1_000, maxQueue: 0 }, load, 10_000),
      limit,
    ));

const server = (options: string): { maxConnections: number; minConnections: number; maxQueue: number } => {
  const { maxConnections, minConnections, maxQueue } = readConfiguration(
    `backend b\n default-server ${options}\n server s 127.0.0.1:1`,
  ).backends[0]!.servers[0]!;
  return { maxConnections, minConnections, maxQueue };
};

test("maxconn alone is a fixed limit, minconn alone too", () => {
  assert.deepEqual(server("maxconn 7"), { maxConnections: 7, minConnections: 7, maxQueue: 0 });
  assert.deepEqual(server("minconn 7"), { maxConnections: 7, minConnections: 7, maxQueue: 0 });
  assert.deepEqual(server("minconn 9 maxconn 7 maxqueue 2"), { maxConnections: 9, minConnections: 9, maxQueue: 2 });
  assert.deepEqual(server("minconn 2 maxconn 7"), { maxConnections: 7, minConnections: 2, maxQueue: 0 });
});

test("fullconn is a tenth of what the frontends of a backend may take, rounded up, unless it is set", () => {
  const text = (full: string): string => `
frontend one
  maxconn 95
  default_backend b
frontend two
  maxconn 50
  default_backend c
  use_backend b if TRUE
frontend other
  default_backend c
backend b
  ${full}
backend c
`;
  assert.equal(fullConnections(readConfiguration(text("")), 0, 1_000), 15);
  assert.equal(fullConnections(readConfiguration(text("fullconn 3")), 0, 1_000), 3);
  assert.equal(fullConnections(readConfiguration(text("")), 1, 1_000), 105);
  // The process takes less than the two together.
  assert.equal(fullConnections(readConfiguration(text("")), 0, 60), 11);
});
