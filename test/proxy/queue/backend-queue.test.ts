/** The queues of one backend, as one thread sees them; `sessions` are names, in the order of their arrival. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BackendQueue, Refusal } from "../../../src/proxy/queue/backend-queue.js";
import { type LimitedServer, ServerLimits } from "../../../src/proxy/queue/limits.js";
import { CHOOSE_AGAIN, type Ticket, WaitLists } from "../../../src/proxy/queue/wait-lists.js";
import { WaitingRoom } from "../../../src/proxy/queue/waiting-room.js";
import { Gauge, SharedState } from "../../../src/proxy/shared-state.js";
import type { Handler, Loop } from "../../../src/reactor/loop.js";

interface NamedServer extends LimitedServer {
  readonly name: string;
}

interface Limits {
  readonly maxconn?: number;
  readonly maxqueue?: number;
  readonly backup?: boolean;
}

class Bench {
  readonly state: SharedState;
  readonly servers: readonly NamedServer[];
  readonly queue: BackendQueue<NamedServer>;
  /** `session server`, in the order in which they were told. */
  readonly told: string[] = [];
  readonly tickets = new Map<string, Ticket>();
  readonly #due: Handler[] = [];

  constructor(servers: readonly Limits[]) {
    this.state = SharedState.create({ workers: 1, frontends: 0, backends: 1, servers: servers.length });
    this.servers = servers.map(({ maxconn = 0, maxqueue = 0, backup = false }, index) => ({
      name: `s${index + 1}`,
      entity: this.state.server(index),
      settings: { backup, maxConnections: maxconn, minConnections: maxconn, maxQueue: maxqueue },
    }));
    for (const { entity } of this.servers) {
      this.state.setGauge(entity, Gauge.usable, 1);
      this.state.setGauge(entity, Gauge.weight, 1);
    }
    const lists = WaitLists.create(this.state);
    const loop = { resume: (handler: Handler) => this.#due.push(handler) } as unknown as Loop;
    const backend = this.state.backend(0);
    const limits = new ServerLimits(this.state, backend, 100);
    this.queue = new BackendQueue(this.state, backend, this.servers, limits, lists, new WaitingRoom(lists, 0, loop));
  }

  /** @returns the server, `waits`, `full` or `none` */
  arrive(session: string, wanted?: number): string {
    const chooser = {
      choose: () => this.servers.find((server) => this.#isUp(server) && this.queue.limits.isFree(server)),
    };
    const outcome = this.queue.admit(wanted === undefined ? undefined : this.servers[wanted - 1], chooser, undefined, {
      onAdmitted: (server, position) => {
        this.tickets.delete(session);
        this.told.push(`${session} ${server === CHOOSE_AGAIN ? "again" : `s${server + 1}`} ${position}`);
      },
      onFailure: (error) => {
        throw error;
      },
    });
    if (typeof outcome !== "number") return outcome.name;
    if (outcome > 0) this.tickets.set(session, outcome);
    return outcome > 0 ? "waits" : outcome === Refusal.queueFull ? "full" : "none";
  }

  leave(server: number): void {
    this.queue.release(this.servers[server - 1]!);
    this.turn();
  }

  cancel(session: string): number {
    const position = this.queue.cancel(this.tickets.get(session)!);
    this.tickets.delete(session);
    return position;
  }

  setUp(server: number, isUp: boolean): void {
    this.state.setGauge(this.servers[server - 1]!.entity, Gauge.usable, isUp ? 1 : 0);
    this.state.addGauge(this.state.backend(0), Gauge.generation, 1);
    this.queue.onServersChanged();
    this.turn();
  }

  /** The loop's next turn. */
  turn(): void {
    for (const handler of this.#due.splice(0)) handler.onReady(0);
  }

  served(server: number): number {
    return this.state.gauge(this.servers[server - 1]!.entity, Gauge.current);
  }

  queued(server?: number): number {
    const entity = server === undefined ? this.state.backend(0) : this.servers[server - 1]!.entity;
    return this.state.gauge(entity, Gauge.queued);
  }

  #isUp({ entity }: NamedServer): boolean {
    return this.state.gauge(entity, Gauge.usable) === 1;
  }
}

test("one above maxconn waits, and gets the slot of the first that leaves", () => {
  const bench = new Bench([{ maxconn: 2 }]);
  assert.deepEqual(
    ["a", "b", "c", "d"].map((name) => bench.arrive(name)),
    ["s1", "s1", "waits", "waits"],
  );
  assert.equal(bench.queued(), 2);
  bench.leave(1);
  assert.deepEqual(bench.told, ["c s1 1"]);
  assert.equal(bench.served(1), 2, "the slot went from hand to hand");
  bench.leave(1);
  bench.leave(1);
  bench.leave(1);
  assert.deepEqual(bench.told, ["c s1 1", "d s1 2"]);
  assert.deepEqual([bench.served(1), bench.queued()], [0, 0]);
});

test("who waits for one server and who waits for any are served in the order of arrival", () => {
  const bench = new Bench([{ maxconn: 1 }, { maxconn: 1 }]);
  bench.arrive("a");
  bench.arrive("b");
  assert.equal(bench.arrive("any", undefined), "waits");
  assert.equal(bench.arrive("first", 1), "waits");
  assert.equal(bench.arrive("any2", undefined), "waits");
  assert.deepEqual([bench.queued(), bench.queued(1), bench.queued(2)], [2, 1, 0]);
  bench.leave(1);
  bench.leave(1);
  bench.leave(1);
  assert.deepEqual(bench.told, ["any s1 1", "first s1 1", "any2 s1 2"]);
});

test("maxqueue bounds those who wait for one server", () => {
  const bench = new Bench([{ maxconn: 1, maxqueue: 1 }, { maxconn: 1 }]);
  assert.deepEqual([bench.arrive("a", 1), bench.arrive("b", 1), bench.arrive("c", 1)], ["s1", "waits", "full"]);
});

test("a server without maxconn takes all, beside one that is full", () => {
  const bench = new Bench([{ maxconn: 1 }, {}]);
  assert.deepEqual(
    ["a", "b", "c"].map((name) => bench.arrive(name)),
    ["s1", "s2", "s2"],
  );
  bench.leave(2);
  assert.equal(bench.served(2), 1);
});

test("one that gives up leaves the queue, and its place counts those that went before it", () => {
  const bench = new Bench([{ maxconn: 1 }]);
  for (const name of ["a", "b", "c", "d"]) bench.arrive(name);
  bench.leave(1);
  assert.equal(bench.cancel("c"), 2);
  bench.leave(1);
  assert.deepEqual(bench.told, ["b s1 1", "d s1 2"]);
});

test("a slot that was given to one who had just given up goes to the next", () => {
  const bench = new Bench([{ maxconn: 1 }]);
  for (const name of ["a", "b", "c"]) bench.arrive(name);
  bench.queue.release(bench.servers[0]!);
  bench.cancel("b"); // before the loop has told it
  bench.turn();
  bench.turn();
  assert.deepEqual(bench.told, ["c s1 2"]);
  assert.equal(bench.served(1), 1);
});

test("who waited for a server that goes down chooses again; who waited for any goes on waiting", () => {
  const bench = new Bench([{ maxconn: 1 }, { maxconn: 1 }]);
  for (const name of ["a", "b", "any"]) bench.arrive(name);
  bench.arrive("first", 1);
  bench.setUp(1, false);
  assert.deepEqual(bench.told, ["first again 1"]);
  assert.deepEqual([bench.queued(), bench.queued(1)], [1, 0]);
});

test("when the last server goes down nobody waits any more, and nobody begins to", () => {
  const bench = new Bench([{ maxconn: 1 }]);
  for (const name of ["a", "b"]) bench.arrive(name);
  bench.setUp(1, false);
  assert.deepEqual(bench.told, ["b again 1"]);
  assert.deepEqual([bench.arrive("c"), bench.arrive("d", 1)], ["none", "none"]);
});

test("a server that comes up takes as many of those who wait as it may, from the front", () => {
  const bench = new Bench([{ maxconn: 1 }, { maxconn: 2 }]);
  bench.setUp(2, false);
  for (const name of ["a", "b", "c", "d"]) bench.arrive(name);
  bench.setUp(2, true);
  assert.deepEqual(bench.told, ["b s2 1", "c s2 2"]);
  assert.equal(bench.queued(), 1);
});

test("a backup server takes from the queue only when no active one is left", () => {
  const bench = new Bench([{ maxconn: 1 }, { maxconn: 1, backup: true }]);
  bench.arrive("held", 2);
  for (const name of ["a", "b"]) bench.arrive(name, name === "a" ? 1 : undefined);
  bench.leave(2);
  assert.deepEqual(bench.told, []);
  bench.setUp(1, false);
  assert.deepEqual(bench.told, ["b s2 1"]);
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("arrive" as const), server: fc.constantFrom(undefined, 1, 2, 3) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("leave" as const), server: fc.constantFrom(1, 2, 3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), server: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("toggle" as const), server: fc.constantFrom(1, 2, 3) }) },
);

test("whatever happens, no limit is exceeded, and nobody waits while a slot is free", () =>
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (history) => {
      const limits = [1, 2, 3];
      const bench = new Bench(limits.map((maxconn) => ({ maxconn })));
      const isUp = [true, true, true];
      for (const [index, { kind, server }] of history.entries()) {
        if (kind === "arrive") bench.arrive(`n${index}`, server);
        else if (kind === "leave" && bench.served(server) > 0) bench.leave(server);
        else if (kind === "toggle") {
          isUp[server - 1] = !isUp[server - 1];
          bench.setUp(server, isUp[server - 1]!);
        } else if (kind === "cancel") {
          const name = [...bench.tickets.keys()][server];
          if (name !== undefined) bench.cancel(name);
        }
        for (const [at, maxconn] of limits.entries()) {
          assert.ok(bench.served(at + 1) <= maxconn);
          const isFull = bench.served(at + 1) === maxconn;
          assert.ok(isFull || bench.queued(at + 1) === 0);
          assert.ok(isFull || !isUp[at] || bench.queued() === 0);
        }
        assert.equal(bench.queued() + bench.queued(1) + bench.queued(2) + bench.queued(3), bench.tickets.size);
      }
    }),
    { numRuns: 300 },
  ));
