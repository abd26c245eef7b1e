import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isAsWanted, noProxy, type ProxyHealth } from "../../src/failover/track/proxy-health.js";
import {
  type Assessment,
  assess,
  countScriptResult,
  initialScriptState,
  type ScriptState,
  type TrackedWorld,
} from "../../src/failover/tracking.js";
import { span, vrrpInstance } from "./support.js";

const script = { rise: 2, fall: 3, initFail: false };

/** What a script counts as after each of these results. */
function history(results: string, own = script): string {
  let state: ScriptState = initialScriptState(own);
  return [...results]
    .map((result) => {
      state = countScriptResult(state, result === "+", own);
      return state.kind === "up" ? "+" : "-";
    })
    .join("");
}

test("the first result decides alone, whatever rise and fall say", () => {
  assert.equal(history("+"), "+");
  assert.equal(history("-"), "-");
});

test("fall failures in a row make a script down, fewer do not", () => {
  assert.equal(history("+---"), "+++-");
  assert.equal(history("+--+--+"), "+++++++");
});

test("rise successes in a row make it up, fewer do not", () => {
  assert.equal(history("-++"), "--+");
  assert.equal(history("-+-+-"), "-----");
});

test("one that a reload has added: the first result decides alone too", () =>
  assert.deepEqual(countScriptResult({ kind: "added" }, false, script), { kind: "down", successes: 0 }));

test("with init_fail it begins as failed and needs rise successes", () =>
  assert.equal(history("++", { ...script, initFail: true }), "-+"));

interface Host {
  scripts?: Record<string, ScriptState["kind"]>;
  links?: Record<string, "down" | "missing">;
  sourcePresent?: boolean;
  files?: Record<string, number>;
  processes?: readonly string[];
  proxy?: ProxyHealth;
}

function world({
  scripts = {},
  links = {},
  sourcePresent = true,
  files = {},
  processes = [],
  proxy = noProxy,
}: Host): TrackedWorld {
  return {
    file: (name) => files[name] ?? 0,
    process: (name) => processes.includes(name),
    proxy: (tracked) => isAsWanted(proxy, tracked),
    script: (name) => scripts[name],
    link: (name) => links[name] ?? "up",
    sourcePresent,
  };
}

/** The effective priority, and F for each fault reason: "100", "100 F". */
const brief = ({ priority, faults }: Assessment): string =>
  `${priority}${faults.length > 0 ? ` ${faults.map((fault) => fault.kind).join(" ")}` : ""}`;

const withScript = (weight: number, priority = 100, reverse = false) =>
  vrrpInstance({ priority, track: { scripts: [{ script: "chk", weight, reverse }] } });

for (const [weight, state, expected] of [
  [0, "up", "100"],
  [0, "down", "100 script-failed"],
  [0, "pending", "100 script-pending"],
  [0, "added", "100"],
  [2, "up", "102"],
  [2, "down", "100"],
  [2, "pending", "100"],
  [2, "added", "100"],
  [-30, "up", "100"],
  [-30, "down", "70"],
  [-30, "pending", "100"],
] as const)
  test(`a script of weight ${weight} that is ${state} makes of priority 100: ${expected}`, () =>
    assert.equal(brief(assess(withScript(weight), world({ scripts: { chk: state } }))), expected));

for (const [weight, state, expected] of [
  [0, "up", "100 script-failed"],
  [0, "down", "100"],
  [2, "up", "98"],
  [2, "down", "100"],
  [-30, "up", "100"],
  [-30, "down", "130"],
] as const)
  test(`with reverse a script of weight ${weight} that is ${state} makes of priority 100: ${expected}`, () =>
    assert.equal(brief(assess(withScript(weight, 100, true), world({ scripts: { chk: state } }))), expected));

for (const [weight, reverse, value, expected] of [
  [1, false, -20, "80"],
  [2, false, 10, "120"],
  [1, true, 30, "70"],
  [1, false, -254, "100 file"],
  [2, false, -200, "100 file"],
  [0, false, 0, "100"],
  [0, false, 7, "100 file"],
  [0, true, 0, "100 file"],
] as const)
  test(`a file of weight ${weight}${reverse ? " reverse" : ""} that says ${value} makes of priority 100: ${expected}`, () => {
    const own = vrrpInstance({ priority: 100, track: { files: [{ file: "f", weight, reverse }] } });
    assert.equal(brief(assess(own, world({ files: { f: value } }))), expected);
  });

test("a process whose quorum is lost counts like a script that fails", () => {
  const own = (weight: number) => vrrpInstance({ track: { processes: [{ process: "p", weight, reverse: false }] } });
  assert.equal(brief(assess(own(0), world({}))), "100 process");
  assert.equal(brief(assess(own(0), world({ processes: ["p"] }))), "100");
  assert.equal(brief(assess(own(-30), world({}))), "70");
});

test("track_proxy: the proxy lives, the frontends are bound, and enough servers are up", () => {
  const proxy = { weight: 0, reverse: false, frontends: ["web"], minimumUp: [{ backend: "be", servers: 2 }], span };
  const own = vrrpInstance({ track: { proxy } });
  const good: ProxyHealth = { alive: true, frontends: ["web"], serversUp: { be: 2 } };
  assert.equal(brief(assess(own, world({ proxy: good }))), "100");
  for (const bad of [{ alive: false }, { frontends: [] }, { serversUp: { be: 1 } }, { serversUp: {} }])
    assert.equal(brief(assess(own, world({ proxy: { ...good, ...bad } }))), "100 proxy");
});

test("the own interface, those of the addresses and tracked ones of weight 0 must be up", () => {
  const own = vrrpInstance({
    interface: "eth0",
    addresses: [{ address: "10.0.0.1", device: "eth1" }],
    track: {
      interfaces: [
        { interface: "eth2", weight: 0, reverse: false },
        { interface: "eth3", weight: 20, reverse: false },
      ],
    },
  });
  assert.equal(brief(assess(own, world({}))), "120");
  assert.equal(brief(assess(own, world({ links: { eth0: "down" } }))), "120 interface-down");
  assert.equal(
    brief(assess(own, world({ links: { eth1: "down", eth2: "missing" } }))),
    "120 interface-down interface-missing",
  );
  assert.equal(brief(assess(own, world({ links: { eth3: "down" } }))), "100");
});

test("a weight on the own interface counts for nothing, since that is watched anyway", () =>
  assert.equal(
    brief(
      assess(vrrpInstance({ track: { interfaces: [{ interface: "eth0", weight: 20, reverse: false }] } }), world({})),
    ),
    "100",
  ));

test("a disabled script counts for nothing", () => assert.equal(brief(assess(withScript(0), world({}))), "100"));

test("a missing source address is a fault", () =>
  assert.equal(brief(assess(vrrpInstance({}), world({ sourcePresent: false }))), "100 source-missing"));

test("an effective priority stays within 1–254, and 255 never changes", () => {
  assert.equal(brief(assess(withScript(253, 200), world({ scripts: { chk: "up" } }))), "254");
  assert.equal(brief(assess(withScript(-253), world({ scripts: { chk: "down" } }))), "1");
  assert.equal(brief(assess(withScript(-253, 255), world({ scripts: { chk: "down" } }))), "255");
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 254 }),
      fc.array(fc.integer({ min: -253, max: 253 })),
      (priority, weights) => {
        const scripts = weights.map((weight) => ({ script: "chk", weight, reverse: false }));
        const got = assess(vrrpInstance({ priority, track: { scripts } }), world({ scripts: { chk: "up" } })).priority;
        assert.ok(got >= 1 && got <= 254);
      },
    ),
  );
});
