import assert from "node:assert/strict";
import { test } from "node:test";
import { fromSeconds } from "../../src/config/units.js";
import { Complaints } from "../../src/failover/complaints.js";

test("a complaint is made once, and again each minute that its cause lasts, with how often it was kept back", () => {
  const said: string[] = [];
  const complaints = new Complaints((text) => said.push(text));
  for (let second = 0; second <= 125; second++) complaints.make("password", fromSeconds(second), () => `at ${second}`);
  assert.deepEqual(said, [
    "at 0",
    "at 60 (and 59 more since this was said last)",
    "at 120 (and 59 more since this was said last)",
  ]);
});

test("one complaint does not keep another back, and its text is made only when it is said", () => {
  const said: string[] = [];
  const complaints = new Complaints((text) => said.push(text));
  complaints.make("password", fromSeconds(0), () => "password");
  complaints.make("version", fromSeconds(1), () => "version");
  complaints.make("version", fromSeconds(2), () => assert.fail("not to be made"));
  assert.deepEqual(said, ["password", "version"]);
});
