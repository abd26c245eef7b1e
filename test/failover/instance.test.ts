import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { fromSeconds, microseconds } from "../../src/config/units.js";
import { advertised, routineUntil } from "../../src/failover/instance.js";
import type { FaultReason } from "../../src/failover/tracking.js";
import { formatIpv4 } from "../../src/failover/wire/ipv4.js";
import { keepalivedGarp, RecordingInstance } from "./support.js";

const LINK_DOWN: FaultReason = { kind: "interface-down", interface: "eth0" };
const PENDING: FaultReason = { kind: "script-pending", script: "chk" };
const SCRIPT_FAILED: FaultReason = { kind: "script-failed", script: "chk" };

/** 3 × 1 s + (256 − 100)/256 s, by pencil. */
const DOWN_100 = 3_609_375;
const SKEW_100 = 609_375;

const us = microseconds;

function master(own: ConstructorParameters<typeof RecordingInstance>[0] = { priority: 100 }): RecordingInstance {
  const instance = new RecordingInstance(own).advance(fromSeconds(4));
  assert.equal(instance.state.kind, "master");
  instance.take();
  instance.logs.length = 0;
  return instance;
}

function backup(own: ConstructorParameters<typeof RecordingInstance>[0] = { priority: 100 }): RecordingInstance {
  const instance = new RecordingInstance(own);
  assert.equal(instance.state.kind, "backup");
  instance.take();
  instance.logs.length = 0;
  return instance;
}

describe("start", () => {
  test("it begins as backup, and takes away what an earlier run left", () => {
    const instance = new RecordingInstance({ priority: 100 });
    assert.deepEqual(instance.take(), ["remove", "BACKUP"]);
    assert.deepEqual(instance.logs, ["(VI_1) Entering BACKUP STATE (init)"]);
  });

  test("without a master it takes over after one master-down interval, and not a microsecond earlier", () => {
    const instance = backup();
    assert.equal(instance.advance(us(DOWN_100 - 1)).state.kind, "backup");
    assert.equal(instance.advance(us(1)).state.kind, "master");
  });

  test("the owner (priority 255) is master at once", () =>
    assert.equal(backup({ priority: 255 }).advance(us(1)).state.kind, "master"));

  test("a master whose thread died a moment ago goes on, unless there is a fault now", () => {
    const start = (faults: FaultReason[]): string[] =>
      new RecordingInstance({ priority: 100 }, { started: false })
        .handle({ kind: "start", resume: "crash", assessment: { priority: 100, faults, endured: [] }, source: 0 })
        .take();
    assert.deepEqual(start([]), ["send 100", "add", "announce 5", "MASTER"]);
    assert.deepEqual(start([LINK_DOWN]), ["send 0", "remove", "FAULT"], "its peers need not wait for it");
  });

  test("with a fault it begins in fault", () => {
    const instance = new RecordingInstance({ priority: 100 }, { started: false }).start([LINK_DOWN]);
    assert.deepEqual(instance.take(), ["remove", "FAULT"]);
    assert.deepEqual(instance.logs, [
      "(VI_1): entering FAULT state (interface eth0 down)",
      "(VI_1) Entering FAULT STATE (init)",
    ]);
  });

  test("a script of weight 0 holds it until its first success, then a whole down interval runs", () => {
    const instance = new RecordingInstance({ priority: 100 }, { started: false }).start([PENDING]);
    assert.equal(instance.advance(fromSeconds(60)).state.kind, "fault");
    assert.deepEqual(instance.take(), ["remove"], "waiting is no news");
    instance.assess(100);
    assert.deepEqual(instance.take(), ["BACKUP"]);
    assert.equal(instance.advance(us(DOWN_100 - 1)).state.kind, "backup");
    assert.equal(instance.advance(us(1)).state.kind, "master");
  });

  test("a first result that fails is a fault, and is told", () => {
    const instance = new RecordingInstance({ priority: 100 }, { started: false }).start([PENDING]);
    instance.take();
    instance.assess(100, [SCRIPT_FAILED]);
    assert.deepEqual(instance.take(), ["FAULT"]);
    assert.equal(instance.logs.at(-1), "(VI_1) Entering FAULT STATE");
  });
});

describe("becoming master", () => {
  test("the advertisement goes out first, then addresses, then gratuitous ARPs, then the news", () => {
    const instance = backup();
    instance.advance(us(DOWN_100));
    assert.deepEqual(instance.take(), ["send 100", "add", "announce 5", "MASTER"]);
    assert.ok(instance.logs.includes("(VI_1) Entering MASTER STATE"));
  });

  test("it advertises every interval, without drift when it wakes up a little late", () => {
    const instance = master();
    const sent: number[] = [];
    for (let late = 0; late < 5; late++) {
      const deadline = instance.state.kind === "master" ? instance.state.advertiseAt : 0;
      sent.push(deadline);
      instance.now = us(deadline + 1000);
      instance.handle({ kind: "timer" });
    }
    assert.deepEqual(
      sent.map((at) => at - sent[0]!),
      [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000],
    );
  });

  test("until something rare is due, the short cut to the next advertisement is what the timer does", () =>
    fc.assert(
      fc.property(fc.nat({ max: 30_000_000 }), (late) => {
        const node = master({ priority: 100, garp: { ...keepalivedGarp, masterRefresh: fromSeconds(20) } });
        node.now = us(node.now + late);
        const before = node.state;
        assert.ok(before.kind === "master");
        const isRoutine = node.now >= before.advertiseAt && node.now < routineUntil(before);
        node.take();
        node.handle({ kind: "timer" });
        if (isRoutine) {
          assert.deepEqual(advertised(before, node.now, node.settings), node.state);
          assert.deepEqual(node.take(), ["send 100"]);
        } else assert.notDeepEqual(node.take(), ["send 100"]);
      }),
    ));

  test("a second burst follows after garp_master_delay, and refreshes only if asked for", () => {
    const instance = backup();
    instance.advance(us(DOWN_100 + 60_000_000));
    assert.equal(instance.take().filter((did) => did.startsWith("announce")).length, 2);

    const garp = { ...instance.settings.garp, masterRefresh: fromSeconds(60), masterRefreshRepeat: 2 };
    const refreshing = backup({ priority: 100, garp });
    refreshing.advance(us(DOWN_100 + 120_000_000));
    assert.deepEqual(
      refreshing.take().filter((did) => did.startsWith("announce")),
      ["announce 5", "announce 5", "announce 2", "announce 2"],
    );
  });
});

describe("a backup hears an advertisement", () => {
  for (const [what, priority] of [
    ["higher", 150],
    ["equal", 100],
  ] as const)
    test(`of ${what} priority: the down timer starts anew`, () => {
      const instance = backup();
      instance
        .advance(fromSeconds(3))
        .hear(priority)
        .advance(us(DOWN_100 - 1));
      assert.equal(instance.state.kind, "backup");
      assert.equal(instance.advance(us(1)).state.kind, "master");
    });

  test("of lower priority: it is discarded and the timer runs on", () => {
    const instance = backup();
    instance.advance(fromSeconds(3)).hear(90);
    assert.deepEqual(instance.logs, ["(VI_1) received lower priority (90) advert from 192.0.2.20 - discarding"]);
    assert.equal(instance.advance(us(DOWN_100 - 3_000_000)).state.kind, "master");
  });

  test("of lower priority with nopreempt: the timer starts anew", () => {
    const instance = backup({ priority: 100, preempt: false });
    instance
      .advance(fromSeconds(3))
      .hear(90)
      .advance(us(DOWN_100 - 1));
    assert.equal(instance.state.kind, "backup");
    assert.equal(instance.advance(us(1)).state.kind, "master", "nopreempt does not matter once the master is dead");
  });

  test("of priority 0: it takes over after its skew", () => {
    const instance = backup();
    instance.hear(150).hear(0);
    assert.ok(instance.logs.includes("(VI_1) Backup received priority 0 advertisement"));
    assert.equal(instance.advance(us(SKEW_100 - 1)).state.kind, "backup");
    assert.equal(instance.advance(us(1)).state.kind, "master");
  });
});

describe("preempt_delay", () => {
  const own = { priority: 200, preemptDelay: fromSeconds(30) };
  /** 3 s + (256 − 200)/256 s. */
  const DOWN_200 = 3_218_750;

  /** Another master of lower priority advertises every second; when, in µs, does ours take over? */
  function takeOver(instance: RecordingInstance, others: number): number {
    for (let second = 0; second < others; second++) {
      instance.hear(100).advance(fromSeconds(1));
      if (instance.state.kind === "master") break;
    }
    assert.equal(instance.state.kind, "master");
    return instance.now;
  }

  test("a living master keeps the addresses for the delay, and a down interval more", () => {
    const took = takeOver(backup(own), 60);
    assert.ok(took > 30_000_000 && took <= 30_000_000 + DOWN_200 + 1_000_000, `took over at ${took} µs`);
  });

  test("without the delay it takes over within a down interval", () =>
    assert.ok(takeOver(backup({ priority: 200 }), 60) <= DOWN_200 + 1_000_000));

  test("it does not apply if no master is heard", () =>
    assert.equal(backup(own).advance(us(DOWN_200)).state.kind, "master"));

  test("it does not apply once the master has died", () => {
    const instance = backup(own);
    instance.hear(100).advance(us(DOWN_200 - 1));
    assert.equal(instance.state.kind, "backup");
    assert.equal(instance.advance(us(1)).state.kind, "master");
  });

  test("a master that resigns does not begin it anew: the next lesser one has what is left of it", () => {
    const instance = backup(own);
    for (let second = 0; second < 29; second++) instance.hear(100).advance(fromSeconds(1));
    instance.hear(0);
    assert.ok(takeOver(instance, 60) <= 30_000_000 + DOWN_200 + 1_000_000);
  });

  test("a better master ends it: the next lesser one is given the whole delay again", () => {
    const instance = backup(own);
    for (let second = 0; second < 29; second++) instance.hear(100).advance(fromSeconds(1));
    instance.hear(250).advance(fromSeconds(1));
    for (let second = 0; second < 29; second++) instance.hear(100).advance(fromSeconds(1));
    assert.equal(instance.state.kind, "backup");
  });
});

describe("a master hears an advertisement", () => {
  test("of lower priority: it advertises at once, announces its addresses again, and stays", () => {
    const instance = master();
    instance.hear(90);
    assert.deepEqual(instance.take(), ["send 100", "announce 5"]);
    assert.deepEqual(instance.logs, [
      "(VI_1) Received advert from 192.0.2.20 with lower priority 90, ours 100, forcing new election",
    ]);
    instance.advance(fromSeconds(6));
    const bursts = instance.take().filter((did) => did === "announce 5");
    assert.equal(bursts.length, 2, "one when the rival has been silent for three intervals, and the second burst");
    assert.deepEqual(instance.alarms, [], "it has heard us and yielded");
  });

  test("of lower priority again and again: its sender does not hear us, and that is an alarm", () => {
    const instance = master();
    for (let second = 0; second < 3; second++) instance.hear(90).advance(fromSeconds(1));
    assert.deepEqual(instance.alarms, []);
    instance.hear(90);
    assert.deepEqual(instance.alarms, ["one-way"]);
    assert.match(instance.logs.at(-1)!, /192\.0\.2\.20 goes on as master .* it does not hear our advertisements/);
    instance.advance(fromSeconds(4)).hear(90);
    assert.equal(instance.alarms.length, 1, "after a silence it is another rival");
  });

  test("of higher priority: it yields, and does not say priority 0", () => {
    const instance = master();
    instance.hear(150);
    assert.deepEqual(instance.take(), ["remove", "BACKUP"]);
    assert.deepEqual(instance.logs.slice(0, 2), [
      "(VI_1) Master received advert from 192.0.2.20 with higher priority 150, ours 100",
      "(VI_1) Entering BACKUP STATE",
    ]);
  });

  test("of equal priority: the higher address wins, as numbers go", () => {
    const yields = master({ priority: 100, source: "192.0.2.9" });
    yields.hear(100, "192.0.2.10");
    assert.deepEqual(yields.take(), ["remove", "BACKUP"]);
    assert.equal(
      yields.logs[0],
      "(VI_1) Master received advert from 192.0.2.10 with same priority 100 but higher IP address than ours",
    );
    const stays = master({ priority: 100, source: "192.0.2.10" });
    stays.hear(100, "192.0.2.9");
    assert.deepEqual(stays.take(), ["send 100", "announce 5"]);
  });

  test("of equal priority from its own address: it warns and stays", () => {
    const instance = master();
    instance.hear(100, "192.0.2.10");
    assert.deepEqual(instance.take(), []);
    assert.deepEqual(instance.alarms, ["same-source"]);
    assert.match(instance.logs[0]!, /^\(VI_1\) WARNING - equal priority advert received/);
  });

  test("of priority 0: it advertises at once", () => {
    const instance = master();
    instance.hear(0);
    assert.deepEqual(instance.take(), ["send 100"]);
  });

  test("nopreempt does not protect it from a higher one", () => {
    const instance = master({ priority: 100, preempt: false });
    instance.hear(150);
    assert.equal(instance.state.kind, "backup");
  });
});

describe("faults and priorities", () => {
  test("a master that enters fault resigns, lets go of the addresses, and takes no part", () => {
    const instance = master();
    instance.assess(100, [SCRIPT_FAILED]);
    assert.deepEqual(instance.take(), ["send 0", "remove", "FAULT"]);
    assert.deepEqual(instance.logs.slice(0, 2), [
      "(VI_1): entering FAULT state due to script chk",
      "(VI_1) Entering FAULT STATE",
    ]);
    instance.hear(0).advance(fromSeconds(60));
    assert.deepEqual(instance.take(), []);
  });

  test("a backup enters fault in silence", () => {
    const instance = backup();
    instance.assess(100, [LINK_DOWN]);
    assert.deepEqual(instance.take(), ["FAULT"]);
  });

  test("every cause counts: the fault ends with the last one, in backup with a whole down interval", () => {
    const instance = backup();
    instance.assess(100, [LINK_DOWN]).assess(100, [LINK_DOWN, SCRIPT_FAILED]).assess(100, [SCRIPT_FAILED]);
    assert.equal(instance.state.kind, "fault");
    instance.assess(100);
    assert.deepEqual(instance.take(), ["FAULT", "BACKUP"]);
    assert.equal(instance.advance(us(DOWN_100 - 1)).state.kind, "backup");
    assert.equal(instance.advance(us(1)).state.kind, "master");
  });

  test("a changed priority stands in the next advertisement and not in an extra one", () => {
    const instance = master();
    instance.assess(80);
    assert.deepEqual(instance.logs, ["(VI_1) Changing effective priority from 100 to 80"]);
    assert.deepEqual(instance.take(), []);
    instance.advance(fromSeconds(1));
    assert.deepEqual(instance.take(), ["send 80"]);
  });

  for (const [priority, down] of [
    [200, 3_218_750],
    [1, 3_996_093],
  ] as const)
    test(`a backup whose priority becomes ${priority} waits as long as that priority does`, () => {
      const instance = backup().hear(150).advance(fromSeconds(1)).assess(priority);
      assert.equal(instance.advance(us(down - 1_000_001)).state.kind, "backup");
      assert.equal(instance.advance(us(1)).state.kind, "master");
    });

  test("a resignation leaves from the address that is gone", () => {
    const instance = master();
    const { source } = instance;
    const faults = [{ kind: "source-missing", address: undefined } as const];
    instance.handle({ kind: "assessed", assessment: { priority: 100, faults, endured: [] }, source: 0 });
    assert.deepEqual(instance.take(), ["send 0", "remove", "FAULT"]);
    assert.equal(instance.state.source, source);
  });

  test("a lowered priority counts against what is heard", () => {
    const instance = master();
    instance.assess(80).hear(90);
    assert.equal(instance.state.kind, "backup");
  });
});

describe("stop", () => {
  test("a master says priority 0 before it lets go of the addresses", () => {
    const instance = master();
    instance.handle({ kind: "stop" });
    assert.deepEqual(instance.take(), ["send 0", "remove", "STOP"]);
    assert.ok(instance.logs.includes("(VI_1) sent 0 priority"));
  });

  test("a backup says nothing, since the master is another", () => {
    const instance = backup();
    instance.handle({ kind: "stop" });
    assert.deepEqual(instance.take(), ["STOP"]);
    assert.deepEqual(instance.advance(fromSeconds(60)).take(), []);
  });
});

describe("leaving", () => {
  const leaving = (): RecordingInstance => {
    const instance = master();
    instance.handle({ kind: "leave" });
    return instance;
  };

  test("a master says priority 0, and holds the addresses until its successor is heard", () => {
    const instance = leaving();
    assert.deepEqual(instance.take(), ["send 0"]);
    assert.deepEqual(instance.advance(us(SKEW_100)).take(), []);
    instance.hear(100);
    assert.deepEqual(instance.take(), ["remove", "STOP"]);
    assert.equal(instance.state.kind, "initialize");
  });

  test("another one's priority 0 is no successor", () => assert.deepEqual(leaving().hear(0).take().slice(1), []));

  test("without a successor it ends when even a backup of priority 1 would have taken over", () => {
    const instance = leaving(); // 255/256 s, and 100 ms on top
    instance.take();
    assert.deepEqual(instance.advance(us(1_096_092)).take(), []);
    assert.deepEqual(instance.advance(us(1)).take(), ["remove", "STOP"]);
  });

  test("nobody waits longer than three seconds for it, however long the interval is", () => {
    const own = { priority: 100, version: 3, advertInterval: fromSeconds(40) } as const;
    const instance = new RecordingInstance(own).advance(fromSeconds(160));
    instance.handle({ kind: "leave" });
    assert.equal(instance.advance(fromSeconds(3)).state.kind, "initialize");
  });

  test("a freeze, a fault or a second request end it at once", () => {
    for (const event of [{ kind: "frozen", late: us(1) }, { kind: "stop" }] as const) {
      const instance = leaving();
      instance.take();
      instance.handle(event);
      assert.deepEqual(instance.take(), ["remove", "STOP"]);
    }
    assert.equal(leaving().assess(100, [LINK_DOWN]).state.kind, "initialize");
  });

  test("a backup just ends", () => {
    const instance = backup();
    instance.handle({ kind: "leave" });
    assert.deepEqual(instance.take(), ["STOP"]);
  });
});

describe("trouble", () => {
  test("an address that somebody removed is put back at once, and announced", () => {
    const instance = master();
    instance.handle({ kind: "lost", what: "ip address 192.0.2.1/32 dev eth0" });
    assert.deepEqual(instance.logs, ["(VI_1) ip address 192.0.2.1/32 dev eth0, no longer exist"]);
    assert.deepEqual(instance.take(), ["add", "announce 5"]);
    assert.equal(instance.state.kind, "master");
  });

  test("what goes one by one is put back at once, and a fight does not make it spin: sixteen times a second", () => {
    const instance = master();
    for (let loss = 0; loss < 90; loss++)
      instance.handle({ kind: "lost", what: "ip address 192.0.2.1/32 dev eth0" }).advance(us(10_000));
    assert.equal(instance.take().filter((did) => did === "add").length, 16);
    instance.advance(fromSeconds(1));
    assert.equal(instance.take().filter((did) => did === "add").length, 1);
  });

  test("a backup that was frozen does not declare the master dead on time in which it did not run", () => {
    const instance = backup();
    instance.hear(150);
    instance.now = us(instance.now + 60_000_000);
    instance.handle({ kind: "frozen", late: us(57_000_000) }).handle({ kind: "timer" });
    assert.equal(instance.state.kind, "backup");
    assert.equal(instance.advance(us(DOWN_100 - 1)).state.kind, "backup");
    assert.equal(instance.advance(us(1)).state.kind, "master");
  });

  test("a master that was frozen for so long that a backup may have taken over gives way before it says a word", () => {
    const instance = master();
    instance.now = us(instance.now + 3_000_000);
    instance.handle({ kind: "frozen", late: us(2_000_000) }).handle({ kind: "timer" });
    assert.deepEqual(instance.take(), ["remove", "BACKUP"]);
    assert.equal(instance.advance(us(DOWN_100 - 1)).state.kind, "backup", "whoever is master now has time to say so");
    assert.equal(instance.advance(us(1)).state.kind, "master");
  });

  test("with timer_expired_backup it gives way when those of that priority may have taken over, no sooner", () => {
    // Three seconds, and the skew of priority 100: (256 − 100) / 256 s.
    const late = (silence: number) => {
      const instance = master({ priority: 100, highestRival: 100 });
      instance.handle({ kind: "frozen", late: us(silence - 1_000_000) });
      return instance.state.kind;
    };
    assert.equal(late(3_609_374), "master");
    assert.equal(late(3_609_375), "backup");
  });

  test("a master that was frozen for less advertises at once and goes on from there", () => {
    const instance = master();
    instance.now = us(instance.now + 2_900_000);
    instance.handle({ kind: "frozen", late: us(1_900_000) }).handle({ kind: "timer" });
    assert.equal(instance.take().filter((did) => did === "send 100").length, 1);
    assert.deepEqual(instance.advance(us(999_999)).take(), []);
  });
});

describe("VRRPv3 (RFC 9568 §6.4)", () => {
  const v3 = { priority: 100, version: 3, advertInterval: fromSeconds(0.1) } as const;

  test("a backup counts in the intervals of its master, and says so", () => {
    const instance = backup(v3).hear(150, "192.0.2.20", fromSeconds(1));
    assert.deepEqual(instance.logs, ["(VI_1) advertisement interval updated from 100ms to 1000ms by master"]);
    assert.equal(instance.advance(us(DOWN_100 - 1)).state.kind, "backup");
    assert.equal(instance.advance(us(1)).state.kind, "master");
  });

  test("as master it keeps its own interval again", () => {
    const instance = backup(v3).hear(150, "192.0.2.20", fromSeconds(1)).advance(us(DOWN_100));
    instance.take();
    assert.equal(
      instance
        .advance(fromSeconds(1))
        .take()
        .filter((did) => did === "send 100").length,
      10,
    );
  });

  test("its skew after priority 0 is a share of the master's interval", () => {
    const instance = backup(v3).hear(150).hear(0);
    assert.equal(instance.advance(us(60_936)).state.kind, "backup");
    assert.equal(instance.advance(us(1)).state.kind, "master");
  });

  test("a master that yields learns the winner's interval", () => {
    const instance = master(v3).hear(200, "192.0.2.20", fromSeconds(1));
    assert.equal(instance.advance(us(DOWN_100 - 1)).state.kind, "backup");
  });
});

describe("what a master answers", () => {
  test("with lower_prio_no_advert a lower one's advertisement is not answered, but the addresses are announced", () => {
    const instance = master({ priority: 100, answersLowerPriority: false }).hear(50);
    assert.deepEqual(instance.take(), ["announce 5"]);
    assert.match(instance.logs.at(-1)!, /with lower priority 50, ours 100$/);
  });

  test("with higher_prio_send_advert it advertises once more before it yields", () => {
    const instance = master({ priority: 100, advertisesBeforeYielding: true }).hear(150);
    assert.deepEqual(instance.take(), ["send 100", "remove", "BACKUP"]);
  });
});

const anyFaults = fc.subarray([LINK_DOWN, PENDING, SCRIPT_FAILED]);
const anyEvent = fc.oneof(
  fc.record({ do: fc.constant("hear" as const), priority: fc.nat(255), from: fc.nat(0xffffffff) }),
  fc.record({ do: fc.constant("assess" as const), priority: fc.integer({ min: 1, max: 255 }), faults: anyFaults }),
  fc.record({ do: fc.constantFrom("frozen" as const, "leave" as const, "stop" as const, "start" as const) }),
  fc.record({ do: fc.constant("lost" as const) }),
);

test("addresses are held exactly while master, or while the successor is waited for, whatever happens", () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyEvent, fc.nat(5_000_000)), { maxLength: 60 }),
      fc.boolean(),
      fc.nat(10_000_000),
      (history, preempt, preemptDelay) => {
        const node = new RecordingInstance({ priority: 100, preempt, preemptDelay: us(preemptDelay) });
        for (const [event, delay] of history) {
          node.advance(us(delay));
          const before = node.state.kind;
          if (event.do === "hear") node.hear(event.priority, formatIpv4(event.from));
          else if (event.do === "assess") node.assess(event.priority, event.faults);
          else if (event.do === "start") before === "initialize" && node.start();
          else if (event.do === "lost") node.handle({ kind: "lost", what: "ip address 192.0.2.1/32 dev eth0" });
          else if (event.do === "frozen") node.handle({ kind: "frozen", late: us(delay) });
          else node.handle({ kind: event.do });
          assert.equal(node.holdsAddresses, node.state.kind === "master" || node.state.kind === "leaving");
          if (node.state.kind === "master" || node.state.kind === "backup")
            assert.deepEqual(node.state.faults, [], "no instance takes part while it has a fault");
        }
      },
    ),
  ));

test("a master advertises at least once an interval, whatever it hears", () =>
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(99), fc.nat(1_500_000)), { maxLength: 40 }), (heard) => {
      const node = master();
      for (const [priority, delay] of heard) {
        const intervals = Math.floor(delay / 1_000_000);
        node.advance(us(delay));
        assert.ok(node.take().filter((did) => did === "send 100").length >= intervals);
        node.hear(priority, "192.0.2.9");
      }
    }),
  ));
