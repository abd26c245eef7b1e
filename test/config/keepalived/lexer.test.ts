/** Words, comments, quotes and braces, by keepalived.conf(5) and what keepalived's own parser does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import { splitCommand } from "../../../src/config/keepalived/command.js";
import { lex } from "../../../src/config/keepalived/lexer.js";
import { preprocess } from "../../../src/config/keepalived/preprocess.js";
import { noSources } from "../../../src/config/keepalived/read.js";

function tokens(text: string): { readonly lines: string[][]; readonly codes: string[] } {
  const diagnostics = new Diagnostics();
  const lines = lex(preprocess([{ path: "keepalived.conf", text }], noSources, diagnostics), diagnostics).map((line) =>
    line.map((token) => (token.kind === "word" ? token.text : token.kind === "open" ? "{" : "}")),
  );
  return { lines, codes: diagnostics.all.map(({ code }) => code) };
}

for (const [what, text, lines] of [
  ["words stand between white space of any kind", "priority \t 100\v\f", [["priority", "100"]]],
  ["a line ends with LF or CRLF", "a\r\nb\nc", [["a"], ["b"], ["c"]]],
  ["# and ! begin a comment, also behind a word", "a # x\nb ! y\n# z\n100# c\n", [["a"], ["b"], ["100"]]],
  ["a backslash protects # and !", "a\\#b c\\!", [["a#b", "c!"]]],
  ["quotes protect # and ! and white space", `"a # b" 'c ! d'`, [["a # b", "c ! d"]]],
  ["one kind of quote holds the other", `"it's" 'say "x"'`, [["it's", 'say "x"']]],
  ["quotes may stand inside a word", `a"b c"d`, [["ab cd"]]],
  ["an empty string is a word", `""`, [[""]]],
  ["quoted strings take the escapes of C", '"\\x41\\102\\t\\"\\\\\\cA"', [['AB\t"\\\x01']]],
  ["braces stand for themselves, glued or not", "a{b}c { }", [["a", "{", "b", "}", "c", "{", "}"]]],
  ["quoted braces are letters", '"{" a"}"', [["{", "a}"]]],
  ["a name of the shell's stays as it stands", `$HOME \${HOME}x`, [["$HOME", `\${HOME}x`]]],
] as const)
  test(what, () => {
    const found = tokens(text);
    assert.deepEqual(found.lines, lines);
    assert.deepEqual(found.codes, []);
  });

test("no-break spaces and their like separate words, and a whole file of them costs one warning", () => {
  const found = tokens("a\u00a0b\n\u00a0\u00a0c\u3000d\n");
  assert.deepEqual(found.lines, [
    ["a", "b"],
    ["c", "d"],
  ]);
  assert.deepEqual(found.codes, ["unusual-white-space"]);
});

test("no-break spaces inside quotes belong to the string", () =>
  assert.deepEqual(tokens('"a\u00a0b"'), { lines: [["a\u00a0b"]], codes: [] }));

test("a byte order mark is named, and costs nothing else", () =>
  assert.deepEqual(tokens("\ufeffa b\nc\n"), { lines: [["a", "b"], ["c"]], codes: ["byte-order-mark"] }));

test("a line ends where it ends: a backslash there is an error, and no part of the last word", () =>
  assert.deepEqual(tokens("priority 100 \\\n"), { lines: [["priority", "100"]], codes: ["no-continuation"] }));

test("a line with a NUL byte is named and skipped", () =>
  assert.deepEqual(tokens("a\0b\nc\n"), { lines: [["c"]], codes: ["nul-byte"] }));

for (const [command, argv] of [
  ["killall -0 haproxy", ["killall", "-0", "haproxy"]],
  ["  /bin/sh -c 'pidof haproxy || exit 1' ", ["/bin/sh", "-c", "pidof haproxy || exit 1"]],
  [`a"b c"d ''`, ["ab cd", ""]],
  ["'never closed", ["never closed"]],
  ["no\u00a0break", ["no", "break"]],
  ["", []],
] as const)
  test(`the command ${JSON.stringify(command)} has ${argv.length} words`, () =>
    assert.deepEqual(splitCommand(command), argv));
