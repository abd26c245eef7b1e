import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Diagnostics } from "../../../src/config/diagnostics.js";
import { splitLine } from "../../../src/config/haproxy/lexer.js";

const VARIABLES: Readonly<Record<string, string>> = { NAME: "value", EMPTY: "", LIST: "one two  three", SPACED: "a b" };

function split(text: string) {
  const diagnostics = new Diagnostics();
  const words = splitLine(text, {
    file: { path: "haproxy.cfg", text },
    line: 1,
    variable: (name) => VARIABLES[name],
    diagnostics,
  });
  return { words, texts: words.map((word) => word.text), codes: diagnostics.all.map(({ code }) => code) };
}

/** The table of the manual, §2.2: how each special character is entered unquoted, in weak and in strong quotes. */
describe("special characters (configuration manual §2.2)", () => {
  for (const [character, forms] of [
    ["\t", ["\\\t", "\\x09", '"\t"', '"\\\t"', '"\\x09"', "'\t'"]],
    ["\n", ["\\n", "\\x0a", '"\\n"', '"\\x0A"']],
    ["\r", ["\\r", "\\x0d", '"\\r"', '"\\x0D"']],
    [" ", ["\\ ", "\\x20", '" "', '"\\ "', '"\\x20"', "' '"]],
    ['"', ['\\"', "\\x22", '"\\""', '"\\x22"', "'\"'"]],
    ["#", ["\\#", "\\x23", '"#"', '"\\#"', '"\\x23"', "'#'"]],
    ["$", ["$", "\\x24", '"\\$"', '"\\x24"', "'$'"]],
    ["'", ["\\'", "\\x27", '"\'"', '"\\\'"', '"\\x27"']],
    ["\\", ["\\\\", "\\x5c", '"\\\\"', '"\\x5C"', "'\\'"]],
  ] as const)
    for (const form of forms)
      test(`${form} is ${JSON.stringify(character)}`, () => {
        const { texts, codes } = split(`a ${form} b`);
        assert.deepEqual(texts, ["a", character, "b"]);
        assert.deepEqual(codes, []);
      });
});

describe("words", () => {
  for (const [line, expected] of [
    ["", []],
    ["   \t ", []],
    ["# all comment", []],
    ["  bind\t:80   # comment", ["bind", ":80"]],
    ["bind :80#comment", ["bind", ":80"]],
    ["a\\ b c", ["a b", "c"]],
    [`a"b c"'d e'f`, ["ab cd ef"]],
    [`"" ''`, ["", ""]],
    ["mode\u00a0http", ["mode", "http"]],
    ["\u00a0\u00a0mode http\r", ["mode", "http"]],
    ["'\u00a0'", ["\u00a0"]],
    // Before any other character a backslash stays, so that regular expressions survive.
    ["\\.example\\.com\\d", ["\\.example\\.com\\d"]],
    [`'$NAME' "$NAME"`, ["$NAME", "value"]],
    [`$NAME \${NAME}`, ["$NAME", `\${NAME}`]],
    [`"a\${NAME}b" "\${NONE-fallback}" "\${EMPTY-fallback}"`, ["avalueb", "fallback", ""]],
    [`x "$SPACED" y`, ["x", "a b", "y"]],
    [`x "\${LIST[*]}" y`, ["x", "one", "two", "three", "y"]],
    [`"\${NONE-}"`, [""]],
  ] as [string, string[]][])
    test(JSON.stringify(line), () => assert.deepEqual(split(line), { ...split(line), texts: expected, codes: [] }));

  test("spans count from 1 and cover the quotes", () => {
    const { words } = split(`  mode "http" `);
    assert.deepEqual(
      words.map(({ span }) => [span.line, span.column, span.length]),
      [
        [1, 3, 4],
        [1, 8, 6],
      ],
    );
  });

  test("a variable outside double quotes is remembered: addresses expand it", () => {
    assert.deepEqual(
      split(`\${A}:80 '$A' "\\$A" \\x24A $ 5$`).words.map((word) => word.hasBareVariable),
      [true, false, false, false, false, false],
    );
  });
});

describe("mistakes", () => {
  for (const [line, code] of [
    [`a "b`, "unmatched-quote"],
    [`a 'b`, "unmatched-quote"],
    ["\\xg0", "bad-escape"],
    ["\\x", "bad-escape"],
    [`"^a$"`, "bad-variable"],
    [`"\${NAME"`, "bad-variable"],
    [`"\${NAME:-x}"`, "bad-variable"],
    [`"$NONE"`, "unset-variable"],
    ["bind :80 \\", "line-continuation"],
  ] as const)
    test(`${line} is ${code}`, () => assert.deepEqual(split(line).codes, [code]));
});
