import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProcessorList } from "../../bench/processors.js";

for (const [list, processors] of [
  ["0", [0]],
  ["0-3", [0, 1, 2, 3]],
  ["0-1,4,6-7", [0, 1, 4, 6, 7]],
  ["", []],
] as const)
  test(`the kernel's processor list "${list}"`, () => assert.deepEqual(parseProcessorList(list), processors));
