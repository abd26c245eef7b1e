import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Level } from "../../src/admin/level.js";
import { AdminSession } from "../../src/admin/session.js";
import { milliseconds } from "../../src/config/units.js";
import { Counter, EntityCounters, Gauge } from "../../src/proxy/shared-state.js";
import { example } from "./example.js";

function open(level: Level = "admin", made = example()) {
  const session = new AdminSession(made.context, level, milliseconds(10_000));
  const say = (...chunks: (string | Uint8Array)[]): string => {
    let output = "";
    for (const chunk of chunks) {
      session.receive(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
      for (let answer = session.answerNext(); answer !== undefined; answer = session.answerNext()) output += answer;
    }
    return output;
  };
  return { session, say, ...made, made };
}

// What HAProxy 2.6 answered, byte for byte.
for (const [input, output] of [
  ["show cli level\n", "admin\n\n"],
  ["show cli level\r\n", "admin\n\n"],
  ["   show    cli\tlevel  \n", "admin\n\n"],
  ["show cli level; show cli level\n", "admin\n\nadmin\n\n"],
  ["show cli level\nshow backend\n", "admin\n\n# name\napp\ntb\n\n"],
  ["show cli level", ""],
  ["quit\n", ""],
  ["show cli level; quit; show cli level\n", "admin\n\n"],
  ["prompt\n", "\n> "],
  ["prompt\nshow cli level\n", "\n> admin\n\n> "],
  ["prompt; show cli level\n", "\n> admin\n\n> "],
  ["prompt\nprompt; show cli level; prompt\nshow cli level\n", "\n> \nadmin\n\n\n> admin\n\n> "],
  [
    "prompt\noperator\nset timeout cli 60\nclear counters\nclear counters all\n",
    "\n> \n> \n> \n> Permission denied\n\n> ",
  ],
  ["show cli level <<\nfoo\nbar\n\n", "admin\n\n"],
  ["prompt\nshow cli level <<\nfoo\n\nshow backend\n", "\n> + + admin\n\n> # name\napp\ntb\n\n> "],
  ["operator; show cli level; user; show cli level; operator\n", "\noperator\n\n\nuser\n\nPermission denied\n\n"],
  ["set timeout cli\n", "Expects an integer value.\n\n"],
  ["set timeout cli abc\n", "Invalid timeout value.\n\n"],
  ["set timeout other 5\n", "'set timeout' only supports 'cli'.\n\n"],
  ["show env NO_SUCH_VARIABLE\n", "Variable not found\n\n"],
  ["show servers state nope\n", "Can't find backend.\n\n"],
] as const)
  test(`${JSON.stringify(input)} answers ${JSON.stringify(output)}`, () => assert.equal(open().say(input), output));

test("a backslash takes away the next character's meaning", () =>
  assert.equal(open().say("echo a\\;b  c\\ d \\\\;echo e\n"), "a;b c d \\\n\ne\n\n"));

test("a payload may end at a mark of its own, and its lines are not commands", () =>
  assert.equal(open().say("echo x <<END\nquit\n\nEND\necho y\n"), "x\n\ny\n\n"));

test("an unknown command is answered with those that were perhaps meant", () => {
  assert.equal(
    open().say("show servers\n"),
    "Unknown command: 'show', but maybe one of the following ones is a better match:\n" +
      "  show servers state [<backend>]          : dump volatile server information (all or for a single backend)\n" +
      "  help [<command>]                        : list matching or all commands\n" +
      "  prompt [n | i | p]                      : toggle interactive mode with prompt\n" +
      "  quit                                    : disconnect\n\n",
  );
  assert.match(open().say("shwo version\n"), /^Unknown command: 'shwo', but maybe .*\n {2}show version /);
  assert.match(open().say("\n"), /^Unknown command: ''. Please enter one of the following commands only:\n/);
});

test("help lists every command, or those that match", () => {
  assert.match(
    open().say("help\n"),
    /^The following commands are valid at this level:\n {2}clear counters \[all\] +: /,
  );
  assert.equal(open().say("help show info\n").split("\n").length, 1 + 4 + 2);
});

for (const [level, input] of [
  ["user", "clear counters"],
  ["user", "clear counters all"],
  ["operator", "clear counters all"],
  ["user", "show env"],
  ["user", "operator"],
] as const)
  test(`a ${level} may not ${input}`, () => assert.equal(open(level).say(`${input}\n`), "Permission denied\n\n"));

test("clear counters forgets the greatest values; with all, the counters too", () => {
  const { say, state, made } = open();
  const entity = state.frontend(0);
  new EntityCounters(state, 0, entity).add(Counter.sessions, 9);
  state.enter(entity);
  state.enter(entity);
  state.leave(entity);
  assert.equal(say("clear counters\n"), "\n");
  assert.deepEqual([state.gauge(entity, Gauge.highest), state.total(entity, Counter.sessions)], [1, 9]);
  say("clear counters all\n");
  assert.deepEqual([state.gauge(entity, Gauge.highest), state.total(entity, Counter.sessions)], [1, 0]);
  assert.equal(made.cleared, 1);
});

test("show info has what hatop reads", () => {
  const { say, state } = open();
  state.addGauge(state.process, Gauge.current, 3);
  const text = say("show info\n");
  const fields = new Map(text.split("\n").map((line) => line.split(": ") as [string, string]));
  for (const [name, value] of [
    ["Name", "HAProxy"],
    ["Version", "3.4.0"],
    ["Release_date", "2026/06/03"],
    ["Nbthread", "2"],
    ["Nbproc", "1"],
    ["Process_num", "1"],
    ["Pid", String(process.pid)],
    ["Uptime", "0d 0h00m04s"],
    ["Uptime_sec", "4"],
    ["Maxconn", "500"],
    ["CurrConns", "3"],
    ["Maxpipes", "0"],
    ["PipesUsed", "0"],
    ["Run_queue", "0"],
    ["node", "n1"],
    ["Listeners", "4"],
  ] as const)
    assert.equal(fields.get(name), value, name);
  assert.match(fields.get("Tasks")!, /^\d+$/);
  assert.ok(text.endsWith("\n\n"));
});

test("show servers state is HAProxy's format 1", () =>
  // Lines of HAProxy 2.6 for the same servers, four seconds after its start.
  assert.deepEqual(open().say("show servers state\n").split("\n").slice(2), [
    "3 app 1 a 127.0.0.1 2 0 1 1 4 6 3 4 6 0 0 0 - 18091 - 0 0 - - 0",
    "3 app 2 b 127.0.0.1 2 0 5 5 4 1 0 2 6 0 0 0 - 18092 - 0 0 - - 0",
    "3 app 3 c 127.0.0.1 0 5 1 1 4 1 0 0 8 0 0 0 - 18093 - 0 0 - - 0",
    "3 app 4 d 127.0.0.1 2 0 1 1 4 1 0 2 0 0 0 0 - 18094 - 0 0 - - 0",
    "5 tb 1 x 127.0.0.1 0 0 1 1 3 8 2 0 6 0 0 0 - 18095 - 0 0 - - 0",
    "",
    "",
  ]));

test("what show stat does not do yet, it says", () =>
  assert.equal(open().say("show stat typed\n"), "'show stat' does not do 'typed' yet, only CSV of the proxies.\n\n"));

test("an overlong line is refused and ends the connection", () => {
  const { say, session } = open();
  assert.equal(say(`echo ${"x".repeat(16_384)}`), "The command is longer than 16384 characters.\n\n");
  assert.equal(session.isOver, true);
  const payload = open();
  assert.match(payload.say(`echo <<\n${"x\n".repeat(9_000)}`), /^The command is longer than/);
});

test("a session of one line is over when its answer is given; an interactive one goes on", () => {
  const once = open();
  assert.equal(once.session.isOver, false);
  once.say("show ver");
  assert.equal(once.session.isOver, false);
  once.say("sion\n");
  assert.equal(once.session.isOver, true);
  const interactive = open();
  interactive.say("prompt\n");
  assert.equal(interactive.session.isOver, false);
  interactive.session.end();
  assert.equal(interactive.session.isOver, true);
});

const anyInput = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .array(
      fc.constantFrom(
        ...["show", "stat", "info", "servers", "state", "prompt", "help", "set", "timeout", "cli", "user", "echo", "é"],
        ...[
          "\n",
          "\n",
          ";",
          " ",
          " ",
          "\\",
          "<<",
          "<<X",
          "X",
          "-1",
          "typed",
          "up",
          "clear",
          "counters",
          "all",
          "\0",
          "\r",
        ],
      ),
      { maxLength: 40 },
    )
    .map((words) => Buffer.from(words.join(" "))),
);

test("no input throws, and the answers do not depend on where it is cut", () =>
  fc.assert(
    fc.property(anyInput, fc.array(fc.nat(200), { maxLength: 5 }), (bytes, cuts) => {
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
      const steady = (text: string): string => text.replace(/^(Uptime|Tasks).*$/gm, "");
      assert.equal(steady(open().say(...chunks)), steady(open().say(bytes)));
    }),
    { numRuns: 300 },
  ));
