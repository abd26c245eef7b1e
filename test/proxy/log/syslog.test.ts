import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { LogFormat, LogLevel, LogTarget } from "../../../src/config/haproxy/model.js";
import { encodeLine, syslogLine } from "../../../src/proxy/log/syslog.js";

process.env.TZ = "UTC";

const local0: LogTarget = {
  target: { kind: "unix", path: "/dev/log" },
  length: 1024,
  format: "local",
  facility: 16,
  maxLevel: "debug",
  minLevel: "emerg",
};
const identity = { tag: "haproxy", pid: 10695, hostname: "lb1" };
const at = Date.UTC(2026, 10, 21, 3, 38, 49, 180);

// As HAProxy 2.6 sent them for facility local0 and level info.
for (const [format, line] of [
  ["local", "<134>Nov 21 03:38:49 haproxy[10695]: text"],
  ["rfc3164", "<134>Nov 21 03:38:49 lb1 haproxy[10695]: text"],
  ["rfc5424", "<134>1 2026-11-21T03:38:49.180000+00:00 - haproxy 10695 - - text"],
  ["priority", "<134>text"],
  ["short", "<6>text"],
  ["timed", "<6>2026-11-21T03:38:49.180000+00:00 text"],
  ["iso", "2026-11-21T03:38:49.180000+00:00 text"],
  ["raw", "text"],
] as const satisfies readonly (readonly [LogFormat, string])[])
  test(`format ${format}`, () => assert.equal(syslogLine({ ...local0, format }, identity, "info", "text", at), line));

test("a day below ten has a space before it (RFC 3164 §4.1.2)", () =>
  assert.equal(
    syslogLine(local0, identity, "info", "text", Date.UTC(2009, 1, 6, 12, 14, 14)),
    "<134>Feb  6 12:14:14 haproxy[10695]: text",
  ));

test("local time carries its offset, half hours included", () => {
  process.env.TZ = "Asia/Kolkata";
  const line = syslogLine({ ...local0, format: "iso" }, identity, "info", "text", Date.UTC(2026, 0, 1, 20, 0, 0));
  process.env.TZ = "America/St_Johns";
  const west = syslogLine({ ...local0, format: "iso" }, identity, "info", "text", Date.UTC(2026, 0, 1, 20, 0, 1));
  process.env.TZ = "UTC";
  assert.equal(line, "2026-01-02T01:30:00.000000+05:30 text");
  assert.equal(west, "2026-01-01T16:30:01.000000-03:30 text");
});

for (const [level, maxLevel, minLevel, expected] of [
  ["info", "notice", "emerg", undefined],
  ["notice", "notice", "emerg", "<133>text"],
  ["alert", "debug", "emerg", "<129>text"],
  ["alert", "debug", "err", "<131>text"],
  ["debug", "debug", "err", "<135>text"],
  ["debug", "info", "err", undefined],
] as const satisfies readonly (readonly [LogLevel, LogLevel, LogLevel, string | undefined])[])
  test(`${level} to "log … local0 ${maxLevel} ${minLevel}" ${expected === undefined ? "is dropped" : `is ${expected}`}`, () =>
    assert.equal(
      syslogLine({ ...local0, format: "priority", maxLevel, minLevel }, identity, level, "text", at),
      expected,
    ));

test("a line is cut so that it fits its length with the line feed", () => {
  const into = Buffer.alloc(64);
  assert.equal(encodeLine("abcdef", 4, into), 4);
  assert.equal(into.toString("latin1", 0, 4), "abc\n");
});

test("whatever the text and length, the bytes are whole characters and one line feed", () =>
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 80 }), (text, length) => {
      const into = Buffer.alloc(80);
      const size = encodeLine(text, length, into);
      assert.ok(size <= length);
      assert.equal(into[size - 1], 0x0a);
      assert.ok(
        Buffer.from(text)
          .subarray(0, size - 1)
          .equals(into.subarray(0, size - 1)),
      );
      assert.ok(!into.toString("utf8", 0, size - 1).includes("\ufffd") || text.includes("\ufffd"));
    }),
  ));
