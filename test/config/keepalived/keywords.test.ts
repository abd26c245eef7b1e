/** The declared vocabulary: complete, documented, and what "not supported yet" and "belongs in" are made of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockInfo, KeywordInfo } from "../../../src/config/keepalived/declare.js";
import { top } from "../../../src/config/keepalived/keywords/top.js";
import { read } from "./support.js";

interface Entry {
  readonly keyword: KeywordInfo;
  readonly path: readonly string[];
}

function* entries(block: BlockInfo, path: readonly string[] = []): Generator<Entry> {
  for (const keyword of block.keywords.values()) {
    yield { keyword, path };
    if (keyword.block !== undefined) yield* entries(keyword.block, [...path, keyword.name]);
  }
}
const all = [...entries(top)];

test("every keyword says in a word what it is for", () => {
  for (const { keyword } of all) assert.match(keyword.doc, /\S/, keyword.name);
});

test("the vocabulary is keepalived's: some 300 keywords in their places", () => {
  assert.ok(all.length > 300, `${all.length}`);
  const places = (name: string) => all.filter(({ keyword }) => keyword.name === name).map(({ path }) => path.join(" "));
  assert.deepEqual(places("auth_pass"), ["vrrp_instance authentication"]);
  assert.deepEqual(places("status_code").sort(), [
    "virtual_server HTTP_GET url",
    "virtual_server SSL_GET url",
    "virtual_server real_server HTTP_GET url",
    "virtual_server real_server SSL_GET url",
  ]);
});

/** Wraps a keyword in the blocks that it stands in. */
const place = ({ keyword, path }: Entry): string =>
  `${path.map((name) => `${name} x {\n`).join("")}${keyword.name}${keyword.block === undefined ? "" : " {\n}"}\n${"}\n".repeat(path.length)}`;

test("a keyword that is not done yet is an error that says so, never passed over", () => {
  const reachable = all.filter(
    ({ keyword, path }) => !keyword.supported && path.every((name) => isSupportedBlock(name)),
  );
  assert.ok(reachable.length > 150);
  for (const entry of reachable) {
    const { diagnostics } = read(place(entry));
    const said = diagnostics.all.filter(({ code }) => code === "not-supported");
    assert.equal(said.length, 1, entry.keyword.name);
    assert.match(said[0]!.message, new RegExp(`^${entry.keyword.name} is not supported yet$`));
    assert.equal(said[0]!.severity, "error");
  }
});

test("no keyword is unknown where it belongs, or said to belong elsewhere", () => {
  for (const entry of all) {
    const { diagnostics } = read(place(entry));
    const wrong = diagnostics.all.filter(({ code }) => code === "unknown-keyword" || code === "wrong-place");
    assert.deepEqual(wrong, [], entry.keyword.name);
  }
});

test("every default is what the keyword itself would read", () => {
  const defaults = Object.fromEntries(
    all.flatMap(({ keyword: { name, default: value } }) => (value ? [[name, value]] : [])),
  );
  assert.deepEqual(defaults, {
    vrrp_version: "2",
    interval: "1",
    rise: "1",
    fall: "1",
    advert_int: "1",
    preempt_delay: "0",
  });
});

const isSupportedBlock = (name: string): boolean =>
  all.some(({ keyword }) => keyword.name === name && keyword.supported && keyword.block !== undefined);
