import assert from "node:assert/strict";
import { test } from "node:test";
import { summarise } from "../../bench/profile.js";

const frame = (functionName: string, url = "", lineNumber = 0) => ({ functionName, url, lineNumber });

test("self time is added up by function, wherever it was called from", () => {
  const profile = summarise("a.cpuprofile", {
    nodes: [
      { id: 1, callFrame: frame("(idle)") },
      { id: 2, callFrame: frame("parse", "file:///x/head.js", 9) },
      { id: 3, callFrame: frame("parse", "file:///x/head.js", 9) },
      { id: 4, callFrame: frame("", "file:///x/libc.js", 0) },
    ],
    samples: [2, 3, 4, 1],
    timeDeltas: [300, 200, 400, 100],
  });
  assert.equal(profile.seconds, 0.001);
  assert.deepEqual(profile.functions, [
    { where: "parse head.js:10", share: 0.5 },
    { where: "(anonymous) libc.js:1", share: 0.4 },
    { where: "(idle)", share: 0.1 },
  ]);
});
