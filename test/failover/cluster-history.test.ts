/** Lives of boxes with sync groups. A seed that breaks a promise is printed, and `SEED=… npm test cluster-history` replays it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { playClusterHistory } from "./cluster-history.js";

const HISTORIES = 150;
const { SEED } = process.env;

/** Plays one; when a promise is broken the error says what happened, from the start. */
function replay(seed: number): string[] {
  const lines: string[] = [];
  try {
    playClusterHistory(seed, (line) => lines.push(line));
  } catch (error) {
    throw new Error(`${lines.join("\n")}\nSEED=${seed}: ${(error as Error).message}`);
  }
  return lines;
}

describe("whatever happens to boxes with instances on two networks", () => {
  test("a group is master as a whole or not at all, and when all is well the best holds everything", () => {
    for (let seed = 0; seed < HISTORIES; seed++) replay(SEED === undefined ? seed : Number(SEED));
  });

  test("a seed plays the same life again", () => assert.deepEqual(replay(7), replay(7)));
});
