/** Configuration files: whatever is in them, the reader ends, throws nothing, and points at what is there. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Diagnostics, render } from "../../../src/config/diagnostics.js";
import { GLOBAL_TABLE, PROXY_TABLE } from "../../../src/config/haproxy/keywords/tables.js";
import { top } from "../../../src/config/keepalived/keywords/top.js";
import { read as readHaproxy } from "../../config/haproxy/support.js";
import { read as readKeepalived } from "../../config/keepalived/support.js";
import { articleConfigs, repositoryRoot } from "../../support/repository.js";
import type { Random } from "../random.js";
import { latin1, type Target } from "../target.js";

/** A nearest keyword is looked for at each unknown word, of which a file may be full. */
const SLOW_MS = 4000;

/** Samples: the published configurations, and our readers' own fixtures. */
function samples(extension: string, fixtures: string): Buffer[] {
  return [articleConfigs, join(repositoryRoot, fixtures)].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
      .filter((text) => text.length < 20_000),
  );
}

function assertPositions(text: string, diagnostics: Diagnostics): void {
  const lines = text.split("\n");
  for (const [index, diagnostic] of diagnostics.all.entries()) {
    const { line, column, length } = diagnostic.span;
    const width = lines[line - 1]?.length;
    assert.ok(width !== undefined, `${diagnostic.code}: line ${line} of ${lines.length}`);
    assert.ok(column >= 1 && length >= 1 && column - 1 + length <= Math.max(1, width), `${diagnostic.code}: column`);
    // Each shows its line, which may be long.
    if (index < 20) assert.ok(render(diagnostic).includes(diagnostic.message));
  }
}

/** Lines of keywords in any order, with words that are right for some. */
function linesOf(random: Random, keywords: readonly string[], words: readonly string[], separators: string): Buffer {
  const line = (): string =>
    [random.pick(keywords), ...Array.from({ length: random.below(6) }, () => random.pick(words))].join(" ");
  const lines = Array.from({ length: random.below(30) }, () => line() + random.pick([...separators]));
  return Buffer.from(lines.join(random.oneIn(8) ? " " : "\n"));
}

const HAPROXY_KEYWORDS = [
  ...["global", "defaults", "frontend f", "backend b", "listen l", ".if", ".endif", "no", "resolvers r", "userlist u"],
  ...[...GLOBAL_TABLE.all(), ...PROXY_TABLE.all()].map(({ name }) => name),
];
const HAPROXY_WORDS =
  ':80 192.0.2.1:80 [::1]:80-90 5s 100 tcp http src b f l check inter rise ssl crt verify none if unless { } ! or dst -m beg -i str(x) %[src] "$X" \' \\ # 999999999999 -1 0 é'.split(
    " ",
  );
const KEEPALIVED_KEYWORDS = [...top.keywords.values()].flatMap(({ name, block }) => [
  name,
  ...(block?.keywords.keys() ?? []),
]);
const KEEPALIVED_WORDS =
  '{ } VI_1 eth0 MASTER BACKUP 100 256 -1 0.5 192.0.2.1/24 ::1 dev brd + weight "a b" \' ! # $A @x ~SEQ(a,1,3) <SPEC> 1.5.9 é'.split(
    " ",
  );

export const configurationTargets: readonly Target[] = [
  {
    name: "haproxy-cfg",
    corpus: samples(".cfg", "test/config/haproxy/fixtures"),
    dictionary: latin1(...HAPROXY_WORDS.map((word) => ` ${word} `), ...HAPROXY_KEYWORDS.map((word) => `\n${word} `)),
    generate: (random) => linesOf(random, HAPROXY_KEYWORDS, HAPROXY_WORDS, "  \r"),
    slowMs: SLOW_MS,
    run(input) {
      const text = input.toString("utf8");
      const { configuration, diagnostics } = readHaproxy(text);
      assertPositions(text, diagnostics);
      structuredClone(configuration);
    },
  },
  {
    name: "keepalived-conf",
    corpus: samples(".conf", "test/config/keepalived/fixtures"),
    dictionary: latin1(
      ...KEEPALIVED_WORDS.map((word) => ` ${word} `),
      ...KEEPALIVED_KEYWORDS.map((word) => `\n${word} `),
      "\n$A=1\n",
      "\n!x\n",
    ),
    generate: (random) => linesOf(random, KEEPALIVED_KEYWORDS, KEEPALIVED_WORDS, " {}"),
    slowMs: SLOW_MS,
    run(input) {
      const text = input.toString("utf8");
      const { configuration, diagnostics } = readKeepalived(text);
      assertPositions(text, diagnostics);
      structuredClone(configuration);
    },
  },
];
