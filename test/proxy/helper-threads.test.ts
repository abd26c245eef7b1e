import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { getPriority } from "node:os";
import { test } from "node:test";
import { HelperThreads } from "../../src/proxy/helper-threads.js";

/** Helpers of a process whose load is told in milliseconds of processor time for each half second. */
function helpers(workers = 1) {
  const lowered: number[] = [];
  let used = 0;
  const threads = new HelperThreads({ lower: (niceness) => lowered.push(niceness), cpuTime: () => used }, workers);
  const look = (milliseconds: number): boolean => {
    used += milliseconds;
    return threads.look(500);
  };
  return { lowered, look };
}

test("helpers give way a little from the start", () => assert.deepEqual(helpers().lowered, [10]));

test("helpers give way wholly once there were two looks in a row with some load and time to spare", () => {
  const { lowered, look } = helpers();
  assert.equal(look(100), false);
  assert.equal(look(100), true);
  assert.deepEqual(lowered, [10, 19]);
});

test("helpers keep what they have under full load, when compiled code is wanted soon", () => {
  const { lowered, look } = helpers();
  for (let times = 0; times < 10; times++) assert.equal(look(450), false);
  assert.deepEqual(lowered, [10]);
});

test("helpers keep what they have while there is no traffic", () => {
  const { lowered, look } = helpers();
  for (let times = 0; times < 10; times++) assert.equal(look(1), false);
  assert.deepEqual(lowered, [10]);
});

test("a pause in full load is not time to spare", () => {
  const { lowered, look } = helpers();
  for (const load of [450, 100, 450, 100, 450, 0, 100]) assert.equal(look(load), false);
  assert.deepEqual(lowered, [10]);
});

test("load is what every worker has of it", () => {
  const { look } = helpers(4);
  assert.equal(look(800), false);
  assert.equal(look(800), true);
});

test("the threads are lowered, and the main one is not", async (t) => {
  const module = new URL("../../src/proxy/helper-threads.js", import.meta.url).href;
  const script = `
    const { otherThreads } = await import(${JSON.stringify(module)});
    otherThreads().lower(12);
    console.log("lowered");
    setInterval(() => {}, 1000);`;
  const program = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => program.kill("SIGKILL"));
  await says(program, "lowered");
  const pid = program.pid!;
  const others = readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .filter((thread) => thread !== pid);
  assert.ok(others.filter((thread) => getPriority(thread) === 12).length >= 4, "V8 has at least four");
  assert.equal(getPriority(pid), getPriority());
});

function says(program: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    program.stdout!.on("data", (chunk: Buffer) => chunk.toString().includes(word) && resolve());
    program.once("exit", () => reject(new Error("it ended")));
  });
}
