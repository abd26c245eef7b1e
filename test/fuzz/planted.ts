/** Targets with bugs, for the test of the tool. */
import assert from "node:assert/strict";
import { latin1, type Target } from "./target.js";

export const TARGETS: readonly Target[] = [
  {
    name: "throws",
    corpus: latin1("the quick brown fox"),
    dictionary: latin1("BUG", "noise"),
    run: (input) => assert.ok(!input.includes("BUG"), `there is a bug of ${input.length} bytes`),
  },
  {
    name: "hangs",
    corpus: latin1("the quick brown fox"),
    dictionary: latin1("BUG"),
    run(input) {
      while (input.includes("BUG"));
    },
  },
  {
    name: "is slow",
    corpus: latin1("the quick brown fox"),
    dictionary: latin1("BUG"),
    slowMs: 20,
    run(input) {
      const end = performance.now() + (input.includes("BUG") ? 30 : 0);
      while (performance.now() < end);
    },
  },
];
