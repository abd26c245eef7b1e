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

test("a system call is listed by who made it", () => {
  const libc = frame("", "file:///x/dist/src/sys/libc.js", 36);
  const profile = summarise("a.cpuprofile", {
    nodes: [
      { id: 1, callFrame: frame("transmit", "file:///x/connection.js", 75), children: [2] },
      { id: 2, callFrame: libc },
      { id: 3, callFrame: frame("wait", "file:///x/epoll.js", 60), children: [4] },
      { id: 4, callFrame: libc },
    ],
    samples: [2, 4, 4, 1],
    timeDeltas: [300, 100, 500, 100],
  });
  assert.deepEqual(profile.functions, [
    { where: "system call of wait epoll.js:61", share: 0.6 },
    { where: "system call of transmit connection.js:76", share: 0.3 },
    { where: "transmit connection.js:76", share: 0.1 },
  ]);
});
