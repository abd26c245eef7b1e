import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, throughout } from "./eventually.js";

test("eventually gives the first value that fits, by deep equality or by predicate", async () => {
  let count = 0;
  assert.deepEqual(await eventually(() => [++count], [3], { everyMs: 1 }), [3]);
  assert.equal(
    await eventually(
      async () => ++count,
      (n) => n > 4,
      { everyMs: 1 },
    ),
    5,
  );
});

test("eventually fails at its deadline with what it saw last", async () => {
  const failing = eventually(() => "this", "that", { deadlineMs: 20, everyMs: 5 });
  await assert.rejects(failing, { name: "AssertionError", message: "not within 20 ms: wanted 'that', saw 'this'" });
  const throwing = () => {
    throw new Error("no route");
  };
  await assert.rejects(eventually(throwing, 1, { deadlineMs: 20, everyMs: 5 }), /saw Error: no route/);
});

test("throughout fails as soon as the value changes", async () => {
  let count = 0;
  await throughout(30, () => "same", "same", 1);
  await assert.rejects(
    throughout(10_000, () => ++count < 3, true, 1),
    /changed after \d+ of 10000 ms: wanted true, saw false/,
  );
});
