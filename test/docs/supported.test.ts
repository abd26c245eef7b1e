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

test("the options that an address is said to refuse are refused as not supported yet", () => {
  const instance = chapter(keepalivedReference(), "vrrp_instance");
  const { refused } = instance.supported.find((entry) => entry.name === "virtual_ipaddress")!;
  assert.ok(refused.length > 0);
  for (const word of refused) {
    const text = `vrrp_instance VI_1 {
      interface eth0
      virtual_router_id 51
      virtual_ipaddress {
        192.0.2.10/24 ${word} 192.0.2.1
      }
    }\n`;
    assert.ok(errorsOf("keepalived.conf", text).includes("not-supported"), word);
  }
});

test("sections that are said to be refused are refused as not supported yet", () => {
  for (const name of chapter(haproxyReference(), "other sections").planned)
    assert.deepEqual(errorsOf("haproxy.cfg", `${name} x\n`), ["not-supported"], name);
});

test("what is said to be missing of the languages is refused", () => {
  const keepalived: Readonly<Record<string, string>> = {
    "$NAME = VALUE": "$NAME = 5\n",
    "@ID …": "@one global_defs {\n}\n",
    "@^ID …": "@^one global_defs {\n}\n",
    "~SEQ(…)": "global_defs {\n  router_id ~SEQ(x,1,3)\n}\n",
    "~LST(…)": "global_defs {\n  router_id ~LST(x,1,3)\n}\n",
  };
  const { planned } = chapter(keepalivedReference(), "the language itself");
  assert.deepEqual([...planned].sort(), Object.keys(keepalived).sort());
  for (const name of planned) assert.deepEqual(errorsOf("keepalived.conf", keepalived[name]!), ["not-supported"], name);

  const conditional = chapter(haproxyReference(), "the language itself").planned;
  assert.deepEqual(errorsOf("haproxy.cfg", `global\n${conditional.join("\n")}\n`), ["not-supported"]);
});
