import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions } from "../../bench/options.js";
import { scenarios } from "../../bench/scenario.js";

test("without arguments every scenario runs in five pairs", () => {
  const options = parseOptions([]);
  assert.ok(options !== "help");
  assert.equal(options.pairs, 5);
  assert.deepEqual(options.scenarios, scenarios);
});

test("--quick is one pair, unless more are asked for", () => {
  const [quick, more] = [parseOptions(["--quick"]), parseOptions(["--quick", "--pairs", "3"])];
  assert.ok(quick !== "help" && more !== "help");
  assert.deepEqual([quick.pairs, more.pairs], [1, 3]);
});

test("--only may be repeated", () => {
  const options = parseOptions(["--only", "tcp-keep-alive", "--only", "http-keep-alive"]);
  assert.ok(options !== "help");
  assert.deepEqual(
    options.scenarios.map(({ name }) => name),
    ["tcp-keep-alive", "http-keep-alive"],
  );
});

for (const [args, message] of [
  [["--only", "http"], /--only http: the scenarios are http-keep-alive/],
  [["--pairs", "0"], /--pairs 0: a whole number from 1/],
  [["--seconds", "1.5"], /--seconds 1\.5: a whole number/],
  [["--fast"], /--fast/],
] as const)
  test(`${args.join(" ")} is refused with a word why`, () => assert.throws(() => parseOptions(args), message));
