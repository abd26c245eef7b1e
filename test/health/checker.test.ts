import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { milliseconds } from "../../src/config/units.js";
import type { CheckResult } from "../../src/health/check-result.js";
import type { CheckTarget } from "../../src/health/check-target.js";
import { HealthChecker, type HealthHooks } from "../../src/health/checker.js";
import { type Probe, tcpCheck } from "../../src/health/tcp-check.js";
import { eventually } from "../support/eventually.js";

const passed: CheckResult = { status: "L4OK", info: "", duration: milliseconds(1) };
const refused: CheckResult = { status: "L4CON", info: "Connection refused", duration: milliseconds(0) };

function target(name: string, port: number, overrides: Partial<CheckTarget> = {}): CheckTarget {
  const interval = milliseconds(2_000);
  const check = {
    address: "127.0.0.1",
    family: 4 as const,
    port,
    sendProxy: undefined,
    tls: undefined,
    interval,
    fastInterval: interval,
    downInterval: interval,
    rise: 2,
    fall: 3,
  };
  return {
    backend: "be",
    backendIndex: 0,
    name,
    backup: false,
    disabled: false,
    weight: 1,
    check,
    connectBudget: milliseconds(2_000),
    ...overrides,
  };
}

/** Servers that answer as they are told, on a clock that only `tick` moves. */
function bench(t: TestContext, targets: readonly CheckTarget[]) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const down = new Set<number>();
  const probed: [port: number, at: number][] = [];
  const lines: string[] = [];
  const changes: string[] = [];
  const probe: Probe = ({ port }, _budget, done) => {
    probed.push([port, Date.now()]);
    const timer = setTimeout(() => done(down.has(port) ? refused : passed), 1);
    return () => clearTimeout(timer);
  };
  const hooks: HealthHooks = {
    onChange: (index, isUp) => changes.push(`${index} ${isUp}`),
    log: (level, line) => lines.push(`${level}: ${line}`),
    sessions: () => 7,
  };
  const checker = new HealthChecker(targets, hooks, { probe, now: () => milliseconds(Date.now()) });
  const tick = (total: number): void => {
    for (let elapsed = 0; elapsed < total; elapsed++) t.mock.timers.tick(1);
  };
  return { checker, down, probed, lines, changes, tick };
}

test("the first check runs at once, the others spread over the interval", (t) => {
  const { checker, probed, tick } = bench(
    t,
    [1, 2, 3, 4].map((port) => target(`s${port}`, port)),
  );
  checker.start();
  tick(1_999);
  // A mocked timer of nothing fires after 1 ms, as Node's does.
  assert.deepEqual(probed, [
    [1, 1],
    [2, 500],
    [3, 1_000],
    [4, 1_500],
  ]);
});

test("a server is checked again one interval after its check ended", (t) => {
  const { checker, probed, tick } = bench(t, [target("s1", 1)]);
  checker.start();
  tick(4_100);
  assert.deepEqual(
    probed.map(([, at]) => at),
    [1, 2_002, 4_003],
  );
});

test("changes are announced and logged in HAProxy's words", (t) => {
  const { checker, down, lines, changes, tick } = bench(t, [
    target("s1", 1),
    target("s2", 2, { backup: true }),
    target("s3", 3, { disabled: true }),
  ]);
  down.add(1);
  checker.start();
  tick(10);
  assert.deepEqual(changes, ["0 false"]);
  assert.deepEqual(lines.splice(0), [
    'alert: Server be/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. ' +
      "0 active and 1 backup servers left. Running on backup. 7 sessions active, 0 requeued, 0 remaining in queue.",
  ]);

  down.add(2);
  tick(2_000);
  assert.deepEqual(changes, ["0 false", "1 false"]);
  assert.deepEqual(lines.splice(0), [
    'alert: Server be/s2 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. ' +
      "0 active and 0 backup servers left. 7 sessions active, 0 requeued, 0 remaining in queue.",
    "emerg: backend be has no server available!",
  ]);
  assert.deepEqual(
    { isUp: checker.reportBackend(0).isUp, downs: checker.reportBackend(0).downTransitions },
    { isUp: false, downs: 1 },
  );

  down.delete(1);
  tick(5_000);
  assert.deepEqual(lines, [
    "notice: Server be/s1 is UP, reason: Layer4 check passed, check duration: 1ms. " +
      "1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.",
  ]);
  assert.equal(checker.reportBackend(0).isUp, true);
});

test("a report says what was found, and for how long it has been so", (t) => {
  const { checker, down, tick } = bench(t, [target("s1", 1)]);
  down.add(1);
  checker.start();
  tick(1_002);
  assert.deepEqual(checker.report(0), {
    kind: "checked",
    status: "DOWN",
    isUp: false,
    changedFor: 1_000,
    check: {
      result: refused,
      inProgress: false,
      health: 0,
      rise: 2,
      fall: 3,
      failed: 1,
      downTransitions: 1,
      downtime: 1_000,
    },
  });
});

test("a server without checks is never probed, nor is a disabled one", (t) => {
  const { checker, probed, tick } = bench(t, [
    target("s1", 1, { check: undefined }),
    target("s2", 2, { disabled: true }),
  ]);
  checker.start();
  tick(5_000);
  assert.deepEqual(probed, []);
  assert.equal(checker.report(0).status, "no check");
  assert.equal(checker.report(1).status, "MAINT");
});

test("nothing happens after stop, even for a check under way", (t) => {
  const { checker, probed, changes, down, tick } = bench(t, [target("s1", 1)]);
  down.add(1);
  checker.start();
  tick(1);
  assert.equal(probed.length, 1);
  checker.stop();
  tick(10_000);
  assert.equal(probed.length, 1);
  assert.deepEqual(changes, []);
});

test("a real server that dies is found down, and up again when it returns", async (t) => {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  const listenOn = (port: number): Promise<void> => new Promise((done) => server.listen(port, "127.0.0.1", done));
  await listenOn(0);
  const { port } = server.address() as AddressInfo;
  const lines: string[] = [];
  const interval = milliseconds(30);
  const check = {
    address: "127.0.0.1",
    family: 4 as const,
    port,
    sendProxy: undefined,
    tls: undefined,
    interval,
    fastInterval: interval,
    downInterval: interval,
    rise: 2,
    fall: 2,
  };
  const checker = new HealthChecker(
    [target("s1", port, { check, connectBudget: milliseconds(500) })],
    {
      onChange: () => {},
      log: (_level, line) => lines.push(line),
      sessions: () => 0,
    },
    { probe: tcpCheck(() => new Uint8Array()), now: () => milliseconds(performance.now()) },
  );
  t.after(() => {
    checker.stop();
    server.close();
  });
  checker.start();
  await eventually(() => checker.report(0).status, "UP");
  await new Promise((closed) => server.close(closed));
  await eventually(() => checker.report(0).status, "DOWN");
  await listenOn(port);
  await eventually(() => checker.report(0).status, "UP");
  assert.match(
    lines[0]!,
    /^Server be\/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check/,
  );
  assert.equal(lines[1], "backend be has no server available!");
  assert.match(lines[2]!, /^Server be\/s1 is UP, reason: Layer4 check passed, check duration: \d+ms\. 1 active and 0/);
});
