/** The whole demonstration, as root. Here and not beside the command's other tests, since it measures time. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { startDemo } from "../cli/demo-performance.js";
import { folder } from "../cli/program.js";
import { eventually } from "../support/eventually.js";
import { needsRoot } from "../support/root.js";

/** The processes of the labs that a program made: a box carries its maker's process id in its name. */
function boxesOf(maker: number): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`bascule-demo-${maker}-`);
    } catch {
      return false; // Gone meanwhile.
    }
  });
}

test("as root the demonstration shows each fail-over within the promised time", { skip: needsRoot }, async (t) => {
  const startedAt = performance.now();
  const show = startDemo(t, [], folder(t, {}));
  assert.equal(await show.ended, 0, show.output());
  const text = show.output();

  assert.ok(performance.now() - startedAt < 60_000, "it took a minute or more");
  assert.match(text, /^ {2}Both run\. lb1 has the higher priority: 192\.0\.2\.10 on lb1\.$/m);
  assert.match(
    text,
    /^ +\d+ s +\d+ requests\/s {3}web1 +[1-9]\d* {3}web2 +[1-9]\d* {3}failed 0 +192\.0\.2\.10 on lb1$/m,
  );
  // Promised, from RFC 3768 §6.1 and the configuration on the screen (advert_int 1, priorities 200 and 100):
  // a script that fails twice at 1 s, then lb2's skew of 156/256 s;
  assert.match(text, /^ {2}proxy stopped +2\.61 s +[12]\.\d\d s +[12]\.\d\d s +[1-9]\d* of \d+ +ok$/m);
  // one success, then lb1's master-down interval of 3 + 56/256 s, while lb2 serves;
  assert.match(text, /^ {2}proxy started +4\.22 s +[34]\.\d\d s +(none|\d+ ms) .*ok$/m);
  // lb2's master-down interval of 3 + 156/256 s.
  assert.match(text, /^ {2}box dies +3\.61 s +[23]\.\d\d s +[23]\.\d\d s +[1-9]\d* of \d+ +ok$/m);
  assert.match(text, /^ {2}proxy crashes +1\.00 s +- +[\d.]+ m?s +[1-9]\d* of \d+ +ok$/m);
  assert.match(text, /^ {2}ok: 192\.0\.2\.10 stayed on lb1\.$/m);
  assert.match(text, /^ {2}ok: 192\.0\.2\.10 moved to lb2 after/m);
  assert.match(text, /^ {2}ok: 192\.0\.2\.10 moved to lb1 after/m);
  assert.deepEqual(boxesOf(show.pid), []);
});

test("Ctrl-C while the lab is being built leaves nothing of it", { skip: needsRoot }, async (t) => {
  const show = startDemo(t, [], folder(t, {}));
  await eventually(show.output, (text) => text.includes("virtual address: on one of the two"), { everyMs: 5 });
  assert.notDeepEqual(boxesOf(show.pid), [], "an empty list below would prove nothing");
  show.interrupt();
  assert.equal(await show.ended, 130, show.output());
  assert.deepEqual(boxesOf(show.pid), []);
});
