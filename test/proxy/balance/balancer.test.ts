import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createBalancer } from "../../../src/proxy/balance/balancer.js";
import type { ServerRuntime } from "../../../src/proxy/runtime.js";
import { Gauge, SharedState } from "../../../src/proxy/shared-state.js";
import { readConfiguration } from "../../support/proxy.js";

/** A backend whose servers are up; `lines` stand for `server` lines behind name and address. */
class Bench {
  readonly state: SharedState;
  readonly servers: readonly ServerRuntime[];
  readonly #backend;

  constructor(
    balance: "roundrobin" | "leastconn",
    lines: readonly string[],
    readonly workers = 1,
  ) {
    const servers = lines.map((line, index) => `server s${index} 127.0.0.1:${1000 + index} ${line}`);
    const { backends } = readConfiguration(`backend b\n mode tcp\n balance ${balance}\n ${servers.join("\n ")}\n`);
    this.#backend = backends[0]!;
    this.state = SharedState.create({ workers, frontends: 0, backends: 1, servers: lines.length });
    // A balancer looks at nothing else of a server.
    this.servers = this.#backend.servers.map(
      (settings, index) => ({ settings, entity: this.state.server(index) }) as ServerRuntime,
    );
    for (const { entity, settings } of this.servers) {
      this.state.setGauge(entity, Gauge.usable, settings.disabled ? 0 : 1);
      this.state.setGauge(entity, Gauge.weight, settings.weight);
    }
  }

  /** As one worker has it. */
  balancer(): ReturnType<typeof createBalancer> {
    return createBalancer(this.#backend, this.state.backend(0), this.servers, this.state, undefined);
  }

  setUsable(index: number, isUsable: boolean): void {
    this.state.setGauge(this.servers[index]!.entity, Gauge.usable, isUsable ? 1 : 0);
    this.state.addGauge(this.state.backend(0), Gauge.generation, 1);
  }
}

const names = (servers: readonly (ServerRuntime | undefined)[]): string =>
  servers.map((server) => server?.settings.name ?? "none").join(" ");

test("round robin takes turns in the order of the file, from the first", () => {
  const balancer = new Bench("roundrobin", ["", "", ""]).balancer();
  assert.equal(names(Array.from({ length: 7 }, () => balancer.choose(undefined))), "s0 s1 s2 s0 s1 s2 s0");
});

test("workers share the turns of round robin", () => {
  const bench = new Bench("roundrobin", ["", "", ""], 2);
  const workers = [bench.balancer(), bench.balancer()];
  const chosen = Array.from({ length: 6 }, (_, turn) => workers[turn % 2]!.choose(undefined));
  assert.equal(names(chosen), "s0 s1 s2 s0 s1 s2");
});

test("a server that goes down takes no turn from then on, in any worker, until it is up again", () => {
  const bench = new Bench("roundrobin", ["", ""], 2);
  const workers = [bench.balancer(), bench.balancer()];
  const turn = (): string => names(workers.flatMap((worker) => [worker.choose(undefined), worker.choose(undefined)]));
  turn();
  bench.setUsable(0, false);
  assert.equal(turn(), "s1 s1 s1 s1");
  bench.setUsable(0, true);
  assert.match(turn(), /s0/);
});

for (const balance of ["roundrobin", "leastconn"] as const) {
  test(`${balance}: backup servers take traffic only when no active one can, and then the first alone`, () => {
    const bench = new Bench(balance, ["", "backup", "backup"]);
    const balancer = bench.balancer();
    const four = (): string => names(Array.from({ length: 4 }, () => balancer.choose(undefined)));
    assert.equal(four(), "s0 s0 s0 s0");
    bench.setUsable(0, false);
    assert.equal(four(), "s1 s1 s1 s1");
    bench.setUsable(1, false);
    assert.equal(four(), "s2 s2 s2 s2");
    bench.setUsable(2, false);
    assert.equal(four(), "none none none none");
    bench.setUsable(0, true);
    assert.equal(four(), "s0 s0 s0 s0");
  });

  test(`${balance}: a server to avoid is chosen only when it is the last one`, () => {
    const bench = new Bench(balance, ["", "", "weight 0"]);
    const balancer = bench.balancer();
    for (let turn = 0; turn < 10; turn++)
      assert.equal(balancer.choose(bench.servers[turn % 2])?.settings.name, `s${1 - (turn % 2)}`);
    bench.setUsable(1, false);
    assert.equal(balancer.choose(bench.servers[0])?.settings.name, "s0");
  });

  test(`${balance}: a server of weight 0 takes no new traffic`, () => {
    const bench = new Bench(balance, ["weight 0", "weight 1"]);
    const balancer = bench.balancer();
    assert.equal(names(Array.from({ length: 4 }, () => balancer.choose(undefined))), "s1 s1 s1 s1");
    assert.equal(balancer.isUsable(bench.servers[0]!), true, "those who are bound to it may still come");
  });
}

test("leastconn always chooses the server with the fewest connections for its weight, whatever comes and goes", () =>
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.option(fc.nat(100)), { maxLength: 60 }),
      (weights, history) => {
        const bench = new Bench(
          "leastconn",
          weights.map((weight) => `weight ${weight}`),
          2,
        );
        const workers = [bench.balancer(), bench.balancer()];
        const open: ServerRuntime[] = [];
        const load = ({ entity, settings }: ServerRuntime): number =>
          bench.state.gauge(entity, Gauge.current) / settings.weight;
        for (const [step, leaver] of history.entries()) {
          if (leaver !== null && open.length > 0) {
            const [gone] = open.splice(leaver % open.length, 1);
            bench.state.leave(gone!.entity);
            continue;
          }
          const least = Math.min(...bench.servers.map(load));
          const chosen = workers[step % 2]!.choose(undefined)!;
          assert.equal(load(chosen), least);
          bench.state.enter(chosen.entity);
          open.push(chosen);
        }
      },
    ),
    { numRuns: 200 },
  ));

test("leastconn takes turns among equals", () => {
  const balancer = new Bench("leastconn", ["", "", ""]).balancer();
  assert.equal(names(Array.from({ length: 6 }, () => balancer.choose(undefined))), "s0 s1 s2 s0 s1 s2");
});
