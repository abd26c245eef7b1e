/** What no text may break. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { render } from "../../../src/config/diagnostics.js";
import { top } from "../../../src/config/keepalived/keywords/top.js";
import { instanceWith, read } from "./support.js";

const keyword = fc.constantFrom(
  ...[...top.keywords.values()].flatMap(({ name, block }) => [name, ...(block?.keywords.keys() ?? [])]),
);
const piece = fc.oneof(
  { weight: 4, arbitrary: keyword },
  fc.constantFrom("{", "}", "\n", "\n", "{\n", "}\n", " ", '"', "'", "\\", "#", "!", "$A=1\n", "$A", `\${_PWD}`, "@h "),
  fc.constantFrom("\u00a0", "\r\n", "\ufeff", "~SEQ(", "weight 3", "192.0.2.1/24", "::1", "dev", "brd +", "MASTER"),
  fc.integer({ min: -300, max: 300 }).map(String),
  fc.string({ unit: "binary", maxLength: 12 }),
);
/** Texts that get past the first line of the reader, unlike random characters. */
const plausibleText = fc.array(piece, { maxLength: 80 }).map((pieces) => pieces.join(" "));

test("no text throws, and every span lies inside its line", () =>
  fc.assert(
    fc.property(fc.oneof(plausibleText, fc.string({ unit: "binary" })), (text) => {
      const lines = text.split("\n");
      for (const diagnostic of read(text).diagnostics.all) {
        const { line, column, length } = diagnostic.span;
        const written = lines[line - 1];
        assert.ok(written !== undefined, `line ${line}`);
        assert.ok(column >= 1 && length >= 1 && column - 1 + length <= written.length, JSON.stringify(diagnostic.span));
        assert.match(render(diagnostic), /\^/);
      }
    }),
    { numRuns: 500 },
  ));

test("a configuration without errors has every instance that it names", () =>
  fc.assert(
    fc.property(plausibleText, (text) => {
      const { configuration, diagnostics } = read(text + "\n".repeat(2) + instanceWith(""));
      if (!diagnostics.hasErrors) assert.ok(configuration.instances.some(({ name }) => name === "VI_1"));
    }),
  ));

test("what is written is what is read", () =>
  fc.assert(
    fc.property(
      fc.record({
        virtualRouterId: fc.integer({ min: 1, max: 255 }),
        priority: fc.integer({ min: 1, max: 254 }),
        advert: fc.integer({ min: 1, max: 255 }),
        delay: fc.integer({ min: 0, max: 1000 }),
        octets: fc.uniqueArray(fc.integer({ min: 1, max: 254 }), { minLength: 1, maxLength: 20 }),
        prefix: fc.integer({ min: 1, max: 32 }),
        // Whatever white space and comments stand around the words must make no difference.
        space: fc.constantFrom(" ", "\t", "   ", "\u00a0"),
        end: fc.constantFrom("\n", "\r\n", " # comment\n", "\t! comment\n\n"),
        brace: fc.constantFrom(" {", "{", "\n{"),
      }),
      ({ virtualRouterId, priority, advert, delay, octets, prefix, space, end, brace }) => {
        const text = [
          `vrrp_instance VI${brace}`,
          "interface eth0",
          `virtual_router_id ${virtualRouterId}`,
          `priority ${priority}`,
          `advert_int ${advert}`,
          `preempt_delay ${delay}`,
          `virtual_ipaddress${brace}`,
          ...octets.map((octet) => `10.1.2.${octet}/${prefix}`),
          "}",
          "}",
        ]
          .map((line) => line.replaceAll(" ", space) + end)
          .join("");
        const { configuration, diagnostics } = read(text);
        assert.ok(!diagnostics.hasErrors);
        const instance = configuration.instances[0]!;
        assert.deepEqual(
          [instance.virtualRouterId, instance.priority, instance.advertInterval, instance.preemptDelay],
          [virtualRouterId, priority, advert * 1_000_000, delay * 1_000_000],
        );
        assert.deepEqual(
          instance.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`),
          octets.map((octet) => `10.1.2.${octet}/${prefix}`),
        );
      },
    ),
  ));

test("taking any one brace away from a correct file gives an error, and never more than three", () => {
  const text = `vrrp_script x {\n script /bin/true\n user nobody\n}\n${instanceWith("track_script {\n x\n }")}`;
  const braces = [...text.matchAll(/[{}]/g)].map((match) => match.index);
  assert.equal(braces.length, 8);
  for (const at of braces) {
    const { diagnostics } = read(text.slice(0, at) + text.slice(at + 1));
    const errors = diagnostics.all.filter(({ severity }) => severity === "error").length;
    assert.ok(errors >= 1 && errors <= 3, `${errors} errors without the brace at ${at}`);
  }
});

/** The lesser of two runs, in milliseconds: less at the mercy of what else the machine does. */
function duration(text: string): number {
  const runs = [1, 2].map(() => {
    const start = process.cpuUsage();
    read(text);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...runs);
}

for (const [what, unit] of [
  ["braces inside braces", "a {\n"],
  ["closing braces", "}\n"],
  ["unclosed known blocks", "vrrp_instance a {\nauthentication {\n"],
  ["unknown keywords", "prioritty 100\n"],
  ["instances", instanceWith("")],
  ["one endless line", "word "],
  ["one endless word", "word"],
  ["quotes", '"\\'],
  ["macros", `$A=1\n$A \${A \${_PWD}\n`],
  ["macros on one line", `\${a `],
  ["repetitions on one line", "~SEQ(1"],
  ["no-break spaces", "\u00a0"],
] as const)
  test(`time grows with the length of the text and no faster: ${what}`, () => {
    const small = Math.max(10, duration(unit.repeat(Math.ceil(10_000 / unit.length))));
    const large = duration(unit.repeat(Math.ceil(80_000 / unit.length)));
    // Eight times the text: a quadratic reader would take 64 times as long.
    assert.ok(large < small * 30, `${small} ms, then ${large} ms`);
  });
