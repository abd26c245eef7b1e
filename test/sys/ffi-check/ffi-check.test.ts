/** BASCULE_FFI_CHECK=1 catches each way to misuse memory or a handle; in a process of its own, since it is broken then. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { guard } from "../../../src/sys/ffi-check/contract.js";
import { contracts } from "../../../src/sys/ffi-check/contracts.js";
import { repositoryRoot } from "../../support/repository.js";
import { MISTAKES } from "./mistakes.js";

const program = fileURLToPath(new URL("./mistakes-main.js", import.meta.url));

function run(check: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, BASCULE_FFI_CHECK: check };
  return spawnSync(process.execPath, [program, ...args], { env, encoding: "utf8", timeout: 60_000 });
}

test("what is right passes, and is counted", () => {
  const { status, stderr } = run("1");
  assert.equal(stderr, "ffi-check: 3 handles opened, 0 leaks, 0 violations\n");
  assert.equal(status, 0);
});

test("without the variable nothing is checked", () => {
  const { status, stdout, stderr } = run("", "a descriptor closed twice");
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "" });
});

for (const [name, { says }] of Object.entries(MISTAKES))
  test(`caught: ${name}`, () => {
    const { status, stdout, stderr } = run("1", name);
    assert.match(stderr, says);
    assert.equal(status, 70);
    const isLeak = name.includes("never");
    assert.equal(stdout, isLeak ? "" : "threw FfiViolation\n");
    assert.match(stderr, isLeak ? /0 violations\n$/ : / 0 leaks, [12] violations\n$/);
  });

test("every function that is declared has a contract", () => {
  const folder = join(repositoryRoot, "src", "sys");
  const declared = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/\bdeclare\w*\(\s*"(\w+)"/g)])
    .map(([, name]) => name!);
  assert.ok(declared.length > 100);
  assert.deepEqual(
    declared.filter((name) => contracts[name] === undefined),
    [],
  );
});

test("a function that has no contract cannot be declared", () => {
  assert.throws(() => guard("gets", () => 0, 1), /gets has no contract/);
  assert.throws(() => guard("close", () => 0, 2), /the contract of close is for 1 arguments, not 2/);
});
