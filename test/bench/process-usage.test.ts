import assert from "node:assert/strict";
import { test } from "node:test";
import { cpuTime, parseCpuTime, parseResidentMemory, residentMemory } from "../../bench/process-usage.js";

test("user and system time are fields 14 and 15, in hundredths of a second", () => {
  // The line of proc(5) with a name made to mislead: fields 14 and 15 are 250 and 75.
  const stat = "42 (a) S (b 1 2 3) R 1 42 42 0 -1 4194304 100 0 0 0 250 75 9 9 20 0 3 0 1234 1000 10";
  assert.equal(parseCpuTime(stat), 3_250_000);
  assert.throws(() => parseCpuTime("42 (short) R 1"), /not a line of/);
});

test("a process that works is charged for it", () => {
  const before = cpuTime(process.pid);
  const deadline = performance.now() + 10_000;
  while (cpuTime(process.pid) - before < 50_000)
    assert.ok(performance.now() < deadline, "50 ms of processor time must be charged within 10 s of work");
});

test("resident memory is VmRSS in bytes, and grows with what is written to", () => {
  assert.equal(parseResidentMemory("VmHWM:\t   90000 kB\nVmRSS:\t   52100 kB\nRssAnon:\t   1000 kB\n"), 53_350_400);
  assert.throws(() => parseResidentMemory("Name:\tkthreadd\n"), /no VmRSS/);
  const before = residentMemory(process.pid);
  const filled = Buffer.alloc(64 << 20, 1);
  assert.ok(residentMemory(process.pid) - before > filled.length / 2);
});
