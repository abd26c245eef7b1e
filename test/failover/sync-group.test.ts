import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { noNotifyScripts, noTrackers } from "../../src/config/keepalived/defaults.js";
import { fromSeconds } from "../../src/config/units.js";
import type { InstanceSettings } from "../../src/failover/instance.js";
import { groupState, type Member, type MemberStanding, RunningSyncGroup } from "../../src/failover/sync-group.js";
import { type FaultReason, isRealFault } from "../../src/failover/tracking.js";
import { RecordingInstance, span } from "./support.js";

for (const [members, state] of [
  [["waiting", "ready"], "BACKUP"],
  [["ready", "ready"], "MASTER"],
  [["master", "ready"], "MASTER"],
  [["master", "waiting"], "BACKUP"],
  [["master", "fault"], "FAULT"],
  [["ready", "fault"], "FAULT"],
  [["waiting", "pending"], "INIT"],
  [["pending", "fault"], "FAULT"],
] as const)
  test(`with ${members.join(" and ")} the group is ${state}`, () => assert.equal(groupState(members), state));

type Faults = readonly FaultReason[];

/** Two instances of one group on the simulated clock. */
class Pair {
  readonly nodes: readonly [GroupedInstance, GroupedInstance];
  readonly states: string[] = [];
  readonly logs: string[] = [];
  readonly group: RunningSyncGroup;

  constructor({ first = {}, faults = [], resumes = [] }: Beginning = {}) {
    this.nodes = [new GroupedInstance({ priority: 200, ...first }), new GroupedInstance({ priority: 100 })];
    this.group = new RunningSyncGroup(
      {
        name: "G",
        members: ["VI_1", "VI_2"],
        track: noTrackers,
        trackingWeight: false,
        notify: noNotifyScripts,
        notifyPriorityChanges: false,
        smtpAlert: false,
        span,
      },
      this.nodes,
      (_, text) => this.logs.push(text),
      (_, state) => this.states.push(state),
    );
    for (const node of this.nodes) node.group = this.group;
    this.nodes[0].faults = faults;
    this.group.prepare();
    for (const [index, node] of this.nodes.entries()) node.start(resumes.includes(index));
    this.group.start();
  }

  advance(seconds: number): this {
    for (let ms = 0; ms < seconds * 1000; ms++)
      for (const node of this.nodes) {
        node.instance.advance(fromSeconds(0.001));
        this.group.review();
      }
    return this;
  }

  get kinds(): string[] {
    return this.nodes.map(({ instance }) => instance.state.kind);
  }
}

interface Beginning {
  /** What sets the first apart. */
  readonly first?: Partial<InstanceSettings>;
  /** Of the first. */
  readonly faults?: Faults;
  /** Which go on as master. */
  readonly resumes?: readonly number[];
}

class GroupedInstance implements Member {
  readonly instance: RecordingInstance;
  group: RunningSyncGroup | undefined;
  faults: Faults = [];

  constructor(own: { readonly priority: number } & Partial<InstanceSettings>) {
    this.instance = new RecordingInstance({ isGrouped: true, ...own }, { started: false });
  }

  get standing(): MemberStanding {
    if (this.faults.length > 0) return this.faults.every(isRealFault) ? "fault" : "pending";
    const { state } = this.instance;
    return state.kind === "master" ? "master" : state.kind === "backup" && state.isReady ? "ready" : "waiting";
  }

  start(resumes: boolean): void {
    const { own, source } = this.instance;
    const assessment = { priority: own.priority, faults: this.#allFaults, endured: [] };
    this.instance.handle({ kind: "start", assessment, source, resume: resumes ? "crash" : undefined });
  }

  /** Its faults are what the test says. */
  examine(): void {}

  takeOver(): void {
    this.instance.handle({ kind: "take-over" });
  }

  giveWay(): void {
    this.instance.handle({ kind: "give-way" });
  }

  outliveRival(): void {
    this.instance.handle({ kind: "rival-of-group" });
  }

  reassess(): void {
    if (this.faults.length === 0) this.group!.review();
    this.instance.assess(this.instance.own.priority, this.#allFaults);
  }

  suffer(...faults: Faults): void {
    this.faults = faults;
    this.reassess();
    this.group!.review();
  }

  get #allFaults(): Faults {
    const kind = this.group!.hold;
    return this.faults.length > 0 || kind === undefined ? this.faults : [{ kind, group: "G" }];
  }
}

const FAILED: FaultReason = { kind: "script-failed", script: "chk" };
const PENDING: FaultReason = { kind: "script-pending", script: "chk" };

describe("at the start", () => {
  test("all begin as backup, and that is told of the group too", () => {
    const pair = new Pair();
    assert.deepEqual(pair.kinds, ["backup", "backup"]);
    assert.deepEqual(pair.states, ["BACKUP"]);
    assert.deepEqual(pair.logs, []);
  });

  test("a member that waits for its scripts holds the others, and nobody is told of a fault", () => {
    const pair = new Pair({ faults: [PENDING] }).advance(10);
    assert.deepEqual(pair.kinds, ["fault", "fault"]);
    assert.deepEqual(
      pair.nodes.flatMap(({ instance }) => instance.take()),
      ["remove", "remove"],
    );
    assert.deepEqual(pair.states, []);
    pair.nodes[0].suffer();
    assert.deepEqual(
      pair.nodes.map(({ instance }) => instance.take()),
      [["BACKUP"], ["BACKUP"]],
    );
    assert.deepEqual(pair.states, ["BACKUP"]);
    assert.deepEqual(pair.advance(4).kinds, ["master", "master"]);
  });

  test("a first result that is a failure puts all into fault", () => {
    const pair = new Pair({ faults: [PENDING] });
    pair.nodes[0].suffer(FAILED);
    assert.deepEqual(pair.states, ["FAULT"]);
    assert.deepEqual(
      pair.nodes.map(({ instance }) => instance.take()),
      [
        ["remove", "FAULT"],
        ["remove", "FAULT"],
      ],
    );
  });

  test("a fault of one keeps the other from the beginning", () => {
    const pair = new Pair({ faults: [FAILED] });
    assert.deepEqual(pair.kinds, ["fault", "fault"]);
    assert.deepEqual(pair.states, ["FAULT"]);
  });

  test("who was master a moment ago goes on, if all were", () => {
    const all = new Pair({ resumes: [0, 1] });
    assert.deepEqual(all.kinds, ["master", "master"]);
    assert.deepEqual(all.states, ["MASTER"]);
    const one = new Pair({ resumes: [0] });
    assert.deepEqual(one.kinds, ["backup", "backup"]);
    assert.deepEqual(one.states, ["BACKUP"]);
  });

  test("with a fault of one meanwhile both resign", () => {
    const pair = new Pair({ resumes: [0, 1], faults: [FAILED] });
    for (const { instance } of pair.nodes) assert.deepEqual(instance.take(), ["send 0", "remove", "FAULT"]);
  });
});

test("nobody takes over before the last member is ready; then all do at once", () => {
  const pair = new Pair().advance(3.5);
  assert.deepEqual(pair.kinds, ["backup", "backup"], "the first was ready at 3.22 s");
  assert.deepEqual(pair.advance(0.2).kinds, ["master", "master"]);
  assert.deepEqual(pair.states, ["BACKUP", "MASTER"]);
});

test("as long as one of them hears a master, none takes over", () => {
  const pair = new Pair();
  for (let second = 0; second < 10; second++) {
    pair.nodes[1].instance.hear(150);
    pair.advance(1);
  }
  assert.deepEqual(pair.kinds, ["backup", "backup"]);
});

test("one that was ready and then hears a master is not ready any more", () => {
  const pair = new Pair().advance(3.5);
  pair.nodes[0].instance.hear(250);
  assert.deepEqual(pair.advance(1).kinds, ["backup", "backup"]);
  assert.deepEqual(pair.advance(3).kinds, ["master", "master"], "once that master is dead");
});

test("a member that is not ready does not take over, whoever asks", () => {
  const { instance } = new Pair().nodes[0];
  assert.equal(instance.handle({ kind: "take-over" }).state.kind, "backup");
});

test("a delay of one member's preemption is one of all", () => {
  const pair = new Pair({ first: { preemptDelay: fromSeconds(20) } });
  const hear = (seconds: number): string[] => {
    for (let second = 0; second < seconds; second++) {
      for (const { instance } of pair.nodes) if (instance.state.kind === "backup") instance.hear(50);
      pair.advance(1);
    }
    return pair.kinds;
  };
  assert.deepEqual(hear(22), ["backup", "backup"]);
  assert.deepEqual(hear(3), ["master", "master"]);
});

test("where one member does not preempt, none does", () => {
  const pair = new Pair({ first: { preempt: false } });
  for (let second = 0; second < 10; second++) {
    for (const { instance } of pair.nodes) instance.hear(50);
    pair.advance(1);
  }
  assert.deepEqual(pair.kinds, ["backup", "backup"]);
});

test("a rival of one member has announced the addresses of all: they are announced again", () => {
  const pair = new Pair().advance(4);
  const [first, second] = pair.nodes;
  second.instance.take();
  first.instance.hear(50);
  pair.group.rivalHeard(first);
  assert.deepEqual(second.instance.take(), ["announce 5"]);
  second.instance.advance(fromSeconds(5));
  assert.equal(
    second.instance.take().filter((did) => did === "announce 5").length,
    1,
    "and after garp_lower_prio_delay",
  );
});

test("one that yields takes the others with it, which say nothing of priority 0", () => {
  const pair = new Pair().advance(4);
  pair.nodes[1].instance.take();
  pair.nodes[0].instance.hear(250);
  pair.group.review();
  assert.deepEqual(pair.kinds, ["backup", "backup"]);
  assert.deepEqual(pair.nodes[1].instance.take(), ["remove", "BACKUP"]);
});

test("a fault of one is a fault of all: the others resign, and begin anew when it is over", () => {
  const pair = new Pair().advance(4);
  pair.nodes[1].instance.take();
  pair.nodes[0].suffer(FAILED);
  assert.deepEqual(pair.kinds, ["fault", "fault"]);
  assert.deepEqual(pair.nodes[1].instance.take(), ["send 0", "remove", "FAULT"]);
  pair.nodes[0].suffer();
  assert.deepEqual(pair.kinds, ["backup", "backup"]);
  assert.deepEqual(pair.advance(4).kinds, ["master", "master"]);
  assert.deepEqual(pair.states, ["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER"]);
});

test("whatever happens, when the group has been reviewed its members are all master or none", () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.nat(1), fc.constantFrom("hear", "fail", "recover", "wait"), fc.integer({ min: 1, max: 255 })),
      ),
      (history) => {
        const pair = new Pair();
        for (const [index, what, value] of history) {
          const node = pair.nodes[index]!;
          if (what === "hear") node.instance.hear(value);
          else if (what !== "wait") node.suffer(...(what === "fail" ? [FAILED] : []));
          pair.group.review();
          pair.advance(value / 64);
          const masters = pair.kinds.filter((kind) => kind === "master").length;
          assert.ok(masters === 0 || masters === 2, `${pair.kinds}`);
        }
      },
    ),
    { numRuns: 30 },
  ));
