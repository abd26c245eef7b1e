/** What `bascule simulate` knows of `heartbeat_path`: two holders are prevented where it passes, and only there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import { readKeepalived } from "../../../src/config/keepalived/read.js";
import { findContradictions, type NamedConfiguration } from "../../../src/failover/simulation/contradictions.js";
import { playScenarios } from "../../../src/failover/simulation/scenarios.js";

interface Path {
  readonly device?: string;
  readonly port?: number;
  readonly key?: string;
  readonly protocol?: string;
}

const NONE = "none";

function box(index: 1 | 2, priority: number, path: Path | typeof NONE): NamedConfiguration {
  const {
    device = "eth1",
    port = 1112,
    key = "correct horse battery staple",
    protocol = "udp",
  } = path === NONE ? {} : path;
  const heartbeat = `heartbeat_path back {
    interface ${device}
    protocol ${protocol}
    port ${port}
    peer {
      10.9.0.${3 - index}
    }
    key "${key}"
  }`;
  const text = `${path === NONE ? "" : heartbeat}
  vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    priority ${priority}
    virtual_ipaddress {
      192.0.2.100
    }
  }`;
  const diagnostics = new Diagnostics();
  const configuration = readKeepalived([{ path: `lb${index}.conf`, text }], diagnostics);
  assert.equal(diagnostics.hasErrors, false, JSON.stringify(diagnostics.all.map(({ message }) => message)));
  return { name: `lb${index}`, configuration };
}

const holdersOf = (boxes: readonly NamedConfiguration[], event: string): readonly string[] =>
  playScenarios(boxes).find((scenario) => scenario.event === event)!.holdings[0]!.holders;

const CUT = "the boxes do not hear each other";

test("where heartbeats pass, one box alone holds the address though no advertisement arrives", () => {
  for (const protocol of ["udp", "tcp"])
    assert.deepEqual(holdersOf([box(1, 150, { protocol }), box(2, 100, { protocol })], CUT), ["lb1"]);
});

test("a master that dies without a word is waited for no longer than without heartbeats", () => {
  const after = (path: Path | typeof NONE): number | undefined =>
    playScenarios([box(1, 150, path), box(2, 100, path)]).find(({ event }) => event === "lb1 dies")!.holdings[0]!.after;
  assert.equal(after({}), after(NONE));
});

for (const [what, first, second] of [
  ["on the interface of the advertisements", { device: "eth0" }, { device: "eth0" }],
  ["with another key", {}, { key: "another horse battery staple" }],
  ["at another port", {}, { port: 1113 }],
  ["over TCP here and UDP there", {}, { protocol: "tcp" }],
  ["on one box only", {}, NONE],
] as const)
  test(`a path ${what} prevents nothing`, () => {
    assert.deepEqual(holdersOf([box(1, 150, first), box(2, 100, second)], CUT), ["lb1", "lb2"]);
  });

test("paths that do not fit are told of, from whichever box they are seen", () => {
  const codes = (second: Path | typeof NONE): string[] => {
    const diagnostics = new Diagnostics();
    findContradictions([box(1, 150, {}), box(2, 100, second)], diagnostics);
    return diagnostics.all.map(({ code }) => code);
  };
  assert.deepEqual(codes({}), []);
  for (const second of [{ key: "another horse battery staple" }, { port: 1113 }, { protocol: "tcp" }])
    assert.deepEqual(codes(second), ["heartbeat-mismatch", "heartbeat-mismatch"]);
  assert.deepEqual(codes(NONE), ["heartbeat-mismatch"]);
});
