// npm test: the linter, then every compiled test. Pure tests run two files at a time; those that build networks or
// start real peers run one after the other, since they measure time. Under CI=true a skipped test is a failure.
// Usage: node scripts/test.mjs [part of a path …] runs only the test files whose path contains one of the parts.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";

// What hangs must not keep the rest from being told of. The longest file takes less than two minutes.
const ONE_FILE_MINUTES = 6;
const WHOLE_RUN_MINUTES = 60;
const root = fileURLToPath(new URL("..", import.meta.url));
const compiled = join(root, "dist", "test");
const strict = process.env.CI === "true";

/** Compiled test files, without those whose source is gone: the compiler does not delete them. */
function testFiles(folder = compiled) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return testFiles(path);
      const source = join(root, "test", relative(compiled, path).replace(/\.js$/, ".ts"));
      return entry.name.endsWith(".test.js") && existsSync(source) ? [path] : [];
    })
    .sort();
}

const isSerial = (file) => ["lab", "interop"].includes(relative(compiled, file).split(sep)[0]);

const totals = {};
const failures = [];
const skipped = [];
const abort = new AbortController();

/** Runs files, shows them as node's own reporter does, and adds their counts to `totals`. */
async function runFiles(title, files, concurrency) {
  if (files.length === 0) return;
  console.log(`\n${title}: ${files.length} files`);
  const events = run({ files, concurrency, signal: abort.signal, timeout: ONE_FILE_MINUTES * 60_000 });
  events.on("test:fail", (event) => {
    // A file or suite that failed because of a test inside it would only say so again.
    if (event.details.error?.failureType !== "subtestsFailed") failures.push(event);
  });
  events.on("test:pass", (event) => {
    if (event.skip !== undefined) skipped.push(event);
  });
  // The counts come at the end, as diagnostics "tests 12", "pass 12" …; they are shown once, for the whole run.
  const isCount = ({ type, data }) => type === "test:diagnostic" && data.nesting === 0 && COUNT.test(data.message);
  const shown = events.filter((event) => {
    if (!isCount(event)) return true;
    const [name, value] = event.data.message.split(" ");
    totals[name] = (totals[name] ?? 0) + Number(value);
    return false;
  });
  // `compose` ends with the last report; what failed is listed by the reporter itself.
  for await (const text of shown.compose(new spec())) process.stdout.write(text);
}
const COUNT = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

const place = (event) => `${relative(root, event.file ?? "")}${event.line === undefined ? "" : `:${event.line}`}`;
const reason = (event) => (typeof event.skip === "string" ? event.skip : "no reason given");

const colours = process.stdout.isTTY ? [] : ["--colors=off"];
const lint = spawnSync(join(root, "node_modules", ".bin", "biome"), ["check", ".", ...colours], {
  cwd: root,
  stdio: "inherit",
});

const timer = setTimeout(() => {
  console.error(`\nThe run took more than ${WHOLE_RUN_MINUTES} minutes and was ended.`);
  failures.push({ name: "the whole run", file: import.meta.filename });
  abort.abort();
}, WHOLE_RUN_MINUTES * 60_000);

const only = process.argv.slice(2);
const files = testFiles().filter((file) => only.length === 0 || only.some((part) => file.includes(part)));
if (files.length === 0) {
  console.error("No test file found: was it built? (npm run build)");
  process.exit(1);
}
await runFiles(
  "Tests without a network of their own",
  files.filter((file) => !isSerial(file)),
  2,
);
await runFiles("Tests in a lab of network namespaces, and with real peers", files.filter(isSerial), 1);
clearTimeout(timer);

if (skipped.length > 0) {
  console.log(`\nSkipped${strict ? ", which CI does not allow" : ""}:`);
  for (const event of skipped) console.log(`  ${event.name} (${place(event)}): ${reason(event)}`);
}
if (failures.length > 0) {
  console.log("\nFailed:");
  for (const event of failures) {
    console.log(`  ${event.name} (${place(event)})`);
    const error = event.details?.error;
    if (error !== undefined) console.log(String(error.cause?.stack ?? error.message).replace(/^/gm, "    "));
  }
}
console.log(`\n# lint ${lint.status === 0 ? "pass" : "fail"}`);
for (const [name, value] of Object.entries(totals)) console.log(`# ${name} ${value}`);

const failed = lint.status !== 0 || failures.length > 0 || totals.fail > 0 || totals.cancelled > 0;
process.exit(failed || (strict && skipped.length > 0) ? 1 : 0);
