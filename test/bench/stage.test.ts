import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { freePlaces, Stage } from "../../bench/stage.js";

const node = (script: string): string[] => [process.execPath, "-e", script];
const forever = node("setInterval(() => {}, 1000)");
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

test("nothing stays when a stage is closed", async () => {
  const stage = new Stage(new AbortController().signal);
  const file = stage.write("haproxy.cfg", "global\n");
  const { pid } = stage.start("a program", "0", forever);
  assert.ok(existsSync(file) && isAlive(pid));
  await stage.close();
  assert.ok(!existsSync(stage.folder) && !isAlive(pid));
});

test("an interruption ends the wait for a program, and the program", { timeout: 20_000 }, async () => {
  const interruption = new AbortController();
  const stage = new Stage(interruption.signal);
  const running = stage.run("a long run", "0", forever, 15_000);
  interruption.abort(new Error("stopped by SIGINT"));
  await assert.rejects(running, /stopped by SIGINT/);
  assert.throws(() => stage.start("another", "0", forever), /stopped by SIGINT/);
  await stage.close();
});

test("a program that fails, hangs or never listens is an error with its output", { timeout: 30_000 }, async () => {
  const stage = new Stage(new AbortController().signal);
  await assert.rejects(
    stage.run("it", "0", node("console.error('because'); process.exit(3)"), 15_000),
    /\(3\):\nbecause/,
  );
  await assert.rejects(stage.run("it", "0", forever, 200), /still ran after 200 ms/);
  const [place] = (await freePlaces(1)) as [string];
  const program = stage.start("it", "0", node("console.error('no port for me')"));
  await assert.rejects(stage.listening(program, place), /ended at its start:\nno port for me/);
  await stage.close();
});

test("free places differ from each other", async () => {
  assert.equal(new Set(await freePlaces(4)).size, 4);
});
