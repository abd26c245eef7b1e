/** `reload_time_file`: what may stand in it (keepalived.conf(5)). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { reloadTime } from "../../src/cli/reload-time.js";

const now = new Date("2026-11-21T12:00:00Z");
const utc = (text: string): string | undefined => {
  const time = reloadTime(text, now);
  return time instanceof Date ? time.toISOString() : time;
};

test("a time alone is today's, or tomorrow's once it has passed", () => {
  assert.equal(utc("12:00:01Z"), "2026-11-21T12:00:01.000Z");
  assert.equal(utc("11:59:59Z"), "2026-11-22T11:59:59.000Z");
});

test("a date has two digits of the year, or four", () => {
  assert.equal(utc("26-12-31 23:59:59Z"), "2026-12-31T23:59:59.000Z");
  assert.equal(utc("2027-01-01 00:00:00Z"), "2027-01-01T00:00:00.000Z");
});

test("without Z it is local time", () => {
  const time = reloadTime("2027-01-01 06:07:08", now);
  assert.deepEqual(time, new Date(2027, 0, 1, 6, 7, 8));
});

test("what has passed is not done, what is no time is nothing", () => {
  assert.equal(utc("2026-11-21 11:59:58Z"), "past");
  for (const text of [
    "",
    "12:00",
    " 12:00:00Z",
    "12:00:00Z ",
    "2026-11-21  12:00:00Z",
    "12:60:00Z",
    "2027-02-30 12:00:00Z",
  ])
    assert.equal(utc(text), undefined, text);
});
