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

test("a keyword that is known and not read is an error that says so, never passed over", () => {
  const reachable = all.filter(({ keyword, path }) => keyword.status === "unsupported" && path.every(isReadBlock));
  assert.ok(reachable.length > 15, `${reachable.length}`);
  for (const entry of reachable) {
    const { diagnostics } = read(place(entry));
    const said = diagnostics.all.filter(({ code }) => code === "not-supported");
    assert.equal(said.length, 1, entry.keyword.name);
    assert.match(said[0]!.message, new RegExp(`^${entry.keyword.name} is not supported`));
    assert.equal(said[0]!.severity, "error");
  }
});

test("a keyword that changes nothing here is a warning that says why", () => {
  const reachable = all.filter(({ keyword }) => keyword.status === "moot");
  assert.ok(reachable.length > 20, `${reachable.length}`);
  for (const entry of reachable) {
    const said = read(place(entry)).diagnostics.all.filter(({ code }) => code === "no-effect");
    assert.equal(said.length, 1, entry.keyword.name);
    assert.equal(said[0]!.cause, entry.keyword.doc);
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
    vrrp_garp_interval: "0",
    vrrp_gna_interval: "0",
    vrrp_mcast_group4: "224.0.0.18",
    vrrp_mcast_group6: "ff02::12",
    vrrp_startup_delay: "0",
    vrrp_delay_after_boot: "0",
    smtp_connect_timeout: "30",
    default_interface: "eth0",
    vmac_prefix: "vrrp",
    child_wait_time: "5",
    interval: "1",
    rise: "1",
    fall: "1",
    quorum: "1",
    fork_delay: "0",
    terminate_delay: "0",
    advert_int: "1",
    preempt_delay: "0",
    port: "1112",
    protocol: "udp",
  });
});

const isReadBlock = (name: string): boolean =>
  all.some(({ keyword }) => keyword.name === name && keyword.status === "read" && keyword.block !== undefined);
