import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.js";

const module = fileURLToPath(new URL("../../src/cli/process-name.js", import.meta.url));

/** A process that renames itself, started with plenty of words, as `bascule haproxy -f …` is. @returns its pid. */
async function renamed(t: TestContext, argv: readonly string[]): Promise<number> {
  const script = `import { nameProcess } from ${JSON.stringify(module)};
    nameProcess(${JSON.stringify(argv)}); console.log("named"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, "haproxy", "-f", "x".repeat(60)]);
  t.after(() => child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
  await eventually(() => output, "named\n");
  return child.pid!;
}

const ask = (command: string, ...words: string[]) => spawnSync(command, words, { encoding: "utf8" });

test("pidof, pgrep and killall find a process by the name that it gave itself", async (t) => {
  const name = `bsc${process.pid}`;
  assert.equal(ask("pidof", name).status, 1, "nobody has this name yet");
  const pid = await renamed(t, [name, "-f", "/etc/haproxy/haproxy.cfg"]);
  assert.equal(ask("pidof", name).stdout, `${pid}\n`);
  assert.equal(ask("pgrep", "-x", name).stdout, `${pid}\n`);
  assert.equal(ask("killall", "-0", name).status, 0);
  assert.equal(ask("ps", "-o", "comm=", "-p", String(pid)).stdout, `${name}\n`);
});

test("its command line is words again, each of its own", async (t) => {
  const pid = await renamed(t, ["haproxy-test", "-f", "/etc/haproxy/haproxy.cfg"]);
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/\0+$/, "").split("\0");
  assert.deepEqual(words, ["haproxy-test", "-f", "/etc/haproxy/haproxy.cfg"]);
});

test("a word of the command line that ends in the name does not make it that program", async (t) => {
  const name = `bsd${process.pid}`;
  const pid = await renamed(t, ["bascule", "run", `/etc/${name}`]);
  assert.ok(!ask("pidof", name).stdout.split(/\s/).includes(String(pid)));
  assert.equal(ask("killall", "-0", name).status, 1);
});

test("a command line longer than its room is cut, not written beyond it", async (t) => {
  const pid = await renamed(t, ["haproxy-test", "y".repeat(100_000)]);
  assert.match(readFileSync(`/proc/${pid}/cmdline`, "utf8"), /^haproxy-test\0y+\0*$/);
  assert.match(readFileSync(`/proc/${pid}/environ`, "utf8"), /^(\w+=|$)/);
});
