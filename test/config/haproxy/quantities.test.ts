import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseInteger, parseSize, parseTime } from "../../../src/config/haproxy/quantities.js";

describe("times (configuration manual, Time format)", () => {
  for (const [text, expected] of [
    ["5000", 5_000],
    ["0", 0],
    ["1ms", 1],
    ["30s", 30_000],
    ["10m", 600_000],
    ["1h", 3_600_000],
    ["24d", 2_073_600_000],
    ["2147483647", 2_147_483_647],
    ["1000us", 1],
    ["1500us", 2],
  ] as const)
    test(`${text} is ${expected} ms`, () => assert.deepEqual(parseTime(text), { ok: true, value: expected }));

  for (const [text, why] of [
    ["", /whole number/],
    ["-1", /whole number/],
    ["1.5s", /smaller unit/],
    ["5sec", /no unit "sec"/],
    ["5S", /no unit "S"/],
    ["s", /whole number/],
    ["5s5", /whole number/],
    ["999us", /1 ms/],
    ["2147483648", /24\.8 days/],
    ["25d", /24\.8 days/],
    ["99999999999999999999999999", /24\.8 days/],
  ] as const)
    test(`"${text}" is refused`, () => {
      const result = parseTime(text);
      assert.match(result.ok ? "" : result.why, why);
    });
});

describe("sizes (configuration manual, Size format)", () => {
  for (const [text, expected] of [
    ["100", 100],
    ["200k", 204_800],
    ["1m", 1_048_576],
    ["3G", 3_221_225_472],
  ] as const)
    test(`${text} is ${expected}`, () => assert.deepEqual(parseSize(text), { ok: true, value: expected }));

  for (const text of ["", "k", "1.5m", "-1", "1t", "4g"])
    test(`"${text}" is refused`, () => assert.equal(parseSize(text).ok, false));
});

describe("integers", () => {
  test("both limits are allowed", () => {
    assert.deepEqual(parseInteger("0", 0, 256), { ok: true, value: 0 });
    assert.deepEqual(parseInteger("256", 0, 256), { ok: true, value: 256 });
  });
  for (const text of ["-1", "257", "1e2", "0x10", "", " 1"])
    test(`"${text}" is not within 0–256`, () => assert.equal(parseInteger(text, 0, 256).ok, false));
});
