/** `bascule simulate -k lb1.conf -k lb2.conf` */
import { basename } from "node:path";
import { Diagnostics } from "../config/diagnostics.js";
import { findContradictions, type NamedConfiguration } from "../failover/simulation/contradictions.js";
import { reportText } from "../failover/simulation/report.js";
import { playScenarios } from "../failover/simulation/scenarios.js";
import { findIdleWeights } from "../failover/simulation/weights.js";
import { print, printError } from "./console.js";
import { describeFlags, type FlagTable, parseFlags } from "./flags.js";
import { countText, loadKeepalived, printDiagnostics, readSources } from "./load.js";

type Id = "file" | "lenient" | "help";
const flags: FlagTable<Id> = {
  file: { names: ["-k", "--keepalived"], value: "FILE", help: "the keepalived.conf of one box; once for each box" },
  lenient: { names: ["--lenient"], help: "mistakes that keepalived goes on from are warnings" },
  help: { names: ["-h", "--help"], help: "print this" },
};

/** @returns 0; 1 if a file has mistakes; 2 if the files contradict each other. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(flags, "getopt", args);
  if (parsed.kind === "wrong") {
    for (const problem of parsed.problems) printError(`bascule simulate: ${problem}`);
    return 1;
  }
  const files = [...parsed.flags.all("file"), ...parsed.flags.operands];
  if (parsed.flags.has("help") || files.length === 0) {
    print(
      "Usage: bascule simulate -k FILE -k FILE …\n\nPlays what the boxes of these files do when something fails.\n",
    );
    print(describeFlags(flags));
    return parsed.flags.has("help") ? 0 : 1;
  }
  const boxes = await load(files, parsed.flags.has("lenient"));
  if (boxes === undefined) return 1;
  const contradictions = new Diagnostics();
  findContradictions(boxes, contradictions);
  findIdleWeights(boxes, contradictions);
  printDiagnostics(contradictions);
  print(reportText(playScenarios(boxes)));
  return contradictions.hasErrors ? 2 : 0;
}

/** undefined: some file cannot be read, or has mistakes, which have been shown. */
async function load(paths: readonly string[], lenient: boolean): Promise<NamedConfiguration[] | undefined> {
  const diagnostics = new Diagnostics();
  const { files, problems } = readSources(paths);
  for (const problem of problems) printError(problem);
  const boxes: NamedConfiguration[] = [];
  for (const [index, file] of files.entries()) {
    const name = boxName(file.path, paths);
    const configuration = await loadKeepalived([file], diagnostics, { configId: name, lenient });
    boxes.push({ name: boxes.some((box) => box.name === name) ? `${name}#${index + 1}` : name, configuration });
  }
  const isUsable = problems.length === 0 && !diagnostics.hasErrors;
  // Warnings too: what of a file does nothing is often what its author built on.
  printDiagnostics(diagnostics);
  if (!isUsable) printError(`Not simulated: ${countText(diagnostics.all, problems.length)}`);
  return isUsable ? boxes : undefined;
}

/** `lb1` of lb1.conf; where all are called keepalived.conf, that of the folder. */
function boxName(path: string, all: readonly string[]): string {
  const bare = (each: string): string => basename(each).replace(/\.[^.]*$/, "");
  const isUnique = all.filter((other) => bare(other) === bare(path)).length === 1;
  const folder = path.split("/").at(-2);
  return isUnique || folder === undefined ? bare(path) : folder;
}
