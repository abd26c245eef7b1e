/** The folders of src/ are layers: imports go down the list of the architecture page, never up. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../support/repository.js";
import { findViolations, type Source } from "./dependency-rule.js";

/** All of src/, with paths relative to it. */
function sources(): Source[] {
  const root = join(repositoryRoot, "src");
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, "utf8") }));
}

const violationsOf = (path: string, text: string) => findViolations([{ path, text }]).map(({ message }) => message);

test("the dependency rule holds in src/", () => {
  const all = sources();
  assert.ok(all.length > 50, "the sources were found");
  assert.deepEqual(
    findViolations(all).map(({ path, line, message }) => `src/${path}:${line}: ${message}`),
    [],
  );
});

test("an import that goes down the list is fine", () => {
  assert.deepEqual(violationsOf("failover/engine.ts", 'import { x } from "../reactor/loop.js";'), []);
  assert.deepEqual(violationsOf("config/haproxy/read.ts", 'import { x } from "../diagnostics.js";'), []);
  assert.deepEqual(violationsOf("cli/demo.ts", 'const { Lab } = await import("../lab/lab.js");'), []);
});

test("an import that goes up is reported with its line", () => {
  const text = 'import { a } from "./a.js";\n\nimport {\n  b,\n  c,\n} from "../proxy/session.js";\n';
  assert.deepEqual(findViolations([{ path: "reactor/loop.ts", text }]), [
    {
      path: "reactor/loop.ts",
      line: 6,
      message: "reactor/ must not import proxy/session.js: imports go down the list",
    },
  ]);
});

for (const [kind, text] of [
  ["static", 'import { x } from "../cli/main.js";'],
  ["side-effect", 'import "../cli/main.js";'],
  ["type", 'import type { X } from "../cli/main.js";'],
  ["dynamic", 'await import("../cli/main.js");'],
  ["type query", 'let x: typeof import("../cli/main.js");'],
  ["re-export", 'export * from "../cli/main.js";'],
  ["named re-export", 'export { x } from "../cli/main.js";'],
  ["worker", 'new Worker(new URL("../cli/main.js", import.meta.url));'],
] as const)
  test(`a ${kind} import counts`, () => assert.equal(violationsOf("proxy/worker.ts", text).length, 1));

test("what a comment says is no import", () =>
  assert.deepEqual(
    violationsOf("proxy/worker.ts", '// as in import "../cli/main.js"\n/* import "../cli/main.js" */'),
    [],
  ));

test("the fail-over engine and the proxy know nothing of each other", () => {
  assert.match(violationsOf("failover/engine.ts", 'import "../proxy/control.js";')[0]!, /never import each other/);
  assert.match(violationsOf("proxy/control.ts", 'import "../failover/failover.js";')[0]!, /never import each other/);
});

test("only sys/ calls foreign functions", () => {
  assert.deepEqual(violationsOf("sys/libc.ts", 'import koffi from "koffi";'), []);
  assert.match(violationsOf("reactor/loop.ts", 'import koffi from "koffi";')[0]!, /only sys\//);
});

test("the lab stands on sys/ alone, and only commands use it", () => {
  assert.deepEqual(violationsOf("lab/host.ts", 'import "../sys/netlink.js";'), []);
  assert.equal(violationsOf("lab/host.ts", 'import "../config/units.js";').length, 1);
  assert.equal(violationsOf("lab/host.ts", 'import "../proxy/control.js";').length, 1);
});

test("a folder that is not in the list is reported", () => {
  assert.match(violationsOf("utils/misc.ts", "")[0]!, /utils\/ is not in the list/);
  assert.match(violationsOf("proxy/x.ts", 'import "../utils/misc.js";')[0]!, /utils\/ is not in the list/);
});

test("no import leaves src/, and none is of a package that is not a dependency", () => {
  assert.match(violationsOf("proxy/x.ts", 'import "../../test/support/root.js";')[0]!, /outside src\//);
  assert.match(violationsOf("proxy/x.ts", 'import "undici";')[0]!, /not a dependency/);
  assert.deepEqual(violationsOf("proxy/x.ts", 'import { cpus } from "node:os";'), []);
});
