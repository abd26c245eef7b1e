import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { describeFlags, type FlagSyntax, type FlagTable, parseFlags } from "../../src/cli/flags.js";
import { haproxyFlags } from "../../src/cli/haproxy-flags.js";
import { keepalivedFlags } from "../../src/cli/keepalived-flags.js";

function parsed<Id extends string>(table: FlagTable<Id>, syntax: FlagSyntax, words: string) {
  const result = parseFlags(table, syntax, words.split(" ").filter(Boolean));
  assert.equal(result.kind, "ok", JSON.stringify(result));
  return result.kind === "ok" ? result.flags : assert.fail();
}

function problems<Id extends string>(table: FlagTable<Id>, syntax: FlagSyntax, words: string): readonly string[] {
  const result = parseFlags(table, syntax, words.split(" ").filter(Boolean));
  return result.kind === "wrong" ? result.problems : [];
}

test("haproxy's flags are whole words: -db is one flag, -d another", () => {
  const flags = parsed(haproxyFlags, "words", "-db -V -f a.cfg -f b.cfg -p /run/x.pid -n 2000");
  assert.ok(flags.has("foreground") && !flags.has("debug") && flags.has("verbose"));
  assert.deepEqual(flags.all("file"), ["a.cfg", "b.cfg"]);
  assert.equal(flags.value("pidFile"), "/run/x.pid");
  assert.equal(flags.value("maxConnections"), "2000");
});

test("-v and -vv, -W and -Ws differ", () => {
  assert.ok(!parsed(haproxyFlags, "words", "-vv").has("version"));
  assert.ok(!parsed(haproxyFlags, "words", "-Ws").has("masterWorker"));
});

test("-sf takes all process ids up to the next flag, and may have none", () => {
  const flags = parsed(haproxyFlags, "words", "-sf 12 34 -D -st -f x");
  assert.deepEqual([flags.all("finish"), flags.all("terminate")], [["12", "34"], []]);
  assert.ok(flags.has("terminate") && flags.has("daemon"));
});

test("after -- all words are files", () =>
  assert.deepEqual(parsed(haproxyFlags, "words", "-D -- -a b").operands, ["-a", "b"]));

test("keepalived's one-letter flags may be glued together, and to a value", () => {
  const flags = parsed(keepalivedFlags, "getopt", "-nlD -f/etc/k.conf -p /run/k.pid");
  assert.ok(flags.has("foreground") && flags.has("console") && flags.has("detail"));
  assert.equal(flags.value("file"), "/etc/k.conf");
  assert.equal(parsed(keepalivedFlags, "getopt", "-nf k.conf").value("file"), "k.conf");
});

test("keepalived's long flags take their value with = or as the next word", () => {
  assert.equal(parsed(keepalivedFlags, "getopt", "--use-file=/a").value("file"), "/a");
  assert.equal(parsed(keepalivedFlags, "getopt", "--use-file /a --dont-fork").value("file"), "/a");
});

test("the optional value of -t must be attached: a word behind it is not the file", () => {
  assert.equal(parsed(keepalivedFlags, "getopt", "-t -f /a").value("test"), undefined);
  assert.equal(parsed(keepalivedFlags, "getopt", "-t/a").value("test"), "/a");
  assert.equal(parsed(keepalivedFlags, "getopt", "--config-test=/a").value("test"), "/a");
});

test("of a flag given twice the later value counts", () =>
  assert.equal(parsed(keepalivedFlags, "getopt", "-f a -f b").value("file"), "b"));

test("a flag that the original knows and we do not do is an error that says so", () => {
  assert.match(problems(haproxyFlags, "words", "-S /run/master.sock -f x")[0]!, /-S is known but not supported yet/);
  assert.match(problems(haproxyFlags, "words", "-dMno-merge")[0]!, /-dM is known but not supported yet/);
  assert.match(problems(keepalivedFlags, "getopt", "-x")[0]!, /-x is known but not supported yet/);
});

test("every mistake is reported, with the flag that was probably meant", () => {
  assert.deepEqual(problems(keepalivedFlags, "getopt", "--dont-frok --nonsense -f"), [
    "unknown flag --dont-frok (did you mean --dont-fork?)",
    "unknown flag --nonsense",
    "-f needs a value: FILE",
  ]);
  assert.deepEqual(problems(keepalivedFlags, "getopt", "--dont-fork=yes"), ["--dont-fork takes no value"]);
});

test("no name stands for two flags", () => {
  for (const table of [haproxyFlags, keepalivedFlags]) {
    const names = Object.values(table).flatMap((flag) => flag.names);
    assert.equal(new Set(names).size, names.length);
  }
});

test("help lists what is supported, and nothing else", () => {
  const help = describeFlags(haproxyFlags);
  assert.match(help, /^ {2}-f FILE\|DIR {2}configuration file/m);
  assert.doesNotMatch(help, /-cc/);
  assert.match(describeFlags(keepalivedFlags), /-t, --config-test\[LOG\]/);
});

test("no words make the parser throw or lose an operand", () =>
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      for (const [table, syntax] of [[haproxyFlags, "words"] as const, [keepalivedFlags, "getopt"] as const])
        parseFlags<string>(table, syntax, words);
      const plain = words.map((word) => `x${word}`);
      const result = parseFlags<string>(keepalivedFlags, "getopt", plain);
      assert.deepEqual(result.kind === "ok" && result.flags.operands, plain);
    }),
  ));
