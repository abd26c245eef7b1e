/** A short run over every target, from a fixed seed; and that the tool finds what is there. `npm run fuzz` goes on. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fuzz } from "./fuzz.js";
import { TARGETS as PLANTED } from "./planted.js";
import { TARGETS } from "./targets/all.js";
import { fuzzInThread } from "./thread.js";

const planted = new URL("./planted.js", import.meta.url).href;
const LIMITS = { seed: 1, milliseconds: 60_000, runs: 100_000 };

describe("no input breaks", () => {
  for (const target of TARGETS)
    test(target.name, () => {
      const { finding } = fuzz(target, { seed: 20_261_121, milliseconds: 2000, runs: 20_000 });
      assert.equal(finding, undefined, `${finding?.error}\n${JSON.stringify(finding?.input.toString("latin1"))}`);
    });
});

test("a bug is found, its input made as small as it can be, and its seed finds it again", () => {
  const target = PLANTED.find(({ name }) => name === "throws")!;
  const [first, second] = [fuzz(target, LIMITS), fuzz(target, LIMITS)];
  assert.equal(first.finding?.input.toString(), "BUG");
  assert.match(first.finding.error, /there is a bug of 3 bytes/);
  assert.equal(second.runs, first.runs);
});

test("an input that takes too long is a finding", () => {
  const { finding } = fuzz(PLANTED.find(({ name }) => name === "is slow")!, LIMITS);
  assert.match(finding!.error, /^took \d+ ms$/);
});

test("an input that never ends is caught from outside", async () => {
  const { finding } = await fuzzInThread("hangs", LIMITS, 2000, planted);
  assert.match(finding!.error, /does not end within 2000 ms/);
  assert.ok(finding!.input.includes("BUG"));
});
