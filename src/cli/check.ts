/** `bascule check FILE…` */
import { print, printError } from "./console.js";
import { describeFlags, type FlagTable, parseFlags } from "./flags.js";
import { countText, loadEach, printDiagnostics } from "./load.js";

type Id = "quiet" | "lenient" | "help";
const flags: FlagTable<Id> = {
  quiet: { names: ["-q", "--quiet"], help: "print nothing: the exit code tells" },
  lenient: { names: ["--lenient"], help: "mistakes that keepalived goes on from are warnings" },
  help: { names: ["-h", "--help"], help: "print this" },
};

/** @returns 0 if everything would load (warnings included), 1 otherwise. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(flags, "getopt", args);
  if (parsed.kind === "wrong") {
    for (const problem of parsed.problems) printError(`bascule check: ${problem}`);
    return 1;
  }
  if (parsed.flags.has("help") || parsed.flags.operands.length === 0) {
    print(`Usage: bascule check FILE…\n\nReports all mistakes in haproxy.cfg and keepalived.conf files.\n`);
    print(describeFlags(flags));
    return parsed.flags.has("help") ? 0 : 1;
  }
  const loaded = await loadEach(parsed.flags.operands, { lenient: parsed.flags.has("lenient") });
  const ok = loaded.problems.length === 0 && !loaded.diagnostics.hasErrors;
  if (parsed.flags.has("quiet")) return ok ? 0 : 1;

  printDiagnostics(loaded.diagnostics);
  for (const problem of loaded.problems) printError(problem);
  for (const file of [...loaded.haproxyFiles, ...loaded.keepalivedFiles]) {
    const language = loaded.haproxyFiles.includes(file) ? "haproxy.cfg" : "keepalived.conf";
    const counted = countText(loaded.diagnostics.all.filter((each) => each.span.file === file));
    print(`${file.path} (${language}): ${counted === "" ? "ok" : counted}`);
  }
  const total = countText(loaded.diagnostics.all, loaded.problems.length);
  print(ok ? `Configuration is valid${total === "" ? "" : ` (${total})`}` : `Configuration is not valid: ${total}`);
  return ok ? 0 : 1;
}
