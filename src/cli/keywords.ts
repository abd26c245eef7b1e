/** `bascule keywords [haproxy|keepalived]`: what may be written in the configuration files. */
import { haproxyReference } from "../config/haproxy/reference.js";
import { keepalivedReference } from "../config/keepalived/reference.js";
import { print, printError } from "./console.js";
import { describeFlags, type FlagTable, parseFlags } from "./flags.js";
import { referencePage, referenceText } from "./reference-page.js";

type Id = "markdown" | "help";
const flags: FlagTable<Id> = {
  markdown: { names: ["--markdown"], help: "print the page docs/supported.md" },
  help: { names: ["-h", "--help"], help: "print this" },
};

const REFERENCES = { haproxy: haproxyReference, keepalived: keepalivedReference } as const;

/** @returns 0, or 1 for flags or a language that do not exist. */
export async function run(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(flags, "getopt", args);
  if (parsed.kind === "wrong") {
    for (const problem of parsed.problems) printError(`bascule keywords: ${problem}`);
    return 1;
  }
  if (parsed.flags.has("help")) {
    print(`Usage: bascule keywords [haproxy|keepalived]\n\nLists what may be written in the configuration files.\n`);
    print(describeFlags(flags));
    return 0;
  }
  const names = parsed.flags.operands;
  const unknown = names.find((name) => !Object.hasOwn(REFERENCES, name));
  if (unknown !== undefined) {
    printError(`bascule keywords: ${unknown} is neither haproxy nor keepalived`);
    return 1;
  }
  const asked = Object.entries(REFERENCES).filter(([name]) => names.length === 0 || names.includes(name));
  const references = asked.map(([, reference]) => reference());
  print(
    (parsed.flags.has("markdown") ? referencePage(references) : references.map(referenceText).join("\n\n")).trimEnd(),
  );
  return 0;
}
