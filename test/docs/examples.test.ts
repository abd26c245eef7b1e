/** The documents show configurations that work, commands that exist, and links that lead somewhere. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { commands } from "../../src/cli/commands.js";
import { Diagnostics, render } from "../../src/config/diagnostics.js";
import { readHaproxy } from "../../src/config/haproxy/read.js";
import { readKeepalived } from "../../src/config/keepalived/read.js";
import { recogniseLanguage } from "../../src/config/recognise.js";
import { repositoryRoot } from "../support/repository.js";

interface Document {
  readonly name: string;
  readonly text: string;
}

const inFolder = (folder: string): string[] =>
  readdirSync(join(repositoryRoot, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));

const documents: readonly Document[] = [...inFolder("."), ...inFolder("docs"), ...inFolder("systemd")].map((name) => ({
  name,
  text: readFileSync(join(repositoryRoot, name), "utf8"),
}));

/** Fenced blocks with nothing behind the fence hold configurations or output; `sh` ones hold commands. */
const blocks = ({ text }: Document, kind: "" | "sh"): string[] =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, word]) => word === kind).map(([, , block]) => block!);

for (const document of documents) {
  for (const [index, text] of blocks(document, "").entries()) {
    const file = { path: `${document.name}, block ${index + 1}`, text };
    const language = recogniseLanguage(file);
    if (language === undefined || language === "caddyfile") continue;
    test(`${file.path} is a ${language} configuration without mistakes`, () => {
      const diagnostics = new Diagnostics();
      if (language === "haproxy") readHaproxy([file], diagnostics, { readFile: () => "HTTP/1.0 503 x\r\n\r\n" });
      else readKeepalived([file], diagnostics);
      assert.deepEqual(diagnostics.all.map(render), []);
    });
  }

  test(`${document.name} calls commands that exist`, () => {
    const known = new Set(commands.map(({ name }) => name));
    const scripts = blocks(document, "sh").flatMap((block) => [...block.matchAll(/(?:^|[;&|(] *)bascule ([a-z]+)/gm)]);
    for (const [, name] of scripts) assert.ok(known.has(name!), `bascule ${name}`);
  });

  test(`${document.name} links to files that are there`, () => {
    for (const [, target] of document.text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
      assert.ok(existsSync(join(repositoryRoot, dirname(document.name), target!)), target);
  });
}

test("the README and the guide show a configuration of either language", () => {
  for (const name of ["README.md", "docs/guide.md"]) {
    const document = documents.find((each) => each.name === name)!;
    const languages = new Set(blocks(document, "").map((text) => recogniseLanguage({ path: "block", text })));
    assert.ok(languages.has("haproxy") && languages.has("keepalived"), name);
  }
});
