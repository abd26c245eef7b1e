import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions } from "../../bench/options.js";
import { scenarios } from "../../bench/scenario.js";

test("without arguments every scenario runs in five pairs", () => {
  const options = parseOptions([]);
  assert.ok(options !== "help");
  assert.equal(options.runs, 5);
  assert.deepEqual(options.scenarios, scenarios);
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
  [["--runs", "0"], /--runs 0: a whole number from 1/],
  [["--seconds", "1.5"], /--seconds 1\.5: a whole number/],
  [["--fast"], /--fast/],
] as const)
  test(`${args.join(" ")} is refused with a word why`, () => assert.throws(() => parseOptions(args), message));

test("both proxies listen and connect where the scenario takes place", () => {
  for (const scenario of scenarios) {
    const text = scenario.configuration({ listen: "127.0.0.1:1111", server: "127.0.0.1:2222" });
    assert.match(text, /^ {4}bind 127\.0\.0\.1:1111$/m);
    assert.match(text, /^ {4}server nginx 127\.0\.0\.1:2222$/m);
    assert.match(text, /^ {4}nbthread 1$/m);
  }
});
