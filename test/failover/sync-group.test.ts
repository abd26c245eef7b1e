import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { noNotifyScripts, noTrackers } from "../../src/config/keepalived/defaults.js";
import { fromSeconds } from "../../src/config/units.js";
import { groupState, type Member, type MemberStanding, RunningSyncGroup } from "../../src/failover/sync-group.js";
import { RecordingInstance, span } from "./support.js";

for (const [members, state] of [
  [["waiting", "ready"], "BACKUP"],
  [["ready", "ready"], "MASTER"],
  [["master", "ready"], "MASTER"],
  [["master", "waiting"], "BACKUP"],
  [["master", "fault"], "FAULT"],
  [["ready", "fault"], "FAULT"],
] as const)
  test(`with ${members.join(" and ")} the group is ${state}`, () => assert.equal(groupState(members), state));

/** Two instances of one group on the simulated clock. */
class Pair {
  readonly nodes = [new GroupedInstance(200), new GroupedInstance(100)] as const;
  readonly states: string[] = [];
  readonly group = new RunningSyncGroup(
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
    () => {},
    (_, state) => this.states.push(state),
  );

  constructor() {
    for (const node of this.nodes) node.group = this.group;
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

class GroupedInstance implements Member {
  readonly instance: RecordingInstance;
  group: RunningSyncGroup | undefined;
  #faulty = false;

  constructor(priority: number) {
    this.instance = new RecordingInstance({ priority, isGrouped: true });
  }

  get standing(): MemberStanding {
    if (this.#faulty) return "fault";
    const { state } = this.instance;
    return state.kind === "master" ? "master" : state.kind === "backup" && state.isReady ? "ready" : "waiting";
  }

  takeOver(): void {
    this.instance.handle({ kind: "take-over" });
  }

  giveWay(): void {
    this.instance.handle({ kind: "give-way" });
  }

  reassess(): void {
    const inFault = this.#faulty || this.group!.isInFault;
    this.instance.assess(this.instance.own.priority, inFault ? [{ kind: "group", group: "G" }] : []);
  }

  fail(faulty: boolean): void {
    this.#faulty = faulty;
    this.reassess();
    this.group!.review();
  }
}

test("nobody takes over before the last member is ready; then all do at once", () => {
  const pair = new Pair().advance(3.5);
  assert.deepEqual(pair.kinds, ["backup", "backup"], "the first was ready at 3.22 s");
  assert.deepEqual(pair.advance(0.2).kinds, ["master", "master"]);
  assert.deepEqual(pair.states, ["MASTER"]);
});

test("as long as one of them hears a master, none takes over", () => {
  const pair = new Pair();
  for (let second = 0; second < 10; second++) {
    pair.nodes[1].instance.hear(150);
    pair.advance(1);
  }
  assert.deepEqual(pair.kinds, ["backup", "backup"]);
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
  pair.nodes[0].fail(true);
  assert.deepEqual(pair.kinds, ["fault", "fault"]);
  assert.deepEqual(pair.nodes[1].instance.take(), ["send 0", "remove", "FAULT"]);
  pair.nodes[0].fail(false);
  assert.deepEqual(pair.kinds, ["backup", "backup"]);
  assert.deepEqual(pair.advance(4).kinds, ["master", "master"]);
  assert.deepEqual(pair.states, ["MASTER", "FAULT", "BACKUP", "MASTER"]);
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
          else if (what !== "wait") node.fail(what === "fail");
          pair.group.review();
          pair.advance(value / 64);
          const masters = pair.kinds.filter((kind) => kind === "master").length;
          assert.ok(masters === 0 || masters === 2, `${pair.kinds}`);
        }
      },
    ),
    { numRuns: 30 },
  ));
