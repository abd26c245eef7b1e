/** Every function of C that is called has a contract, by which BASCULE_FFI_CHECK=1 holds its calls. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { contracts } from "../../src/sys/ffi-check/contracts.js";
import { repositoryRoot } from "../support/repository.js";

/** `declare("recv", ["int", …])`, and its like for OpenSSL; a list of arguments that has a name is not looked into. */
const DECLARATION = /\bdeclare\w*\(\s*"(\w+)",(?:\s*"\w+",)?\s*(?:\[([^\]]*)\]|\w+)/g;

function declarations(): { name: string; arity: number | undefined; file: string }[] {
  const folder = join(repositoryRoot, "src/sys");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) =>
      [...readFileSync(join(folder, file), "utf8").matchAll(DECLARATION)].map(([, name, args]) => ({
        name: name!,
        arity: args?.split(",").filter((arg) => arg.trim() !== "").length,
        file,
      })),
    );
}

test("each declared function has a line in ffi-check/contracts.ts, with a word for each argument", () => {
  const all = declarations();
  assert.ok(all.length > 80, "the declarations were found");
  for (const { name, arity, file } of all) {
    const contract = contracts[name];
    assert.ok(contract !== undefined, `${name} (src/sys/${file}) has none`);
    const words = contract
      .split("->")[0]!
      .split(" ")
      .filter((word) => word !== "");
    if (arity !== undefined) assert.equal(words.length, arity, `${name} (src/sys/${file})`);
  }
});

test("no contract is left of a function that nobody calls", () => {
  const called = new Set(declarations().map(({ name }) => name));
  assert.deepEqual(
    Object.keys(contracts).filter((name) => !called.has(name)),
    [],
  );
});
