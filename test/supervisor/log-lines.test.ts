import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineSplitter, logLine } from "../../src/supervisor/log-lines.js";

function split(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return lines;
}

test("a line carries its time and where it came from", () => {
  const at = new Date(2026, 10, 3, 4, 5, 6, 7);
  assert.equal(
    logLine(at, "failover", "(VI_1) Entering MASTER STATE"),
    "2026-11-03 04:05:06.007 failover  (VI_1) Entering MASTER STATE",
  );
  assert.equal(logLine(at, "proxy", "up"), "2026-11-03 04:05:06.007 proxy     up");
});

test("lines come out whole wherever the stream is cut, also within a character", () =>
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), fc.array(fc.nat(400)), (texts, cuts) => {
      const expected = texts.map((text) => text.replace(/[\r\n]/g, ""));
      const bytes = Buffer.from(expected.map((line) => `${line}\n`).join(""));
      const points = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
      const chunks = points.slice(1).map((end, index) => bytes.subarray(points[index]!, end));
      // A byte order mark at the very start of a stream is not part of its text.
      const lines = expected.map((line, index) => (index === 0 ? line.replace(/^\ufeff/, "") : line));
      assert.deepEqual(split(chunks), lines);
    }),
  ));

test("a last line without an end still counts, and CR LF ends a line too", () =>
  assert.deepEqual(split([Buffer.from("a\r\nb")]), ["a", "b"]));

test("a line without end is cut, so that it cannot eat the memory", () => {
  const lines = split(Array.from({ length: 10 }, () => Buffer.alloc(20_000, "x")));
  assert.equal(lines.join("").length, 200_000);
  assert.ok(lines.every((line) => line.length <= 65_536));
});
