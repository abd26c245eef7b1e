/** The audit of a soak can fail: each counter that is off breaks a rule. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "./audit.js";
import { OriginCounts } from "./origin.js";
import type { StatRow } from "./proxy-process.js";
import { Tally } from "./tally.js";
import type { Tallies } from "./visits.js";

const http = { hrsp_1xx: "0", hrsp_2xx: "3", hrsp_3xx: "0", hrsp_4xx: "1", hrsp_5xx: "0", scur: "0" };
const ROWS: readonly StatRow[] = [
  { pxname: "web", svname: "FRONTEND", conn_tot: "2", req_tot: "4", ...http },
  { pxname: "secure", svname: "FRONTEND", conn_tot: "0", req_tot: "0", ...http, hrsp_2xx: "0", hrsp_4xx: "0" },
  { pxname: "echo", svname: "FRONTEND", conn_tot: "5", scur: "0" },
  { pxname: "origins", svname: "s1", ...http },
];

function counted(): { tallies: Tallies; origin: OriginCounts } {
  const tallies = { http: new Tally(), tls: new Tally(), tcp: new Tally() };
  Object.assign(tallies.http, { connections: 2, requests: 4, responses: [0, 0, 3, 0, 1, 0] });
  tallies.tcp.connections = 5;
  return { tallies, origin: Object.assign(new OriginCounts(), { heads: 3 }) };
}

const broken = (rows: readonly StatRow[], { tallies, origin } = counted()): string[] =>
  audit(rows, tallies, origin)
    .filter(({ holds }) => !holds)
    .map(({ rule }) => rule);

test("what agrees breaks no rule", () => assert.deepEqual(broken(ROWS), []));

for (const [row, column, rule] of [
  [0, "req_tot", "web: requests"],
  [0, "conn_tot", "web: connections"],
  [0, "hrsp_5xx", "web: 5xx"],
  [1, "hrsp_3xx", "secure: 3xx"],
  [2, "conn_tot", "echo: connections"],
  [2, "scur", "nothing is left open"],
] as const)
  test(`${column} that is off breaks "${rule}"`, () => {
    const rows = ROWS.map((one, index) =>
      index === row ? { ...one, [column]: String(Number(one[column]) + 1) } : one,
    );
    assert.deepEqual(broken(rows), [rule]);
  });

test("a response that a server gave and the proxy did not take breaks a rule, unless the server was killed", () => {
  const one = counted();
  one.origin.heads++;
  assert.equal(broken(ROWS, one).length, 1);
  one.origin.killed++;
  assert.deepEqual(broken(ROWS, one), []);
});
