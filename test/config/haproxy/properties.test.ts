import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { render } from "../../../src/config/diagnostics.js";
import { GLOBAL_TABLE, PROXY_TABLE } from "../../../src/config/haproxy/keywords/tables.js";
import { read } from "./support.js";

const keywordNames = [...GLOBAL_TABLE.all(), ...PROXY_TABLE.all()].map(({ name }) => name);

const headers = ["global", "defaults", "defaults d", "frontend f", "backend b", "listen l :80", "frontend g from d"];
const word = fc.oneof(
  fc.constantFrom("80", ":80", "192.0.2.1:80", "[::1]:80", "5s", "tcp", "http", "src", "table", "b", "check", "inter"),
  fc.constantFrom("if", "usesrc", "size", "1m", "type", "ip", "global", "/dev/log", "local0", '"$HOME"', `\${X}`, "\\"),
  fc.string({ unit: "binary", maxLength: 8 }),
);
/** Lines that look like haproxy.cfg: real keywords with arguments that may or may not fit. */
const plausibleLine = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...headers, ".if x", ".else", ".endif") },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom("", "no ", "default "), fc.constantFrom(...keywordNames), fc.array(word, { maxLength: 6 }))
      .map(([prefix, name, words]) => `${prefix}${name} ${words.join(" ")}`),
  },
);
const plausible = fc.array(plausibleLine, { maxLength: 30 }).map((lines) => lines.join("\n"));
const anything = fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), plausible);

describe("whatever the text", () => {
  test("reading neither throws nor points outside the file", () =>
    fc.assert(
      fc.property(anything, (text) => {
        const lines = text.split("\n");
        for (const diagnostic of read(text).diagnostics.all) {
          const { line, column, length } = diagnostic.span;
          const width = lines[line - 1]?.length;
          assert.ok(width !== undefined, `line ${line} of ${lines.length}`);
          assert.ok(column >= 1 && length >= 1, `${column}+${length}`);
          assert.ok(column - 1 + length <= Math.max(1, width), `${diagnostic.code}: ${column}+${length} of ${width}`);
          assert.ok(render(diagnostic).includes(diagnostic.message));
        }
      }),
      { numRuns: 1500 },
    ));

  test("without an error every index leads to a backend", () =>
    fc.assert(
      fc.property(anything, (text) => {
        const { configuration, diagnostics } = read(text);
        if (diagnostics.hasErrors) return;
        const count = configuration.backends.length;
        for (const { defaultBackend } of configuration.frontends)
          assert.ok(defaultBackend >= -1 && defaultBackend < count);
        for (const { stickRules } of configuration.backends)
          for (const { table } of stickRules) assert.ok(configuration.backends[table]?.stickTable !== undefined);
      }),
      { numRuns: 500 },
    ));

  test("a configuration crosses to the workers by structured clone", () =>
    fc.assert(
      fc.property(plausible, (text) => {
        structuredClone(read(text).configuration);
      }),
      { numRuns: 200 },
    ));
});

describe("reading takes time in proportion to the text", () => {
  const repeated = (line: (index: number) => string) => (count: number) =>
    Array.from({ length: count }, (_, index) => line(index)).join("\n");

  for (const [name, text] of [
    ["unknown keywords", repeated((index) => `keyword${index} a b`)],
    ["typos", (count: number) => `backend b\n${repeated((index) => `sarver s${index}`)(count)}`],
    ["servers of one name", (count: number) => `backend b\n${repeated(() => "server s 192.0.2.1:80")(count)}`],
    ["frontends with unknown backends", repeated((index) => `frontend f${index}\n default_backend b${index}x`)],
    ["backends of one name", repeated(() => "backend b")],
    ["port ranges", repeated((index) => `listen l${index} :1-65535`)],
    [
      "log lines",
      (count: number) =>
        `defaults\n${repeated(() => "log stdout local0")(count)}\n${repeated((i) => `backend b${i}`)(count)}`,
    ],
    ["one long word", (count: number) => "a".repeat(count * 20)],
    ["many quotes", (count: number) => '"a" '.repeat(count * 5)],
    ["open braces", (count: number) => `"${"${A".repeat(count * 5)}"`],
  ] as const)
    test(name, () => {
      const time = (count: number) => {
        const start = process.cpuUsage();
        read(text(count));
        const { user, system } = process.cpuUsage(start);
        return (user + system) / 1000;
      };
      time(200);
      const [small, large] = [time(1_000), time(8_000)];
      // Eight times the text may cost eight times as much; quadratic would cost 64 times. The base absorbs jitter.
      assert.ok(large <= 24 * Math.max(small, 20), `${small} ms for 1,000 lines, ${large} ms for 8,000`);
    });
});
