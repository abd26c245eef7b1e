/** docs/supported.md is what the keyword tables say, and what they say is so. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { referencePage, referenceText } from "../../src/cli/reference-page.js";
import { Diagnostics } from "../../src/config/diagnostics.js";
import { readHaproxy } from "../../src/config/haproxy/read.js";
import { haproxyReference } from "../../src/config/haproxy/reference.js";
import { readKeepalived } from "../../src/config/keepalived/read.js";
import { keepalivedReference } from "../../src/config/keepalived/reference.js";
import type { Chapter, KeywordEntry, Reference } from "../../src/config/reference.js";
import { bascule } from "../cli/program.js";
import { repositoryRoot } from "../support/repository.js";

const references: readonly Reference[] = [haproxyReference(), keepalivedReference()];
const page = referencePage(references);

test("docs/supported.md is up to date", () => {
  const written = readFileSync(join(repositoryRoot, "docs/supported.md"), "utf8");
  assert.equal(written, page, "the keyword tables have changed: run `npm run docs`");
});

test("bascule keywords --markdown prints the page", () => {
  const { code, stdout } = bascule("keywords", "--markdown");
  assert.equal(code, 0);
  assert.equal(stdout, page);
});

test("bascule keywords keepalived prints one language, in lines that fit a terminal", () => {
  const { code, stdout } = bascule("keywords", "keepalived");
  assert.equal(code, 0);
  assert.equal(stdout.trimEnd(), referenceText(keepalivedReference()));
  assert.match(stdout, /^ {2}virtual_router_id NUMBER\n {6}The same on all routers.*\n {6}default: required$/m);
  assert.doesNotMatch(stdout, /default_backend/);
});

test("a language that nobody speaks is an error", () => {
  const { code, stdout, stderr } = bascule("keywords", "nginx");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /nginx is neither haproxy nor keepalived/);
});

test("each row of a table has the cells of its head", () => {
  const cells = (line: string): number => line.match(/(?<!\\)\|/g)!.length;
  let head = 0;
  let rows = 0;
  for (const line of page.split("\n")) {
    if (!line.startsWith("|")) head = 0;
    else if (head === 0) head = cells(line);
    else {
      assert.equal(cells(line), head, line);
      rows += 1;
    }
  }
  assert.ok(rows > 100, `${rows}`);
});

const supported: readonly (readonly [string, KeywordEntry])[] = references.flatMap(({ language, chapters }) =>
  chapters.flatMap(({ title, supported: entries }) =>
    entries.map((entry) => [`${language}, ${title}: ${entry.name}`, entry] as const),
  ),
);

test("every supported keyword says in a sentence what it does", () => {
  for (const [name, { doc }] of supported) assert.match(doc, /^\S+ .+\.$/, name);
});

test("no keyword of a chapter is both supported and refused", () => {
  for (const { chapters } of references)
    for (const { title, supported: entries, planned } of chapters)
      assert.deepEqual(
        entries.filter(({ name }) => planned.includes(name)),
        [],
        title,
      );
});

/** The codes of the errors in a file. */
function errorsOf(language: Reference["language"], text: string): string[] {
  const diagnostics = new Diagnostics();
  const files = [{ path: language, text }];
  if (language === "haproxy.cfg") readHaproxy(files, diagnostics, { readFile: () => undefined });
  else readKeepalived(files, diagnostics);
  return diagnostics.all.filter(({ severity }) => severity === "error").map(({ code }) => code);
}

const chapter = (reference: Reference, title: string): Chapter =>
  reference.chapters.find((each) => each.title === title)!;

const proxies = chapter(haproxyReference(), "defaults, frontend, listen, backend");

for (const name of ["mode", "balance", "option httplog", "option tcplog"])
  test(`the words that ${name} is said to refuse are refused as not supported yet`, () => {
    const { refused } = proxies.supported.find((entry) => entry.name === name)!;
    assert.ok(refused.length > 0);
    for (const word of refused)
      assert.deepEqual(errorsOf("haproxy.cfg", `defaults\n  ${name} ${word}\n`), ["not-supported"], word);
  });

test("what the engine does not carry out yet is refused, and listed as planned: keywords, options, values", () => {
  const planned = new Set(["vrrp_sync_group", "vrrp_instance use_vmac", "vrrp_instance virtual_ipaddress no_track"]);
  const reference = keepalivedReference(planned);
  assert.ok(chapter(reference, "top of the file").planned.includes("vrrp_sync_group"));
  const instance = chapter(reference, "vrrp_instance");
  assert.ok(instance.planned.includes("use_vmac"));
  const { refused } = instance.supported.find((entry) => entry.name === "virtual_ipaddress")!;
  assert.deepEqual(refused, ["no_track"]);

  const text = `vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    use_vmac
    virtual_ipaddress {
      192.0.2.10/24 no_track
    }
  }
  vrrp_sync_group G1 {
    group {
      VI_1
    }
  }\n`;
  const diagnostics = new Diagnostics();
  readKeepalived([{ path: "keepalived.conf", text }], diagnostics, { planned });
  const refusals = diagnostics.all.filter(({ code }) => code === "not-supported-yet");
  assert.deepEqual(
    refusals.map(({ span, message }) => `${span.line} ${message}`),
    [
      "4 use_vmac is not supported yet",
      "6 virtual_ipaddress no_track is not supported yet",
      "9 vrrp_sync_group is not supported yet",
    ],
  );
});

test("sections that are said to be refused are refused as not supported yet", () => {
  for (const name of chapter(haproxyReference(), "other sections").planned)
    assert.deepEqual(errorsOf("haproxy.cfg", `${name} x\n`), ["not-supported"], name);
});

test("what is said to be missing of the languages is refused", () => {
  const conditional = chapter(haproxyReference(), "the language itself").planned;
  assert.deepEqual(errorsOf("haproxy.cfg", `global\n${conditional.join("\n")}\n`), ["not-supported"]);
});
