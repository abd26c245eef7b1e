/** `npm run fuzz`: every parser of bytes from outside, or some of them, for a while. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repositoryRoot } from "../support/repository.js";
import { attempt, type Finding } from "./fuzz.js";
import { TARGETS } from "./targets/all.js";
import { fuzzInThread } from "./thread.js";

const USAGE = `Usage: npm run fuzz -- [--seconds N] [--target NAME]… [--seed N]
       npm run fuzz -- --target NAME --input FILE
  --seconds N   for each target; 60
  --target NAME one of ${TARGETS.map(({ name }) => name).join(", ")}; all
  --seed N      what an earlier run printed, to have it again
  --input FILE  runs one saved input`;
const FINDINGS = join(repositoryRoot, "fuzz-findings");

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    target: { type: "string", multiple: true, default: TARGETS.map(({ name }) => name) },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    input: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
const unknown = values.target.filter((name) => !TARGETS.some((target) => target.name === name));
if (values.help || unknown.length > 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  console.error(unknown.length > 0 ? `There is no target ${unknown.join(", ")}.\n${USAGE}` : USAGE);
  process.exit(values.help ? 0 : 2);
}

function show(name: string, finding: Finding, file: string): void {
  const text = finding.input.toString("latin1");
  console.log(`FAIL ${name}: ${finding.error}\n  input (${text.length} bytes): ${JSON.stringify(text.slice(0, 2000))}`);
  console.log(`  again: npm run fuzz -- --target ${name} --input ${file}`);
}

let failed = false;
if (values.input !== undefined) {
  const target = TARGETS.find(({ name }) => name === values.target[0])!;
  const finding = attempt(target, readFileSync(values.input));
  if (finding !== undefined) show(target.name, finding, values.input);
  else console.log(`ok   ${target.name}`);
  failed = finding !== undefined;
} else {
  console.log(`seed ${seed}`);
  for (const name of values.target) {
    const limits = { seed, milliseconds: seconds * 1000, runs: Number.POSITIVE_INFINITY };
    const { runs, finding } = await fuzzInThread(name, limits);
    if (finding === undefined) {
      console.log(`ok   ${name}: ${runs} inputs`);
      continue;
    }
    failed = true;
    mkdirSync(FINDINGS, { recursive: true });
    const file = join(FINDINGS, `${name}-${seed}`);
    writeFileSync(file, finding.input);
    show(name, finding, file);
  }
}
process.exit(failed ? 1 : 0);
